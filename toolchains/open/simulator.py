"""A compiled model run from Python: tensors in, tensors and counts out."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blocks.graph import Core
from blocks.memories import beat_bytes, images, pack_beats, unpack_beats
from toolchains.open.compile_model import compile_harness, compile_model, installed_verilator, link_simulation
from toolchains.open.simulation_model import fifo_nodes, stream_names

Tensor = np.ndarray[Any, Any]

SOURCE, ENDLESS_SOURCE, SINK = range(3)
(
    DONE,
    DEADLOCK,
    CYCLE_LIMIT,
    VALID_FELL,
    DATA_CHANGED,
    SURPLUS_BEAT,
    INPUT_LEFT,
    STREAM_VALID_FELL,
    FATAL,
    BAD_PORTS,
) = range(10)
MESSAGE_BYTES = 1024
CHANCES = 65536


@dataclass(frozen=True)
class Stall:
    """When a port makes the core wait; all conditions hold at once, and the default never does.

    `start`: not before this cycle. `chance`, `longest`: in a cycle without a stall one begins with this probability and
    takes 1 to `longest` cycles. `open`, `closed`: for ever so many cycles open, then so many closed. `image_cycles`: the
    beats of an image come evenly over so many cycles (sources of data only).
    """

    seed: int = 0
    start: int = 0
    chance: float = 0.0
    longest: int = 1
    open: int = 0
    closed: int = 0
    image_cycles: int = 0


FLOWING = Stall()


@dataclass(frozen=True)
class StreamCounts:
    """Cycles in which a beat moved, stood (valid and not ready), or was waited for (ready and not valid)."""

    beats: int
    stalled: int
    starved: int


@dataclass(frozen=True)
class PortTimes:
    """Cycle of the first and of the last beat of each image, counted from the end of reset."""

    first: tuple[int, ...]
    last: tuple[int, ...]


@dataclass(frozen=True)
class Run:
    """What a simulation gave. `outputs` are elements [images, elements] by port; `marks` by FIFO node."""

    outputs: dict[str, Tensor]
    cycles: int
    streams: dict[str, StreamCounts]
    ports: dict[str, PortTimes]
    marks: dict[str, int]


class SimulationError(Exception):
    """Why a simulation ended early: deadlock, a broken rule of AXI4-Stream, beats too many."""


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
    """One port of a run, with the arrays that its struct points into."""

    name: str
    role: int
    beats: Tensor
    count: int
    image_beats: int
    first: Tensor
    last: Tensor

    def struct(self, stall: Stall) -> _Port:
        # A memory cannot know where an image ends: it is paced by nothing.
        pace = stall.image_cycles if self.role == SOURCE else 0
        chance = round(stall.chance * CHANCES)
        plan = _Stall(stall.seed, stall.start, pace, chance, max(1, stall.longest), stall.open, stall.closed)
        arrays = (self.beats.ctypes.data, self.count, self.image_beats, self.first.ctypes.data, self.last.ctypes.data)
        return _Port(self.name.encode(), self.role, 0, *arrays, plan, 0)


class Simulator:
    """One core's compiled model. Every run starts from reset with random contents of memories and registers."""

    def __init__(self, core: Core, library: Path) -> None:
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
            inputs: Port name to elements of all images, or of one that is repeated; any shape, in element order.
            parameters: Parameter port name to logical array, as `run_graph` takes them.
            images: How many images go through.
            stalls: Port name to pattern; a port that is not named never stalls.
            seed: Of the contents at power-on.

        Raises:
            SimulationError: the core did not do what a core has to.
        """
        return self.run_beats(self._memories(parameters), inputs, images=images, stalls=stalls, seed=seed)

    def _memories(self, parameters: Mapping[str, Tensor]) -> dict[str, bytes]:
        memories, content = images(self.core.graph, dict(parameters))
        return {memory.port: content[memory.offset : memory.offset + memory.bytes] for memory in memories}

    def run_beats(
        self,
        memories: Mapping[str, bytes],
        inputs: Mapping[str, Tensor],
        *,
        images: int = 1,
        stalls: Mapping[str, Stall] | None = None,
        seed: int = 1,
    ) -> Run:
        """The same with the images of the parameter memories, by port."""
        stalls = stalls or {}
        given = [*self._given(memories, inputs, images)]
        unknown = set(stalls) - {port.name for port in given}
        if unknown:
            raise ValueError(f"no port is called {', '.join(sorted(unknown))}")
        ports = (_Port * len(given))(*(port.struct(stalls.get(port.name, FLOWING)) for port in given))
        streams, fifos = stream_names(self.core), fifo_nodes(self.core)
        counts = np.zeros((len(streams), 3), np.uint64)
        marks, levels = np.zeros(max(1, len(fifos)), np.uint32), np.zeros(max(1, len(fifos)), np.uint32)
        valid, ready = np.zeros(len(streams), np.uint8), np.zeros(len(streams), np.uint8)
        message = ctypes.create_string_buffer(MESSAGE_BYTES)
        run = _Run(
            cycle_limit=self._cycle_limit(images, stalls),
            gap=self._gap(stalls),
            ports=len(given),
            streams=len(streams),
            fifos=len(fifos),
            counts=counts.ctypes.data,
            marks=marks.ctypes.data,
            levels=levels.ctypes.data,
            valid=valid.ctypes.data,
            ready=ready.ctypes.data,
            message=ctypes.cast(message, ctypes.c_char_p),
            message_bytes=MESSAGE_BYTES,
        )
        self._library.farm_simulate(self._create, ctypes.c_uint64(seed), ports, ctypes.byref(run))
        if run.outcome != DONE:
            raise self._error(run, given, ports, message.value.decode(), valid, ready, levels)
        names = zip(streams, counts.tolist(), strict=True)
        return Run(
            outputs=self._outputs(given, images),
            cycles=run.cycles,
            streams={name: StreamCounts(*count) for name, count in names},
            ports={
                port.name: PortTimes(tuple(port.first.tolist()), tuple(port.last.tolist()))
                for port in given
                if port.role != ENDLESS_SOURCE
            },
            marks={node.name: int(mark) for node, mark in zip(fifos, marks, strict=False)},
        )

    def _given(self, memories: Mapping[str, bytes], inputs: Mapping[str, Tensor], images: int) -> list[_Given]:
        graph = self.core.graph
        given: list[_Given] = []

        def add(name: str, role: int, beats: Tensor, count: int, image_beats: int) -> None:
            times = np.zeros((2, max(1, images)), np.uint64)
            given.append(_Given(name, role, beats, count, image_beats, times[0], times[1]))

        for port in graph.inputs:
            stream, flat = port.stream, np.ascontiguousarray(inputs[port.name]).reshape(-1)
            if flat.size == stream.elements:
                flat = np.tile(flat, images)
            if flat.size != stream.elements * images:
                raise ValueError(f"{port.name}: {flat.size} elements for {images} images of {stream.elements}")
            packed = pack_beats(flat.reshape(-1, stream.lanes), stream.bits)
            add(port.name, SOURCE, np.frombuffer(packed, np.uint8), images * stream.beats, stream.beats)
        for parameter in graph.parameter_ports():
            memory = memories[parameter.name]
            depth = parameter.stream.depth
            if len(memory) != depth * beat_bytes(parameter.stream.width_bits):
                raise ValueError(f"{parameter.name}: {len(memory)} bytes for {depth} beats")
            add(parameter.name, ENDLESS_SOURCE, np.frombuffer(memory, np.uint8), depth, 0)
        for port in graph.outputs:
            stream = port.stream
            captured = np.zeros(images * stream.beats * beat_bytes(stream.width_bits), np.uint8)
            add(port.name, SINK, captured, images * stream.beats, stream.beats)
        return given

    def _outputs(self, given: list[_Given], images: int) -> dict[str, Tensor]:
        captured = {port.name: port.beats for port in given if port.role == SINK}
        outputs: dict[str, Tensor] = {}
        for port in self.core.graph.outputs:
            stream = port.stream
            values = unpack_beats(captured[port.name], stream.lanes, stream.bits, signed=stream.signed)
            outputs[port.name] = values.reshape(images, stream.elements)
        return outputs

    def _gap(self, stalls: Mapping[str, Stall]) -> int:
        """Cycles without a beat anywhere after which nothing can be on its way any more.

        A node moves its busiest stream's beats about evenly over its cycles; four times the widest distance, and what
        pipelines and patterns hold.
        """
        gap = 0
        for node in self.core.graph.nodes:
            operator = node.operator
            beats = [stream.beats for stream in (*operator.inputs, *operator.outputs)]
            beats += [stream.depth * operator.parameter_reads() for stream in operator.parameters]
            gap = max(gap, -(-operator.cycles() // max(beats)))
        waits = [max(stall.longest, stall.closed, self._distance(stall)) for stall in stalls.values()]
        return 4 * gap + 1000 + max(waits, default=0)

    def _distance(self, stall: Stall) -> int:
        beats = min((port.stream.beats for port in self.core.graph.inputs), default=1)
        return -(-stall.image_cycles // beats)

    def _cycle_limit(self, images: int, stalls: Mapping[str, Stall]) -> int:
        """Far more than a run takes that goes on at all: every node alone after the other, times what stalls cost."""
        alone = sum(self.core.graph.cycles().values()) + 10_000
        factor = 2.0
        for stall in stalls.values():
            factor += 2 * stall.chance * stall.longest + (stall.closed / stall.open if stall.open else 0)
        start = sum(stall.start for stall in stalls.values())
        pace = max((stall.image_cycles for stall in stalls.values()), default=0)
        return int(factor * images * max(alone, 2 * pace)) + start

    def _error(
        self, run: _Run, given: list[_Given], ports: Any, message: str, valid: Tensor, ready: Tensor, levels: Tensor
    ) -> SimulationError:
        port = given[run.index].name if run.index < len(given) else ""
        moved = ports[run.index].moved if run.index < len(given) else 0
        if run.outcome in (DEADLOCK, CYCLE_LIMIT):
            return SimulationError(self._blocked(run, given, ports, valid, ready, levels))
        if run.outcome == STREAM_VALID_FELL:
            stream = stream_names(self.core)[run.index]
            return SimulationError(f"cycle {run.cycles}: valid of stream {stream} fell before its beat was taken")
        what = {
            VALID_FELL: "valid fell before the beat was taken",
            DATA_CHANGED: "data changed while the beat was waiting",
            SURPLUS_BEAT: f"a beat more than the {moved} that the model gives",
            INPUT_LEFT: f"all results are out, but only {moved} of {given[run.index].count} beats were taken",
        }
        return SimulationError(f"cycle {run.cycles}: {port}: {what[run.outcome]}" if run.outcome in what else message)

    def _blocked(
        self, run: _Run, given: list[_Given], ports: Any, valid: Tensor, ready: Tensor, levels: Tensor
    ) -> str:
        names = stream_names(self.core)
        fifos = {node.inputs[0]: (node, int(level)) for node, level in zip(fifo_nodes(self.core), levels, strict=False)}
        full = []
        for name, v, r in zip(names, valid, ready, strict=True):
            if v and not r:
                fifo = fifos.get(name)
                held = f" (FIFO {fifo[0].name}: {fifo[1]} of {fifo[0].operator.facts()['depth']})" if fifo else ""
                full.append(name + held)
        empty = [name for name, v in zip(names, valid, strict=True) if not v]
        got = ", ".join(
            f"{port.name} {plan.moved} of {port.count}"
            for port, plan in zip(given, ports, strict=True)
            if port.role != ENDLESS_SOURCE
        )
        what = "deadlock" if run.outcome == DEADLOCK else "not done at the limit of cycles"
        lists = f"full: {', '.join(full) or 'none'}; empty: {', '.join(empty) or 'none'}"
        return f"cycle {run.cycles}: {what}; {lists}; beats moved: {got}"


def build(core: Core, folder: Path, sources: Path | None = None) -> Simulator:
    """Verilate, compile and load a core; `folder` keeps the artefacts. For tests and benchmarks: steps do it in parts.

    Raises:
        CoreError: Verilator or the compiler refuses, or is not there.
    """
    verilator = installed_verilator()
    harness, model = folder / "simulation.o", folder / f"{core.name}.o"
    if not harness.exists():
        compile_harness(harness, verilator)
    compile_model(core, sources or Path(__file__).parents[2] / "blocks", model, verilator)
    library = folder / f"{core.name}.so"
    link_simulation(model, harness, library)
    return Simulator(core, library)
