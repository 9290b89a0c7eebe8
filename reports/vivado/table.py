"""Sections and tables of Vivado's reports.

A section has a numbered heading above a line of dashes. A framed table is drawn with `+` and `|`; a ruled table has a
line of dashes under its heads. Tables are found by their section and read by the names in their heads, because columns
change with the release (`Prohibited` in 2021.1), so their position means nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from reports.reading.errors import ReportError, TruncatedReportError, UnknownLayoutError
from reports.reading.number import Bounded, Number, bounded, is_absent, number

_HEADING = re.compile(r"(?P<number>[0-9]{1,3}(?:\.[0-9]{1,3}){0,3})\.? (?P<title>\S.*)")
_GAP = re.compile(r"\S+(?: \S+)*")
_DASHES = re.compile(r"-+")
_MAX_COLUMNS = 256
"""More columns than any table has (logic levels: some 60). It limits the work that a damaged file can cause."""


class Lines(list[str]):
    """The lines of a text, without line ends, and the name of its file for messages."""

    def __init__(self, text: str, file: str) -> None:
        # Not splitlines(): it also splits at form feeds and Unicode separators, so line numbers would differ from those
        # of editors.
        super().__init__(line.rstrip("\r") for line in text.split("\n"))
        self.file = file


@dataclass(frozen=True)
class Row:
    """A row of a table. `depth_spaces` is the indentation of its first cell; `line` counts from 1."""

    file: str
    line: int
    depth_spaces: int
    columns: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first cell, without the stars of footnotes."""
        return self.cells[0].rstrip("*").rstrip()

    def text(self, column: str) -> str | None:
        """Return the cell of `column`; None if the table has no such column, or the cell is blank or NA."""
        try:
            cell = self.cells[self.columns.index(column)]
        except ValueError:
            return None
        return None if is_absent(cell) else cell

    def number(self, column: str) -> Number | None:
        """Return the number in `column`; None if there is none. Raises UnknownLayoutError for other text."""
        cell = self.text(column)
        if cell is None:
            return None
        value = number(cell.rstrip("*"))
        if value is None:
            raise self.unreadable(column, "a number")
        return value

    def count(self, column: str) -> int | None:
        """Return the whole number in `column`; None if there is none. Raises UnknownLayoutError."""
        value = self.number(column)
        if isinstance(value, float):
            raise self.unreadable(column, "a whole number")
        return value

    def bounded(self, column: str) -> Bounded | None:
        """Return the number or bound (`<0.01`, also with a percent sign) in `column`. Raises UnknownLayoutError."""
        cell = self.text(column)
        if cell is None:
            return None
        value = bounded(cell.rstrip("*").removesuffix("%").rstrip())
        if value is None:
            raise self.unreadable(column, "a number")
        return value

    def unreadable(self, column: str, wanted: str) -> UnknownLayoutError:
        """Make the error for a cell that does not hold `wanted`."""
        what = f"'{column}' of '{self.name[:60]}' is '{(self.text(column) or '')[:40]}'"
        return UnknownLayoutError(self.file, self.line, what, f"expected {wanted}")


@dataclass(frozen=True)
class Table:
    """The heads of a table and its rows."""

    file: str
    line: int
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def needs(self, *columns: str) -> None:
        """Raise UnknownLayoutError unless the table has all of `columns`."""
        for column in columns:
            if column not in self.columns:
                found = ", ".join(self.columns)[:200]
                raise UnknownLayoutError(
                    self.file, self.line, f"the table has no column '{column}'", f"its columns are: {found}"
                )


@dataclass(frozen=True)
class Section:
    """A numbered part of a report: lines `begin` (the first after the heading) to `end` (exclusive), from 0."""

    lines: Lines
    number: str
    title: str
    begin: int
    end: int

    def tables(self) -> Iterator[Table]:
        """Return the framed tables of the section. Raises TruncatedReportError and UnknownLayoutError."""
        return framed_tables(self.lines, self.begin, self.end)

    def table(self, *columns: str) -> Table:
        """Return the first framed table, which must have `columns`. Raises ReportError if it is missing."""
        table = next(self.tables(), None)
        if table is None:
            missing = f"section '{self.title[:60]}' has no table"
            if self.end >= len(self.lines):
                raise TruncatedReportError(self.lines.file, len(self.lines), missing, "the text ends too early")
            raise UnknownLayoutError(self.lines.file, self.begin, missing, f"expected columns {', '.join(columns)}")
        table.needs(*columns)
        return table

    def pairs(self) -> tuple[Row, ...]:
        """Return the rows of a framed table with two columns and no heads (`| Dynamic (W) | 1.734 |`)."""
        for _, frame in _frames(self.lines, self.begin, self.end):
            at_lines = frame.head + frame.rows
            return tuple(_row(self.lines, at, frame, ("name", "value")) for at in at_lines)
        return ()


def sections(lines: Lines) -> tuple[Section, ...]:
    """Return the numbered sections, in order.

    Raises TruncatedReportError if the table of contents names a section that is missing.
    """
    contents: list[tuple[int, str]] = []
    heads: list[tuple[int, str, str]] = []
    in_contents = False
    for at, line in enumerate(lines):
        if not line or line[0] not in "0123456789":
            in_contents = in_contents or line.rstrip() == "Table of Contents"
            continue
        match = _HEADING.fullmatch(line.rstrip())
        if match is None:
            continue
        under = lines[at + 1] if at + 1 < len(lines) else ""
        if len(under) >= 3 and not under.strip("-"):
            heads.append((at, match["number"], match["title"]))
        elif in_contents and not heads:
            contents.append((at, match["title"]))
    titles = {title for _, _, title in heads}
    missing = [title for _, title in contents if title not in titles]
    if missing:
        raise TruncatedReportError(
            lines.file,
            len(lines),
            f"the section '{missing[0][:80]}' of the table of contents is missing",
            "the file was cut off, or is still being written",
        )
    ends = [*(at for at, _, _ in heads), len(lines)][1:]
    return tuple(Section(lines, found, title, at + 2, end) for (at, found, title), end in zip(heads, ends, strict=True))


@dataclass(frozen=True)
class _Frame:
    """The lines of a framed table before and after its second border, and the positions of its corners."""

    head: tuple[int, ...]
    rows: tuple[int, ...]
    edges: tuple[int, ...]


def _few_enough(columns: int, file: str, line: int) -> None:
    if columns > _MAX_COLUMNS:
        raise UnknownLayoutError(file, line, f"a table has {columns} columns", f"expected at most {_MAX_COLUMNS}")


def _broken(lines: Lines, at: int, what: str) -> ReportError:
    """Make the error for a frame that breaks at a line (from 0). At the end of the text, the file was cut off."""
    line = min(at + 1, len(lines))
    if all(not text.strip() for text in lines[at + 1 :]) and (at >= len(lines) or not lines[at].strip("+- |")):
        return TruncatedReportError(lines.file, line, "ends within a table", "the file was cut off")
    return UnknownLayoutError(lines.file, line, what, "expected '|' or '+---'")


def _is_border(line: str) -> bool:
    return line.startswith("+-") and line.rstrip().endswith("+")


def _refines(border: str, coarse: str) -> bool:
    """Whether `border` has all the corners of `coarse` and more."""
    if len(border) != len(coarse) or border == coarse:
        return False
    return all(new == "+" for new, old in zip(border, coarse, strict=True) if old == "+")


def _frames(lines: Lines, begin: int, end: int) -> Iterator[tuple[int, _Frame]]:
    at = begin
    while at < end:
        if not _is_border(lines[at]):
            at += 1
            continue
        start = at
        border = lines[at].rstrip()
        parts: list[list[int]] = [[]]
        at += 1
        while at < end and lines[at].startswith(("|", "+")):
            if lines[at].startswith("+"):
                if len(parts) == 1 and _refines(lines[at].rstrip(), border):
                    # Heads that span several columns (2015) have a frame of their own above the actual frame.
                    border, parts = lines[at].rstrip(), [[]]
                    at += 1
                    continue
                if lines[at].rstrip() != border:
                    raise _broken(lines, at, "a border differs from the first one of its table")
                parts.append([])
            else:
                parts[-1].append(at)
            at += 1
        if parts[-1]:
            # Rows after the last border mean that the text ends here, or that a cell contains a line break.
            raise _broken(lines, at, "the frame of a table does not close")
        edges = tuple(index for index, letter in enumerate(border) if letter == "+")
        _few_enough(len(edges) - 1, lines.file, start + 1)
        groups = parts[:-1]
        if not groups or not groups[0]:
            raise TruncatedReportError(lines.file, start + 1, "a table has no heads", "the file was cut off")
        # Further borders only separate totals. A table without rows ends with one or two borders after its heads.
        yield start, _Frame(tuple(groups[0]), tuple(line for group in groups[1:] for line in group), edges)


def framed_tables(lines: Lines, begin: int, end: int) -> Iterator[Table]:
    """Yield the framed tables with heads between two lines (from 0, `end` exclusive)."""
    for start, frame in _frames(lines, begin, end):
        columns = _columns(lines, frame)
        yield Table(lines.file, start + 1, columns, tuple(_row(lines, at, frame, columns) for at in frame.rows))


def _columns(lines: Lines, frame: _Frame) -> tuple[str, ...]:
    """Return the heads; the lines of a head are joined with blanks."""
    parts = [_cells(lines, at, frame) for at in frame.head]
    return tuple(" ".join(cell.strip() for cell in column if cell.strip()) for column in zip(*parts, strict=True))


def _cells(lines: Lines, at: int, frame: _Frame) -> list[str]:
    line = lines[at].rstrip()
    wanted = len(frame.edges) - 1
    cells = line[1:-1].split("|") if line.endswith("|") else []
    if len(cells) == wanted:
        return cells
    # A name may contain a bar. Then the corners of the frame tell which bars belong to the table.
    if len(line) == frame.edges[-1] + 1 and all(line[edge] == "|" for edge in frame.edges):
        return [line[left + 1 : right] for left, right in zip(frame.edges, frame.edges[1:], strict=False)]
    if at >= len(lines) - 2 and not line.endswith("|"):
        raise TruncatedReportError(lines.file, at + 1, "ends within a row of a table", "the file was cut off")
    what = f"a row has {len(cells)} cells, its frame has {wanted}"
    raise UnknownLayoutError(lines.file, at + 1, what, "expected one cell for each column")


def _row(lines: Lines, at: int, frame: _Frame, columns: tuple[str, ...]) -> Row:
    cells = _cells(lines, at, frame)
    if len(cells) != len(columns):
        what = f"a row has {len(cells)} cells"
        raise UnknownLayoutError(lines.file, at + 1, what, f"expected {len(columns)}")
    first = cells[0]
    indent = max(len(first) - len(first.lstrip(" ")) - 1, 0)
    return Row(lines.file, at + 1, indent, columns, tuple(cell.strip() for cell in cells))


def ruled_table(lines: Lines, begin: int, end: int) -> Table | None:
    """Return the first table with heads above a line of dashes, between two lines; None if there is none.

    Numbers are right-aligned under their heads, names left-aligned. A name may be longer than its head, and a cell may
    be blank. Raises UnknownLayoutError if a word does not belong to exactly one head.
    """
    for at in range(begin + 1, end):
        rule = lines[at].strip()
        if not rule or rule.replace("-", "").strip() or not lines[at - 1].strip():
            continue
        spans = [match.span() for match in _DASHES.finditer(lines[at])]
        if len(spans) < 2:
            continue
        _few_enough(len(spans), lines.file, at + 1)
        heads = lines[at - 1]
        starts = [span[0] for span in spans]
        columns = tuple(heads[left:right].strip() for left, right in zip(starts, [*starts[1:], None], strict=True))
        rows: list[Row] = []
        for row_at in range(at + 1, end):
            if not lines[row_at].strip():
                break
            rows.append(_ruled_row(lines, row_at, spans, columns))
        return Table(lines.file, at, columns, tuple(rows))
    return None


def _ruled_row(lines: Lines, at: int, spans: list[tuple[int, int]], columns: tuple[str, ...]) -> Row:
    line = lines[at]
    ends = {end: index for index, (_, end) in enumerate(spans)}
    starts = [start for start, _ in spans]
    cells = [""] * len(columns)
    for match in _GAP.finditer(line):
        index = ends.get(match.end())
        if index is None:
            index = max(bisect_right(starts, match.start()) - 1, 0)
        if cells[index]:
            what = f"'{match[0][:40]}' and '{cells[index][:40]}' are under one head"
            raise UnknownLayoutError(lines.file, at + 1, what, "expected one word for each column")
        cells[index] = match[0]
    return Row(lines.file, at + 1, len(line) - len(line.lstrip(" ")), columns, tuple(cells))
