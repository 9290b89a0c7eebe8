"""Results between a store of this machine and a remote one: whole entries, each byte verified on arrival."""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Collection
from typing import Literal

from farm.remote.health import Health
from farm.remote.receiver import is_here, opened, receiver
from farm.remote.transport import (
    DeniedError,
    LyingError,
    RemoteError,
    TooLargeError,
    Transport,
    UnreachableError,
    small,
)
from farm.results.confined import DamagedError
from farm.results.digest import Digest, sha256_of
from farm.results.entry import MOST_BYTES, StoreEntry, parsed, written
from farm.results.lock import LockHeldError
from farm.results.store import ENTRIES, OBJECTS, Store, entry_name

#: How a result was given: "done", "later" if the store could not take it now, "never" if there is nothing to give.
Sent = Literal["done", "later", "never"]
#: What a farm may write: nothing, files by their digests, or whole results by their keys.
Role = Literal["nothing", "objects", "results"]
_ATTEMPTS = 2
_NOT_KEPT = "it took a file and does not have it"


class Exchange:
    """Fetches results and gives them, by several threads at once. Faults are noted in `health`, and raised never."""

    def __init__(
        self, transport: Transport, stores: Collection[Store], copies: Store, health: Health, most_bytes: int
    ) -> None:
        """`stores` are those that results are given from; `copies` takes what is fetched, at most `most_bytes` each."""
        self._transport = transport
        self._stores = stores
        self._copies = copies
        self._health = health
        self._most_bytes = most_bytes
        #: Entries and objects that the store has wrongly; they are replaced if this farm may do that.
        self._wrong: set[str] = set()

    def entry(self, key: str, outputs: Collection[str], name: str = "") -> StoreEntry | None:
        """Return the entry that the remote store has for a step; None if it has none that can be used."""
        if not self._health.is_good("reading"):
            return None
        path = f"{ENTRIES}/{key}"
        try:
            content = small(self._transport, path, MOST_BYTES)
            self._health.good("reading")
            return None if content is None else self._checked(key, content, outputs)
        except RemoteError as error:
            self._blame("reading", error, name or key[:12], path)
            return None

    def fetch(self, key: str, outputs: Collection[str]) -> int | None:
        """Copy the result of a key into `copies`; return the bytes that came, None if no whole result did."""
        entry = self.entry(key, outputs)
        if entry is None:
            return None
        wanted = self.missing(entry)
        size = sum(digest.size for digest in wanted)
        try:
            if size > self._most_bytes or size > _free_bytes(self._copies):
                raise LyingError(f"it has {size} bytes, more than there is room for")
            for digest in wanted:
                self._fetch(digest)
            with self._copies.held(fcntl.LOCK_SH), self._copies.files.new(entry_name(key), durable=False) as stream:
                stream.write(written(entry))
        except RemoteError as error:
            self._health.note("reading", error, entry.name)
            return None
        except (OSError, DamagedError, LockHeldError) as error:
            said = getattr(error, "strerror", None) or error
            self._health.note("reading", DeniedError(f"its copy cannot be written here ({said})"), entry.name)
            return None
        self._health.whole("reading")
        return size

    def missing(self, entry: StoreEntry) -> list[Digest]:
        """Return the objects of an entry that would have to be fetched, each once."""
        files = {file.digest.sha256: file.digest for file in (*entry.files.values(), entry.log)}
        return [digest for digest in files.values() if not is_here(self._copies, digest)]

    def send(self, key: str, role: Role) -> tuple[Sent, int]:
        """Give the stored result of a key; return how that went and the bytes that were sent."""
        if role == "nothing":
            return "never", 0
        if not self._health.is_good("writing"):
            return "later", 0
        for store in self._stores:
            try:
                entry = store.read(key)
            except (OSError, DamagedError):
                continue
            try:
                size = sum(self._give(store, sha256, size) for sha256, size in sorted(entry.objects.items()))
                if role == "results":
                    self._give_entry(entry)
            except RemoteError as error:
                self._health.note("writing", error, f"the result of {entry.name}")
                return ("never" if isinstance(error, TooLargeError) else "later"), 0
            except (OSError, DamagedError):
                return "never", 0  # removed or damaged meanwhile; the store says so when it is read
            self._health.good("writing")
            self._health.whole("writing")
            return "done", size
        return "never", 0

    def _checked(self, key: str, content: bytes, outputs: Collection[str]) -> StoreEntry:
        try:
            entry = parsed(key, content)
        except DamagedError:
            page = content.lstrip()[:1] == b"<"
            raise LyingError(
                "it sent a web page, as proxies and log-in pages do"
                if page
                else "what it sent is no result of that step"
            ) from None
        if entry.files.keys() != set(outputs):
            raise LyingError("its outputs are not those of the step")
        return entry

    def _fetch(self, digest: Digest) -> None:
        """Fetch an object. One that was cut off is tried again from its beginning."""
        path = f"{OBJECTS}/{digest.sha256}"
        for attempt in range(_ATTEMPTS):
            try:
                with receiver(self._copies, digest) as sink:
                    if not self._transport.get(path, sink, most_bytes=digest.size, size=digest.size):
                        raise LyingError("one of its files is not there")
            except UnreachableError:
                if attempt + 1 == _ATTEMPTS or not self._health.is_good("reading"):
                    raise
            except LyingError:
                self._wrong.add(path)
                raise
            else:
                return

    def _give(self, store: Store, sha256: str, size: int) -> int:
        """Give an object unless it is there; return the bytes that were sent."""
        with opened(store, sha256) as stream:
            # What is damaged here must not get there under the name of its digest, where nobody replaces it.
            if os.fstat(stream.fileno()).st_size != size or sha256_of(stream)[0] != sha256:
                raise DamagedError("has other bytes")
            path = f"{OBJECTS}/{sha256}"
            wrong, there = path in self._wrong, self._size(path)
            if there == size and not wrong:
                return 0
            self._transport.put(path, stream, size, replace=wrong or there not in (None, -1))
        # A log-in page answers a file with 200 too, and an entry without its files would help nobody.
        if self._size(path) not in (size, -1):
            raise UnreachableError(_NOT_KEPT)
        self._wrong.discard(path)
        return size

    def _give_entry(self, entry: StoreEntry) -> None:
        """Give an entry unless there is one: that of another run may have other times, and the first one stays."""
        path, content = f"{ENTRIES}/{entry.key}", written(entry)
        for attempt in range(_ATTEMPTS):
            there = small(self._transport, path, MOST_BYTES)
            if there is not None and _is_entry(entry.key, there):
                self._wrong.discard(path)
                return
            if attempt == 0:
                self._transport.put(path, io.BytesIO(content), len(content), replace=there is not None)
        raise UnreachableError(_NOT_KEPT)

    def _size(self, path: str) -> int | None:
        try:
            return self._transport.size(path)
        except DeniedError:
            return -1  # the store tells no sizes; whether it takes files shows next

    def _blame(self, direction: Literal["reading"], error: RemoteError, what: str, path: str) -> None:
        if isinstance(error, LyingError):
            self._wrong.add(path)
        self._health.note(direction, error, what)


def _is_entry(key: str, content: bytes) -> bool:
    try:
        parsed(key, content)
    except DamagedError:
        return False
    return True


def _free_bytes(store: Store) -> int:
    found = os.statvfs(store.folder)
    return found.f_bavail * found.f_frsize
