"""The store of this machine with a remote one behind it.

What comes from the remote store is kept apart, in `remote/<address>` of the store's folder: it gains no trust, and is
never mixed with what this user's own builds have made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from farm.remote.address import Address
from farm.results.confined import DamagedError
from farm.results.record import Origin
from farm.results.schema import is_sha256
from farm.results.store import Store, StoreEntry, entry_name

#: The folder of all copies in a store, and in each of them the keys of results that are still to be sent.
COPIES, WAITING = "remote", "waiting"
_NAME_DIGITS = 16


class Others(Protocol):
    """Whoever can be asked for results, and takes them."""

    def asks(self) -> bool:
        """Tell whether there is any use in asking."""

    def fetch(self, key: str, outputs: Collection[str], then: Callable[[], None]) -> bool:
        """Fetch the result of a key into the copies, if there is one, and call `then`. False: nobody is asked."""

    def send(self, key: str) -> None:
        """Give the result of a key away."""


def copies_of(folder: Path, address: Address, warn: Callable[[str], None], *, shared: bool) -> Store:
    """Return the part of the store in `folder` that holds what came from a remote store."""
    name = hashlib.sha256(str(address).encode()).hexdigest()[:_NAME_DIGITS]
    return Store(folder / COPIES / name, warn, shared=shared)


def all_copies(folder: Path, warn: Callable[[str], None], *, shared: bool) -> list[Store]:
    """Return the copies of all remote stores that builds of this user have asked."""
    with contextlib.suppress(OSError):
        found = sorted(path for path in (folder / COPIES).iterdir() if path.is_dir() and not path.is_symlink())
        return [Store(path, warn, shared=shared) for path in found]
    return []


class TeamStore(Store):
    """A store that asks others for what it lacks."""

    def __init__(
        self, folder: Path, warn: Callable[[str], None], *, shared: bool, copies: Store, others: Others
    ) -> None:
        """`copies` holds what came from others; the rest is that of a store."""
        super().__init__(folder, warn, shared=shared)
        self.copies = copies
        self._others = others
        self._asked: set[str] = set()
        #: Keys whose results are found among the copies.
        self._foreign: set[str] = set()

    def find(self, key: str, outputs: Collection[str] | None = None) -> StoreEntry | None:
        """Return the entry of a key, its own or a copy."""
        self._foreign.discard(key)
        entry = super().find(key, outputs)
        if entry is None and self.is_usable and (entry := self.copies.find(key, outputs)) is not None:
            self._foreign.add(key)
        return entry

    def ask(self, key: str, outputs: Collection[str], then: Callable[[], None]) -> bool:
        """Ask the remote store for a key, once in a build."""
        if key in self._asked or not self.is_usable or not self.copies.is_usable or not self._others.asks():
            return False
        self._asked.add(key)
        return self._others.fetch(key, outputs, then)

    def origin_of(self, key: str) -> Origin:
        """Return "shared" for a copy."""
        return "shared" if key in self._foreign else super().origin_of(key)

    def takes(self, origin: Origin) -> bool:
        """Tell that results of any origin may be stored: those of others go to the copies."""
        return True

    def restore(self, entry: StoreEntry, folder: Path) -> bool:
        """Restore an entry from where it was found."""
        return self.copies.restore(entry, folder) if entry.key in self._foreign else super().restore(entry, folder)

    def mark(self, key: str) -> None:
        """Note that an entry was used now."""
        super().mark(key)
        self.copies.mark(key)

    def publish(self, entry: StoreEntry, work: Path, log: Path, origin: Origin = "ran") -> None:
        """Store a result among its own, or among the copies if others had a hand in it."""
        if origin == "ran" or self.shared:
            super().publish(entry, work, log)
        else:
            self.copies.publish(entry, work, log)

    def recorded(self, key: str) -> None:
        """Give a result away."""
        if any(store.files.is_there(entry_name(key)) for store in (self, self.copies)):
            self._others.send(key)


def note_waiting(copies: Store, key: str) -> None:
    """Remember that the result of a key is still to be sent, in case the farm ends before."""
    with contextlib.suppress(OSError, DamagedError):
        if copies.is_usable:
            os.close(copies.files.open_or_make(f"{WAITING}/{key}", os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW))


def sent(copies: Store, key: str) -> None:
    """Forget that a result is still to be sent."""
    with contextlib.suppress(OSError):
        copies.files.remove(f"{WAITING}/{key}")


def waiting(copies: Store) -> list[str]:
    """Return the keys of the results that are still to be sent, also those of earlier builds."""
    return [name for name in copies.files.names(WAITING) if is_sha256(name)]
