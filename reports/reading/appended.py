"""Split files that hold several reports, as written by `report_timing -append -file x` or `cat`.

Only reports that begin with a head of their own are split: those of Vivado, Vitis HLS and v++. A log is always one
text, even if it quotes reports. The parsers of Yosys, nextpnr and OpenSTA handle several statistics in a log
themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

_RULE = re.compile(r"(?:# )?[-=]{10,}\s*\n")


@dataclass(frozen=True)
class Part:
    """A report within a text; `line` is its first line, from 1."""

    text: str
    line: int


def split(text: str, heads: Iterable[str]) -> tuple[Part, ...]:
    """Return the reports of a text, in order. A text that does not begin with one of the `heads` is one part.

    A head is the start of the line that identifies a report. A rule and a copyright line may precede it.
    """
    starts = heads_in(text, heads)
    if len(starts) < 2 or text[: starts[0]].strip("\ufeff \r\n\t"):
        return (Part(text, 1),)
    # Blank lines before the first report belong to it, so its line numbers are those of the file.
    bounds = [0, *starts[1:], len(text)]
    found: list[Part] = []
    line = 1
    for begin, end in pairwise(bounds):
        found.append(Part(text[begin:end], line))
        line += text.count("\n", begin, end)
    return tuple(found)


def heads_in(text: str, heads: Iterable[str]) -> list[int]:
    """Return the positions in `text` where a report begins with one of the `heads`."""
    return sorted({_start(text, at) for head in heads for at in _places(text, head)})


def _places(text: str, head: str) -> list[int]:
    """Return the positions of lines that begin with `head`."""
    found = [0] if text.startswith(head) else []
    at = text.find(f"\n{head}")
    while at >= 0:
        found.append(at + 1)
        at = text.find(f"\n{head}", at + 1)
    return found


def _start(text: str, at: int) -> int:
    """Return the start of the report with its head at `at`, including its rule and copyright line."""
    above = _line_above(text, at)
    if _RULE.fullmatch(text, above, at):
        at, above = above, _line_above(text, above)
        if text.startswith("Copyright", above, at):
            at = above
    return at


def _line_above(text: str, at: int) -> int:
    return text.rfind("\n", 0, max(at - 1, 0)) + 1 if at else 0
