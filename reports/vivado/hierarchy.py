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


@dataclass(frozen=True)
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
