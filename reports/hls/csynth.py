"""Estimates of Vitis HLS or Vivado HLS for one function: `<top>_csynth.rpt`. Its XML form becomes the same value.

Latency and interval are in cycles, None if the tool does not know them (a loop without a bound prints `?`). A resource
that the report does not list (URAM before 2017) is absent, not zero. BRAM_18K counts half tiles.
Layouts from public reports of 2016.4 to 2025.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.fpga_resources import Resources, tiles
from reports.hls.text import Grid, GridRow, Part, needed_part, parts
from reports.reading.errors import TruncatedReportError, UnknownLayoutError, WrongKindError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Bounded
from reports.vivado.table import Lines

_TITLE = re.compile(r"== (?:Vivado|Vitis) HLS Report for '(?P<top>[^']{1,500})'")
_VERSION = re.compile(r"(?P<version>[0-9]{4}\.[0-9.]{1,8})")
PRINTED = {"BRAM_18K": "BRAM_18K", "DSP48E": "DSP", "DSP": "DSP", "FF": "FF", "LUT": "LUT", "URAM": "URAM"}
"""Names of resources as releases print them, with the latest name of each, used in `HlsResource.resource`."""
RESOURCES = {"LUT": "luts", "FF": "registers", "BRAM_18K": "bram_tiles", "URAM": "urams", "DSP": "dsps"}
"""Names of resources in a report, with those of `Resources`. BRAM_18K counts half tiles."""


@dataclass(frozen=True)
class Range:
    """The smallest and the largest number of cycles; None if unknown. `average` is None if it is not printed."""

    min: int | None
    max: int | None
    average: int | None = None


@dataclass(frozen=True)
class HlsClock:
    """A clock of the function: target period, estimated period, and uncertainty (the margin), in ns."""

    name: str
    target_ns: float | None
    estimated_ns: float | None
    uncertainty_ns: float | None


@dataclass(frozen=True)
class HlsResource:
    """The estimated use of a resource. `available_slr` is that of the largest SLR, if the device has several."""

    resource: str
    used: int | None
    available: int | None
    share_percent: Bounded | None = None
    available_slr: int | None = None


@dataclass(frozen=True)
class HlsLoop:
    """A loop; the outermost has `depth` 0. `iteration_latency_cycles` is as printed, maybe a range `4125 ~ 4128`."""

    name: str
    depth: int
    latency_cycles: Range
    iteration_latency_cycles: str | None
    achieved_ii_cycles: int | None
    target_ii_cycles: int | None
    trip_count: str | None
    pipelined: bool | None


@dataclass(frozen=True)
class HlsInstance:
    """An instance of another function: its instance and module names, and its cycles."""

    instance: str
    module: str
    latency_cycles: Range
    interval_cycles: Range
    pipeline_type: str | None


@dataclass(frozen=True)
class Csynth:
    """The estimate of one function.

    `pipeline_type` is as printed: `none` or `no`, `function` or `yes`, `dataflow`. `latency_absolute` is as printed,
    too ("0.123 ms"): the smallest and the largest, None before 2019.2. `flow` is vivado or vitis. The last three fields
    come from the XML only; `throughput_cycles` is the interval of a dataflow region.
    """

    top: str
    version: str
    device: str
    family: str | None
    flow: str | None
    clocks: tuple[HlsClock, ...]
    latency_cycles: Range
    interval_cycles: Range
    latency_absolute: tuple[str | None, str | None]
    pipeline_type: str | None
    resources: tuple[HlsResource, ...]
    dsp_name: str | None
    loops: tuple[HlsLoop, ...]
    instances: tuple[HlsInstance, ...]
    issue: str | None = None
    pipeline_depth_cycles: int | None = None
    throughput_cycles: Range | None = None

    @property
    def used(self) -> Resources:
        """The resources of the function and its children; None for those not printed."""
        counts = {RESOURCES[item.resource]: item.used for item in self.resources}
        half_tiles = counts.pop("bram_tiles", None)
        return Resources(**counts, bram_tiles=None if half_tiles is None else tiles(half_tiles))


def matches(head: str) -> bool:
    """Whether a text begins like the report of one function."""
    return any(_TITLE.fullmatch(line.rstrip()) for line in head.split("\n")[:12])


def parse(text: str, file: str = "") -> Csynth:
    """Return the value of a `_csynth.rpt`. Raises ReportError."""
    expect(text, file, matches, "the report of a function by Vivado HLS or Vitis HLS")
    lines = Lines(text, file)
    found = parts(lines)
    first = next((part for part in found if " HLS Report for '" in part.title), None)
    if first is None:
        raise TruncatedReportError(file, len(lines), "ends after the title", "the file was cut off")
    title = _TITLE.fullmatch(f"== {first.title}")
    fields = first.fields()
    version = _VERSION.match(fields.get("Version", ""))
    if title is None or version is None or not fields.get("Target device"):
        what = "the head has no 'Version' or no 'Target device'"
        raise TruncatedReportError(file, first.begin, what, "expected both under the title")
    if "+ Verbose Summary: " in text and not any(part.title == "Utilization Estimates" for part in found):
        raise WrongKindError(file, first.begin, "a page of HLS's own data base", "the report is in syn/report")
    performance = needed_part(found, "Performance Estimates", lines)
    utilization = needed_part(found, "Utilization Estimates", lines)
    summary = _latency(performance)
    resources, dsp_name = _resources(utilization)
    return Csynth(
        top=title["top"],
        version=version["version"],
        device=fields["Target device"],
        family=fields.get("Product family") or None,
        flow=flow_of(fields.get("Solution", "")),
        clocks=_clocks(performance),
        latency_cycles=_cycles(summary, "Latency"),
        interval_cycles=_cycles(summary, "Interval"),
        latency_absolute=(_maybe(summary, "Latency (absolute) min"), _maybe(summary, "Latency (absolute) max")),
        pipeline_type=_pipeline(summary),
        resources=resources,
        dsp_name=dsp_name,
        loops=_loops(performance),
        instances=_instances(performance),
    )


def flow_of(solution: str) -> str | None:
    """Return the flow named in the solution's line: vivado or vitis; None before 2020.1."""
    for name, flow in (("Vivado IP Flow", "vivado"), ("Vitis Kernel Flow", "vitis")):
        if name in solution:
            return flow
    return None


def _needed(part: Part, *path: str) -> Grid:
    at = part.begin
    for title in path:
        found = part.heading(title, at)
        if found is None:
            what = f"no '{title}' under '{part.title}'"
            raise UnknownLayoutError(part.lines.file, part.begin, what, "expected it in this part")
        at = found
    grid = part.grid(at)
    if grid is None:
        raise UnknownLayoutError(part.lines.file, at + 1, f"no table under '{path[-1]}'", "expected one")
    return grid


def _clocks(part: Part) -> tuple[HlsClock, ...]:
    grid = _needed(part, "Timing", "Summary")
    return tuple(
        HlsClock(
            name=row.text("Clock") or "",
            target_ns=row.nanoseconds("Target"),
            estimated_ns=row.nanoseconds("Estimated"),
            uncertainty_ns=row.nanoseconds("Uncertainty"),
        )
        for row in grid.rows
    )


def _latency(part: Part) -> GridRow:
    grid = _needed(part, "Latency", "Summary")
    if len(grid.rows) != 1:
        what = f"the latency table has {len(grid.rows)} rows"
        raise UnknownLayoutError(part.lines.file, grid.line, what, "expected one")
    return grid.rows[0]


def _cycles(row: GridRow, name: str) -> Range:
    """Return a range of cycles. Its head is "Latency" until 2019.1 and "Latency (cycles)" since then."""
    head = f"{name} (cycles)" if f"{name} (cycles) min" in row.cells else name
    return Range(row.count(f"{head} min"), row.count(f"{head} max"))


def _maybe(row: GridRow, column: str) -> str | None:
    return row.text(column) if column in row.cells else None


def _pipeline(row: GridRow) -> str | None:
    """Return the pipeline type. Since 2020.2 `no` means "not pipelined"; it does not mean unknown."""
    return row.text("Pipeline Type")


def _resources(part: Part) -> tuple[tuple[HlsResource, ...], str | None]:
    grid = _needed(part, "Summary")
    rows = {row.text("Name") or "": row for row in grid.rows}
    total = rows.get("Total")
    available = rows.get("Available")
    if total is None or available is None:
        what = "no row 'Total' or no row 'Available'"
        raise TruncatedReportError(part.lines.file, grid.line, what, "expected both in the utilization summary")
    share = rows.get("Utilization (%)")
    slr = rows.get("Available SLR")
    found: list[HlsResource] = []
    dsp_name: str | None = None
    for column in grid.columns:
        name = PRINTED.get(column)
        if name is None:
            continue
        dsp_name = column if name == "DSP" else dsp_name
        found.append(
            HlsResource(
                resource=name,
                used=total.count(column),
                available=available.count(column),
                share_percent=share.bounded(column) if share else None,
                available_slr=slr.count(column) if slr else None,
            )
        )
    if not found:
        raise UnknownLayoutError(part.lines.file, grid.line, "no known resource", "expected LUT, FF, …")
    return tuple(found), dsp_name


def _detail(part: Part, title: str) -> Grid | None:
    """Return the table of instances or loops under "Latency: … Detail:"; None if it says N/A or is missing."""
    latency = part.heading("Latency")
    detail = part.heading("Detail", latency)
    at = part.heading(title, detail) if detail is not None else None
    return part.grid(at) if at is not None else None


def _loops(part: Part) -> tuple[HlsLoop, ...]:
    grid = _detail(part, "Loop")
    return tuple(_loop(row) for row in grid.rows) if grid else ()


def _loop(row: GridRow) -> HlsLoop:
    name = row.text("Loop Name") or ""
    # "- Loop 1", " + read1", "  ++ inner": the marks before the name give the depth.
    bare = name.lstrip("-+ ")
    depth = 0 if name.startswith("-") else len(name) - len(name.lstrip("+"))
    pipelined = {"yes": True, "no": False}.get(row.text("Pipelined") or "")
    return HlsLoop(
        name=bare,
        depth=depth,
        latency_cycles=_cycles(row, "Latency"),
        iteration_latency_cycles=row.text("Iteration Latency"),
        achieved_ii_cycles=row.count("Initiation Interval achieved"),
        target_ii_cycles=row.count("Initiation Interval target"),
        trip_count=row.text("Trip Count"),
        pipelined=pipelined,
    )


def _instances(part: Part) -> tuple[HlsInstance, ...]:
    grid = _detail(part, "Instance")
    return tuple(_instance(row) for row in grid.rows) if grid else ()


def _instance(row: GridRow) -> HlsInstance:
    return HlsInstance(
        instance=row.text("Instance") or "",
        module=row.text("Module") or "",
        latency_cycles=_cycles(row, "Latency"),
        interval_cycles=_cycles(row, "Interval"),
        pipeline_type=row.text("Pipeline Type"),
    )


KIND = Kind(
    "hls_csynth", Precedence.TITLE, matches, parse, heads=("== Vivado HLS Report for ", "== Vitis HLS Report for ")
)
