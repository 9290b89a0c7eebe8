"""What a remote store would give, asked without fetching it: for `doit plan`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from farm.remote.exchange import Exchange
from farm.results.digest import Digest
from farm.results.store import StoreEntry

_AT_ONCE = 8


class Offers:
    """Answers about keys. Which keys a plan needs shows only when earlier answers are known, so it goes in rounds."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._wanted: dict[str, Collection[str]] = {}
        self._answers: dict[str, StoreEntry | None] = {}

    def outputs(self, key: str, outputs: Collection[str]) -> Mapping[str, Digest] | None:
        """Return the digests of a result that the remote store has, as far as it was asked; the rest is asked next."""
        if key not in self._answers:
            self._wanted[key] = outputs
            return None
        entry = self._answers[key]
        return None if entry is None else {path: file.digest for path, file in entry.files.items()}

    def ask(self) -> bool:
        """Ask for all that was wanted since the last time, at once; tell whether any of it is there."""
        wanted, self._wanted = self._wanted, {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip(wanted, pool.map(lambda key: self._exchange.entry(key, wanted[key]), wanted), strict=True))
        self._answers.update(found)
        return any(entry is not None for entry in found.values())

    def size(self, key: str) -> int | None:
        """Return the bytes that would be fetched for a key; None for one that the remote store does not give."""
        entry = self._answers.get(key)
        return None if entry is None else sum(digest.size for digest in self._exchange.missing(entry))
