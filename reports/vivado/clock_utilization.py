"""Vivado's `report_clock_utilization`: use of clock buffers and PLLs, and the global clocks.

Layouts from public reports of 2015.4 to 2025.2. Primitives and columns depend on the device family.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Section, sections

TITLE = "Clock Utilization Report"
_IDS = ("Global Id", "GlbID")
"""Heads of the column with a global clock's name; the second one until 2017."""


@dataclass(frozen=True)
class ClockPrimitive:
    """A type of clock primitive, with the number used and available."""

    name: str
    used: int | None
    available: int | None


@dataclass(frozen=True)
class GlobalClock:
    """A global clock net. If no constraint defines it (divided in the fabric), it has neither name nor period."""

    id: str
    clock: str | None
    period_ns: Number | None
    driver: str | None
    loads: int | None
    non_clock_loads: int | None
    root: str | None
    net: str | None


@dataclass(frozen=True)
class ClockUtilization:
    """A clock utilization report. `global_clocks` is empty for an out-of-context design."""

    header: Header
    primitives: tuple[ClockPrimitive, ...]
    global_clocks: tuple[GlobalClock, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a clock utilization report."""
    return begins(head, TITLE)


def parse(text: str, file: str = "") -> ClockUtilization:
    """Return the value of a clock utilization report. Raises ReportError."""
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    parts = {part.title: part for part in sections(lines)}
    if "Clock Primitive Utilization" not in parts:
        what = "no section 'Clock Primitive Utilization'"
        raise UnknownLayoutError(file, len(lines), what, "a clock utilization report has one")
    primitives = parts["Clock Primitive Utilization"].table("Type", "Used", "Available")
    if "Global Clock Resources" in parts:
        clocks = _global_clocks(parts["Global Clock Resources"])
    elif "Details of Global Clocks" in parts:
        clocks = _clocks_of_2015(parts["Details of Global Clocks"])
    else:
        raise UnknownLayoutError(
            file, len(lines), "no section about global clocks", "expected 'Global Clock Resources'"
        )
    return ClockUtilization(
        header=header,
        primitives=tuple(
            ClockPrimitive(row.name, row.count("Used"), row.count("Available")) for row in primitives.rows
        ),
        global_clocks=clocks,
    )


def _global_clocks(section: Section) -> tuple[GlobalClock, ...]:
    table = section.table("Driver Type/Pin", "Clock Loads", "Clock")
    if table.columns[0] not in _IDS:
        table.needs(_IDS[0])
    return tuple(
        GlobalClock(
            id=row.name,
            clock=row.text("Clock"),
            period_ns=row.number("Clock Period"),
            driver=row.text("Driver Type/Pin"),
            loads=row.count("Clock Loads"),
            non_clock_loads=row.count("Non-Clock Loads"),
            root=row.text("Root"),
            net=row.text("Net"),
        )
        for row in table.rows
    )


def _clocks_of_2015(section: Section) -> tuple[GlobalClock, ...]:
    """Return the nets of global buffers. 2015 prints neither clocks nor pins, and no table if there are no nets."""
    table = next(section.tables(), None)
    if table is None:
        return ()
    table.needs("Index", "Net Name", "BELs")
    return tuple(
        GlobalClock(row.name, None, None, None, row.count("BELs"), None, None, row.text("Net Name"))
        for row in table.rows
    )


KIND = Kind("vivado_clock_utilization", Precedence.TITLE, matches, parse, heads=HEADS)
