"""A file on its way from a remote store: written and hashed at the same time, and kept only if its digest is right."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Protocol

from farm.remote.transport import LyingError, Sink
from farm.results.confined import DamagedError
from farm.results.digest import Digest
from farm.results.store import Store, object_name

#: From this size on hashing gets a thread of its own, which works while the next bytes arrive.
_LARGE_BYTES = 8 << 20
_PARTS = 8


@contextlib.contextmanager
def receiver(store: Store, digest: Digest) -> Iterator[Sink]:
    """Give a sink for the bytes of an object of `store`. It is there when the block ends without an error.

    Raises LyingError if the bytes have another digest, and OSError.
    """
    with store.files.new(object_name(digest.sha256), durable=False) as stream:
        with _hash(digest.size) as hashing:

            def take(part: memoryview) -> None:
                hashing.update(part)
                stream.write(part)

            yield take
        if hashing.hexdigest() != digest.sha256:
            raise LyingError("it sent other bytes")


class _Hash(Protocol):
    def update(self, part: memoryview) -> None: ...

    def hexdigest(self) -> str: ...


@contextlib.contextmanager
def _hash(size: int) -> Iterator[_Hash]:
    if size < _LARGE_BYTES:
        yield hashlib.sha256()
        return
    with _Beside() as beside:
        yield beside


class _Beside:
    """A hash that another thread computes. Python's own gives other threads the processor meanwhile."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._parts: queue.Queue[bytes | None] = queue.Queue(_PARTS)
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> _Beside:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._parts.put(None)
        self._thread.join()

    def update(self, part: memoryview) -> None:
        self._parts.put(bytes(part))

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def _work(self) -> None:
        while (part := self._parts.get()) is not None:
            self._hash.update(part)


def is_here(store: Store, digest: Digest) -> bool:
    """Tell whether a store has an object of this size; a restore verifies its bytes."""
    with contextlib.suppress(OSError, DamagedError):
        return store.files.status(object_name(digest.sha256)).st_size == digest.size
    return False


def opened(store: Store, sha256: str) -> BinaryIO:
    """Open an object of a store. Raises DamagedError and OSError."""
    return store.files.open(object_name(sha256))
