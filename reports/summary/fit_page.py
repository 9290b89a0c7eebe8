"""The fit of a build on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from config.fpga_resources import UNKNOWN, Resources
from reports.reading.stand_in import MARK
from reports.summary.fit_values import FitValues

ESTIMATE = "~"


def fit_page(fit: FitValues, shown: Table, budgets: Mapping[str, Resources], board: str) -> Iterator[RenderableType]:
    """Yield the lines of a fit. `shown` is an empty table with a column for the SLR and one for each resource."""
    if not fit.fits:
        yield Text("Fit: not decided" if fit.fits is None else "Fit: it does not fit", style="bold")
        yield from (Text(line, style="red") for line in fit.says)
        return
    mark = (MARK if fit.stand_in else "") + ESTIMATE
    for slr, used in fit.slrs.items():
        left = budgets.get(slr, UNKNOWN).by_name
        cells = [_share(mark, amount, left[name]) for name, amount in used.by_name.items()]
        shown.add_row(slr, *cells)
    yield shown
    yield Text(f"of what {board} leaves to a kernel, before any link; figures of the cores: {fit.source}")
    if fit.better:
        yield Text(f"  {fit.better}")
    blocks: dict[str, list[str]] = {}
    for block, slrs in fit.blocks.items():
        blocks.setdefault("+".join(slrs), []).append(block)
    for where in sorted(blocks):
        yield Text(f"{where}: {', '.join(blocks[where])}")
    wires = [
        f"{each.below}/{each.above} {each.used:,} of {'?' if each.slls is None else f'{each.slls:,}'} wires"
        for each in fit.boundaries
        if each.used
    ]
    yield Text(f"{fit.boundaries_crossed} boundaries are crossed{': ' if wires else ''}{', '.join(wires)}")
    yield from (Text(line) for line in fit.says)


def _share(mark: str, used: float | None, budget: float | None) -> str:
    if used is None:
        return "-"
    return f"{mark}{used:,.6g}" + (f" ({100 * used / budget:.0f} %)" if budget else "")
