"""All kinds of reports: which one is a text, and what is its value.

A kind is found by being there: every module in a wing (a package of `reports/`) that has a `KIND` or `KINDS`. Steps do
not look here; a step imports the parsers that it uses, so an edited parser changes the keys of those steps alone.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import reports
from reports.reading import appended, stand_in
from reports.reading.appended import Part
from reports.reading.errors import EmptyReportError, ReportError, UnknownLayoutError, WrongKindError
from reports.reading.expect import is_blank, title
from reports.reading.kind import HEAD_CHARACTERS, Kind

_NO_WINGS = ("reading", "summary")
"""Packages without parsers: what parsers are made of, and what is made of their values."""


def _found() -> Iterator[Kind]:
    for wing in pkgutil.iter_modules(reports.__path__, "reports."):
        if wing.ispkg and wing.name.rpartition(".")[2] not in _NO_WINGS:
            package = importlib.import_module(wing.name)
            for found in pkgutil.iter_modules(package.__path__, f"{wing.name}."):
                module = importlib.import_module(found.name)
                yield from (*getattr(module, "KINDS", ()), *([module.KIND] if hasattr(module, "KIND") else []))


KINDS: tuple[Kind, ...] = tuple(sorted(_found(), key=lambda kind: (kind.precedence, kind.name)))
"""Every kind in the order in which they are asked: the first that matches reads the text."""
_HEADS = tuple(sorted({head for kind in KINDS for head in kind.heads}))


def recognise(text: str, name: str = "") -> Kind:
    """Return the kind of `text`, judged by content; `name` is only for the message.

    Raises EmptyReportError for white space and WrongKindError for a text of no known kind.
    """
    if is_blank(text):
        raise EmptyReportError(name, None, "the file is empty", "run the tool that writes it again")
    head = text[:HEAD_CHARACTERS]
    for kind in KINDS:
        if kind.matches(head):
            return kind
    known = ", ".join(sorted(kind.name for kind in KINDS))
    raise WrongKindError(name, 1, f'unrecognised report: "{title(text)}"', f"known: {known}")


def parts(text: str) -> tuple[Part, ...]:
    """Return the reports that stand one after the other in a text, each with the line where it begins."""
    return appended.split(text, _HEADS)


def parse(text: str, name: str = "") -> Any:
    """Return the value of `text`: a frozen dataclass of the module that reads its kind.

    Raises ReportError; also for several reports in one text, of which `parse_all` gives the values.
    """
    kind, several = recognise(text, name), parts(text)
    if len(several) > 1:
        what = f"another report begins here, {len(several)} are in the file"
        raise UnknownLayoutError(name, several[1].line, what, "one is expected; parse_all reads each")
    return kind.parse(text, name)


@dataclass(frozen=True)
class Parsed:
    """A report of a file: where it begins, its kind, and its value or what is wrong with it.

    `stand_in` tells that the text says of itself that no tool has written it: its figures are invented.
    """

    line: int
    kind: str | None
    value: Any
    error: ReportError | None = None
    stand_in: bool = False


def parse_all(text: str, name: str = "") -> tuple[Parsed, ...]:
    """Return every report of a text, each for itself: one that cannot be read does not hide the others."""
    return tuple(_parsed(part, name) for part in parts(text))


def _parsed(part: Part, name: str) -> Parsed:
    kind: Kind | None = None
    try:
        kind = recognise(part.text, name)
        return Parsed(part.line, kind.name, kind.parse(part.text, name), stand_in=stand_in.wrote(part.text))
    except ReportError as error:
        line = error.line if error.line is None else error.line + part.line - 1
        moved = type(error)(error.file, line, error.what, error.expected)
        return Parsed(part.line, None if kind is None else kind.name, None, moved)
