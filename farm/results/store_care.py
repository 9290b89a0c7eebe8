"""Care of the store: what is in it, whether it is whole, and how it is kept small."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator

from config.frozen import dataclass
from farm.results.confined import UNFINISHED, DamagedError
from farm.results.digest import sha256_of
from farm.results.entry import StoreEntry
from farm.results.schema import is_sha256
from farm.results.store import ENTRIES, OBJECTS, Store

#: How far below its limit a store is brought. Otherwise every build would have to look through it again.
_LIMIT_SHARE = 0.9
_TRIES = 20
_PAUSE_S = 0.1


@dataclass(frozen=True)
class Stats:
    """How much the store holds."""

    entries: int
    objects: int
    size_bytes: int


@dataclass(frozen=True)
class Verified:
    """What a check of every byte has found. Damaged entries (names or keys) and objects (digests) were removed."""

    entries: int
    objects: int
    damaged_entries: tuple[str, ...]
    damaged_objects: tuple[str, ...]


@dataclass(frozen=True)
class Collected:
    """What was removed; `kept_bytes` is the size of the rest, `locked` entries were in use."""

    entries: int
    objects: int
    freed_bytes: int
    kept_bytes: int
    locked: int


def stats(store: Store) -> Stats:
    """Count what is in the store."""
    sizes = _sizes(store, OBJECTS)
    return Stats(len(_sizes(store, ENTRIES)), len(sizes), sum(sizes.values()))


def verify(store: Store) -> Verified:
    """Hash every object and read every entry; remove what is damaged: it is made again when needed.

    Anything that a build would not accept is damaged: also a link, a pipe, or a file where no build looks for it.
    """
    objects, damaged_objects = _checked(store, OBJECTS, lambda path: _object_problem(store, path))
    entries, damaged_entries = _checked(store, ENTRIES, lambda path: _entry_problem(store, path))
    return Verified(entries, objects, tuple(damaged_entries), tuple(damaged_objects))


def limit(store: Store, max_bytes: int, keep: Collection[str]) -> Collected | None:
    """Remove the entries longest unused if there are more than `max_bytes` of objects; `keep` are keys that stay.

    Returns None if nothing was to be removed, or if other builds keep using the store; the next build tries again.
    """
    if not store.is_usable or stats(store).size_bytes <= max_bytes:
        return None
    for key in keep:
        store.mark(key)
    for _ in range(_TRIES):
        try:
            return collect(store, int(max_bytes * _LIMIT_SHARE), keep, wait=False)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
    return None


def collect(store: Store, max_bytes: int, keep: Collection[str] = (), *, wait: bool = True) -> Collected:
    """Remove what no entry names, then the entries longest unused until at most `max_bytes` of objects are left.

    Entries whose key a running build has locked stay, and those of the keys `keep`. Raises BlockingIOError if another
    build adds or restores something just now and this is not to `wait` for it.
    """
    # Nobody adds anything meanwhile, so no entry is about to come for an object that has none. Nobody restores either,
    # so no build loses an object between two files of one result.
    with store.held(fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB):
        for path in _unfinished(store):
            store.files.remove(path)
        objects = _sizes(store, OBJECTS)
        sizes = {_name(path): size for path, size in objects.items()}
        before, objects_before = sum(sizes.values()), len(sizes)
        entries = {_name(path): _read(store, _name(path)) for path in _by_last_use(store)}
        uses = Counter(sha256 for entry in entries.values() if entry for sha256 in entry.objects)
        left = before
        for sha256 in [sha256 for sha256 in sizes if not uses[sha256]]:
            left -= _remove(store, sha256, sizes)
        removed = locked = 0
        for key, entry in entries.items():
            if entry is not None and left <= max_bytes:
                break
            if entry is not None and key in keep:
                continue
            lease = store.lease(key)
            if lease is None:
                locked += 1
                continue
            store.files.remove(f"{ENTRIES}/{key[:2]}/{key}")
            lease.release()
            removed += 1
            for sha256 in entry.objects if entry else ():
                uses[sha256] -= 1
                if not uses[sha256] and sha256 in sizes:
                    left -= _remove(store, sha256, sizes)
    return Collected(removed, objects_before - len(sizes), before - left, left, locked)


def _remove(store: Store, sha256: str, sizes: dict[str, int]) -> int:
    store.files.remove(f"{OBJECTS}/{sha256[:2]}/{sha256}")
    return sizes.pop(sha256)


def _read(store: Store, key: str) -> StoreEntry | None:
    with contextlib.suppress(DamagedError, OSError):
        return store.read(key)
    return None


def _checked(store: Store, part: str, problem_of: Callable[[str], str]) -> tuple[int, list[str]]:
    """Look at all that lies in a part of the store, and remove what is damaged. Returns the count and damaged names."""
    paths = list(_paths(store, part))
    damaged = []
    for path in paths:
        if name := problem_of(path):
            damaged.append(name)
            store.files.remove(path)
    return len(paths), damaged


def _object_problem(store: Store, path: str) -> str:
    """Return what to call an object that a build would not accept; nothing for a whole one."""
    name = _name(path)
    with contextlib.suppress(DamagedError, OSError):
        with store.files.open(path) as stream:
            whole = sha256_of(stream)[0] == name
        if whole and path == f"{OBJECTS}/{name[:2]}/{name}":
            return ""
    return _shown(path)


def _entry_problem(store: Store, path: str) -> str:
    """Return what to call an entry that a build would not accept; nothing for a whole one."""
    key = _name(path)
    entry = _read(store, key) if path == f"{ENTRIES}/{key[:2]}/{key}" else None
    if entry is None:
        return _shown(path)
    return "" if all(_is_whole(store, sha256, size) for sha256, size in entry.objects.items()) else entry.name


def _is_whole(store: Store, sha256: str, size: int) -> bool:
    """Tell whether an object of this size can be read; its bytes have been verified."""
    with contextlib.suppress(DamagedError, OSError), store.files.open(f"{OBJECTS}/{sha256[:2]}/{sha256}") as stream:
        return os.fstat(stream.fileno()).st_size == size
    return False


def _sizes(store: Store, part: str) -> dict[str, int]:
    """Return the size of each file of a part by its path. Left out: files where no build looks for them."""
    found = {}
    for path in _paths(store, part):
        name = _name(path)
        with contextlib.suppress(DamagedError, OSError):
            if is_sha256(name) and path == f"{part}/{name[:2]}/{name}":
                found[path] = store.files.status(path).st_size
    return found


def _by_last_use(store: Store) -> list[str]:
    times = {}
    for path in _sizes(store, ENTRIES):
        with contextlib.suppress(DamagedError, OSError):
            times[path] = store.files.status(path).st_mtime
    return sorted(times, key=lambda path: (times[path], path))


def _paths(store: Store, part: str) -> Iterator[str]:
    """Return the paths of all that lies in a part of the store, but unfinished files."""
    for folder in store.files.names(part):
        if not store.files.is_folder(f"{part}/{folder}"):
            yield f"{part}/{folder}"
        for name in store.files.names(f"{part}/{folder}"):
            if not name.startswith(UNFINISHED):
                yield f"{part}/{folder}/{name}"


def _unfinished(store: Store) -> list[str]:
    return [
        f"{part}/{folder}/{name}"
        for part in (OBJECTS, ENTRIES)
        for folder in store.files.names(part)
        for name in store.files.names(f"{part}/{folder}")
        if name.startswith(UNFINISHED)
    ]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _shown(path: str) -> str:
    """Return the name of a file in printable characters."""
    return _name(path) if is_sha256(_name(path)) else ascii(path)
