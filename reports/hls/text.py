"""The text of reports by Vitis HLS and Vivado HLS: parts under banners, `* Key: value` lines, and tables.

A banner is `== Title` between two lines of `=`. Tables are drawn with `+` and `|` like Vivado's, but indented, and a
head may span several columns (`Latency (cycles)` over `min` and `max`). So the name of a column joins all heads above
it with blanks: "Latency (cycles) min". Layouts from public reports of 2016.4 to 2025.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.number import Below, Bounded, bounded
from reports.vivado.table import Lines

UNKNOWN = frozenset({"?", "undef", "-", "", "NA", "N/A"})
"""The words for an unknown value: `?` in a report, `undef` in XML, `-` in a summary."""

_FIELD = re.compile(r" *\* (?P<key>[A-Z][A-Za-z &-]{0,40}?) *: +(?P<value>.*)")


@dataclass(frozen=True)
class Part:
    """A part of a report: its title and its lines `begin` to `end` (from 0, `end` exclusive)."""

    lines: Lines
    title: str
    begin: int
    end: int

    def fields(self) -> dict[str, str]:
        """Return the `* Key: value` lines; if a key is repeated, the first counts."""
        found: dict[str, str] = {}
        for at in range(self.begin, self.end):
            match = _FIELD.fullmatch(self.lines[at].rstrip())
            if match:
                found.setdefault(match["key"], match["value"].strip())
        return found

    def heading(self, title: str, begin: int | None = None) -> int | None:
        """Return the line after `* title:` or `+ title:` (a unit in brackets may follow); None if there is none."""
        for at in range(self.begin if begin is None else begin, self.end):
            line = self.lines[at].strip()
            if line.startswith(("* ", "+ ")) and line.endswith(":"):
                name = line[2:-1]
                if name == title or name.startswith(title + " ("):
                    return at + 1
        return None

    def grid(self, begin: int) -> Grid | None:
        """Return the table at `begin`, after blank lines; None if something else is there."""
        at = begin
        while at < self.end and not self.lines[at].strip():
            at += 1
        if at >= self.end:
            missing = f"the part '{self.title[:60]}' ends before its table"
            raise TruncatedReportError(self.lines.file, self.end, missing, "the file was cut off")
        return read_grid(self.lines, at, self.end) if _is_border(self.lines[at]) else None


@dataclass(frozen=True)
class GridRow:
    """A row of a table: its line (from 1), the indentation of the first cell, and the cells by column."""

    file: str
    line: int
    indent_spaces: int
    cells: dict[str, str]

    def text(self, column: str) -> str | None:
        """Return the cell; None if its value is unknown. Raises UnknownLayoutError for an unknown column."""
        if column not in self.cells:
            found = ", ".join(self.cells)[:200]
            raise UnknownLayoutError(self.file, self.line, f"the table has no column '{column}'", f"it has: {found}")
        cell = self.cells[column]
        return None if cell in UNKNOWN else cell

    def bounded(self, column: str) -> Bounded | None:
        """Return the number in `column`; None if unknown; `~0` is Below(1). Raises UnknownLayoutError."""
        cell = self.text(column)
        if cell is None:
            return None
        value = Below(1.0) if cell == "~0" else bounded(cell)
        if value is None:
            raise self.unreadable(column, "a number")
        return value

    def count(self, column: str) -> int | None:
        """Return the whole number in `column`; None if unknown. Raises UnknownLayoutError."""
        value = self.bounded(column)
        if value is not None and not isinstance(value, int):
            raise self.unreadable(column, "a whole number")
        return value

    def nanoseconds(self, column: str) -> float | None:
        """Return a time in ns (`4.00` or `4.00 ns`); None if unknown. Raises UnknownLayoutError."""
        cell = self.text(column)
        if cell is None:
            return None
        value = bounded(cell.removesuffix("ns").rstrip())
        if value is None or isinstance(value, Below):
            raise self.unreadable(column, "a time in ns")
        return float(value)

    def unreadable(self, column: str, wanted: str) -> UnknownLayoutError:
        """Make the error for a cell that does not hold `wanted`."""
        what = f"'{column}' is '{self.cells.get(column, '')[:40]}'"
        return UnknownLayoutError(self.file, self.line, what, f"expected {wanted}")


@dataclass(frozen=True)
class Grid:
    """A table: its first line (from 1), its columns, and its rows (without separating lines)."""

    file: str
    line: int
    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]


def parts(lines: Lines) -> tuple[Part, ...]:
    """Return the parts under banners, in order."""
    heads: list[tuple[int, str]] = []
    for at in range(len(lines) - 2):
        line = lines[at + 1]
        if line.startswith("== ") and _is_bar(lines[at]) and _is_bar(lines[at + 2]):
            heads.append((at, line[3:].strip()))
    ends = (*(at for at, _ in heads), len(lines))
    return tuple(Part(lines, title, at + 3, end) for (at, title), end in zip(heads, ends[1:], strict=True))


def needed_part(found: tuple[Part, ...], title: str, lines: Lines) -> Part:
    """Return the part called `title`. Raises TruncatedReportError if it is missing."""
    part = next((part for part in found if part.title == title), None)
    if part is None:
        raise TruncatedReportError(lines.file, len(lines), f"no part '{title}'", "the file was cut off")
    return part


def grids(lines: Lines, begin: int, end: int) -> Iterator[Grid]:
    """Return all tables between two lines (from 0, `end` exclusive)."""
    at = begin
    while at < end:
        if not _is_border(lines[at]):
            at += 1
            continue
        grid = read_grid(lines, at, end)
        yield grid
        while at < end and lines[at].strip().startswith(("+", "|")):
            at += 1


def read_grid(lines: Lines, begin: int, end: int) -> Grid:
    """Return the table with its upper border at line `begin` (from 0).

    Raises TruncatedReportError and UnknownLayoutError.
    """
    head: list[int] = []
    at = begin + 1
    while at < end and not _is_border(lines[at]):
        if not lines[at].strip().startswith(("|", "+")):
            raise TruncatedReportError(lines.file, at + 1, "a table ends within its heads", "the file was cut off")
        head.append(at)
        at += 1
    if at >= end:
        raise TruncatedReportError(lines.file, end, "a table ends within its heads", "the file was cut off")
    # The border of a co-simulation's table spans three columns without corners. Use the line with most corners.
    edges = max((_marks(lines[line]) for line in (begin, *head)), key=len)
    columns = _columns(lines, head, edges)
    rows: list[GridRow] = []
    last_border = at
    at += 1
    while at < end:
        line = lines[at].strip()
        if _is_border(lines[at]):
            last_border = at
        elif line.startswith("|"):
            rows.append(_row(lines, at, edges, columns))
        else:
            break
        at += 1
    if last_border != at - 1:
        raise TruncatedReportError(lines.file, at, "a table has no lower border", "the file was cut off")
    return Grid(lines.file, begin + 1, columns, tuple(rows))


def _columns(lines: Lines, head: list[int], edges: list[int]) -> tuple[str, ...]:
    words: list[list[str]] = [[] for _ in edges[1:]]
    for at in head:
        # Step through cells and columns together, from left to right; nested loops would take quadratic time.
        cells = iter(_spans(lines[at]))
        cell = next(cells, None)
        for index, edge in enumerate(edges[:-1]):
            while cell is not None and cell[1] <= edge + 1:
                cell = next(cells, None)
            if cell is not None and cell[0] <= edge + 1 and cell[2].strip("-"):
                words[index].append(cell[2])
    names = tuple(" ".join(word) for word in words)
    if not names or "" in names or len(set(names)) < len(names):
        line = (head[0] if head else 0) + 1
        what = f"the names of the columns are {', '.join(repr(name) for name in names[:8])}"
        raise UnknownLayoutError(lines.file, line, what, "expected a different name for each")
    return names


def _spans(line: str) -> list[tuple[int, int, str]]:
    """Return the cells of a head line: begin, end (exclusive, the position of the next bar) and text."""
    marks = _marks(line)
    return [(left + 1, right, line[left + 1 : right].strip()) for left, right in pairwise(marks)]


def _marks(line: str) -> list[int]:
    return [at for at, mark in enumerate(line) if mark in "|+"]


def _row(lines: Lines, at: int, edges: list[int], columns: tuple[str, ...]) -> GridRow:
    line = lines[at].rstrip()
    body = line.strip()
    cells = body[1:-1].split("|") if body.endswith("|") and len(body) > 1 else []
    if len(cells) != len(columns):
        # A name may contain a bar. Then the corners of the frame tell which bars belong to the table.
        if len(line) != edges[-1] + 1 or any(line[edge] != "|" for edge in edges):
            what = f"a row has {len(cells)} cells, its table has {len(columns)} columns"
            raise UnknownLayoutError(lines.file, at + 1, what, "expected one cell for each column")
        cells = [line[left + 1 : right] for left, right in pairwise(edges)]
    first = cells[0]
    indent = len(first) - len(first.lstrip(" "))
    named = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    return GridRow(lines.file, at + 1, indent, named)


def _is_border(line: str) -> bool:
    body = line.strip()
    return len(body) > 2 and body.startswith("+-") and body.endswith("+") and not body.replace("+", "").strip("-")


def _is_bar(line: str) -> bool:
    body = line.strip()
    return len(body) > 8 and not body.strip("=")
