"""Vivado's `report_utilization -hierarchical`: the use of each instance of a design.

The columns depend on the family and the release (2018.2 to 2026.1: "Total LUTs, Logic LUTs, LUTRAMs, SRLs, FFs, RAMB36,
RAMB18", then "URAM" if the family has it, and "DSP48 Blocks" or "DSP Blocks"), so they keep their names. An instance
named in brackets, `(top)`, is the part of its parent outside of all children.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError, WrongKindError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number, is_absent, number
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, sections
from reports.vivado.utilization import HIERARCHY_SECTION, TITLE

_MAX_DEPTH = 100
_HEADING = f"\n1. {HIERARCHY_SECTION}\n---"
_NAMES = {
    "luts": ("Total LUTs",),
    "lutrams": ("LUTRAMs",),
    "srls": ("SRLs",),
    "registers": ("FFs",),
    "ramb36": ("RAMB36",),
    "ramb18": ("RAMB18",),
    "urams": ("URAM",),
    "dsps": ("DSP Blocks", "DSP48 Blocks"),
}


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance. `path` is its full name; the top has `depth` 0; `values` are in the order of the columns."""

    name: str
    path: str
    module: str
    depth: int
    values: tuple[Number | None, ...]


@dataclass(frozen=True)
class Hierarchy:
    """The use of all instances of a design; parents include their children."""

    header: Header
    columns: tuple[str, ...]
    instances: tuple[Instance, ...]

    def used(self, instance: Instance, resource: str) -> Number | None:
        """Return the use of luts, lutrams, srls, registers, ramb36, ramb18, bram_tiles, urams or dsps by `instance`.

        None if the report has no such column. A tile of block RAM is one RAMB36 or two RAMB18.
        """
        if resource == "bram_tiles":
            whole, half = self.used(instance, "ramb36"), self.used(instance, "ramb18")
            if whole is None or half is None:
                return None
            return whole + half // 2 if half % 2 == 0 else whole + half / 2
        for name in _NAMES[resource]:
            if name in self.columns:
                return instance.values[self.columns.index(name)]
        return None


def matches(head: str) -> bool:
    """Whether a text begins like a utilization report by hierarchy."""
    return begins(head, TITLE) and f"1. {HIERARCHY_SECTION}" in head


def parse(text: str, file: str = "") -> Hierarchy:
    """Return the value of a utilization report by hierarchy. Raises ReportError."""
    quick = _regular(text, file)
    if quick is not None:
        return quick
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    section = next((part for part in sections(lines) if part.title == HIERARCHY_SECTION), None)
    if section is None:
        raise WrongKindError(file, len(lines), "this is a flat utilization report", f"expected '{HIERARCHY_SECTION}'")
    table = section.table("Instance", "Module")
    columns = tuple(name for name in table.columns if name not in ("Instance", "Module"))
    if not table.rows:
        raise UnknownLayoutError(file, table.line, "the table has no rows", "expected the top at least")
    instances: list[Instance] = []
    parents: list[str] = []
    for row in table.rows:
        depth = row.depth_spaces // 2
        if depth > _MAX_DEPTH:
            raise UnknownLayoutError(
                file, row.line, f"an instance {depth} levels deep", f"at most {_MAX_DEPTH} are read"
            )
        name = row.cells[table.columns.index("Instance")]
        # The row `(a)` under `a` is the rest of `a` itself, not a level of the hierarchy.
        del parents[depth:]
        parents.append(name)
        values = tuple(_value(row, column) for column in columns)
        instances.append(Instance(name, "/".join(parents), row.text("Module") or "", depth, values))
    return Hierarchy(header, columns, tuple(instances))


def _regular(text: str, file: str) -> Hierarchy | None:
    """Return the value of a report in which every row is as expected; None for any other, which is read with care.

    A design of a million cells has a report of 48 MB. Rows are taken from the text one by one, because all of them as
    tables would need a gigabyte.
    """
    at = text.find(_HEADING)
    begin = text.find("\n+-", at) + 1
    head_end = text.find("\n", begin)
    border = text[begin:head_end]
    heads = text[head_end + 1 : text.find("\n", head_end + 1)]
    rows_at = head_end + len(heads) + len(border) + 3
    names = [cell.strip() for cell in heads.split("|")]
    known = at >= 0 and begin > 0 and text.startswith(f"{border}\n", rows_at - len(border) - 1)
    if not known or "\r" in text or names[1:3] != ["Instance", "Module"] or _entries(text, at) > 1:
        return None
    instances: list[Instance] = []
    parents: list[str] = []
    paths: list[str] = []
    numbers: dict[str, Number | None] = {}
    while not text.startswith(border, rows_at):
        end = text.find("\n", rows_at)
        cells = text[rows_at:end].rstrip().split("|")
        if end < 0 or len(cells) != len(names) or cells[0] or cells[-1]:
            return None
        rows_at = end + 1
        first = cells[1]
        name = first.strip()
        depth = max(len(first) - len(first.lstrip(" ")) - 1, 0) // 2
        if depth > _MAX_DEPTH or depth > len(parents):
            return None
        del parents[depth:], paths[depth:]
        parents.append(name)
        paths.append(f"{paths[-1]}/{name}" if paths else name)
        module = cells[2].strip()
        values = cells[3:-1]
        try:
            found = tuple(map(numbers.__getitem__, values))
        except KeyError:
            if not _learn(values, numbers):
                return None
            found = tuple(map(numbers.__getitem__, values))
        instances.append(Instance(name, paths[-1], "" if is_absent(module) else module, depth, found))
    if not instances or text.find("\n+-", rows_at + len(border)) >= 0:
        return None
    header = read_header(Lines(text[:at], file), TITLE) if "\n\n" in text[:at] else None
    return None if header is None else Hierarchy(header, tuple(names[3:-1]), tuple(instances))


def _learn(cells: list[str], numbers: dict[str, Number | None]) -> bool:
    """Enter the numbers of cells, which repeat in most rows; False if one is neither a number nor absent."""
    for cell in cells:
        bare = cell.strip()
        if bare.isascii() and bare.isdecimal() and len(bare) < 19:
            numbers[cell] = int(bare)
            continue
        bare = bare.rpartition("(")[0].rstrip() if bare.endswith(")") else bare
        numbers[cell] = number(bare)
        if numbers[cell] is None and not is_absent(bare):
            return False
    return True


def _entries(text: str, end: int) -> int:
    """Return the number of lines of the table of contents before `end`."""
    begin = text.rfind("Table of Contents\n", 0, end)
    return 0 if begin < 0 else sum(line[:1].isdigit() for line in text[begin:end].split("\n"))


def _value(row: Row, column: str) -> Number | None:
    """Return a count; `-hierarchical_percentages` appends a share in brackets."""
    cell = row.cells[row.columns.index(column)]
    if cell.endswith(")"):
        cell = cell.rpartition("(")[0].rstrip()
    if is_absent(cell):
        return None
    value = number(cell)
    if value is None:
        raise row.unreadable(column, "a number")
    return value


KIND = Kind("vivado_hierarchical_utilization", Precedence.TITLE, matches, parse, heads=HEADS)
