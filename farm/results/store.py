"""The store: outputs of finished steps by their action key, shared by all checkouts of a user.

`ac/<ab>/<key>` is the entry of a key and is written last; `cas/<ab>/<sha256>` are the bytes that entries name. Every
file appears whole under its name or not at all.

The store is input. Only its user may write it, unless a setting says that it is shared. An entry follows a strict
schema, every byte is verified when it is restored, and no link is followed below the folder. Whatever else lies there
is damaged: it is dropped, a sentence says so, and the step runs again. Who removes entries holds the lock of the store
alone. If the store cannot be used, the build goes on without it and says so once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import BinaryIO

from farm.results import schema
from farm.results.confined import Confined, DamagedError
from farm.results.digest import Digest, digest_of, sha256_of
from farm.results.entry import MOST_BYTES, StoredFile, StoreEntry, entry_of, parsed, written
from farm.results.folder import copy, copy_bytes
from farm.results.lease import Lease, take_lease
from farm.results.lock import locked
from farm.results.owner import NotPrivateError, make_private
from farm.results.record import Origin

__all__ = [
    "VERSION",
    "DamagedError",
    "Lease",
    "Store",
    "StoreEntry",
    "StoredFile",
    "entry_name",
    "entry_of",
    "object_name",
]

VERSION = "1"
VERSION_FILE = "version"
ENTRIES, OBJECTS, LOCKS = "ac", "cas", "locks"
_VERSION_BYTES = 100
#: How many times larger than its blocks a file may be.
_SPARSE = 1000
_PRIVATE_REMEDY = (
    "This build goes on without it: what others can write is not believed. Name a folder of your own as farm.store, or "
    "set farm.store_shared=true if you share it on purpose"
)


class LyingEntryError(DamagedError):
    """An entry gives a whole object another size."""


class Store:
    """The store in one folder. Nothing is made or read before it is used."""

    def __init__(self, folder: Path, warn: Callable[[str], None] = lambda _: None, *, shared: bool = False) -> None:
        """`warn` gets one sentence when the store cannot be used or written, and one for each damaged entry.

        `shared`: other users may write the store. What comes out of it is verified as ever, and gains no trust.
        """
        self.folder = folder
        self.shared = shared
        self.files = Confined(folder, private=not shared)
        self._warn = warn
        self._opened = False
        self._readable = True
        self._writable = True
        self._dropped: set[str] = set()

    @property
    def is_usable(self) -> bool:
        """Whether the store can be read; opens it."""
        return self._open()

    def find(self, key: str, outputs: Collection[str] | None = None) -> StoreEntry | None:
        """Return the entry of a key; None if there is none that can be used.

        `outputs` are those that the step declares, by their paths in the scratch folder; an entry with others is
        damaged.
        """
        if not self._open() or key in self._dropped:
            return None
        try:
            entry = self.read(key)
            if outputs is not None and entry.files.keys() != set(outputs):
                raise DamagedError("its outputs are not those of the step")
        except FileNotFoundError:
            return None
        except DamagedError as problem:
            self.drop(key, str(problem))
            return None
        except OSError as error:
            self._give_up(error, reading=True)
            return None
        return entry

    def ask(self, key: str, outputs: Collection[str], then: Callable[[], None]) -> bool:
        """Ask others for a key that `find` does not find; tell whether `then` is called when they have answered.

        Call `find` again then. This store knows no others.
        """
        return False

    def origin_of(self, key: str) -> Origin:
        """Return the origin of what `find` has found under a key."""
        return "shared" if self.shared else "restored"

    def takes(self, origin: Origin) -> bool:
        """Tell whether results of this origin may be stored. A private store holds none that others had a hand in."""
        return origin == "ran" or self.shared

    def recorded(self, key: str) -> None:
        """Learn that a run under this key has been published and recorded."""

    def outputs(self, key: str) -> Mapping[str, Digest] | None:
        """Return the digests of what is stored under a key, by paths in the scratch folder; None if nothing is."""
        entry = self.find(key)
        return None if entry is None else {path: file.digest for path, file in entry.files.items()}

    def read(self, key: str) -> StoreEntry:
        """Return the entry of a key. Raises FileNotFoundError, DamagedError or OSError."""
        if not schema.is_sha256(key):
            raise DamagedError("its name")
        try:
            content = self.files.read(entry_name(key), MOST_BYTES)
        except DamagedError as problem:
            raise DamagedError(f"its entry {problem}") from None
        return parsed(key, content)

    def restore(self, entry: StoreEntry, folder: Path) -> bool:
        """Write the files of an entry into an empty `folder`, outputs below "work" and the log as "log", verified.

        Returns False if one of them is damaged, and then the entry is gone, or if the entry was removed meanwhile.
        Raises OSError if `folder` cannot be written.
        """
        with contextlib.ExitStack() as stack:
            # Nobody removes anything meanwhile. A read-only store has no lock, and nobody can remove from it.
            with contextlib.suppress(OSError):
                stack.enter_context(self.held(fcntl.LOCK_SH))
            if not self.files.is_there(entry_name(entry.key)):
                return False
            if sum(file.digest.size for file in (*entry.files.values(), entry.log)) > _free_bytes(folder):
                self._dropped.add(entry.key)
                self._warn(f"the stored result of {entry.name} is larger than the free space here; it is not restored")
                return False
            try:
                for path, file in entry.files.items():
                    _fetch(self.files, file, folder / "work" / path)
                _fetch(self.files, entry.log, folder / "log")
            except DamagedError as problem:
                self.drop(entry.key, str(problem), entry.name)
                return False
            self.mark(entry.key)
        return True

    def mark(self, key: str) -> None:
        """Note that an entry was used now: many file systems are mounted without times of access."""
        with contextlib.suppress(OSError, DamagedError):
            self.files.touch(entry_name(key))

    def publish(self, entry: StoreEntry, work: Path, log: Path, origin: Origin = "ran") -> None:
        """Store what lies in `work` as the entry says, unless its key is stored already.

        `origin` is that of the run: "shared" if others had a hand in its inputs.
        """
        if not self._open() or not self._writable:
            return
        try:
            content = written(entry)
            # Every build would drop an entry that it cannot read back, and run the step again.
            parsed(entry.key, content)
            with self.held(fcntl.LOCK_SH):
                if self._has(entry.key):
                    self.mark(entry.key)
                    return
                for path, file in entry.files.items():
                    _put(self.files, work / path, file.digest)
                _put(self.files, log, entry.log.digest)
                self._write(entry_name(entry.key), content)
                self._dropped.discard(entry.key)
        except OSError as error:
            self._give_up(error, reading=False)
        except DamagedError as problem:
            self._warn(f"the result of {entry.name} cannot be stored ({problem})")

    def lease(self, key: str) -> Lease | None:
        """Return the right to run a key on this machine, or None while another has it."""
        if not self._open() or not self._writable:
            return Lease(None, None)
        try:
            return take_lease(self.files, f"{LOCKS}/{key}")
        except OSError as error:
            self._give_up(error, reading=False)
            return Lease(None, None)

    def drop(self, key: str, what: str, name: str = "") -> None:
        """Remove a damaged entry, and say so."""
        self._dropped.add(key)
        with contextlib.suppress(OSError):
            self.files.remove(entry_name(key))
        self._warn(f"the store held a damaged result of {name or key[:12]} ({what}); it was dropped and is made again")

    def held(self, kind: int) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of the whole store: shared to add to it, exclusive to remove what nobody names."""
        return locked(self.folder / "lock", kind)

    def entry_path(self, key: str) -> Path:
        """Return where the entry of a key lies."""
        return self.folder / entry_name(key)

    def object_path(self, sha256: str) -> Path:
        """Return where the bytes with a digest lie."""
        return self.folder / object_name(sha256)

    def _open(self) -> bool:
        """Look at the store once: make it if there is none, empty one of an older version, refuse a newer one."""
        if not self._opened:
            self._opened = True
            try:
                self._make()
                found = self._version()
                if int(found) < int(VERSION):
                    self._empty(found)
                    found = VERSION
            except NotPrivateError as problem:
                self._refuse(f"the store {self.folder} {problem}. {_PRIVATE_REMEDY}")
                return False
            except OSError as error:
                self._give_up(error, reading=not self.files.is_there(VERSION_FILE))
                return self._readable
            if found != VERSION:
                self._refuse(
                    f"the store {self.folder} has version '{found}', and this farm knows {VERSION}: it belongs to "
                    "a newer farm. This build goes on without it and changes nothing in it. Update this checkout, or "
                    "name another folder as farm.store"
                )
        return self._readable

    def _make(self) -> None:
        if self.shared:
            self.folder.mkdir(parents=True, exist_ok=True)
        elif make_private(self.folder):
            gone = _shut(self.files)
            self._warn(
                f"the store {self.folder} could be written by other users; only you can write it now (mode 0700). "
                f"{gone} of its results may have been written by others: they were removed and are made again"
            )

    def _version(self) -> str:
        """Return the version of the store. A damaged one is replaced by today's."""
        try:
            found = self.files.read(VERSION_FILE, _VERSION_BYTES).decode("ascii", errors="replace").strip()
            if re.fullmatch("[0-9]{1,9}", found):
                return found
            self._warn(f"the store {self.folder} had a damaged version; what it holds is verified as ever")
        except DamagedError as problem:
            self._warn(f"the store {self.folder} had a damaged version (it {problem}); it was made again")
        except FileNotFoundError:
            pass
        self._write(VERSION_FILE, f"{VERSION}\n".encode())
        return VERSION

    def _empty(self, found: str) -> None:
        """Begin anew in the folder of a store whose entries cannot be read any more."""
        with self.held(fcntl.LOCK_EX):
            for part in (ENTRIES, OBJECTS):
                self.files.remove(part)
            self._write(VERSION_FILE, f"{VERSION}\n".encode())
        self._warn(f"the store {self.folder} had the old version {found}; it was emptied and fills again")

    def _refuse(self, sentence: str) -> None:
        self._readable = self._writable = False
        self._warn(sentence)

    def _give_up(self, error: OSError, *, reading: bool) -> None:
        if self._writable:
            kept = "it is not used" if reading else "nothing more is put into it"
            self._warn(
                f"the store {self.folder} cannot be {'used' if reading else 'written'} ({error.strerror}); {kept}"
            )
        self._writable = False
        self._readable = self._readable and not reading

    def _has(self, key: str) -> bool:
        try:
            self.read(key)
        except (DamagedError, FileNotFoundError):
            return False
        return True

    def _write(self, path: str, content: bytes) -> None:
        with self.files.new(path) as writer:
            writer.write(content)


def _shut(files: Confined) -> int:
    """Close what lies in a store that others could write; remove the entries that may be theirs, and count them."""
    for part in (ENTRIES, OBJECTS, LOCKS):
        for name in ("", *(f"{inner}/" for inner in files.names(part))):
            with contextlib.suppress(OSError, DamagedError), files.parent(f"{part}/{name}") as folder:
                os.fchmod(folder, 0o700)
    gone = 0
    for path in [
        f"{ENTRIES}/{name}/{key}" for name in files.names(ENTRIES) for key in files.names(f"{ENTRIES}/{name}")
    ]:
        try:
            files.open(path).close()
        except (DamagedError, OSError):
            gone += 1
            with contextlib.suppress(OSError):
                files.remove(path)
    return gone


def _fetch(files: Confined, file: StoredFile, place: Path) -> None:
    """Copy an object to a new file and verify it. Raises DamagedError and OSError."""
    path = object_name(file.digest.sha256)
    try:
        with _opened_object(files, path) as source:
            if os.fstat(source.fileno()).st_size != file.digest.size:
                _check_name(source, file.digest.sha256)
                # The object is whole, and other entries may name it rightly.
                raise LyingEntryError(f"{place.name} has another size")
            copy(source, place)
        if digest_of(place, meaning=False).sha256 != file.digest.sha256:
            raise DamagedError("has other bytes")
    except LyingEntryError:
        raise
    except DamagedError as problem:
        with contextlib.suppress(OSError):
            files.remove(path)
        raise DamagedError(f"{place.name} {problem}") from None
    place.chmod(file.mode | 0o600)


def _put(files: Confined, source: Path, digest: Digest) -> None:
    path = object_name(digest.sha256)
    with contextlib.suppress(OSError, DamagedError), files.open(path) as there:
        # One that was damaged meanwhile would damage the new result too.
        if os.fstat(there.fileno()).st_size == digest.size and sha256_of(there)[0] == digest.sha256:
            return
    with source.open("rb") as reader, files.new(path) as writer:
        copy_bytes(reader, writer)


def _opened_object(files: Confined, path: str) -> BinaryIO:
    try:
        return files.open(path)
    except FileNotFoundError:
        raise DamagedError("is missing") from None


def _check_name(source: BinaryIO, sha256: str) -> None:
    """Raise DamagedError for an object that does not have the digest that it is called by."""
    status = os.fstat(source.fileno())
    # A sparse file can claim any size: hashing it could take days.
    if status.st_size > _SPARSE * max(status.st_blocks, 8) * 512 or sha256_of(source)[0] != sha256:
        raise DamagedError("has another size")


def entry_name(key: str) -> str:
    """Return where the entry of a key lies in a store."""
    return f"{ENTRIES}/{key[:2]}/{key}"


def object_name(sha256: str) -> str:
    """Return where the bytes with a digest lie in a store."""
    return f"{OBJECTS}/{sha256[:2]}/{sha256}"


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
