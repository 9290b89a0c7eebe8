"""One kind of report: how it is recognised and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

HEAD_CHARACTERS = 16_384
"""How much of a text `Kind.matches` is given: enough for the head of every report and of every log."""


class Precedence(IntEnum):
    """By how much a kind knows its texts. The lowest value that matches reads the text.

    Two kinds of one precedence must not match the same text. Should it happen in a text that nobody has seen yet,
    the name that sorts first reads it.
    """

    TITLE = 1
    """Its own title, banner, first tag or first key stands at the beginning."""
    LAYOUT = 2
    """Words of its layout stand somewhere in the head: tags, keys, labels of fields."""
    LINES = 3
    """Some lines of the head are of its form, as in a log; the lines around them may quote other tools."""
    MESSAGE = 4
    """A single message is enough, and texts of the other kinds may contain one."""


@dataclass(frozen=True)
class Kind:
    """A parser with its name. Its module has it as `KIND`, or several in `KINDS`, where `reports.registry` finds them.

    `name` is what JSON and messages call the kind (`vivado_timing_summary`). `matches` is given the first
    HEAD_CHARACTERS of a text and judges by content alone: files are renamed, content is not. `parse` is given the whole
    text and the name of its file for messages; it returns a frozen dataclass of plain fields (numbers, texts, None,
    tuples and dataclasses of such), and raises nothing but ReportError. `heads` are beginnings of the line with which a
    further report of this kind starts in a file that holds several (`report_timing -append`); without one, a file is
    one report.
    """

    name: str
    precedence: Precedence
    matches: Callable[[str], bool]
    parse: Callable[[str, str], Any]
    heads: tuple[str, ...] = ()
