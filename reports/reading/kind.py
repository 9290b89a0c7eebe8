"""One kind of report: how it is recognised and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

HEAD_CHARACTERS = 16_384
"""`Kind.matches` gets this many characters of a text, enough for the head of any report or log."""


class Precedence(IntEnum):
    """How specific the check of a kind is. If several kinds match, the one with the lowest value reads the text.

    Two kinds of the same precedence must not match the same text. If it happens anyway, the kind with the name that
    sorts first reads it.
    """

    TITLE = 1
    """The text begins with the kind's own title, banner, first tag or first key."""
    LAYOUT = 2
    """The head contains words of the kind's layout: tags, keys, labels of fields."""
    LINES = 3
    """Some lines of the head have the kind's form, as in a log; lines around them may quote other tools."""
    MESSAGE = 4
    """A single message is enough, but texts of other kinds may contain one as well."""


@dataclass(frozen=True)
class Kind:
    """A kind of report with its parser. `reports.registry` finds it as `KIND` of a module, or several in `KINDS`.

    `name` identifies the kind in JSON and messages (`vivado_timing_summary`). `matches` gets the first HEAD_CHARACTERS
    of a text and judges by content alone, because users rename files. `parse` gets the whole text, and the name of its
    file for messages. It returns a frozen dataclass of plain fields (numbers, texts, None, tuples and dataclasses of
    these), and raises only ReportError. If a file may hold several reports of this kind (`report_timing -append`),
    `heads` lists how the first line of each may begin; without heads, a file is one report.
    """

    name: str
    precedence: Precedence
    matches: Callable[[str], bool]
    parse: Callable[[str, str], Any]
    heads: tuple[str, ...] = ()
