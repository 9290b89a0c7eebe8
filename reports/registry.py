"""All kinds of reports: find the kind of a text and parse it.

Kinds are found automatically: every module in a package of `reports/` that has a `KIND` or `KINDS`. Steps do not use
this registry. A step imports the parsers that it needs, so editing a parser changes the keys of those steps only.
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

_NO_WINGS = ("reading", "summary", "project", "history", "page")
"""Packages without parsers: tools for parsers, summaries of their values, what was and what is shown."""


def _found() -> Iterator[Kind]:
    for wing in pkgutil.iter_modules(reports.__path__, "reports."):
        if wing.ispkg and wing.name.rpartition(".")[2] not in _NO_WINGS:
            yield from _kinds_in(wing.name)


def _kinds_in(package: str) -> Iterator[Kind]:
    """Yield the kinds of all modules in a package and in the packages within it."""
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if found.ispkg:
            yield from _kinds_in(found.name)
            continue
        module = importlib.import_module(found.name)
        yield from (*getattr(module, "KINDS", ()), *([module.KIND] if hasattr(module, "KIND") else []))


KINDS: tuple[Kind, ...] = tuple(sorted(_found(), key=lambda kind: (kind.precedence, kind.name)))
"""All kinds in order of precedence: the first that matches reads the text."""
_HEADS = tuple(sorted({head for kind in KINDS for head in kind.heads}))


def may_hold_reports(head: str) -> bool:
    """Whether a text with this begin may hold a report: a known kind, or a head that known kinds share."""
    return kind_of(head) is not None or bool(appended.heads_in(head, _HEADS))


def kind_of(head: str) -> Kind | None:
    """Return the kind of a text with this begin; None if no kind matches."""
    return next((kind for kind in KINDS if kind.matches(head)), None)


def recognise(text: str, name: str = "") -> Kind:
    """Return the kind of `text`, judged by its content; `name` is for messages only.

    Raises EmptyReportError for white space and WrongKindError for a text of no known kind.
    """
    if is_blank(text):
        raise EmptyReportError(name, None, "the file is empty", "run the tool that writes it again")
    kind = kind_of(text[:HEAD_CHARACTERS])
    if kind is not None:
        return kind
    raise WrongKindError(name, 1, f'unrecognised report: "{title(text)}"', "no reader knows this kind")


def parts(text: str) -> tuple[Part, ...]:
    """Split a text into its reports, each with the line where it begins."""
    return appended.split(text, _HEADS)


def parse(text: str, name: str = "") -> Any:
    """Return the value of `text`: a frozen dataclass of the module that reads its kind.

    Raises ReportError, also if the text holds several reports; use `parse_all` for these.
    """
    kind, several = recognise(text, name), parts(text)
    if len(several) > 1:
        what = f"another report begins here; the file has {len(several)}"
        raise UnknownLayoutError(name, several[1].line, what, "expected one report; parse_all reads all")
    return kind.parse(text, name)


@dataclass(frozen=True)
class Parsed:
    """A report of a file: its first line, its kind, and its value or error.

    `stand_in` is true if the text says that a stand-in wrote it, so its figures are invented.
    """

    line: int
    kind: str | None
    value: Any
    error: ReportError | None = None
    stand_in: bool = False


def parse_all(text: str, name: str = "") -> tuple[Parsed, ...]:
    """Parse every report of a text on its own, so a bad one does not hide the others."""
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
