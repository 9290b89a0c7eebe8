"""Summaries of solutions of Vivado HLS or Vitis HLS: functions, co-simulation, and missing reports.

A solution is the folder that contains `syn`, `sim` and `impl` (the tools' layout), otherwise the folder of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from config.fpga_resources import NAMES, tiles
from reports.folder import Report
from reports.hls.cosim import Cosim
from reports.hls.csynth import RESOURCES, Csynth, Range
from reports.hls.export import HlsExport
from reports.reading.number import Number
from reports.summary.rollup import Use

_PARTS_OF_A_SOLUTION = frozenset({"syn", "sim", "impl"})

_COPY = re.compile(r"(?:^|/)(?:hls_reports|hls_files)(?:/|$)")
"""Folders into which v++ copies reports of a solution: `reports/<kernel>/hls_reports`, `ip/hls_files/<kernel>`."""

_SUPPLIERS = (
    "estimate: `csynth_design`",
    "co-simulation: `cosim_design`",
    "synthesis by Vivado: `export_design -flow syn`",
)
"""Remarks for a missing estimate, co-simulation or export, with the command that makes it."""


@dataclass(frozen=True)
class HlsFunction:
    """HLS's estimate of a function with its children. BRAM is in tiles of 36 kbit; a tile is two BRAM_18K."""

    name: str
    latency_cycles: Range
    interval_cycles: Range
    target_ns: float | None
    estimated_ns: float | None
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Solution:
    """A solution; its top is first in `functions`. A value is None if the command has not been run.

    `copies` are folders with v++'s copies of it. `notes` say where two reports of a function disagree and which one was
    taken. `stand_in` is true if a stand-in wrote one of the `sources`, so its figures are invented.
    """

    folder: str
    top: str | None
    device: str | None
    functions: tuple[HlsFunction, ...]
    cosim_passed: bool | None
    cosim_latency_cycles: Range | None
    timing_met: bool | None
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    stand_in: bool = False
    copies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def solutions(reports: Iterable[Report]) -> tuple[Solution, ...]:
    """Return each solution that has an estimate, a co-simulation or an export, sorted by folder."""
    found: dict[str, list[Report]] = {}
    for report in reports:
        if isinstance(report.value, (Csynth, Cosim, HlsExport)):
            found.setdefault(_folder(report.file), []).append(report)
    return _without_copies([_solution(folder, items) for folder, items in sorted(found.items())])


def _without_copies(items: list[Solution]) -> tuple[Solution, ...]:
    """Return the solutions; v++'s copies of one are named in it instead of standing beside it."""
    originals = [item for item in items if not _COPY.search(item.folder)]
    rest: list[Solution] = []
    for item in items:
        if not _COPY.search(item.folder):
            continue
        at = next((at for at, one in enumerate(originals) if _holds(one, item)), None)
        if at is None:
            rest.append(item)
        else:
            originals[at] = replace(originals[at], copies=(*originals[at].copies, item.folder))
    return tuple(sorted((*originals, *rest), key=lambda item: item.folder))


def _holds(original: Solution, copy: Solution) -> bool:
    return original.device == copy.device and bool(copy.functions) and set(copy.functions) <= set(original.functions)


def _folder(file: str) -> str:
    parts = PurePosixPath(file).parts
    # The last one: projects may lie in a folder called `sim` or `impl`. Below it, `impl/report/verilog` has no second.
    found = [index for index, part in enumerate(parts[:-1]) if part in _PARTS_OF_A_SOLUTION and index]
    at = found[-1] if found else len(parts) - 1
    return PurePosixPath(*parts[:at]).as_posix() if at else "."


def _solution(folder: str, items: list[Report]) -> Solution:
    # A function may have a report as text and one as XML; the later one wins.
    estimates = {item.value.top: item.value for item in items if isinstance(item.value, Csynth)}
    runs = [run for item in items if isinstance(item.value, Cosim) for run in item.value.runs if run.passed is not None]
    exports = [item.value for item in items if isinstance(item.value, HlsExport)]
    functions = _top_first(estimates)
    return Solution(
        folder=folder,
        top=functions[0].top if functions else None,
        device=functions[0].device if functions else None,
        functions=tuple(map(_function, functions)),
        cosim_passed=_all(run.passed for run in runs),
        cosim_latency_cycles=runs[-1].latency_cycles if runs else None,
        timing_met=_all(value.timing_met for value in exports),
        sources=tuple(item.file for item in items),
        missing=tuple(what for what, found in zip(_SUPPLIERS, (estimates, runs, exports), strict=True) if not found),
        stand_in=any(item.stand_in for item in items),
        notes=tuple(_disagreements(items)),
    )


def _disagreements(items: list[Report]) -> Iterator[str]:
    """Say which of two reports of a function was taken, if they have different cycles or resources."""
    last: dict[str, Report] = {}
    for item in items:
        if not isinstance(item.value, Csynth):
            continue
        before = last.get(item.value.top)
        last[item.value.top] = item
        if before is not None and _figures(before.value) != _figures(item.value):
            names = (PurePosixPath(one.file).name for one in (item, before))
            yield "{} and {} disagree about '{}'; taken is the first, the last by name".format(*names, item.value.top)


def _figures(value: Csynth) -> tuple[object, ...]:
    used = tuple((item.resource, item.used or 0) for item in value.resources)
    return value.latency_cycles.min, value.latency_cycles.max, sorted(used)


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    """Return whether all known verdicts are good; None if none is known."""
    known = [verdict for verdict in verdicts if verdict is not None]
    return all(known) if known else None


def _top_first(estimates: dict[str, Csynth]) -> list[Csynth]:
    """Sort the estimates: first functions that no other one instantiates, larger ones first."""
    inner = {instance.module for value in estimates.values() for instance in value.instances}
    return sorted(estimates.values(), key=lambda value: (value.top in inner, -_luts(value), value.top))


def _luts(value: Csynth) -> float:
    return -1 if value.used.luts is None else value.used.luts


def _function(value: Csynth) -> HlsFunction:
    amounts = {RESOURCES[item.resource]: item for item in value.resources}
    uses = tuple(
        Use(name, _tiles(name, item.used), _tiles(name, item.available), item.share_percent)
        for name in NAMES
        if (item := amounts.get(name)) is not None
    )
    clock = value.clocks[0] if value.clocks else None
    return HlsFunction(
        name=value.top,
        latency_cycles=value.latency_cycles,
        interval_cycles=value.interval_cycles,
        target_ns=None if clock is None else clock.target_ns,
        estimated_ns=None if clock is None else clock.estimated_ns,
        uses=uses,
    )


def _tiles(name: str, count: int | None) -> Number | None:
    """Convert RAMs of 18 kbit to tiles of 36 kbit; return other counts unchanged."""
    return tiles(count) if name == "bram_tiles" and count is not None else count
