"""The header block of every report by Vivado: tool, date, command, design, device, state.

Layout (2014.2 to 2026.1): a copyright line, a line of dashes, lines `| Key : value`, a line of dashes, the title of the
report. A redirected report may begin with blank lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import EmptyReportError, TruncatedReportError, WrongKindError
from reports.vivado.table import Lines

HEADS = ("| Tool Version",)
"""The line that identifies reports with this block, for `Kind.heads`."""

_TOOL = re.compile(r"(?P<tool>\S+) v\.(?P<version>[0-9]\S*)")
_SEARCH_LINES = 40
_FILE_OPTIONS = frozenset({"-file", "-pb", "-rpx", "-append", "-xpe", "-hier", "-advisory"})


@dataclass(frozen=True)
class Header:
    """The origin of a report. Fields that a release does not print are None.

    `version` is as printed ("2022.1.2"), and so is `device` (with or without package dashes). `state` is in lower case,
    because releases write both "Routed" and "routed". The host and the folders of output files in `command` are
    left out on purpose, because the value is stored and shown.
    """

    tool: str
    version: str
    date: str | None
    command: str | None
    design: str | None
    device: str | None
    speed_file: str | None
    state: str | None


def begins(head: str, title: str) -> bool:
    """Whether `head` begins with Vivado's block, followed by `title` on a line of its own."""
    in_block = False
    for raw in head.split("\n", _SEARCH_LINES)[:_SEARCH_LINES]:
        line = raw.strip()
        in_block = in_block or line.startswith(HEADS)
        if not line or not line.strip("-") or (in_block and line.startswith("|")):
            continue
        # Any other line before the block means that the report is quoted in another text, such as a log.
        if in_block or not line.startswith("Copyright"):
            return in_block and line == title
    return False


def title_of(head: str) -> str | None:
    """Return the title behind Vivado's block in `head`; None if there is no block or nothing behind it."""
    in_block = False
    for raw in head.split("\n", _SEARCH_LINES)[:_SEARCH_LINES]:
        line = raw.strip()
        in_block = in_block or line.startswith(HEADS)
        if in_block and line.strip("-") and not line.startswith("|"):
            return line
    return None


def read_header(lines: Lines, title: str) -> Header:
    """Return the header of a report with the title `title`, e.g. "Power Report".

    Raises EmptyReportError, WrongKindError for any other text, and TruncatedReportError if the text ends within the
    header.
    """
    first = _first_line(lines, title)
    found, at = _block(lines, first)
    while at < len(lines) and not lines[at].strip().strip("-"):
        at += 1
    _check_title(lines, at, title)
    tool = _TOOL.match(found.get("Tool Version", ""))
    if tool is None:
        raise WrongKindError(lines.file, first + 1, "no tool with a version", "expected 'Tool Version : Vivado v.…'")
    state = found.get("Design State")
    return Header(
        tool=tool["tool"],
        version=tool["version"],
        date=found.get("Date") or None,
        command=_without_folders(found["Command"]) if found.get("Command") else None,
        design=found.get("Design") or None,
        device=found.get("Device") or None,
        speed_file=found.get("Speed File") or None,
        state=state.lower() if state else None,
    )


def _first_line(lines: Lines, title: str) -> int:
    """Return the line where the block begins."""
    if not any(line.strip() for line in lines):
        raise EmptyReportError(lines.file, None, "the file is empty", "run the tool that writes it again")
    for at, line in enumerate(lines[:_SEARCH_LINES]):
        if line.startswith(HEADS):
            return at
    raise WrongKindError(lines.file, 1, "no '| Tool Version' at the beginning", f"expected Vivado's '{title}'")


def _block(lines: Lines, first: int) -> tuple[dict[str, str], int]:
    """Return the fields of the block at `first` (the first value of each key), and the line after the block."""
    found: dict[str, str] = {}
    at = first
    while at < len(lines) and lines[at].startswith("|"):
        key, colon, value = lines[at][1:].partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
        at += 1
    return found, at


def _check_title(lines: Lines, at: int, title: str) -> None:
    if at >= len(lines):
        raise TruncatedReportError(lines.file, len(lines), "ends after the head", f"expected '{title}'")
    if lines[at].strip() != title:
        what = f"this is '{lines[at].strip()[:60]}'"
        raise WrongKindError(lines.file, at + 1, what, f"expected '{title}'")


def _without_folders(command: str) -> str:
    words = command.split()
    for at in range(1, len(words)):
        if words[at - 1] in _FILE_OPTIONS:
            words[at] = re.split(r"[/\\]", words[at])[-1]
    return " ".join(words)
