"""Results of HLS co-simulation: `<top>_cosim.rpt`, one row for each language.

NA means unknown (None). 0 cycles is a valid value: the function has no registers. Releases up to 2019.2 have no column
of total cycles. Layouts from public reports of 2019.2 to 2025.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.hls.csynth import Range
from reports.hls.text import GridRow, grids
from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.vivado.table import Lines

_FIELD = re.compile(r"(?P<key>Report time|Solution|Simulation tool) *: (?P<value>.*?)\.?")


@dataclass(frozen=True)
class CosimRun:
    """The result for one language; `passed` is None if it was not simulated. All figures are in cycles."""

    language: str
    passed: bool | None
    latency_cycles: Range
    interval_cycles: Range
    total_cycles: int | None


@dataclass(frozen=True)
class Cosim:
    """A co-simulation: its solution, its simulator, and a run for each language."""

    solution: str | None
    simulator: str | None
    runs: tuple[CosimRun, ...]

    @property
    def passed(self) -> bool | None:
        """True if all simulated languages passed, False if one failed, None if none was simulated."""
        verdicts = [run.passed for run in self.runs if run.passed is not None]
        return all(verdicts) if verdicts else None


def matches(head: str) -> bool:
    """Whether a text begins like a co-simulation report."""
    return "Report time " in head[:400] and "Simulation tool" in head[:800]


def parse(text: str, file: str = "") -> Cosim:
    """Return the value of a `_cosim.rpt`. Raises ReportError."""
    expect(text, file, matches, "a co-simulation report")
    lines = Lines(text, file)
    fields = {found["key"]: found["value"] for line in lines[:20] if (found := _FIELD.fullmatch(line.strip()))}
    grid = next(grids(lines, 0, len(lines)), None)
    if grid is None:
        raise TruncatedReportError(file, len(lines), "no table of results", "the file was cut off")
    runs = tuple(_run(row) for row in grid.rows)
    if not runs:
        raise TruncatedReportError(file, grid.line, "the table of results has no row", "the file was cut off")
    return Cosim(fields.get("Solution") or None, fields.get("Simulation tool") or None, runs)


def _run(row: GridRow) -> CosimRun:
    status = row.text("Status")
    verdict = {None: None, "Pass": True, "Fail": False}
    if status not in verdict:
        raise row.unreadable("Status", "Pass, Fail or NA")
    total = next((column for column in row.cells if column.startswith("Total Execution Time")), None)
    return CosimRun(
        language=row.text("RTL") or "",
        passed=verdict[status],
        latency_cycles=_range(row, "Latency"),
        interval_cycles=_range(row, "Interval"),
        total_cycles=row.count(total) if total else None,
    )


def _range(row: GridRow, name: str) -> Range:
    """Return the range under `name`. Since 2020.1 "(Clock Cycles)" follows the name."""
    found = {
        word: column
        for word in ("min", "avg", "max")
        for column in (f"{name} {word}", f"{name}(Clock Cycles) {word}", f"{name} (Clock Cycles) {word}")
        if column in row.cells
    }
    if len(found) != 3:
        what = f"no columns min, avg and max under '{name}'"
        raise UnknownLayoutError(row.file, row.line, what, f"its columns are: {', '.join(row.cells)[:200]}")
    return Range(row.count(found["min"]), row.count(found["max"]), row.count(found["avg"]))


KIND = Kind("hls_cosim", Precedence.LAYOUT, matches, parse, heads=("Report time       :",))
