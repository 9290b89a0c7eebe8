"""Vivado's `report_timing_summary`: whether a design meets its clocks, and by how much.

Layout from public reports of 2014.2 to 2026.1: sections between two long rules, tables ruled with dashes, one sentence
with the verdict. A cell is blank if a clock has no such check, `NA` if nothing is timed, and `inf` if paths exist but
nothing constrains them. Only the part before the path details is read line by line, so large files cost little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, Table, ruled_table
from reports.vivado.timing_path import Path, worst_paths

TITLE = "Timing Summary Report"

_MET = "All user specified timing constraints are met."
_FAILED = "Timing constraints are not met."
_NOTHING = "There are no user specified timing constraints."
_VERDICTS = {_MET: True, _FAILED: False, _NOTHING: None}
_SECTIONS = (
    "Design Timing Summary",
    "Clock Summary",
    "Intra Clock Table",
    "Inter Clock Table",
    "Other Path Groups Table",
)
_DETAILS = "Timing Details"
_CHECK = re.compile(r"[0-9]{1,2}\. checking (?P<name>[a-z_ ]{1,60}?)(?: \((?P<count>[0-9]{1,12})\))?")
_THERE_ARE = re.compile(r" *There (?:is|are) ([0-9]{1,12}) .*")
_INFINITE = {"inf": float("inf"), "-inf": float("-inf")}


@dataclass(frozen=True)
class Slacks:
    """Worst and total slack with numbers of end points, for setup (W/TNS), hold (W/THS) and pulse width (W/TPWS).

    None if the cell is blank or NA: no path was checked, which does not mean "no violation". `inf` means that paths
    exist but nothing constrains them.
    """

    wns_ns: float | None
    tns_ns: float | None
    tns_failing: int | None
    tns_total: int | None
    whs_ns: float | None
    ths_ns: float | None
    ths_failing: int | None
    ths_total: int | None
    wpws_ns: float | None
    tpws_ns: float | None
    tpws_failing: int | None
    tpws_total: int | None

    @property
    def fails(self) -> tuple[str, ...]:
        """The checks with failing end points, out of setup, hold and pulse_width."""
        counts = {"setup": self.tns_failing, "hold": self.ths_failing, "pulse_width": self.tpws_failing}
        return tuple(name for name, count in counts.items() if count)


@dataclass(frozen=True)
class Clock:
    """A clock. `depth` is above 0 if it is generated from the clock above it in the table.

    `slacks` is None if the table of paths within clocks has no row for it.
    """

    name: str
    depth: int
    waveform: str | None
    period_ns: Number | None
    frequency_mhz: Number | None
    slacks: Slacks | None


@dataclass(frozen=True)
class Between:
    """Paths from one clock to another (`group` is None), or of a path group such as `**async_default**`."""

    group: str | None
    from_clock: str | None
    to_clock: str | None
    slacks: Slacks


@dataclass(frozen=True)
class UnconstrainedGroup:
    """A path group without constraints, with its source and destination clocks (None: no clock)."""

    group: str
    from_clock: str | None
    to_clock: str | None


@dataclass(frozen=True)
class ConstraintCheck:
    """A check of `check_timing`, e.g. `no_clock`, and the number of pins or ports found; None if not printed."""

    name: str
    count: int | None


@dataclass(frozen=True)
class TimingSummary:
    """A timing summary. `met` is the verdict of the closing sentence; None if nothing is constrained.

    `met` can be True with all slacks None: then a clock is defined but no path uses it.
    """

    header: Header
    met: bool | None
    slacks: Slacks
    clocks: tuple[Clock, ...]
    between_clocks: tuple[Between, ...]
    path_groups: tuple[Between, ...]
    unconstrained: tuple[UnconstrainedGroup, ...]
    checks: tuple[ConstraintCheck, ...]
    worst_setup: Path | None
    worst_hold: Path | None

    @property
    def verdict(self) -> str:
        """The verdict as text: met, failed, or nothing constrained."""
        return {True: "met", False: "failed", None: "nothing constrained"}[self.met]

    def clock(self, name: str) -> Clock | None:
        """Return the clock with `name`."""
        return next((clock for clock in self.clocks if clock.name == name), None)


def matches(head: str) -> bool:
    """Whether a text begins like a timing summary."""
    return begins(head, TITLE)


def parse(text: str, file: str = "") -> TimingSummary:
    """Return the value of a timing summary. Raises ReportError."""
    details_at = text.find(f"\n| {_DETAILS}")
    lines = Lines(text if details_at < 0 else text[:details_at], file)
    header = read_header(lines, TITLE)
    parts = _parts(lines)
    _require(lines, parts, details_at >= 0, header)
    begin, end = parts["Design Timing Summary"]
    table = ruled_table(lines, begin, end)
    if table is None or not table.rows:
        raise UnknownLayoutError(file, begin, "the Design Timing Summary has no table", "expected WNS(ns), TNS(ns) …")
    setup, hold = worst_paths(text, details_at, file)
    return TimingSummary(
        header=header,
        met=_verdict(lines, begin, end),
        slacks=_slacks(table.rows[0], table),
        clocks=_clocks(lines, parts),
        between_clocks=_between(lines, parts, "Inter Clock Table"),
        path_groups=_between(lines, parts, "Other Path Groups Table"),
        unconstrained=_unconstrained(lines, parts),
        checks=_checks(lines, begin),
        worst_setup=setup,
        worst_hold=hold,
    )


def _parts(lines: Lines) -> dict[str, tuple[int, int]]:
    """Return the line range of each section by title (from 0, end exclusive)."""
    starts = [
        (at, line[2:].rstrip())
        for at, line in enumerate(lines[:-1])
        if line.startswith("| ") and lines[at + 1].startswith("| --")
    ]
    ends = [*(at for at, _ in starts), len(lines)][1:]
    return {title: (at + 2, end) for (at, title), end in zip(starts, ends, strict=True)}


def _require(lines: Lines, parts: dict[str, tuple[int, int]], has_details: bool, header: Header) -> None:
    for title in _SECTIONS:
        if title not in parts:
            what = f"the section '{title}' is missing"
            raise TruncatedReportError(lines.file, len(lines), what, "the file was cut off, or is still being written")
    if not has_details and "-no_detailed_paths" not in (header.command or ""):
        what = f"the section '{_DETAILS}' is missing"
        raise TruncatedReportError(lines.file, len(lines), what, "the file was cut off, or is still being written")


def _verdict(lines: Lines, begin: int, end: int) -> bool | None:
    for at in range(begin, end):
        sentence = lines[at].strip()
        if sentence in _VERDICTS:
            return _VERDICTS[sentence]
    raise UnknownLayoutError(lines.file, begin, "no sentence says whether timing is met", f"expected '{_MET}'")


def _slacks(row: Row, table: Table) -> Slacks:
    table.needs("WNS(ns)", "TNS(ns)", "TNS Failing Endpoints", "WHS(ns)", "THS(ns)")
    return Slacks(
        wns_ns=_ns(row, "WNS(ns)"),
        tns_ns=_ns(row, "TNS(ns)"),
        tns_failing=row.count("TNS Failing Endpoints"),
        tns_total=row.count("TNS Total Endpoints"),
        whs_ns=_ns(row, "WHS(ns)"),
        ths_ns=_ns(row, "THS(ns)"),
        ths_failing=row.count("THS Failing Endpoints"),
        ths_total=row.count("THS Total Endpoints"),
        wpws_ns=_ns(row, "WPWS(ns)"),
        tpws_ns=_ns(row, "TPWS(ns)"),
        tpws_failing=row.count("TPWS Failing Endpoints"),
        tpws_total=row.count("TPWS Total Endpoints"),
    )


def _ns(row: Row, column: str) -> float | None:
    cell = row.text(column)
    if cell in _INFINITE:
        return _INFINITE[cell]
    value = row.number(column)
    return None if value is None else float(value)


def _clocks(lines: Lines, parts: dict[str, tuple[int, int]]) -> tuple[Clock, ...]:
    intra = ruled_table(lines, *parts["Intra Clock Table"])
    own: dict[str, Slacks] = {}
    if intra is not None:
        intra.needs("Clock")
        own = {row.cells[intra.columns.index("Clock")]: _slacks(row, intra) for row in intra.rows}
    table = ruled_table(lines, *parts["Clock Summary"])
    if table is None:
        return ()
    table.needs("Clock", "Period(ns)", "Frequency(MHz)")
    names = [row.cells[table.columns.index("Clock")] for row in table.rows]
    return tuple(
        Clock(
            name=name,
            depth=row.depth_spaces // 2,
            waveform=row.text("Waveform(ns)"),
            period_ns=row.number("Period(ns)"),
            frequency_mhz=row.number("Frequency(MHz)"),
            slacks=own.get(name),
        )
        for name, row in zip(names, table.rows, strict=True)
    )


def _between(lines: Lines, parts: dict[str, tuple[int, int]], title: str) -> tuple[Between, ...]:
    table = ruled_table(lines, *parts[title])
    if table is None:
        return ()
    table.needs("From Clock", "To Clock")
    return tuple(
        Between(row.text("Path Group"), row.text("From Clock"), row.text("To Clock"), _slacks(row, table))
        for row in table.rows
    )


def _unconstrained(lines: Lines, parts: dict[str, tuple[int, int]]) -> tuple[UnconstrainedGroup, ...]:
    if "Unconstrained Path Table" not in parts:
        return ()
    table = ruled_table(lines, *parts["Unconstrained Path Table"])
    if table is None:
        return ()
    table.needs("Path Group", "From Clock", "To Clock")
    return tuple(
        UnconstrainedGroup(row.text("Path Group") or "", row.text("From Clock"), row.text("To Clock"))
        for row in table.rows
    )


def _checks(lines: Lines, end: int) -> tuple[ConstraintCheck, ...]:
    """Return the results of check_timing: from the headings (since 2020), otherwise summed over the sentences."""
    found: dict[str, int | None] = {}
    current: str | None = None
    for at in range(end):
        line = lines[at]
        match = _CHECK.fullmatch(line.rstrip())
        if match:
            current = None
            under = lines[at + 1] if at + 1 < len(lines) else ""
            if under.startswith("--"):
                name = match["name"].strip().replace(" ", "_")
                found[name] = int(match["count"]) if match["count"] else None
                current = None if match["count"] else name
        elif current is not None and (sentence := _THERE_ARE.fullmatch(line)):
            found[current] = (found[current] or 0) + int(sentence[1])
    return tuple(ConstraintCheck(name, count) for name, count in found.items())


KIND = Kind("vivado_timing_summary", Precedence.TITLE, matches, parse, heads=HEADS)
