"""Redaction: hides private parts of the logs that the farm keeps or shows.

The engine knows no tool, so the project supplies the functions, and `dodo.py` passes them to `doit_config`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from config.frozen import dataclass

#: Characters of a log from which users and hosts are learnt, if the project supplies no cleaner.
_MOST_LEARNT = 4 << 20


class LogCleaner(Protocol):
    """Cleans one log in two passes, piece by piece: `learn` from all pieces, then `clean` each in order.

    A piece is a text of whole lines; a line of several megabytes comes in parts. So a log need not be in memory.
    """

    def learn(self, piece: str) -> None:
        """Note the users and hosts that a piece names."""

    def clean(self, piece: str) -> str:
        """Return the next piece, redacted."""


@dataclass(frozen=True)
class Redaction:
    """`clean(text, log)` returns a redacted text; `log` is the whole log that the text comes from.

    The log tells who the user and the host are; a line alone does not. Cleaning twice must change nothing. `cleaner`
    makes a LogCleaner, for logs of any size; without it `clean` gets the pieces, and of a large log its first 4 MiB.
    """

    clean: Callable[[str, str], str]
    cleaner: Callable[[], LogCleaner] | None = None

    def hides(self, text: str) -> bool:
        """Tell whether anything in a text is private."""
        return self.clean(text, "") != text

    def log_cleaner(self) -> LogCleaner:
        """Return a cleaner for one log."""
        return self.cleaner() if self.cleaner is not None else _FromItsBegin(self.clean)


class _FromItsBegin:
    """Cleans the pieces of a log by the users and hosts that its first pieces name."""

    def __init__(self, clean: Callable[[str, str], str]) -> None:
        self._clean = clean
        self._log = ""

    def learn(self, piece: str) -> None:
        if len(self._log) < _MOST_LEARNT:
            self._log += piece

    def clean(self, piece: str) -> str:
        return self._clean(piece, self._log)


#: For a project whose logs hold nothing private: it has to say so.
NOTHING_PRIVATE = Redaction(lambda text, log: text)
