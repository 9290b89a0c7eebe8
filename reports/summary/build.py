"""Read the report of a build: estimate, synthesis and simulation of each block, totals and budget, times, gates.

Every cell has a value with its source, or names the task that would supply it. Nothing is started and nothing is
guessed. Estimates and figures invented by a stand-in are marked. FPS is the clock divided by the cycles of an image: by
formula those of the slowest operator, and simulated those of the whole kernel. Cores that were simulated alone give no
rate of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.fpga_resources import NAMES, UNKNOWN
from reports.reading.errors import ReportError
from reports.reading.stand_in import is_stand_in
from reports.summary.build_report import (
    Amount,
    BlockRow,
    BuildReport,
    Cell,
    Checked,
    Rate,
    SlrRow,
    Total,
    Xclbin,
)
from reports.summary.fit_values import FitValues
from reports.summary.gates import Gate, check
from reports.summary.measured import measured
from reports.summary.step_values import Linked, Simulation, Synthesis, WholeKernel
from reports.summary.times import read_costs
from reports.summary.values import BlockEstimate, Estimate, Folder, StepOutput, read_estimate

TIMING = ("wns_ns", "whs_ns")
WITHOUT_LICENCE = "open"
"""The toolchain that simulates the kernel that it links, and merges its netlist on request."""


def read_build(root: Path, folder: str, gates: Iterable[Gate] = ()) -> BuildReport:
    """Read the report of the build in `folder` of the checkout `root`.

    Raises ReportError only if there is no estimate. Any other file that cannot be read is listed in `errors`.
    """
    estimate = read_estimate(root, folder)
    files = Folder(root, folder)
    names = {block.core for block in estimate.blocks}
    cores = {name: files.output(f"ooc/{name}/values.json", Synthesis.read) for name in sorted(names)}
    rows = tuple(_row(files, block, cores[block.core], estimate.toolchain) for block in estimate.blocks)
    linked = files.output("link/values.json", Linked.read)
    whole = linked
    if linked is None or linked.value.total is None:
        # The toolchain open counts the whole kernel in its merged netlist.
        whole = files.output("netlist/values.json", Linked.read) or linked
    totals = tuple(_total(name, estimate, rows, whole) for name in NAMES)
    slrs, timing = _slrs(estimate, linked), _timing(estimate, linked)
    reached_mhz = _cell(None if linked is None else linked.value.clock_mhz, linked, "link")
    slowest_core, simulated = _slowest_core(estimate, rows), _simulated(files, estimate)
    slowest = max(estimate.blocks, key=lambda block: block.interval_cycles)
    tools = {tool for row in rows for tool in (row.tool, row.simulator)}
    tools.add(None if linked is None else linked.value.tool)
    fit = files.output("fit.json", FitValues.read)
    return BuildReport(
        estimate=estimate,
        blocks=rows,
        estimated_rate=_rate(estimate, slowest.interval_cycles, f"{slowest.block}.{slowest.bottleneck}"),
        cores_rate=slowest_core,
        simulated_rate=simulated,
        totals=totals,
        slrs=slrs,
        timing=timing,
        reached_mhz=reached_mhz,
        costs=read_costs(root, folder),
        xclbin=_xclbin(linked),
        gates=check(
            gates,
            measured(
                rows, totals, slrs, timing, _gated(estimate, simulated, slowest_core), reached_mhz, estimate.clock_mhz
            ),
            suppliers(estimate),
        ),
        errors=tuple(files.errors),
        fit=None if fit is None else fit.value,
        stand_ins=tuple(sorted(tool for tool in tools if tool is not None and is_stand_in(tool))),
    )


def _rate(estimate: Estimate, cycles: int, bottleneck: str) -> Rate:
    return Rate(cycles, estimate.clock_mhz * 1e6 / max(cycles, 1), bottleneck)


def suppliers(estimate: Estimate) -> dict[str, str]:
    """Return the arguments of `doit` that would supply each quantity of the linked design.

    An emulation is never placed and routed, so only a build for hw can supply them.
    """
    routed = "link" if estimate.target == "hw" else "link toolchain=auto target=hw"
    simulated = "kernel" if estimate.toolchain == WITHOUT_LICENCE else "cosim"
    return {
        **dict.fromkeys((*NAMES, *TIMING, "wpws_ns", "power_w", "slls"), routed),
        **dict.fromkeys(("fps", "ii_cycles", "latency_cycles"), simulated),
    }


def _cell(value: float | None, output: StepOutput[Any] | None, task: str, *, is_estimate: bool = False) -> Cell:
    source = None if output is None else output.source
    if value is None:
        return Cell(None, source, task)
    return Cell(value, source, None, is_estimate, stand_in=output is not None and is_stand_in(output.value.tool))


def _row(files: Folder, block: BlockEstimate, synthesis: StepOutput[Synthesis] | None, toolchain: str) -> BlockRow:
    ooc, cosim = f"ooc:{block.block}", f"cosim:{block.block}"
    simulation = files.output(f"cosim/{block.block}/values.json", Simulation.read)
    resources = (UNKNOWN if synthesis is None else synthesis.value.resources).by_name
    area = {} if block.area is None else block.resources.by_name
    is_estimate = synthesis is not None and synthesis.value.is_estimate
    logic_ns = None if synthesis is None else synthesis.value.logic_ns
    cycles = None if simulation is None or not simulation.value.agrees else simulation.value
    return BlockRow(
        block=block.block,
        core=block.core,
        interval_estimate_cycles=block.interval_cycles,
        bottleneck=block.bottleneck,
        estimate=tuple(Amount(name, Cell(value, "formula", None, True)) for name, value in area.items()),
        parameter_bits=block.parameter_bits,
        view=block.view if synthesis is None else synthesis.value.view or block.view,
        tool=None if synthesis is None else synthesis.value.tool,
        synthesis=tuple(
            Amount(name, _cell(amount, synthesis, ooc, is_estimate=is_estimate)) for name, amount in resources.items()
        ),
        logic_ns=_cell(logic_ns, synthesis, ooc, is_estimate=is_estimate),
        doubtful=() if synthesis is None else synthesis.value.doubtful,
        interval_cycles=_cell(None if cycles is None else cycles.interval_cycles, simulation, cosim),
        latency_cycles=_cell(None if cycles is None else cycles.latency_cycles, simulation, cosim),
        simulator=None if simulation is None else simulation.value.tool,
        simulation_differences=None if simulation is None else simulation.value.differences,
        checked=_checked(files, block, toolchain),
        parameters=_parameters(files, block),
    )


def _checked(files: Folder, block: BlockEstimate, toolchain: str) -> Checked:
    """Return the result of comparing the C++ with the model."""
    if toolchain != "open":
        return _simulated_by_hls(files, block)
    record = files.record(f"hls/{block.core}/csim.json")
    if record is None:
        return Checked(None, None, f"hls:{block.block}")
    try:
        differences, compared = record.count("differences"), record.count("elements_compared")
    except ReportError as error:
        files.errors.append(error)
        return Checked(None, record.file, f"hls:{block.block}")
    verdict = "differs" if differences else "equal"
    return Checked(verdict, record.file, elements_compared=compared, differences=differences)


def _simulated_by_hls(files: Folder, block: BlockEstimate) -> Checked:
    """Return the result of HLS's C simulation; its step writes values only if it passes. RTL has no C++."""
    if block.view != "hls":
        return Checked("no C++")
    record = files.record(f"hls/{block.core}/values.json")
    if record is None:
        return Checked(None, None, f"hls:{block.block}")
    try:
        return Checked("passed", record.file, stand_in=is_stand_in(record.maybe_text("tool")))
    except ReportError as error:
        files.errors.append(error)
        return Checked(None, record.file, f"hls:{block.block}")


def _parameters(files: Folder, block: BlockEstimate) -> Cell:
    """Return the origin of the trained values; a core without parameters (the DMA) needs none."""
    if block.parameter_bits is None:
        return Cell("none")
    record = files.record(f"weights/{block.block}/memories.json")
    if record is None:
        return Cell(None, None, f"weights:{block.block}")
    try:
        origins = [str(origin) for origin in record.items("origins")]
    except ReportError as error:
        files.errors.append(error)
        return Cell(None, record.file, f"weights:{block.block}")
    return Cell(", ".join(origins) or "unknown", record.file)


def _slrs(estimate: Estimate, linked: StepOutput[Linked] | None) -> tuple[SlrRow, ...]:
    if linked is None or linked.value.slrs is None:
        return ()
    return tuple(
        SlrRow(
            slr,
            tuple(
                Amount(name, _cell(used, linked, "link", is_estimate=linked.value.is_estimate))
                for name, used in resources.by_name.items()
            ),
            tuple(estimate.slr_budgets[slr].by_name.items()) if slr in estimate.slr_budgets else (),
        )
        for slr, resources in linked.value.slrs.items()
    )


def _timing(estimate: Estimate, linked: StepOutput[Linked] | None) -> tuple[tuple[str, Cell], ...]:
    slacks = {} if linked is None else {"wns_ns": linked.value.wns_ns, "whs_ns": linked.value.whs_ns}
    tasks = suppliers(estimate)
    return tuple((name, _cell(slacks.get(name), linked, tasks[name])) for name in TIMING)


def _xclbin(linked: StepOutput[Linked] | None) -> Xclbin:
    """Return the linked xclbin, or the task that links it."""
    if linked is None:
        return Xclbin(task="link")
    value = linked.value
    return Xclbin(
        source=linked.source,
        size_bytes=value.xclbin_bytes,
        clock_mhz=value.clock_mhz,
        requested_mhz=value.requested_mhz,
        parameters=value.parameters,
        tool=value.tool,
    )


def _total(name: str, estimate: Estimate, rows: tuple[BlockRow, ...], linked: StepOutput[Linked] | None) -> Total:
    formulas = [amount for block in estimate.blocks if (amount := block.resources.by_name[name]) is not None]
    cells = [row.resource(name) for row in rows]
    missing = next((cell for cell in cells if cell.value is None), None)
    if missing is None:
        used = sum(float(cell.value) for cell in cells if cell.value is not None)
        estimated, invented = (any(getattr(cell, what) for cell in cells) for what in ("is_estimate", "stand_in"))
        synthesis = Cell(used, "ooc", None, estimated, invented)
    else:
        # A sum of only some blocks would look like the total, so name the task instead.
        synthesis = Cell(None, None, "ooc")
    in_all = (linked and linked.value.total) or UNKNOWN
    return Total(
        resource=name,
        estimate=sum(formulas) if formulas else None,
        synthesis=synthesis,
        linked=_cell(
            in_all.by_name[name],
            linked,
            "netlist" if estimate.toolchain == WITHOUT_LICENCE else suppliers(estimate)[name],
            is_estimate=linked is not None and linked.value.is_estimate,
        ),
        budget=estimate.budget.by_name[name],
    )


def _slowest_core(estimate: Estimate, rows: tuple[BlockRow, ...]) -> Rate | None:
    measured = [(row.interval_cycles.value, row.block) for row in rows]
    known = [(int(cycles), block) for cycles, block in measured if isinstance(cycles, (int, float))]
    if len(known) < len(measured) or not known:
        return None
    cycles, block = max(known)
    return replace(_rate(estimate, cycles, block), stand_in=any(row.interval_cycles.stand_in for row in rows))


def _simulated(files: Folder, estimate: Estimate) -> Rate | None:
    """Return the rate of the whole kernel; None if it has not been simulated as it is now."""
    kernel = files.output("kernel/values.json", WholeKernel.read)
    cores = {block.block: block.core for block in estimate.blocks}
    if kernel is None or not kernel.value.is_of(cores, estimate.clock_mhz):
        return None
    found = kernel.value.simulation
    if found.interval_cycles is None:
        return None
    rate = _rate(estimate, found.interval_cycles, kernel.value.busiest)
    return replace(rate, stand_in=is_stand_in(kernel.value.tool), latency_cycles=found.latency_cycles)


def _gated(estimate: Estimate, simulated: Rate | None, cores: Rate | None) -> tuple[Rate | None, str]:
    """Return the rate that gates judge, with its source. Only `open` can simulate its kernel."""
    if estimate.toolchain == WITHOUT_LICENCE or simulated is not None:
        return simulated, "simulation of the whole kernel"
    return cores, "the slowest core, simulated alone"
