"""A file on its way from a remote store: written and hashed as it arrives, and kept only if its digest is right."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from collections.abc import Iterator
from typing import BinaryIO

from farm.remote.transport import PART_BYTES, LyingError, Sink
from farm.results.confined import DamagedError
from farm.results.digest import Digest
from farm.results.store import Store, object_name

#: From this size on hashing gets a thread of its own, which works while the next bytes arrive.
_LARGE_BYTES = 8 << 20
_PARTS = 4


@contextlib.contextmanager
def receiver(store: Store, digest: Digest) -> Iterator[Sink]:
    """Give a sink for the bytes of an object of `store`. It is there when the block ends without an error.

    Raises LyingError if the bytes have another digest, and OSError.
    """
    with store.files.new(object_name(digest.sha256), durable=False) as stream, into(stream, digest) as sink:
        yield sink


@contextlib.contextmanager
def into(stream: BinaryIO, digest: Digest) -> Iterator[Sink]:
    """Give a sink that writes to an open file. Raises LyingError at the end if the bytes have another digest."""
    sink = _Beside(stream) if digest.size >= _LARGE_BYTES else _AtOnce(stream, digest.size)
    try:
        yield sink
    finally:
        sink.end()
    if sink.sha256() != digest.sha256:
        raise LyingError("it sent other bytes")


class _AtOnce:
    """Hashes and writes each part when it is there."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        # A byte more than the file has shows a server that sends too much.
        self._room = memoryview(bytearray(min(size + 1, PART_BYTES)))

    def room(self) -> memoryview:
        return self._room

    def took(self, count: int) -> None:
        self._keep(self._room[:count])

    def end(self) -> None:
        """Finish what was taken."""

    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _keep(self, part: memoryview) -> None:
        self._hash.update(part)
        self._stream.write(part)


class _Beside(_AtOnce):
    """Hashes in another thread. Python's hashing and writing give other threads the processor meanwhile.

    Hashing takes about as long as receiving and writing together, so it has the thread for itself.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream, 0)
        self._full: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        #: Buffers that are used in turn: new memory for each part would cost more than hashing it.
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        for _ in range(_PARTS):
            self._free.put(memoryview(bytearray(PART_BYTES)))
        self._room = self._free.get()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def took(self, count: int) -> None:
        part = self._room[:count]
        self._full.put(part)
        self._stream.write(part)
        self._room = self._free.get()

    def end(self) -> None:
        """Wait until all that was taken is hashed."""
        self._full.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (part := self._full.get()) is not None:
            self._hash.update(part)
            self._free.put(memoryview(part.obj))


def is_here(store: Store, digest: Digest) -> bool:
    """Tell whether a store has an object of this size; a restore verifies its bytes."""
    with contextlib.suppress(OSError, DamagedError):
        return store.files.status(object_name(digest.sha256)).st_size == digest.size
    return False


def opened(store: Store, sha256: str) -> BinaryIO:
    """Open an object of a store. Raises DamagedError and OSError."""
    return store.files.open(object_name(sha256))
