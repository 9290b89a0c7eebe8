"""Vivado's `report_design_analysis`: worst paths, logic levels, congestion, crossings between SLRs, complexity.

The sections depend on the options and the release. Layouts from public reports of 2022.2 to 2024.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number, is_absent
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, Section, Table, sections

TITLE = "Report Design Analysis"

_CUT = re.compile(r"([0-9]{1,2}) - ([0-9]{1,2}) Cuts")
_PATHS = re.compile(r"(Setup|Hold) Path Characteristics\b.*")


@dataclass(frozen=True)
class Named:
    """A characteristic with name and value as printed; the value is None if blank or NA."""

    name: str
    value: str | None


@dataclass(frozen=True)
class AnalysedPath:
    """One of the worst paths. `check` is setup or hold; times are in ns, as printed (`2.918(75%)`)."""

    check: str
    name: str
    characteristics: tuple[Named, ...]

    def value(self, name: str) -> str | None:
        """Return the characteristic with `name`, as printed."""
        return next((item.value for item in self.characteristics if item.name == name), None)


@dataclass(frozen=True)
class LogicLevels:
    """For a clock, the number of analysed paths with 0, 1, 2, … levels of logic."""

    clock: str
    requirement: str | None
    counts: tuple[int | None, ...]


@dataclass(frozen=True)
class CongestedWindow:
    """A congested area. `stage` is placer or router, `level` the logarithm of its side; shares are as printed."""

    stage: str
    direction: str | None
    type: str | None
    level: int | None
    window: str | None
    shares: tuple[Named, ...]

    def share(self, name: str) -> str | None:
        """Return the share of a resource (`LUT`, `DSP`, `Combined LUTs`), as printed."""
        return next((item.value for item in self.shares if item.name == name), None)


@dataclass(frozen=True)
class Cut:
    """The number of a cell's nets between two SLRs, e.g. `0-1`."""

    between: str
    nets: int | None


@dataclass(frozen=True)
class CellCrossing:
    """The nets of a cell that cross SLRs, in total and for each pair."""

    cell: str
    nets: int | None
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Complexity:
    """The complexity of an instance. The report calls a `rent` above 0.65 high. `others` have their printed names."""

    instance: str
    depth: int
    module: str | None
    partition: str | None
    rent: Number | None
    average_fanout: Number | None
    total_instances: Number | None
    others: tuple[Named, ...]

    def other(self, name: str) -> str | None:
        """Return a column by its head, as printed (`84106(17.8%)`)."""
        return next((item.value for item in self.others if item.name == name), None)


@dataclass(frozen=True)
class DesignAnalysis:
    """A design analysis. `reported` names the sections in the report; fields of other sections are empty."""

    header: Header
    reported: tuple[str, ...]
    paths: tuple[AnalysedPath, ...]
    logic_levels: tuple[LogicLevels, ...]
    congestion: tuple[CongestedWindow, ...]
    crossings: tuple[CellCrossing, ...]
    complexity: tuple[Complexity, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a design analysis."""
    return begins(head, TITLE)


def parse(text: str, file: str = "") -> DesignAnalysis:
    """Return the value of a design analysis. Raises ReportError."""
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    found = sections(lines)
    if not found:
        raise UnknownLayoutError(file, len(lines), "no sections", "a design analysis has at least one")
    paths: list[AnalysedPath] = []
    levels: list[LogicLevels] = []
    congestion: list[CongestedWindow] = []
    crossings: list[CellCrossing] = []
    complexity: list[Complexity] = []
    for section in found:
        characteristics = _PATHS.fullmatch(section.title)
        for table in section.tables():
            if characteristics:
                paths.extend(_paths(table, characteristics[1].lower()))
            elif section.title.startswith("Logic Level Distribution"):
                levels.extend(_logic_levels(table))
            elif "Congestion" in section.title and "Level" in table.columns:
                congestion.extend(_window(row, section) for row in table.rows)
            elif section.title.startswith("SLR Net Crossing"):
                crossings.extend(_crossing(row) for row in table.rows)
            elif section.title.startswith("Complexity"):
                table.needs("Instance", "Rent", "Total Instances")
                complexity.extend(_complexity(row) for row in table.rows)
    reported = tuple(section.title for section in found)
    return DesignAnalysis(
        header, reported, tuple(paths), tuple(levels), tuple(congestion), tuple(crossings), tuple(complexity)
    )


def _paths(table: Table, check: str) -> list[AnalysedPath]:
    """Return the paths of a table. It has one column per path; in older releases, one row per path."""
    if table.columns[0] == "Characteristics":
        return [
            AnalysedPath(check, name, tuple(Named(row.name, row.text(name)) for row in table.rows))
            for name in table.columns[1:]
        ]
    return [
        AnalysedPath(check, row.name, tuple(Named(name, row.text(name)) for name in table.columns[1:]))
        for row in table.rows
    ]


def _logic_levels(table: Table) -> list[LogicLevels]:
    table.needs("End Point Clock", "Requirement")
    numbered = [name for name in table.columns if name.isascii() and name.isdigit()]
    return [
        LogicLevels(row.name, row.text("Requirement"), tuple(row.count(name) for name in numbered))
        for row in table.rows
    ]


def _window(row: Row, section: Section) -> CongestedWindow:
    known = ("Direction", "Type", "Level", "Window")
    shares = tuple(Named(name, row.text(name)) for name in row.columns if name not in known)
    stage = "router" if section.title.startswith("Router") else "placer"
    return CongestedWindow(
        stage, row.text("Direction"), row.text("Type"), row.count("Level"), row.text("Window"), shares
    )


def _crossing(row: Row) -> CellCrossing:
    cuts = tuple(
        Cut(f"{match[1]}-{match[2]}", row.count(name)) for name in row.columns if (match := _CUT.fullmatch(name))
    )
    return CellCrossing(row.cells[0], row.count("Number of Nets crossing SLR"), cuts)


def _complexity(row: Row) -> Complexity:
    known = ("Instance", "Module", "Partition", "Rent", "Average Fanout", "Total Instances")
    module = row.text("Module")
    return Complexity(
        instance=row.cells[0],
        depth=row.depth_spaces,
        module=None if module is None or is_absent(module) else module,
        partition=row.text("Partition"),
        rent=row.number("Rent"),
        average_fanout=row.number("Average Fanout"),
        total_instances=row.number("Total Instances"),
        others=tuple(Named(name, row.text(name)) for name in row.columns if name not in known),
    )


KIND = Kind("vivado_design_analysis", Precedence.TITLE, matches, parse, heads=HEADS)
