"""Show the report of a build on a terminal, and write it as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from config.fpga_resources import LABELS, NAMES
from config.whole_file import write_whole
from reports.reading.plain import plain, rounded
from reports.reading.stand_in import MARK
from reports.summary.build import WITHOUT_LICENCE, read_build
from reports.summary.build_report import BlockRow, BuildReport, Cell, Checked, Rate, Total, Xclbin
from reports.summary.fit_page import fit_page
from reports.summary.gates import Gate, write_junit
from reports.summary.terminal import console, empty_table

FORMAT = 3
JSON_FILE = "report.json"
CSV_FILE = "report.csv"


def make(
    root: Path, folder: str, gates: Iterable[Gate] = (), out: Console | None = None, into: Path | None = None
) -> BuildReport:
    """Print the report of the build in `folder`, write it there as JSON and CSV, and return it.

    `into` is the checkout to write to, if not `root`; a line says if it is read-only. Raises ReportError: no estimate.
    """
    report = read_build(root, folder, gates)
    (out or console()).print(page(report))
    (out or console()).print(f"\n{_write(report, into or root, folder)}", soft_wrap=True)
    return report


def _write(report: BuildReport, root: Path, folder: str) -> str:
    """Write the report as JSON and CSV; return a sentence that says so, or says why writing failed."""
    try:
        write_whole(root / folder / JSON_FILE, json.dumps(document(report), indent=1, allow_nan=False) + "\n")
        write_whole(root / folder / CSV_FILE, table(report))
        write_junit(report.gates, root, folder)
    except OSError as error:
        return f"{folder}/{JSON_FILE} and {CSV_FILE} could not be written: {error.strerror}"
    return f"{folder}/{JSON_FILE} and {CSV_FILE} contain the same"


def document(report: BuildReport) -> dict[str, Any]:
    """Return the report as plain values for `json.dumps`, with rounded numbers."""
    found = {
        "format": FORMAT,
        "build": {
            name: getattr(report.estimate, name)
            for name in ("network", "toolchain", "target", "platform", "part", "clock_mhz")
        },
        "formula_note": report.estimate.formula_note,
        "rates": {
            "estimated": plain(report.estimated_rate),
            "slowest_core": plain(report.cores_rate),
            "simulated": plain(report.simulated_rate),
        },
        "blocks": plain(report.blocks),
        "totals": [_with_shares(total) for total in report.totals],
        "fit": None if report.fit is None else plain(report.fit),
        "slrs": plain(report.slrs),
        "timing": {name: plain(cell) for name, cell in report.timing},
        "reached_mhz": plain(report.reached_mhz),
        "xclbin": plain(report.xclbin),
        "stand_ins": list(report.stand_ins),
        "steps": plain(report.costs),
        "gates": [
            {
                "gate": str(one.gate),
                "passed": one.passed,
                "value": plain(one.value),
                "margin": one.margin,
                "stand_in": one.stand_in,
                "says": str(one),
            }
            for one in report.gates
        ],
        "errors": [str(error) for error in report.errors],
    }
    return {name: rounded(value) for name, value in found.items()}


def _with_shares(total: Total) -> dict[str, Any]:
    values = {"estimate": total.estimate, "synthesis": total.synthesis.value, "linked": total.linked.value}
    shares = {
        name: total.share_percent(value if isinstance(value, (int, float)) else None) for name, value in values.items()
    }
    return {**plain(total), "share_percent": shares}


def table(report: BuildReport) -> str:
    """Return the blocks as CSV, one line each; a cell is empty if no step has supplied the value yet.

    The columns after `synthesis_tool` are its figures. If the tool is a stand-in, they are invented.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    estimates = [f"{name}_formula" for name in NAMES]
    slrs = {} if report.fit is None else report.fit.blocks
    writer.writerow(
        [
            "block",
            "core",
            "slr_fit",
            "interval_cycles_estimate",
            "bottleneck",
            *estimates,
            "view",
            "synthesis_tool",
            *NAMES,
            "logic_ns",
            "simulator",
            "interval_cycles",
            "latency_cycles",
            "parameter_bits",
            "parameters",
            "checked",
            "elements_compared",
            "differences",
        ]
    )
    for row in report.blocks:
        formula = {amount.resource: amount.cell.value for amount in row.estimate}
        synthesis = [*(amount.cell for amount in row.synthesis), row.logic_ns]
        simulation = [row.interval_cycles, row.latency_cycles]
        writer.writerow(
            [row.block, row.core, "+".join(slrs.get(row.block, ())), row.interval_estimate_cycles, row.bottleneck]
            + [_plain_cell(formula.get(name)) for name in NAMES]
            + [_plain_cell(row.view), _plain_cell(row.tool)]
            + [_plain_cell(cell.value) for cell in synthesis]
            + [_plain_cell(row.simulator), *(_plain_cell(cell.value) for cell in simulation)]
            + [_plain_cell(row.parameter_bits), _plain_cell(row.parameters.value), _plain_cell(row.checked.value)]
            + [_plain_cell(row.checked.elements_compared), _plain_cell(row.checked.differences)]
        )
    return text.getvalue()


def _plain_cell(value: float | str | None) -> str:
    return "" if value is None else str(rounded(value))


def page(report: BuildReport) -> RenderableType:
    """Return the report for a terminal of at least 80 columns."""
    estimate = report.estimate
    head = f"{estimate.network} with {estimate.toolchain} for {estimate.target} on {estimate.platform}"
    parts: list[RenderableType] = [Text(f"{head} ({estimate.part}) at {estimate.clock_mhz:g} MHz", style="bold")]
    if report.stand_ins:
        parts.append(Text(f"STAND-IN: figures with {MARK} are invented by {', '.join(report.stand_ins)}", "bold red"))
    parts += ["", _estimates(report), "", _found(report), ""]
    if any(cell.value is not None for row in report.blocks for cell in (*_cells(row), row.logic_ns)):
        parts += [_synthesis(report), *_sources(report), *_doubtful(report), ""]
    parts += [*_rates(report), "", _totals(report), *_note(report), *_suppliers(report)]
    if report.fit is not None:
        heads = ("SLR", *LABELS.values())
        empty = empty_table(f"Fit: blocks to SLRs ({_marks(report)})", *heads, left=("SLR",))
        parts += ["", *fit_page(report.fit, empty, estimate.slr_budgets, estimate.platform)]
    if report.slrs:
        parts += ["", _slrs(report)]
    parts += ["", Text(f"Linked: {_linked(report.xclbin)}"), _timing(report), "", _times(report)]
    if report.gates:
        parts += ["", Text("Gates", style="bold")]
        parts += [Text(str(one), style="green" if one.passed else "red") for one in report.gates]
    for error in report.errors:
        parts.append(Text(str(error), style="red"))
    return Group(*parts)


def _cells(row: BlockRow) -> tuple[Cell, ...]:
    return tuple(amount.cell for amount in row.synthesis)


def _estimates(report: BuildReport) -> Table:
    title = "By formula (estimates; with parameter memories, without the DMA block)"
    heads = ("block", "core", "cycles", "FPS", "bottleneck", "LUT", "BRAM", "URAM", "DSP")
    shown = empty_table(title, *heads, left=("block", "core", "bottleneck"))
    for row in report.blocks:
        formula = {amount.resource: amount.cell.value for amount in row.estimate}
        area = [_estimate(formula.get(name)) for name in ("luts", "bram_tiles", "urams", "dsps")]
        cycles = row.interval_estimate_cycles
        fps = _estimate(report.estimate.clock_mhz * 1e6 / max(cycles, 1))
        shown.add_row(row.block, row.core, _estimate(cycles), fps, row.bottleneck, *area)
    return shown


def _found(report: BuildReport) -> Table:
    title = "Results of the steps (or the task that supplies one)"
    heads = ("block", "synthesis, LUT", "simulated, cycles", "C++ and model", "parameters")
    shown = empty_table(title, *heads, left=("block", "parameters"))
    for row in report.blocks:
        cells = (row.resource("luts"), row.interval_cycles, row.checked, row.parameters)
        words = [_words(cell).removeprefix("doit ") for cell in cells]
        words[2] = _comparison(row.checked) or words[2]
        if row.simulation_differences:
            words[1] = f"{row.simulation_differences:,} differ"
        shown.add_row(row.block, *words)
    return shown


def _comparison(checked: Checked) -> str | None:
    """Return how many elements are equal or differ; None if nothing was compared."""
    if checked.elements_compared is None:
        return None
    if checked.differences:
        return f"{checked.differences:,} of {checked.elements_compared:,} differ"
    return f"{checked.elements_compared:,} equal"


def _note(report: BuildReport) -> list[Text]:
    return [Text(report.estimate.formula_note)] if report.estimate.formula_note else []


def _linked(xclbin: Xclbin) -> str:
    """Describe the linked xclbin."""
    facts = [
        None if xclbin.size_bytes is None else f"{xclbin.size_bytes:,} bytes",
        None if xclbin.clock_mhz is None else _clock(xclbin.clock_mhz, xclbin.requested_mhz),
        None if xclbin.parameters is None else f"parameters {xclbin.parameters}",
        None if xclbin.tool is None else f"by {xclbin.tool}",
    ]
    missing = f"doit {xclbin.task}" if xclbin.task else "no value"
    return ", ".join(fact for fact in facts if fact is not None) or missing


def _clock(reached_mhz: float, requested_mhz: float | None) -> str:
    requested = "" if requested_mhz in (None, reached_mhz) else f" instead of the {requested_mhz:g} requested"
    return f"{reached_mhz:g} MHz{requested}"


def _synthesis(report: BuildReport) -> Table:
    """Return the table of the cores' resources; blocks with the same core share a row."""
    heads = ("core", "blocks", *LABELS.values(), "logic, ns")
    shown = empty_table(f"Synthesis of the cores ({_marks(report)})", *heads, left=("core",))
    users: dict[str, list[BlockRow]] = {}
    for row in report.blocks:
        users.setdefault(row.core, []).append(row)
    for core, rows in users.items():
        cells = [*_cells(rows[0]), rows[0].logic_ns]
        if all(cell.value is None for cell in cells):
            shown.add_row(core, str(len(rows)), str(cells[0].task))
        else:
            shown.add_row(core, str(len(rows)), *("-" if cell.value is None else _words(cell) for cell in cells))
    return shown


def _marks(report: BuildReport) -> str:
    """Explain the signs before figures."""
    return f"{MARK} is a stand-in's, ~ an estimate" if report.stand_ins else "~ is an estimate"


def _sources(report: BuildReport) -> list[Text]:
    """Return a line for each view and tool that synthesised cores; it names the cores unless it is all of them."""
    found: dict[str, list[str]] = {}
    cores = {row.core: row for row in report.blocks}
    linked = {block.core: block.view for block in report.estimate.blocks}
    for core, row in cores.items():
        if any(cell.value is not None for cell in _cells(row)):
            view = f"view {row.view}" if row.view else "view not known"
            other = f", but view {linked[core]} is linked" if row.view and linked[core] not in (None, row.view) else ""
            found.setdefault(f"{view}, {row.tool or 'tool not known'}{other}", []).append(core)
    whole = all(len(names) == len(cores) for names in found.values())
    return [Text(f"source: {source}" if whole else f"source: {source}: {', '.join(n)}") for source, n in found.items()]


def _doubtful(report: BuildReport) -> list[Text]:
    """Return a line for each path that is doubtful at 250 MHz, once for each core."""
    cores = {row.core: row.doubtful for row in report.blocks}
    return [
        Text(f"doubtful at 250 MHz: {core}: {path}", style="yellow") for core, paths in cores.items() for path in paths
    ]


def _estimate(value: float | str | None) -> str:
    return "-" if value is None or isinstance(value, str) else f"~{value:,.0f}"


def _words(cell: Cell) -> str:
    """Return the text of a cell: its value, or the task that supplies it."""
    if cell.value is None:
        return f"doit {cell.task}" if cell.task else "no value"
    if isinstance(cell.value, str):
        return (MARK if cell.stand_in else "") + cell.value
    return f"{MARK if cell.stand_in else ''}{'~' if cell.is_estimate else ''}{cell.value:,.6g}"


def _rates(report: BuildReport) -> list[Text]:
    lines = [_rate("Estimated, the slowest operator by formula", report.estimated_rate, report.estimate.clock_mhz)]
    cores, text = report.cores_rate, "no value until `doit cosim` has run for every block"
    if cores is not None:
        text = f"{MARK if cores.stand_in else ''}{cores.interval_cycles:,} cycles an image, {cores.bottleneck}"
    lines.append(Text(f"Slowest core, simulated alone: {text}"))
    if report.simulated_rate is not None:
        lines.append(_rate("Whole kernel, simulated", report.simulated_rate, report.estimate.clock_mhz))
    elif report.estimate.toolchain == WITHOUT_LICENCE:
        lines.append(Text("Whole kernel, simulated: no value until `doit kernel` has run"))
    reached, rate = report.reached_mhz.value, report.simulated_rate or report.estimated_rate
    if isinstance(reached, float) and reached < report.estimate.clock_mhz:
        mark = (MARK if rate.stand_in or report.reached_mhz.stand_in else "") + ("" if report.simulated_rate else "~")
        fps = f"{mark}{rate.fps * reached / report.estimate.clock_mhz:,.1f} FPS"
        lines.append(Text(f"The link has lowered the clock to {_words(report.reached_mhz)} MHz: {fps}"))
    return lines


def _rate(what: str, rate: Rate, clock_mhz: float) -> Text:
    mark = MARK if rate.stand_in else ""
    cycles = f"{mark}{rate.interval_cycles:,} cycles an image, {mark}{rate.fps:,.1f} FPS at {clock_mhz:g} MHz"
    latency = f", latency {mark}{rate.latency_cycles:,} cycles" if rate.latency_cycles is not None else ""
    return Text(f"{what}: {cycles}{latency}; the bottleneck is {rate.bottleneck}")


def _totals(report: BuildReport) -> Table:
    title = f"Shares of what {report.estimate.platform} leaves to a kernel ({_marks(report)})"
    shown = empty_table(title, "", "by formula", "synthesis, cores alone", "whole kernel", "budget", left=("",))
    for total in report.totals:
        formula = "no formula" if total.estimate is None else f"~{total.estimate:,.0f}{_share(total, total.estimate)}"
        budget = "not known" if total.budget is None else f"{total.budget:,.0f}"
        cells = [
            "no value" if cell.value is None else f"{_words(cell)}{_share(total, cell.value)}"
            for cell in (total.synthesis, total.linked)
        ]
        shown.add_row(LABELS[total.resource], formula, *cells, budget)
    return shown


def _suppliers(report: BuildReport) -> list[Text]:
    """Return one line with the tasks that supply the missing values of columns."""
    missing = {
        f"{what}: `doit {cell.task}`": None
        for total in report.totals
        for what, cell in (("synthesis", total.synthesis), ("the whole kernel", total.linked))
        if cell.value is None and cell.task
    }
    return [Text(f"No value yet for {', '.join(missing)}")] if missing else []


def _timing(report: BuildReport) -> Text:
    tasks = {cell.task for _, cell in report.timing if cell.value is None}
    known = [f"{name} {_words(cell)}" for name, cell in report.timing if cell.value is not None]
    missing = [name for name, cell in report.timing if cell.value is None]
    if missing:
        known.append(f"no {', '.join(missing)}: " + ", ".join(f"`doit {task}`" for task in sorted(map(str, tasks))))
    reached, asked = report.reached_mhz.value, report.estimate.clock_mhz
    lowered = len(missing) < len(report.timing) and isinstance(reached, float) and reached < asked
    return Text(f"Timing: {'; '.join(known)}{f' (at {asked:g} MHz, the clock asked for)' if lowered else ''}")


def _share(total: Total, used: float | str | None) -> str:
    share = total.share_percent(used if isinstance(used, (int, float)) else None)
    return "" if share is None else f" ({share:.1f} %)"


def _slrs(report: BuildReport) -> Table:
    title = "Linked, by SLR, with shares of what the shell leaves to a kernel there"
    shown = empty_table(title, "SLR", *LABELS.values(), left=("SLR",))
    for slr in report.slrs:
        budgets = dict(slr.budgets)
        cells = []
        for amount in slr.used:
            used, budget = amount.cell.value, budgets.get(amount.resource)
            known = isinstance(used, (int, float)) and bool(budget)
            share = f" ({100 * float(used or 0) / float(budget or 1):.1f} %)" if known else ""
            cells.append(f"{_words(amount.cell)}{share}")
        shown.add_row(slr.slr, *cells)
    return shown


def _times(report: BuildReport) -> RenderableType:
    if not report.costs:
        return Text("Times: no step has run yet (`doit build`)")
    per_task: dict[str, tuple[int, float]] = {}
    for cost in report.costs:
        count, seconds = per_task.get(cost.task, (0, 0.0))
        per_task[cost.task] = (count + 1, seconds + cost.wall_s)
    heads = ("task", "steps", "sum, s", "longest, s", "which", "peak, GiB")
    shown = empty_table("Times of the steps when they last ran", *heads, left=("task", "which"))
    for task, (count, seconds) in per_task.items():
        longest = next(cost for cost in report.costs if cost.task == task)
        peak = max(cost.peak_memory_gib for cost in report.costs if cost.task == task)
        shown.add_row(task, str(count), f"{seconds:,.1f}", f"{longest.wall_s:,.1f}", longest.step, f"{peak:.2f}")
    return shown
