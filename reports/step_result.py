"""The result of a step in three lines, shown after a build if the user asked for the step.

    synthesis_lines    `doit ooc:BLOCK`
    simulation_lines   `doit cosim:BLOCK`
    kernel_lines       `doit kernel`
    netlist_lines      `doit netlist`

The first line has the figures. It must be clear on its own, because for many steps only this line is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.fpga_resources import COUNTED_AS
from reports.reading.document import Record, read_json
from reports.reading.errors import ReportError
from reports.reading.source import read
from reports.reading.stand_in import MARK, is_stand_in
from reports.summary.step_values import Simulation, Synthesis, read_resources

VALUES = "values.json"
CLOCK_MHZ = 250


def synthesis_lines(outputs: tuple[Path, ...]) -> list[str]:
    """Return three lines: the area of a core, its longest path, and the folder of its files."""
    try:
        return list(_synthesis(*_values(outputs)))
    except ReportError as error:
        return [str(error)]


def simulation_lines(outputs: tuple[Path, ...], waveform: str = "") -> list[str]:
    """Return three lines: the cycles of a block, the comparison with the model, and the folder of its files."""
    try:
        return list(_simulation(*_values(outputs), waveform))
    except ReportError as error:
        return [str(error)]


def kernel_lines(outputs: tuple[Path, ...]) -> list[str]:
    """Return the cycles of a whole kernel, its images per second at the simulated clock, and where the file lies."""
    if not any(path.name == VALUES for path in outputs):
        return []
    try:
        return list(_kernel(*_values(outputs)))
    except ReportError as error:
        return [str(error)]


def netlist_lines(outputs: tuple[Path, ...]) -> list[str]:
    """Return what a whole kernel takes, what of it stands between the blocks, and the folder of its files.

    What stands between the blocks is synthesised by a step of its own: its result is that of a synthesis.
    """
    if not any(path.name == VALUES for path in outputs):
        return []
    try:
        record, folder = _values(outputs)
        return list((_netlist if "between" in record else _synthesis)(record, folder))
    except ReportError as error:
        return [str(error)]


def _netlist(record: Record, folder: Path) -> Iterator[str]:
    total = read_resources(record.record("total")).known
    yield f"kernel: {', '.join(f'~{amount:,.6g} {COUNTED_AS[name]}' for name, amount in total.items())}"
    between = sum(read_resources(one).luts or 0 for one in record.record("between").records().values())
    yield f"  ~{between:,.0f} LUT of it stand between the blocks; {record.count('inverters'):,} inverters not counted"
    yield f"  ~ is an estimate; files: {folder}/"


def _kernel(record: Record, folder: Path) -> Iterator[str]:
    yield next(_simulation(record, folder, ""))
    found, clock_mhz = Simulation.read(record), record.number("clock_mhz")
    if found.interval_cycles:
        rate = clock_mhz * 1e6 / found.interval_cycles
        yield f"  {rate:,.0f} images/s at {clock_mhz:g} MHz, simulated; {_compared(found, record)}"
    yield f"  files: {folder}/"


def _values(outputs: tuple[Path, ...]) -> tuple[Record, Path]:
    path = next(path for path in outputs if path.name == VALUES)
    return Record(read_json(read(path, str(path)), str(path)), str(path)), path.parent


def _synthesis(record: Record, folder: Path) -> Iterator[str]:
    found = Synthesis.read(record)
    mark = _mark(found.tool) + ("~" if found.is_estimate else "")
    amounts = [f"{mark}{amount:,.6g} {COUNTED_AS[name]}" for name, amount in found.resources.known.items()]
    yield f"{folder.name}: {', '.join(amounts)} ({_by(found.tool, found.view)})"
    yield f"  {_path(found, mark)}"
    yield f"  {_signs(found.tool, estimate=found.is_estimate)}files: {folder}/"


def _path(found: Synthesis, mark: str) -> str:
    if found.logic_ns is None:
        return "longest path: not known"
    levels = "" if found.logic_levels is None else f", {found.logic_levels} levels"
    if not found.is_estimate:
        return f"longest path: {mark}{found.logic_ns:.2f} ns{levels}"
    doubtful = f"{len(found.doubtful)} paths leave too little for wires at {CLOCK_MHZ} MHz" if found.doubtful else ""
    return f"longest path: {mark}{found.logic_ns:.2f} ns of logic without wires{levels}; " + (
        doubtful or f"no path is doubtful at {CLOCK_MHZ} MHz"
    )


def _simulation(record: Record, folder: Path, waveform: str) -> Iterator[str]:
    found = Simulation.read(record)
    mark = _mark(found.tool)
    interval = (
        "interval not known" if found.interval_cycles is None else f"{mark}{found.interval_cycles:,} cycles an image"
    )
    predicted = record.maybe_count("predicted_interval_cycles")
    beside = "" if predicted is None else f" ({predicted:,} predicted)"
    latency = "" if found.latency_cycles is None else f", latency {mark}{found.latency_cycles:,} cycles"
    yield f"{folder.name}: {interval}{beside}{latency} ({_by(found.tool)})"
    yield f"  {_compared(found, record)}{_marks(record)}"
    yield f"  {_signs(found.tool)}files: {folder}/{f'; waveform: {waveform}' if waveform else ''}"


def _compared(found: Simulation, record: Record) -> str:
    if found.elements_compared is None or found.differences is None:
        return "not compared with the model"
    inputs = record.maybe_text("inputs")
    given = f", input: {inputs}" if inputs else ""
    equal = "equal to the model" if not found.differences else f"{found.differences:,} differ from the model"
    return f"{found.elements_compared:,} elements {equal}{given}"


def _marks(record: Record) -> str:
    """Return the highest level of each FIFO and its depth."""
    if "fifos" not in record:
        return ""
    fifos = record.record("fifos").records()
    words = [f"{name} {one.count('mark'):,} of {one.count('depth'):,}" for name, one in fifos.items()]
    return f"; most in FIFOs: {', '.join(words)}" if words else ""


def _by(tool: str | None, view: str | None = None) -> str:
    return ", ".join(filter(None, (tool or "tool not known", f"view {view}" if view else "")))


def _mark(tool: str | None) -> str:
    return MARK if is_stand_in(tool) else ""


def _signs(tool: str | None, *, estimate: bool = False) -> str:
    """Explain the signs before figures."""
    signs = [f"{MARK} is invented by a stand-in"] if is_stand_in(tool) else []
    signs += ["~ is an estimate"] if estimate else []
    return f"{', '.join(signs)}; " if signs else ""
