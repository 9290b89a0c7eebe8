"""Care of the store: what is in it, whether it is whole, and how it is kept small."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from farm.results.digest import digest_of
from farm.results.store import DamagedError, Store, StoreEntry

#: How far below its limit a store is brought: it would have to be looked through after each build otherwise.
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
    """What a check of every byte has found. What is damaged has been removed; names or keys of entries, digests."""

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
    sizes = [path.stat().st_size for path in _files(store.folder / "cas")]
    return Stats(len(_files(store.folder / "ac")), len(sizes), sum(sizes))


def verify(store: Store) -> Verified:
    """Hash every object and read every entry; remove what is damaged: it is made again when needed."""
    damaged_objects = []
    objects = _files(store.folder / "cas")
    for path in objects:
        if digest_of(path, meaning=False).sha256 != path.name:
            damaged_objects.append(path.name)
            path.unlink()
    damaged_entries = []
    entries = _files(store.folder / "ac")
    for path in entries:
        entry = _read(store, path)
        if entry is None or not all(store.object_path(sha256).exists() for sha256 in entry.objects):
            damaged_entries.append(path.name if entry is None else entry.name)
            path.unlink()
    return Verified(len(entries), len(objects), tuple(damaged_entries), tuple(damaged_objects))


def limit(store: Store, max_bytes: int, keep: Collection[str]) -> Collected | None:
    """Remove the entries longest unused if there are more than `max_bytes` of objects; `keep` are keys that stay.

    Returns None if nothing was to be removed, or if other builds use the store all the time: the next one tries again.
    """
    if stats(store).size_bytes <= max_bytes:
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
    # Nobody adds anything meanwhile, so an object that no entry names is not one whose entry is about to come. Nobody
    # restores either: what a build has begun to restore is whole.
    with store.held(fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB):
        for path in [*_unfinished(store.folder / "cas"), *_unfinished(store.folder / "ac")]:
            path.unlink(missing_ok=True)
        sizes = {path.name: path.stat().st_size for path in _files(store.folder / "cas")}
        before, objects_before = sum(sizes.values()), len(sizes)
        paths = sorted(_files(store.folder / "ac"), key=lambda path: path.stat().st_mtime)
        entries = {path: _read(store, path) for path in paths}
        uses = Counter(sha256 for entry in entries.values() if entry for sha256 in entry.objects)
        left = before
        for sha256 in [sha256 for sha256 in sizes if not uses[sha256]]:
            left -= _remove(store, sha256, sizes)
        removed = locked = 0
        for path, entry in entries.items():
            if entry is not None and left <= max_bytes:
                break
            if entry is not None and path.name in keep:
                continue
            lease = store.lease(path.name)
            if lease is None:
                locked += 1
                continue
            path.unlink(missing_ok=True)
            lease.release()
            removed += 1
            for sha256 in entry.objects if entry else ():
                uses[sha256] -= 1
                if not uses[sha256] and sha256 in sizes:
                    left -= _remove(store, sha256, sizes)
    return Collected(removed, objects_before - len(sizes), before - left, left, locked)


def _remove(store: Store, sha256: str, sizes: dict[str, int]) -> int:
    store.object_path(sha256).unlink(missing_ok=True)
    return sizes.pop(sha256)


def _read(store: Store, path: Path) -> StoreEntry | None:
    with contextlib.suppress(DamagedError, OSError):
        return store.read(path.name)
    return None


def _files(folder: Path) -> list[Path]:
    return [path for path in _all(folder) if not path.name.startswith(".")]


def _unfinished(folder: Path) -> list[Path]:
    return [path for path in _all(folder) if path.name.startswith(".tmp-")]


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*"))
