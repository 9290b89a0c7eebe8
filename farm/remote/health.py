"""Whether a remote store is worth asking. Each direction is given up after a few faults, with one sentence in all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from farm.remote.transport import DeniedError, LyingError, RemoteError, TooLargeError

Direction = Literal["reading", "writing"]
#: So many requests may fail, or be answered wrongly, before the store is left alone.
_MOST = {"silent": 3, "lying": 5}


class Health:
    """Counts the faults of a store. May be used by several threads."""

    def __init__(self, address: str, say: Callable[[str], None]) -> None:
        """`say` gets one sentence for each direction."""
        self._address = address
        self._say = say
        self._lock = threading.Lock()
        self._off: set[Direction] = set()
        self._said: set[Direction] = set()
        self._faults: dict[tuple[Direction, str], int] = {}

    def is_good(self, direction: Direction) -> bool:
        """Tell whether the store is still asked, or still given results."""
        return direction not in self._off

    def note(self, direction: Direction, error: RemoteError, what: str) -> None:
        """Note that a request about `what` has failed; the first one of each direction is said."""
        with self._lock:
            kind = "lying" if isinstance(error, LyingError | TooLargeError) else "silent"
            count = self._faults[direction, kind] = self._faults.get((direction, kind), 0) + 1
            # Whoever may not ask once may not ask at all. And a store that was silent from the start is hardly there.
            first_words = count == 1 and not self._faults.get((direction, "good"))
            denied = isinstance(error, DeniedError) and not isinstance(error, TooLargeError)
            if denied or count >= _MOST[kind] or (kind == "silent" and first_words):
                self._off.add(direction)
            if direction in self._said:
                return
            self._said.add(direction)
        self._say(self._words(direction, error, what))

    def good(self, direction: Direction) -> None:
        """Note that the store has answered."""
        with self._lock:
            self._faults[direction, "good"] = 1

    def whole(self, direction: Direction) -> None:
        """Note that a whole result came or went: silence before was a hiccup."""
        with self._lock:
            self._faults.pop((direction, "silent"), None)

    def _words(self, direction: Direction, error: RemoteError, what: str) -> str:
        if direction == "writing":
            return f"the remote store {self._address} did not take {what}: {error}. The build is complete without that"
        if isinstance(error, LyingError):
            return (
                f"the remote store {self._address} gave no usable result of {what}: {error}. Such results are made here"
            )
        return f"the remote store {self._address} is of no use now: {error}. What it does not give is made here"
