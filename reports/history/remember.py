"""What a build leaves in the history when it is over: its entry, with all amounts that its report has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.settings import DEFAULT, Settings
from reports.history.amounts import CORES, ESTIMATE, FORMULA, Amount, Key
from reports.history.entry import entry_document
from reports.history.folder import History
from reports.history.index import Index
from reports.history.revision import project_of, revision_of
from reports.logs.redaction import redact
from reports.reading.number import Below
from reports.reading.stand_in import MARK
from reports.summary.build import read_build
from reports.summary.build_report import BuildReport, Cell
from reports.summary.gates import Gate
from reports.summary.measured import measured, number

#: Sections that say how this machine builds, and not what.
_MACHINES = ("farm.",)


def remember(
    root: Path, folder: str, account: Mapping[str, Any], settings: Settings, gates: Iterable[Gate], *, fit_known: bool
) -> BuildReport:
    """Write the entry of a build into the history, bring the index up to date, and return the build's report.

    Without `fit_known` the fit in the folder is that of another build. Raises OSError and ReportError.
    """
    report = read_build(root, folder, gates)
    if not fit_known:
        report = replace(report, fit=None)
    amounts = amounts_of(report)
    chosen = {
        name: redact(str(value)) if isinstance(value, str) else value
        for name, value in settings.values.items()
        if not name.startswith(_MACHINES) and ("." not in name or settings.origin(name) != DEFAULT)
    }
    history = History.of(project_of(root))
    history.add(entry_document(account, report, amounts, revision_of(root), chosen))
    # The index is only brought up to date: if it cannot be used, the command that needs it says so.
    Index(history, lambda text: None).close()
    return report


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
