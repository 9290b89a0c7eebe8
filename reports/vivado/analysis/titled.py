"""Reports of Vivado that are known by their title, or by the command in their head if a release changes the title."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.kind import HEAD_CHARACTERS
from reports.vivado.header import HEADS, Header, begins, read_header, title_of
from reports.vivado.table import Lines

_COMMAND = re.compile(r"\| Command {0,30}: (?P<name>\w{1,60})")


@dataclass(frozen=True)
class Titled:
    """A kind of report: its Tcl command and the titles that releases give it."""

    command: str
    titles: tuple[str, ...]

    def matches(self, head: str) -> bool:
        """Whether a text begins with Vivado's block and a title of this kind, or with the command in the block."""
        if not any(line.startswith(HEADS) for line in head.split("\n", 40)[:40]):
            return False
        title = title_of(head)
        if title is None or not begins(head, title):
            return False
        if title in self.titles:
            return True
        found = _COMMAND.search(head, 0, 8_000)
        return found is not None and found["name"] == self.command

    def header(self, lines: Lines) -> Header:
        """Return the header of a report of this kind. Raises ReportError for any other text."""
        found = title_of("\n".join(lines[:60])[:HEAD_CHARACTERS])
        known = found in self.titles or (found is not None and self.matches("\n".join(lines[:60])))
        return read_header(lines, found if known and found is not None else self.titles[0])
