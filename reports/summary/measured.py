"""The values that gates may use: only measured ones, none from formulas or from the fit."""

from __future__ import annotations

from reports.summary.build_report import BlockRow, Cell, Rate, SlrRow, Total
from reports.summary.gates import Measured


def measured(
    rows: tuple[BlockRow, ...],
    totals: tuple[Total, ...],
    slrs: tuple[SlrRow, ...],
    timing: tuple[tuple[str, Cell], ...],
    gated: tuple[Rate | None, str],
    reached_mhz: Cell,
    clock_mhz: float,
) -> dict[tuple[str | None, str], Measured]:
    """Return the values by scope and quantity. `clock_mhz` is the clock asked for; `gated` is a rate at this clock, and
    its source.
    """
    found: dict[tuple[str | None, str], Measured] = {}
    for total in totals:
        used = number(total.linked)
        if used is not None:
            found[None, total.resource] = _value(total.linked, "link", total.share_percent(used))
    for slr in slrs:
        budgets = dict(slr.budgets)
        for amount in slr.used:
            used, budget = number(amount.cell), budgets.get(amount.resource)
            if used is not None:
                share = 100 * used / budget if budget else None
                found[slr.slr, amount.resource] = _value(amount.cell, "link", share)
    for row in rows:
        for amount in row.synthesis:
            if number(amount.cell) is not None:
                found[row.block, amount.resource] = _value(amount.cell, "ooc")
        for quantity, cell in (("ii_cycles", row.interval_cycles), ("latency_cycles", row.latency_cycles)):
            if number(cell) is not None:
                found[row.block, quantity] = _value(cell, "cosim")
    for name, cell in timing:
        if number(cell) is not None:
            found[None, name] = _value(cell, "link")
    simulated, source = gated
    if simulated is not None:
        invented = simulated.stand_in
        found[None, "ii_cycles"] = Measured(simulated.interval_cycles, None, source, invented)
        if simulated.latency_cycles is not None:
            found[None, "latency_cycles"] = Measured(simulated.latency_cycles, None, source, invented)
        # If the link has lowered the clock, the rate is lower than at the clock asked for.
        reached = number(reached_mhz)
        lowered = reached is not None and reached < clock_mhz
        fps = simulated.fps * reached / clock_mhz if reached is not None and lowered else simulated.fps
        found[None, "fps"] = Measured(fps, None, source, invented or (lowered and reached_mhz.stand_in))
    return found


def _value(cell: Cell, task: str, share_percent: float | None = None) -> Measured:
    return Measured(number(cell), share_percent, cell.source or task, cell.stand_in)


def number(cell: Cell) -> float | None:
    """Return the number in a cell; None for text or no value."""
    return None if cell.value is None or isinstance(cell.value, str) else float(cell.value)
