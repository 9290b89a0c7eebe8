"""Vivado's `report_ram_utilization`: block RAMs, UltraRAMs and distributed RAMs, in total and memory by memory.

Layouts since 2019.1: a summary by type of memory, then tables with a row for each memory. The columns depend on the
release and the options, so all but the name are kept as printed.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Bounded, Number
from reports.vivado.analysis.titled import Titled
from reports.vivado.header import HEADS, Header
from reports.vivado.table import Lines, Row, sections

TITLED = Titled(
    "report_ram_utilization", ("RAM Utilization Report", "RAM Utilization", "Report RAM Utilization", "RAM Information")
)
_TYPES = ("Memory Type", "RAM Type", "Type")
_NAMES = ("Memory Name", "Array Name", "RAM Name", "Name")


@dataclass(frozen=True)
class RamType:
    """A type of memory, with the number used and available."""

    name: str
    used: Number | None
    available: Number | None
    util_percent: Bounded | None


@dataclass(frozen=True)
class RamValue:
    """A characteristic of a memory, as printed."""

    name: str
    value: str | None


@dataclass(frozen=True)
class Ram:
    """A memory with its characteristics from all tables that name it."""

    name: str
    values: tuple[RamValue, ...]


@dataclass(frozen=True)
class RamUtilization:
    """The memories of a design, by type and one by one."""

    header: Header
    types: tuple[RamType, ...]
    memories: tuple[Ram, ...]


def parse(text: str, file: str = "") -> RamUtilization:
    """Return the value of a report of memories. Raises ReportError."""
    lines = Lines(text, file)
    header = TITLED.header(lines)
    types: list[RamType] = []
    memories: dict[str, dict[str, str | None]] = {}
    tables = 0
    for section in sections(lines):
        for table in section.tables():
            tables += 1
            if table.columns[0] in _TYPES:
                types += [_type(row) for row in table.rows]
            elif table.columns[0] in _NAMES:
                for row in table.rows:
                    values = memories.setdefault(row.cells[0], {})
                    for column in table.columns[1:]:
                        values.setdefault(column, row.text(column))
    if not tables:
        raise TruncatedReportError(file, len(lines), "no table of memories", "the file was cut off")
    return RamUtilization(
        header,
        tuple(types),
        tuple(Ram(name, tuple(RamValue(*pair) for pair in values.items())) for name, values in memories.items()),
    )


def _type(row: Row) -> RamType:
    used = next((name for name in ("Total Used", "Used", "Total") if name in row.columns), "Used")
    return RamType(row.name, row.number(used), row.number("Available"), row.bounded("Util%"))


KIND = Kind("vivado_ram_utilization", Precedence.TITLE, TITLED.matches, parse, heads=HEADS)
