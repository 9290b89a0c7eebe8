"""What a build's report says to the history: all its amounts, and what was made."""

from __future__ import annotations

from collections.abc import Iterator

from reports.history.amounts import CORES, ESTIMATE, FORMULA, Amount, Key
from reports.history.entry import Made
from reports.reading.number import Below
from reports.reading.stand_in import MARK
from reports.summary.build_report import BuildReport, Cell
from reports.summary.measured import measured, number


def made_of(report: BuildReport) -> Made:
    """Return what a build has made."""
    estimate = report.estimate
    return Made(
        network=estimate.network,
        toolchain=estimate.toolchain,
        target=estimate.target,
        platform=estimate.platform,
        part=estimate.part,
        clock_mhz=estimate.clock_mhz,
        cores={row.block: row.core for row in report.blocks},
        slrs={} if report.fit is None else report.fit.blocks,
    )


def amounts_of(report: BuildReport) -> dict[Key, Amount]:
    """Return all amounts that a build's report has."""
    found = dict(_formulas(report))
    estimate, simulated = report.estimate, report.simulated_rate
    rate = (simulated, "simulation of the whole kernel")
    gates = measured(
        report.blocks, report.totals, report.slrs, report.timing, rate, report.reached_mhz, estimate.clock_mhz
    )
    marks = dict(_marks(report))
    for (scope, quantity), one in gates.items():
        if one.value is not None and not isinstance(one.value, Below):
            key = (scope or "", quantity)
            found[key] = Amount(float(one.value), MARK if one.stand_in else marks.get(key, ""))
    for total in report.totals:
        _add(found, (CORES, total.resource), total.synthesis)
    for row in report.blocks:
        _add(found, (row.block, "logic_ns"), row.logic_ns)
    if report.xclbin.size_bytes is not None:
        found["", "xclbin_bytes"] = Amount(float(report.xclbin.size_bytes))
    if simulated is not None and simulated.latency_cycles is not None:
        found["", "latency_cycles"] = Amount(float(simulated.latency_cycles), MARK if simulated.stand_in else "")
    return found


def _formulas(report: BuildReport) -> Iterator[tuple[Key, Amount]]:
    for total in report.totals:
        if total.estimate is not None:
            yield (FORMULA, total.resource), Amount(total.estimate, ESTIMATE)
    yield (FORMULA, "ii_cycles"), Amount(float(report.estimated_rate.interval_cycles), ESTIMATE)
    yield (FORMULA, "fps"), Amount(report.estimated_rate.fps, ESTIMATE)
    for row in report.blocks:
        yield (row.block, "ii_cycles_formula"), Amount(float(row.interval_estimate_cycles), ESTIMATE)
        for amount in row.estimate:
            value = number(amount.cell)
            if value is not None:
                yield (row.block, f"{amount.resource}_formula"), Amount(value, ESTIMATE)


def _marks(report: BuildReport) -> Iterator[tuple[Key, str]]:
    """Yield which measured amounts are estimates, as those of Yosys are."""
    cells = [(("", total.resource), total.linked) for total in report.totals]
    cells += [((slr.slr, used.resource), used.cell) for slr in report.slrs for used in slr.used]
    cells += [((row.block, used.resource), used.cell) for row in report.blocks for used in row.synthesis]
    yield from ((key, ESTIMATE) for key, cell in cells if cell.is_estimate)


def _add(found: dict[Key, Amount], key: Key, cell: Cell) -> None:
    value = number(cell)
    if value is not None:
        found[key] = Amount(value, MARK if cell.stand_in else ESTIMATE if cell.is_estimate else "")
