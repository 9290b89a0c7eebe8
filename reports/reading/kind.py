"""One kind of report: how it is recognised and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HEAD_CHARACTERS = 16_384
"""How much of a text `Kind.matches` is given: enough for the head of every report and of every log."""


@dataclass(frozen=True)
class Kind:
    """A parser with its name; every parser module has one as `KIND`.

    `name` is what JSON and messages call the kind (`vivado_timing_summary`). `matches` is given the first
    HEAD_CHARACTERS of a text and judges by content alone: files are renamed, content is not. `parse` is given the whole
    text and the name of its file for messages; it returns a frozen dataclass of plain fields (numbers, texts, None,
    tuples and dataclasses of such), and raises nothing but ReportError.
    """

    name: str
    matches: Callable[[str], bool]
    parse: Callable[[str, str], Any]
