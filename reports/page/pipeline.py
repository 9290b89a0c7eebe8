"""The pipeline: the blocks in their order, how long each takes for an image, and for what it waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.summary.build_report import BuildReport
from reports.summary.measured import number


@dataclass(frozen=True)
class Stage:
    """A block. `cycles` are simulated where that is known; shares are in percent, None where nothing was simulated."""

    block: str
    cycles: float
    source: str
    width: float
    bottleneck: bool
    busy: float | None = None
    starved: float | None = None
    blocked: float | None = None


def pipeline_of(report: BuildReport, kernel: Mapping[str, Any] | None) -> tuple[Stage, ...]:
    """Return the blocks from the first to the last; the DMA, which feeds and drains them, is the first."""
    counts = (kernel or {}).get("blocks", {})
    found = []
    for row in report.blocks:
        simulated = number(row.interval_cycles)
        cycles = float(row.interval_estimate_cycles) if simulated is None else simulated
        found.append((row.block, cycles, "by formula" if simulated is None else "simulated"))
    slowest = max((cycles for _, cycles, _ in found), default=0.0)
    return tuple(
        Stage(
            block,
            cycles,
            source,
            round(100 * cycles / slowest, 3) if slowest else 0.0,
            cycles == slowest,
            *_shares(counts.get(block)),
        )
        for block, cycles, source in found
    )


def _shares(counts: Mapping[str, int] | None) -> tuple[float | None, float | None, float | None]:
    whole = sum(counts.values()) if counts else 0
    if not counts or not whole:
        return None, None, None
    busy, starved, blocked = (round(100 * counts[name] / whole, 1) for name in ("busy", "starved", "blocked"))
    return busy, starved, blocked
