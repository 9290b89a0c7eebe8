"""Run a compiled model from Python: tensors in, tensors and counts out.

The structs are those of `harness.cpp`, field by field.
"""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from blocks.core.graph import GraphCore
from blocks.memories import beat_bytes, images, pack_beats, unpack_beats
from toolchains.open.simulation.compile_model import (
    BRIEF,
    FAST,
    HARNESS,
    JOINT,
    MODEL,
    PACKING,
    TRACED_HARNESS,
    TRACED_MODEL,
    compile_harness,
    compile_model,
    installed_verilator,
    link_simulation,
)
from toolchains.open.simulation.model import (
    PIPELINE_CYCLES,
    fifo_nodes,
    longest_gap,
    runs_briefly,
    stream_names,
    texts,
    verilog_files,
)
from toolchains.open.simulation.values import PortTimes, Run, SimulationError, Stall, StreamCounts, deadlock
from toolchains.open.simulation.verilator import Verilator

Tensor = np.ndarray[Any, Any]

MESSAGE_BYTES = 1024
CHANCES = 65536
FLOWING = Stall()
HERE = Path(__file__).parent
BLOCKS = HERE.parents[2] / "blocks"


class Role(IntEnum):
    """The thing connected to a port. Numbers as in `harness.cpp`."""

    SOURCE = 0
    ENDLESS_SOURCE = 1
    SINK = 2


class Outcome(IntEnum):
    """How a run ended. Numbers as in `harness.cpp`."""

    DONE = 0
    DEADLOCK = 1
    CYCLE_LIMIT = 2
    VALID_FELL = 3
    DATA_CHANGED = 4
    SURPLUS_BEAT = 5
    INPUT_LEFT = 6
    STREAM_VALID_FELL = 7
    FATAL = 8


class _Stall(ctypes.Structure):
    _fields_ = [
        ("seed", ctypes.c_uint64),
        ("start", ctypes.c_uint64),
        ("image_cycles", ctypes.c_uint64),
        ("chance", ctypes.c_uint32),
        ("longest", ctypes.c_uint32),
        ("open", ctypes.c_uint32),
        ("closed", ctypes.c_uint32),
    ]


class _Port(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("role", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("beats", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("image_beats", ctypes.c_uint64),
        ("first", ctypes.c_void_p),
        ("last", ctypes.c_void_p),
        ("stall", _Stall),
        ("moved", ctypes.c_uint64),
    ]


class _Run(ctypes.Structure):
    _fields_ = [
        ("cycle_limit", ctypes.c_uint64),
        ("gap", ctypes.c_uint64),
        ("ports", ctypes.c_uint32),
        ("streams", ctypes.c_uint32),
        ("fifos", ctypes.c_uint32),
        ("outcome", ctypes.c_uint32),
        ("index", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("cycles", ctypes.c_uint64),
        ("counts", ctypes.c_void_p),
        ("marks", ctypes.c_void_p),
        ("levels", ctypes.c_void_p),
        ("valid", ctypes.c_void_p),
        ("ready", ctypes.c_void_p),
        ("message", ctypes.c_char_p),
        ("message_bytes", ctypes.c_uint64),
    ]


@dataclass
class _Given:
    """One port of a run, with the arrays that its struct points to."""

    name: str
    role: Role
    beats: Tensor
    count: int
    image_beats: int
    times: Tensor

    def struct(self, stall: Stall) -> _Port:
        # A memory does not know where an image ends, so it cannot be paced by images.
        pace = stall.image_cycles if self.role == Role.SOURCE else 0
        chance, longest = round(stall.chance * CHANCES), max(1, stall.longest)
        plan = _Stall(stall.seed, stall.start, pace, chance, longest, stall.open, stall.closed)
        first, last = (row.ctypes.data for row in self.times)
        return _Port(
            self.name.encode(), self.role, 0, self.beats.ctypes.data, self.count, self.image_beats, first, last, plan, 0
        )


class _Watch:
    """The arrays for a run's counters and its final state."""

    def __init__(self, core: GraphCore) -> None:
        self.core = core
        self.streams, self.fifos = stream_names(core), [node.name for node in fifo_nodes(core)]
        self.counts = np.zeros((len(self.streams), 3), np.uint64)
        # At least one element: an empty array has no address.
        self.marks, self.levels = (np.zeros(max(1, len(self.fifos)), np.uint32) for _ in range(2))
        self.valid, self.ready = (np.zeros(len(self.streams), np.uint8) for _ in range(2))
        self.message = ctypes.create_string_buffer(MESSAGE_BYTES)

    def struct(self, cycle_limit: int, gap: int, ports: int) -> _Run:
        return _Run(
            cycle_limit=cycle_limit,
            gap=gap,
            ports=ports,
            streams=len(self.streams),
            fifos=len(self.fifos),
            counts=self.counts.ctypes.data,
            marks=self.marks.ctypes.data,
            levels=self.levels.ctypes.data,
            valid=self.valid.ctypes.data,
            ready=self.ready.ctypes.data,
            message=ctypes.cast(self.message, ctypes.c_char_p),
            message_bytes=MESSAGE_BYTES,
        )

    def by_stream(self, values: Tensor) -> dict[str, bool]:
        return {name: bool(value) for name, value in zip(self.streams, values, strict=True)}

    def by_fifo(self, values: Tensor) -> dict[str, int]:
        return {name: int(value) for name, value in zip(self.fifos, values, strict=False)}


class Simulator:
    """The compiled model of one core. Every run starts from reset, with random contents of memories and registers."""

    def __init__(self, core: GraphCore, library: Path) -> None:
        self.core = core
        self._library = ctypes.CDLL(str(library.resolve()))
        self._create = ctypes.cast(getattr(self._library, f"{core.name}_model"), ctypes.c_void_p)

    def run(
        self,
        inputs: Mapping[str, Tensor],
        parameters: Mapping[str, Tensor],
        *,
        images: int = 1,
        stalls: Mapping[str, Stall] | None = None,
        seed: int = 1,
    ) -> Run:
        """Simulate images back to back.

        Args:
            inputs: Port name to the elements of all images, or of one image to repeat; any shape, in element order.
            parameters: Parameter port name to logical array, as for `run_graph`.
            images: Number of images.
            stalls: Port name to pattern; a port without one never stalls.
            seed: Seed of the contents at power-on.

        Raises:
            SimulationError: The core deadlocks, breaks a rule of AXI4-Stream, or gives too many or too few beats.
            ValueError: Inputs or memories do not fit the core, or `stalls` names an unknown port or lets a parameter
                memory pause.
        """
        return self.run_memories(self._memories(parameters), inputs, images=images, stalls=stalls, seed=seed)

    def _memories(self, parameters: Mapping[str, Tensor]) -> dict[str, bytes]:
        memories, content = images(self.core.graph, dict(parameters))
        return {memory.port: content[memory.offset : memory.offset + memory.bytes] for memory in memories}

    def run_memories(
        self,
        memories: Mapping[str, bytes],
        inputs: Mapping[str, Tensor],
        *,
        images: int = 1,
        stalls: Mapping[str, Stall] | None = None,
        seed: int = 1,
        waveform: Path | None = None,
    ) -> Run:
        """Like `run`, with memory images by port instead of parameters; `waveform` is a file to record all signals."""
        stalls = stalls or {}
        given = self._given(memories, inputs, images)
        unknown = set(stalls) - {port.name for port in given}
        if unknown:
            raise ValueError(f"no port of {self.core.name} is called {', '.join(sorted(unknown))}")
        check_parameter_stalls(self.core, stalls)
        ports = (_Port * len(given))(*(port.struct(stalls.get(port.name, FLOWING)) for port in given))
        watch = _Watch(self.core)
        file = None if waveform is None else ctypes.c_char_p(bytes(waveform))
        run = watch.struct(self._cycle_limit(images, stalls), self._gap(stalls), len(given))
        self._library.farm_simulate(self._create, ctypes.c_uint64(seed), ports, ctypes.byref(run), file)
        if run.outcome != Outcome.DONE:
            raise _error(run, given, [port.moved for port in ports], watch)
        times = {port.name: port.times.tolist() for port in given if port.role != Role.ENDLESS_SOURCE}
        return Run(
            outputs=self._outputs(given, images),
            cycles=run.cycles,
            streams={
                name: StreamCounts(*count) for name, count in zip(watch.streams, watch.counts.tolist(), strict=True)
            },
            ports={name: PortTimes(tuple(first), tuple(last)) for name, (first, last) in times.items()},
            marks=watch.by_fifo(watch.marks),
        )

    def _given(self, memories: Mapping[str, bytes], inputs: Mapping[str, Tensor], images: int) -> list[_Given]:
        graph = self.core.graph
        given: list[_Given] = []
        for port in graph.inputs:
            stream, flat = port.stream, np.ascontiguousarray(inputs[port.name]).reshape(-1)
            if flat.size == stream.elements:
                flat = np.tile(flat, images)
            if flat.size != stream.elements * images:
                raise ValueError(f"{port.name}: {flat.size} elements for {images} images of {stream.elements}")
            beats = np.frombuffer(pack_beats(flat.reshape(-1, stream.lanes), stream.bits), np.uint8)
            times = np.zeros((2, images), np.uint64)
            given.append(_Given(port.name, Role.SOURCE, beats, images * stream.beats, stream.beats, times))
        for parameter in graph.parameter_ports():
            memory, shape = memories[parameter.name], parameter.stream
            if len(memory) != shape.depth * beat_bytes(shape.width_bits):
                size = f"{shape.depth} beats of {shape.width_bits} bits"
                raise ValueError(f"{parameter.name}: the memory image has {len(memory)} bytes, which are not {size}")
            beats = np.frombuffer(memory, np.uint8)
            times = np.zeros((2, 1), np.uint64)
            given.append(_Given(parameter.name, Role.ENDLESS_SOURCE, beats, shape.depth, 0, times))
        for port in graph.outputs:
            stream = port.stream
            beats = np.zeros(images * stream.beats * beat_bytes(stream.width_bits), np.uint8)
            times = np.zeros((2, images), np.uint64)
            given.append(_Given(port.name, Role.SINK, beats, images * stream.beats, stream.beats, times))
        return given

    def _outputs(self, given: list[_Given], images: int) -> dict[str, Tensor]:
        captured = {port.name: port.beats for port in given if port.role == Role.SINK}
        outputs: dict[str, Tensor] = {}
        for port in self.core.graph.outputs:
            stream = port.stream
            try:
                values = unpack_beats(captured[port.name], stream.lanes, stream.bits, signed=stream.signed)
            except ValueError as error:
                raise SimulationError(f"{port.name}: {error}") from None
            outputs[port.name] = values.reshape(images, stream.elements)
        return outputs

    def _gap(self, stalls: Mapping[str, Stall]) -> int:
        """The number of cycles without a beat on any stream after which no beat can be in flight.

        What the core takes (`longest_gap`), and what patterns hold back.
        """
        fewest = min((port.stream.beats for port in self.core.graph.inputs), default=1)
        waits = [max(stall.longest, stall.closed, stall.image_cycles // fewest) for stall in stalls.values()]
        return longest_gap(self.core) + max(waits, default=0)

    def _cycle_limit(self, images: int, stalls: Mapping[str, Stall]) -> int:
        """A limit that no run with progress reaches: all nodes in sequence, and twice the cost of stalls."""
        alone = sum(self.core.graph.cycles().values()) + 10 * PIPELINE_CYCLES
        factor = 2.0
        for stall in stalls.values():
            factor += 2 * stall.chance * stall.longest + (2 * stall.closed / stall.open if stall.open else 0)
        pace = max((stall.image_cycles for stall in stalls.values()), default=0)
        return int(factor * images * max(alone, 2 * pace)) + sum(stall.start for stall in stalls.values())


def check_parameter_stalls(core: GraphCore, stalls: Mapping[str, Stall]) -> None:
    """Raise ValueError if a pattern lets a parameter memory do more than start late: cores rely on it."""
    for port in core.graph.parameter_ports():
        stall = stalls.get(port.name, FLOWING)
        if stall.chance or stall.closed:
            raise ValueError(f"{port.name}: a parameter memory does not pause; it may only start late (Stall.start)")


def _error(run: _Run, given: list[_Given], moved: list[int], watch: _Watch) -> SimulationError:
    at = f"cycle {run.cycles}"
    if run.outcome == Outcome.FATAL:
        return SimulationError(f"the model ended: {watch.message.value.decode(errors='replace')}")
    if run.outcome in (Outcome.DEADLOCK, Outcome.CYCLE_LIMIT):
        ports = [pair for pair in zip(given, moved, strict=True) if pair[0].role != Role.ENDLESS_SOURCE]
        got = ", ".join(f"{port.name} {its} of {port.count}" for port, its in ports)
        ended = {port.name for port, its in ports if port.role == Role.SOURCE and its == port.count}
        what = "deadlock" if run.outcome == Outcome.DEADLOCK else "cycle limit reached"
        valid, ready = watch.by_stream(watch.valid), watch.by_stream(watch.ready)
        levels = watch.by_fifo(watch.levels)
        return deadlock(watch.core, f"{at}: {what} (beats: {got})", valid, ready, levels, ended)
    if run.outcome == Outcome.STREAM_VALID_FELL:
        return SimulationError(f"{at}: stream {watch.streams[run.index]}: valid fell before the beat was taken")
    port = given[run.index]
    what = {
        Outcome.VALID_FELL: "valid fell before the beat was taken",
        Outcome.DATA_CHANGED: "data changed while the beat was waiting",
        Outcome.SURPLUS_BEAT: f"the core sent more than the {port.count} beats expected",
        Outcome.INPUT_LEFT: f"all results have come, but the core took only {moved[run.index]} of {port.count} beats",
    }[Outcome(run.outcome)]
    return SimulationError(f"{at}: port {port.name}: {what}")


def build(
    core: GraphCore,
    folder: Path,
    *,
    operators: Path = BLOCKS,
    verilator: Verilator | None = None,
    waveforms: bool = False,
) -> Simulator:
    """Verilate, compile and load a core, for tests and benchmarks. Steps do the same in parts.

    Args:
        core: Any core of operators.
        folder: Keeps the artefacts. The harness is compiled only if the folder does not have it yet.
        operators: The folder that contains `operators/` with the SystemVerilog.
        verilator: The Verilator to use; default: the one that steps use.
        waveforms: Whether runs can write waveforms.

    Raises:
        ModelError: Verilator or the compiler fails or is missing.
    """
    verilator = verilator or installed_verilator()
    joined, model = (TRACED_HARNESS, TRACED_MODEL) if waveforms else (HARNESS, MODEL)
    harness, library = folder / joined, folder / f"{core.name}.so"
    with TemporaryDirectory(prefix="model-") as name:
        place = Path(name)
        for source in HERE.glob("harness.[ch]pp"):
            shutil.copyfile(source, place / source.name)
        if not harness.exists():
            shutil.copytree(HERE / PACKING, place / PACKING)
            compile_harness(place, verilator, waveforms=waveforms)
            shutil.move(place / joined, harness)
        verilog, rendered = verilog_files(core), texts(core)
        for file in verilog:
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(operators / file, place / file)
        for file, text in rendered.items():
            (place / file).write_text(text())
        given = [*verilog, *(file for file in rendered if file != JOINT)]
        fast = BRIEF if runs_briefly(core) else FAST
        compile_model(core.name, given, place, verilator, fast=fast, waveforms=waveforms)
        link_simulation(place / model, harness, library)
    return Simulator(core, library)
