"""Numbers as tools print them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_ABSENT = frozenset({"", "-", "--", "---", "_", "NA", "N/A", "n/a", "na"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Below:
    """An upper bound instead of a value: `<0.01` is Below(0.01)."""

    limit: float

    def __str__(self) -> str:
        return f"<{self.limit:g}"


Number = int | float
Bounded = int | float | Below


def is_absent(text: str) -> bool:
    """Whether a cell means that there is no value: blank, dashes, `NA`, `n/a`."""
    return text in _ABSENT


def number(text: str) -> Number | None:
    """Return the number in `text`; an int if it has no point or exponent. None if it is not a number."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else None
    return None


def bounded(text: str) -> Bounded | None:
    """Return the number or the bound (`<0.01`) in `text`; None if it is neither."""
    if text.startswith("<"):
        limit = number(text[1:].strip())
        return None if limit is None else Below(float(limit))
    return number(text)
