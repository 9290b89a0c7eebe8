"""The estimate by v++ of a linked design before it is built: `system_estimate_*.xtxt`.

Two things in these files mislead. Since 2020.1 the DSP column is always 0. The target clock in the head is the
platform's; the kernel's is printed with each module. Unknown latency is `undef`; a module without registers has an
infinite frequency. Layouts from public files of 2019.1 to 2023.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reports.hls.csynth import Range
from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.table import Lines, Row, ruled_table

_FIELD = re.compile(r"(?P<key>[A-Z][A-Za-z ]{0,40}): +(?P<value>\S.*)")
_TOOL = re.compile(r"(?P<tool>\S{1,40}) v(?P<version>[0-9]{4}\.[0-9.]{1,8})")
_MHZ = re.compile(r"(?P<value>[0-9.]{1,30}) *MHz")
_RANGE = re.compile(r"(?P<min>[0-9]{1,15}) ~ (?P<max>[0-9]{1,15})")
_UNKNOWN = frozenset({"undef", "-", "?", "N/A"})


@dataclass(frozen=True)
class EstimatedKernel:
    """A kernel and the number of its compute units."""

    name: str
    compute_units: int


@dataclass(frozen=True)
class EstimatedModule:
    """A module of a compute unit. Frequencies in MHz, latency and interval in cycles, BRAM in half tiles.

    `dsp_printed` is not reliable, see above.
    """

    compute_unit: str
    kernel: str
    module: str
    target_mhz: float | None
    estimated_mhz: float | None
    interval_cycles: Range
    latency_cycles: Range
    lut: int | None
    ff: int | None
    bram: int | None
    uram: int | None
    dsp_printed: int | None


@dataclass(frozen=True)
class SystemEstimate:
    """The estimate of a linked design. `platform_clock_mhz` is the platform's default, not that of the kernels."""

    tool: str
    version: str
    design: str
    device: str
    platform_clock_mhz: float | None
    kernels: tuple[EstimatedKernel, ...]
    modules: tuple[EstimatedModule, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a system estimate."""
    return "\nDesign Name:" in head[:2000] and "\nTarget Device:" in head[:2000] and "Total number of kernels:" in head


def parse(text: str, file: str = "") -> SystemEstimate:
    """Return the value of a system estimate. Raises ReportError."""
    expect(text, file, matches, "a system estimate of v++")
    lines = Lines(text, file)
    fields = {found["key"]: found["value"].strip() for line in lines[:20] if (found := _FIELD.fullmatch(line.rstrip()))}
    tool = _TOOL.match(fields.get("Version", ""))
    if tool is None or "Design Name" not in fields or "Target Device" not in fields:
        raise TruncatedReportError(file, 1, "the head is incomplete", "expected Version, Design Name, Target Device")
    kernels = tuple(
        EstimatedKernel(row.name, row.count("Compute Units") or 0) for row in _table(lines, "Kernel Summary")
    )
    clock = _MHZ.fullmatch(fields.get("Target Clock", ""))
    mhz = number(clock["value"]) if clock else None
    return SystemEstimate(
        tool=tool["tool"],
        version=tool["version"],
        design=fields["Design Name"],
        device=fields["Target Device"],
        platform_clock_mhz=None if mhz is None else float(mhz),
        kernels=kernels,
        modules=tuple(_modules(lines)),
    )


def _titled(lines: Lines, title: str) -> Iterator[int]:
    for at, line in enumerate(lines):
        name = line.rstrip()
        if name == title or name.startswith(title + " ("):
            yield at + 1


def _table(lines: Lines, title: str) -> tuple[Row, ...]:
    """Return the rows under all titles with this name; every OpenCL binary has its own tables."""
    rows: list[Row] = []
    missing = True
    for begin in _titled(lines, title):
        missing = False
        rule = lines[begin + 1].strip() if begin + 1 < len(lines) else ""
        if not rule or rule.replace("-", "").strip():
            # Without this check a text of only titles would be read once for each of them.
            raise TruncatedReportError(lines.file, begin, f"'{title}' has no table", "the file was cut off")
        end = begin
        while end < len(lines) and lines[end].strip() and not lines[end].startswith("-----------------------------"):
            end += 1
        table = ruled_table(lines, begin, end)
        if table is None:
            raise TruncatedReportError(lines.file, begin, f"'{title}' has no table", "the file was cut off")
        rows += table.rows
    if missing:
        raise TruncatedReportError(lines.file, len(lines), f"no '{title}'", "the file was cut off")
    return tuple(rows)


def _modules(lines: Lines) -> Iterator[EstimatedModule]:
    timing, latency, area = (
        {_key(row): row for row in _table(lines, f"{name} Information")} for name in ("Timing", "Latency", "Area")
    )
    for key, row in timing.items():
        if key not in latency or key not in area:
            what = f"'{key[2]}' has no latency or no area"
            raise TruncatedReportError(lines.file, row.line, what, "expected all three tables to have it")
        cycles, use = latency[key], area[key]
        yield EstimatedModule(
            compute_unit=key[0],
            kernel=key[1],
            module=key[2],
            target_mhz=_real(row, "Target Frequency"),
            estimated_mhz=_real(row, "Estimated Frequency"),
            interval_cycles=_interval(cycles),
            latency_cycles=Range(_cycles(cycles, "Best"), _cycles(cycles, "Worst"), _cycles(cycles, "Avg")),
            lut=use.count("LUT"),
            ff=use.count("FF"),
            bram=use.count("BRAM"),
            uram=use.count("URAM"),
            dsp_printed=use.count("DSP"),
        )


def _key(row: Row) -> tuple[str, str, str]:
    found = tuple(row.text(name) for name in ("Compute Unit", "Kernel Name", "Module Name"))
    if None in found:
        raise row.unreadable("Module Name", "a compute unit, a kernel and a module")
    return found[0] or "", found[1] or "", found[2] or ""


def _real(row: Row, column: str) -> float | None:
    text = row.text(column)
    if text in _UNKNOWN:
        return None
    if text == "inf":
        return math.inf
    value = row.number(column)
    return None if value is None else float(value)


def _cycles(row: Row, name: str) -> int | None:
    """Return a latency. The column is "Best Case" in 2019.1, "Best (cycles)" later."""
    column = next((column for column in (f"{name} (cycles)", f"{name} Case") if column in row.columns), None)
    if column is None:
        what = f"no column '{name} (cycles)'"
        raise UnknownLayoutError(row.file, row.line, what, f"its columns are: {', '.join(row.columns)[:200]}")
    return None if row.text(column) in _UNKNOWN else row.count(column)


def _interval(row: Row) -> Range:
    text = row.text("Start Interval")
    if text is None or text in _UNKNOWN:
        return Range(None, None)
    match = _RANGE.fullmatch(text)
    if match:
        return Range(int(match["min"]), int(match["max"]))
    count = row.count("Start Interval")
    return Range(count, count)


KIND = Kind(
    "vitis_system_estimate", Precedence.LAYOUT, matches, parse, heads=("Version:    v++ v", "Version:    xocc v")
)
