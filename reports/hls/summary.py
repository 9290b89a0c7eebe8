"""All functions and loops of an HLS run with their estimates: `csynth.rpt`, since Vitis HLS 2020.1.

A row is a module (`+`) or a loop (`o`), indented below its parent; a star after a name marks a dataflow region. Columns
are found by name, because 2025.2 has another order. `-` means unknown, or none of this resource; both become None. A
negative slack alone is no violation (2020.2 prints one for most rows); the issue type names violations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.hls.csynth import flow_of
from reports.hls.text import Grid, GridRow, needed_part, parts
from reports.reading.errors import TruncatedReportError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Below, Bounded, number
from reports.vivado.table import Lines

_TITLE = re.compile(r"== Synthesis Summary Report of '(?P<top>[^']{1,500})'")
_VERSION = re.compile(r"[0-9]{4}\.[0-9.]{1,8}")
_NAME = re.compile(r"(?P<mark>[+o]) (?P<name>.*?)(?P<star>\*?)")
_AMOUNT = re.compile(r"(?P<used>[0-9]{1,15}) \((?P<share>~?[0-9.]{1,10})%\)")
_RESOURCES = ("BRAM", "DSP", "FF", "LUT", "URAM")


@dataclass(frozen=True)
class HlsAmount:
    """The amount of a resource that a module uses, and its share of the device. BRAM counts half tiles."""

    resource: str
    used: int
    share_percent: Bounded


@dataclass(frozen=True)
class HlsRow:
    """A module or a loop; the top has `depth` 0. `pipelined` is as printed: yes, no, dataflow."""

    kind: str
    name: str
    depth: int
    is_dataflow: bool
    issue: str | None
    violation: str | None
    slack_ns: float | None
    latency_cycles: int | None
    latency_ns: float | None
    iteration_latency_cycles: int | None
    interval_cycles: int | None
    trip_count: int | None
    pipelined: str | None
    resources: tuple[HlsAmount, ...]


@dataclass(frozen=True)
class HlsSummary:
    """An HLS run: its top, and all rows, the top's first."""

    top: str
    version: str
    device: str
    flow: str | None
    rows: tuple[HlsRow, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a synthesis summary."""
    return any(_TITLE.fullmatch(line.rstrip()) for line in head.split("\n")[:12])


def parse(text: str, file: str = "") -> HlsSummary:
    """Return the value of a `csynth.rpt`. Raises ReportError."""
    expect(text, file, matches, "a synthesis summary of Vitis HLS")
    lines = Lines(text, file)
    found = parts(lines)
    top = next((title for line in lines[:12] if (title := _TITLE.fullmatch(line.rstrip()))), None)
    if top is None or not found:
        raise TruncatedReportError(file, len(lines), "ends after the title", "the file was cut off")
    part = needed_part(found, f"Synthesis Summary Report of '{top['top']}'", lines)
    fields = part.fields()
    version = _VERSION.match(fields.get("Version", ""))
    if version is None or not fields.get("Target device"):
        what = "the head has no 'Version' or no 'Target device'"
        raise TruncatedReportError(file, part.begin, what, "expected both under the title")
    at = part.heading("Performance & Resource Estimates")
    if at is None:
        raise TruncatedReportError(file, part.end, "no 'Performance & Resource Estimates'", "the file was cut off")
    # Until 2024 there is a legend before the table, since then after it.
    while at < part.end and not lines[at].strip().startswith("+-"):
        at += 1
    grid = part.grid(at)
    if grid is None or not grid.rows:
        raise TruncatedReportError(file, at, "the table of modules and loops is empty", "the file was cut off")
    return HlsSummary(
        top=top["top"],
        version=version[0],
        device=fields["Target device"],
        flow=flow_of(fields.get("Solution", "")),
        rows=tuple(_row(grid, row) for row in grid.rows),
    )


def _row(grid: Grid, row: GridRow) -> HlsRow:
    name = _NAME.fullmatch(row.cells[grid.columns[0]])
    if name is None:
        raise row.unreadable(grid.columns[0], "'+ module' or 'o loop'")
    shown = [resource for resource in _RESOURCES if resource in row.cells]
    return HlsRow(
        kind="module" if name["mark"] == "+" else "loop",
        name=name["name"].strip(),
        depth=row.indent_spaces,
        is_dataflow=bool(name["star"]),
        issue=row.text("Issue Type"),
        violation=row.text("Violation Type") if "Violation Type" in row.cells else None,
        slack_ns=row.nanoseconds("Slack"),
        latency_cycles=row.count("Latency (cycles)"),
        latency_ns=row.nanoseconds("Latency (ns)"),
        iteration_latency_cycles=row.count("Iteration Latency"),
        interval_cycles=row.count("Interval"),
        trip_count=row.count("Trip Count"),
        pipelined=row.text("Pipelined"),
        resources=tuple(amount for resource in shown if (amount := _amount(row, resource)) is not None),
    )


def _amount(row: GridRow, resource: str) -> HlsAmount | None:
    cell = row.text(resource)
    if cell is None:
        return None
    match = _AMOUNT.fullmatch(cell)
    share = number(match["share"].lstrip("~")) if match else None
    if match is None or share is None:
        raise row.unreadable(resource, "'count (share%)'")
    return HlsAmount(resource, int(match["used"]), Below(1.0) if match["share"] == "~0" else share)


KIND = Kind("hls_summary", Precedence.TITLE, matches, parse, heads=("== Synthesis Summary Report of ",))
