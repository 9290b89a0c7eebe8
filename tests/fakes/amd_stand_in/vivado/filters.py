"""A `-filter` of `||`, `&&` and comparisons, read once and asked of each of many thousand cells."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache

from amd_stand_in.errors import ToolError

#: A property's name, whether it has to match, and the question whether a value does.
Comparison = tuple[str, bool, Callable[[str], bool]]
_COMPARISON = re.compile(r"[\s(]*([\w.]+)\s*(==|!=|=~|!~)\s*\"?([^\"]*?)\"?[\s)]*$")


@lru_cache
def branches(text: str) -> tuple[tuple[Comparison, ...], ...]:
    """The alternatives of a filter, each a row of comparisons that all have to hold. Raises ToolError."""
    return tuple(tuple(_comparison(part, text) for part in branch.split("&&")) for branch in text.split("||"))


def passes(text: str, get: Callable[[str], str]) -> bool:
    """Whether an object passes the filter; `get` gives its property of a name. Raises ToolError."""
    return not text or any(
        all(matches(get(name)) == wanted for name, wanted, matches in branch) for branch in branches(text)
    )


@lru_cache
def glob(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches a pattern, whose `*` matches `/` too and whose `[` is a bracket."""
    if pattern == "*":
        return lambda _: True
    match = re.compile(fnmatch.translate(pattern.replace("[", "[[]"))).match
    return lambda value: match(value) is not None


def _comparison(part: str, text: str) -> Comparison:
    match = _COMPARISON.match(part)
    if match is None:
        raise ToolError("Common 17-161", f"Invalid option value '{text}' specified for 'filter'.")
    name, operator, value = match.groups()
    return name, operator[0] == "=", glob(value) if "~" in operator else value.__eq__
