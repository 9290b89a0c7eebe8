"""Reports that stand one after the other in a file, as `report_timing -append -file x` and `cat` leave them.

Only what begins with a head of its own is split: reports of Vivado, Vitis HLS and v++. A log is one text whatever it
quotes, and several statistics in a log of Yosys, nextpnr or OpenSTA are that parser's own matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

_RULE = re.compile(r"(?:# )?[-=]{10,}\s*\n")


@dataclass(frozen=True)
class Part:
    """A report within a text; `line` is where it begins, counted from 1."""

    text: str
    line: int


def split(text: str, heads: Iterable[str]) -> tuple[Part, ...]:
    """Return the reports of a text in their order; a text that does not begin with one of the `heads` is one part.

    A head is the beginning of the line by which a report is known; above it may stand a rule and a copyright.
    """
    starts = sorted({_start(text, at) for head in heads for at in _places(text, head)})
    if len(starts) < 2 or text[: starts[0]].strip("\ufeff \r\n\t"):
        return (Part(text, 1),)
    # Blank lines above the first report belong to it: its lines are counted as in the file.
    bounds = [0, *starts[1:], len(text)]
    found: list[Part] = []
    line = 1
    for begin, end in pairwise(bounds):
        found.append(Part(text[begin:end], line))
        line += text.count("\n", begin, end)
    return tuple(found)


def _places(text: str, head: str) -> list[int]:
    """Return where lines begin with `head`."""
    found = [0] if text.startswith(head) else []
    at = text.find(f"\n{head}")
    while at >= 0:
        found.append(at + 1)
        at = text.find(f"\n{head}", at + 1)
    return found


def _start(text: str, at: int) -> int:
    """Return where the report begins whose head is the line at `at`: with its rule and its copyright."""
    above = _line_above(text, at)
    if _RULE.fullmatch(text, above, at):
        at, above = above, _line_above(text, above)
        if text.startswith("Copyright", above, at):
            at = above
    return at


def _line_above(text: str, at: int) -> int:
    return text.rfind("\n", 0, max(at - 1, 0)) + 1 if at else 0
