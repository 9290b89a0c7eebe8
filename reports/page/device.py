"""The device: its SLRs, the blocks in them to scale, and the wires between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.fpga_resources import LABELS
from reports.summary.build_report import BuildReport
from reports.summary.measured import number


@dataclass(frozen=True)
class Part:
    """A block in an SLR: its place and width in percent of the SLR's budget of LUTs."""

    block: str
    x: float
    width: float
    says: str


@dataclass(frozen=True)
class Bar:
    """The use of a resource in an SLR, in percent of what is left to a kernel; above 100 it does not fit."""

    label: str
    percent: float
    says: str


@dataclass(frozen=True)
class Slr:
    """An SLR. `above` says what crosses the boundary to the next one; `width` is its share of the wires, in percent."""

    name: str
    parts: tuple[Part, ...]
    bars: tuple[Bar, ...]
    above: str = ""
    width: float = 0.0


def device_of(report: BuildReport) -> tuple[Slr, ...]:
    """Return the SLRs by the fit, the highest first, as boards are drawn; none if no fit is known."""
    fit, budgets = report.fit, report.estimate.slr_budgets
    if fit is None or not fit.fits or not fit.slrs:
        return ()
    linked = {row.slr: {amount.resource: number(amount.cell) for amount in row.used} for row in report.slrs}
    luts = {row.block: _luts(row) for row in report.blocks}
    boundaries = {each.below.lower(): each for each in fit.boundaries}
    found = []
    for name, used in fit.slrs.items():
        slr = name.lower()
        known = budgets[slr].by_name if slr in budgets else {}
        amounts = linked.get(slr) or used.by_name
        blocks = [(block, luts.get(block), len(slrs)) for block, slrs in fit.blocks.items() if name in slrs]
        boundary = boundaries.get(slr)
        wires = "" if boundary is None else _wires(boundary.used, boundary.slls)
        share = 100 * boundary.used / boundary.slls if boundary is not None and boundary.slls else 0.0
        found.append(Slr(name, _parts(blocks, known.get("luts")), _bars(amounts, known), wires, min(share, 100.0)))
    return tuple(reversed(found))


def _luts(row: Any) -> tuple[float, str] | None:
    """Return the LUTs of a block as synthesised, else by formula, and which of them it is."""
    synthesised = number(row.resource("luts"))
    if synthesised is not None:
        return synthesised, "synthesised core"
    formula = next((number(amount.cell) for amount in row.estimate if amount.resource == "luts"), None)
    return None if formula is None else (formula, "by formula")


def _parts(blocks: list[tuple[str, tuple[float, str] | None, int]], budget: float | None) -> tuple[Part, ...]:
    known = [(block, found[0] / shared, found[1]) for block, found, shared in blocks if found is not None]
    # Formulas give more LUTs than an SLR may have: then the whole of it is drawn full, and the bar says so.
    whole = max(budget or 0.0, sum(luts for _, luts, _ in known))
    parts, x = [], 0.0
    for block, luts, source in known:
        width = 100 * luts / whole if whole else 0.0
        parts.append(Part(block, round(x, 3), round(width, 3), f"{block}: {luts:,.0f} LUT, {source}"))
        x += width
    return tuple(parts)


def _bars(amounts: Mapping[str, float | None], budget: Mapping[str, float | None]) -> tuple[Bar, ...]:
    bars = []
    for name, label in LABELS.items():
        used, left = amounts.get(name), budget.get(name)
        if used is not None and left:
            percent = 100 * used / left
            bars.append(Bar(label, round(percent, 1), f"{used:,.6g} of {left:,.6g} ({percent:.0f} %)"))
    return tuple(bars)


def _wires(used: int, available: int | None) -> str:
    return f"{used:,} wires cross" + (f", of {available:,}" if available else "")
