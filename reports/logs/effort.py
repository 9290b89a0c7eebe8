"""How much work the redaction of one log may be, so that no text takes it longer than its size allows.

The work is counted and not timed: the same log always gives the same result.
"""

from __future__ import annotations

import re

#: In the place of a line for which no work is left. It holds nothing that a rule looks for.
TOO_MUCH = "<a line with too many places to look at is hidden>"
_CODE = re.compile(r"\s{0,20}(?:ERROR|CRITICAL WARNING|WARNING|INFO): \[[A-Za-z_]{1,30} [0-9]{1,6}-[0-9]{1,6}\] |")


class Effort:
    """What is left of the work on a log, about a microsecond of a slow machine each."""

    def __init__(self, at_first: float, for_each_character: float) -> None:
        self._at_first = at_first
        self._for_each_character = for_each_character
        self._spent = 0.0
        self._begin = 0

    def affords(self, place: int, work: float) -> bool:
        """Tell whether some work may be done at a place of the current piece; it is then spent."""
        if self._spent + work > self._at_first + self._for_each_character * (self._begin + place):
            return False
        self._spent += work
        return True

    def next_piece(self, characters: int) -> None:
        """Go on behind a piece of so many characters: what the log's size allows does not depend on its pieces."""
        self._begin += characters


def hidden_whole(line: str) -> str:
    """Return what is shown of a line for which no work is left: the code of a message."""
    found = _CODE.match(line)
    return (found[0] if found else "") + TOO_MUCH
