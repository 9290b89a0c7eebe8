"""The store: outputs of finished steps by their action key, shared by all checkouts of a user.

`ac/<ab>/<key>` is the entry of a key and is written last; `cas/<ab>/<sha256>` are the bytes that entries name. Every
file appears whole under its name or not at all, and every byte is verified when it is restored. Who removes entries
holds the lock of the store alone. Where the store cannot be used the build goes on without it, and says so once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farm import clock
from farm.results.digest import Digest, digest_of
from farm.results.folder import copy, remove_tree
from farm.results.lock import locked
from farm.results.record import Cost

VERSION = "1"
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class StoredFile:
    """One file of an entry; `mode` are its permission bits."""

    digest: Digest
    mode: int


@dataclass(frozen=True)
class StoreEntry:
    """What a step has made under a key. `files` are its outputs by their paths in the scratch folder."""

    key: str
    name: str
    files: Mapping[str, StoredFile]
    log: StoredFile
    facts: Mapping[str, str]
    cost: Cost
    made_s: float

    @property
    def objects(self) -> Mapping[str, int]:
        """The size in bytes of each object that the entry names."""
        return {file.digest.sha256: file.digest.size for file in (*self.files.values(), self.log)}


class DamagedError(Exception):
    """Stored data failed verification; the argument names the part."""


class Lease:
    """The right to run one key. Given back by `release`, or by the kernel when its holder ends."""

    def __init__(self, path: Path | None, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the right back; twice does no harm."""
        if self._descriptor is not None and self._path is not None:
            # While it is held: a waiter then finds the file gone, and makes a new one.
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._descriptor)
        self._descriptor = None


class Store:
    """The store in one folder. Nothing is made or read before it is used."""

    def __init__(self, folder: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        """`warn` gets one sentence when the store cannot be used or written, and one for each damaged entry."""
        self.folder = folder
        self._warn = warn
        self._opened = False
        self._readable = True
        self._writable = True
        self._dropped: set[str] = set()

    def find(self, key: str) -> StoreEntry | None:
        """Return the entry of a key; None if there is none that can be used."""
        if not self._open() or key in self._dropped:
            return None
        try:
            return self.read(key)
        except FileNotFoundError:
            return None
        except DamagedError as problem:
            self.drop(key, str(problem))
            return None
        except OSError as error:
            self._give_up(error, reading=True)
            return None

    def outputs(self, key: str) -> Mapping[str, Digest] | None:
        """Return the digests of what is stored under a key, by paths in the scratch folder; None if nothing is."""
        entry = self.find(key)
        return None if entry is None else {path: file.digest for path, file in entry.files.items()}

    def read(self, key: str) -> StoreEntry:
        """Return the entry of a key. Raises FileNotFoundError, DamagedError or OSError."""
        text = self.entry_path(key).read_bytes()
        try:
            return _entry(key, json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DamagedError("its entry") from None

    def restore(self, entry: StoreEntry, folder: Path) -> bool:
        """Write the files of an entry into an empty `folder`, outputs below "work" and the log as "log", verified.

        Returns False if one of them is damaged, and then the entry is gone, or if the entry was removed meanwhile.
        Raises OSError if `folder` cannot be written.
        """
        with contextlib.ExitStack() as stack:
            # Nobody removes anything meanwhile. A store that only gives has no lock, and nobody who removes.
            with contextlib.suppress(OSError):
                stack.enter_context(self.held(fcntl.LOCK_SH))
            if not self.entry_path(entry.key).exists():
                return False
            try:
                for path, file in entry.files.items():
                    self._fetch(file, folder / "work" / path)
                self._fetch(entry.log, folder / "log")
            except DamagedError as problem:
                self.drop(entry.key, str(problem), entry.name)
                return False
            self.mark(entry.key)
        return True

    def mark(self, key: str) -> None:
        """Note that an entry was used now: many file systems are mounted without times of access."""
        with contextlib.suppress(OSError):
            os.utime(self.entry_path(key))

    def publish(self, entry: StoreEntry, work: Path, log: Path) -> None:
        """Store what lies in `work` as the entry says, unless its key is stored already."""
        if not self._open() or not self._writable:
            return
        try:
            with self.held(fcntl.LOCK_SH):
                if self.entry_path(entry.key).exists():
                    self.mark(entry.key)
                    return
                for path, file in entry.files.items():
                    self._put(work / path, file.digest)
                self._put(log, entry.log.digest)
                self._write(self.entry_path(entry.key), json.dumps(_document(entry), indent=1).encode())
                self._dropped.discard(entry.key)
        except OSError as error:
            self._give_up(error, reading=False)

    def lease(self, key: str) -> Lease | None:
        """Return the right to run a key on this machine, or None while another has it."""
        if not self._open() or not self._writable:
            return Lease(None, None)
        path = self.folder / "locks" / key
        try:
            while True:
                path.parent.mkdir(exist_ok=True)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(descriptor)
                    return None
                if _is_same(descriptor, path):
                    return Lease(path, descriptor)
                os.close(descriptor)
        except OSError as error:
            self._give_up(error, reading=False)
            return Lease(None, None)

    def drop(self, key: str, what: str, name: str = "") -> None:
        """Remove a damaged entry, and say so."""
        self._dropped.add(key)
        with contextlib.suppress(OSError):
            self.entry_path(key).unlink()
        self._warn(f"the store held a damaged result of {name or key[:12]} ({what}); it was dropped and is made again")

    def held(self, kind: int) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of the whole store: shared to add to it, exclusive to remove what nobody names."""
        return locked(self.folder / "lock", kind)

    def entry_path(self, key: str) -> Path:
        """Return where the entry of a key lies."""
        return self.folder / "ac" / key[:2] / key

    def object_path(self, sha256: str) -> Path:
        """Return where the bytes with a digest lie."""
        return self.folder / "cas" / sha256[:2] / sha256

    def _open(self) -> bool:
        """Look at the store once: make it if there is none, empty one of an older version, refuse a newer one."""
        if not self._opened:
            self._opened = True
            version = self.folder / "version"
            try:
                if not version.exists():
                    self._write(version, f"{VERSION}\n".encode())
                found = version.read_text("utf-8", errors="replace").strip()
                if found.isdecimal() and int(found) < int(VERSION):
                    self._empty(version, found)
                    found = VERSION
            except OSError as error:
                self._give_up(error, reading=not version.exists())
                return self._readable
            if found != VERSION:
                self._readable = self._writable = False
                self._warn(
                    f"the store {self.folder} has version '{found[:20]}', and this farm knows {VERSION}: it belongs to "
                    "a newer farm. This build goes on without it and changes nothing in it. Update this checkout, or "
                    "name another folder as farm.store"
                )
        return self._readable

    def _empty(self, version: Path, found: str) -> None:
        """Begin anew in the folder of a store whose entries cannot be read any more."""
        with self.held(fcntl.LOCK_EX):
            for part in ("ac", "cas"):
                remove_tree(self.folder / part)
            self._write(version, f"{VERSION}\n".encode())
        self._warn(f"the store {self.folder} had the old version {found}; it was emptied and fills again")

    def _give_up(self, error: OSError, *, reading: bool) -> None:
        if self._writable:
            kept = "it is not used" if reading else "nothing more is put into it"
            self._warn(
                f"the store {self.folder} cannot be {'used' if reading else 'written'} ({error.strerror}); {kept}"
            )
        self._writable = False
        self._readable = self._readable and not reading

    def _fetch(self, file: StoredFile, place: Path) -> None:
        source = self.object_path(file.digest.sha256)
        try:
            whole = source.stat().st_size == file.digest.size
        except OSError:
            raise DamagedError(f"{place.name} is missing") from None
        if not whole:
            self._discard(file.digest)
            raise DamagedError(f"{place.name} has another size")
        try:
            copy(source, place)
        except OSError as error:
            if error.filename == str(source):
                raise DamagedError(f"{place.name} cannot be read") from None
            raise
        if digest_of(place, meaning=False).sha256 != file.digest.sha256:
            self._discard(file.digest)
            raise DamagedError(f"{place.name} has other bytes")
        place.chmod(file.mode | 0o600)

    def _discard(self, digest: Digest) -> None:
        with contextlib.suppress(OSError):
            self.object_path(digest.sha256).unlink()

    def _put(self, source: Path, digest: Digest) -> None:
        place = self.object_path(digest.sha256)
        with contextlib.suppress(OSError):
            if place.stat().st_size == digest.size:
                return
        temporary = self._temporary(place)
        try:
            copy(source, temporary)
            _flush(temporary)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)

    def _write(self, place: Path, content: bytes) -> None:
        temporary = self._temporary(place)
        try:
            temporary.write_bytes(content)
            _flush(temporary)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)

    def _temporary(self, place: Path) -> Path:
        # In the same folder: a rename is one step only within a file system.
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.with_name(f".tmp-{os.getpid()}-{next(_NUMBERS)}")


def entry_of(key: str, name: str, digests: Mapping[str, Digest], work: Path, log: Path, **more: Any) -> StoreEntry:
    """Describe what a run has left in `work`. `more` are `facts` and `cost`. Raises OSError."""
    files = {path: StoredFile(digest, _mode(work / path)) for path, digest in digests.items()}
    return StoreEntry(key, name, files, StoredFile(digest_of(log), _mode(log)), made_s=clock.epoch_s(), **more)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _document(entry: StoreEntry) -> dict[str, Any]:
    body = {
        "key": entry.key,
        "name": entry.name,
        "files": {path: _file_document(file) for path, file in entry.files.items()},
        "log": _file_document(entry.log),
        "facts": dict(entry.facts),
        "wall_s": entry.cost.wall_s,
        "cpu_s": entry.cost.cpu_s,
        "peak_memory_gib": entry.cost.peak_memory_gib,
        "made_s": entry.made_s,
    }
    return {"check": _check(body), "entry": body}


def _file_document(file: StoredFile) -> dict[str, Any]:
    digest = file.digest
    return {"sha256": digest.sha256, "meaning": digest.meaning, "size_bytes": digest.size, "mode": file.mode}


def _check(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _entry(key: str, document: Any) -> StoreEntry:
    body = document["entry"]
    # Nothing else would notice a changed meaning digest or path.
    if document["check"] != _check(body) or body["key"] != key:
        raise ValueError("damaged")
    return StoreEntry(
        key=key,
        name=body["name"],
        files={path: _file(item) for path, item in body["files"].items()},
        log=_file(body["log"]),
        facts=body["facts"],
        cost=Cost(body["wall_s"], body["cpu_s"], body["peak_memory_gib"]),
        made_s=body["made_s"],
    )


def _file(item: Mapping[str, Any]) -> StoredFile:
    return StoredFile(Digest(item["sha256"], item["meaning"], item["size_bytes"]), item["mode"])
