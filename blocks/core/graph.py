"""A core's inside: operators joined by streams, in the order in which data flows."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

from blocks.operators.base import Mistake, Operator, ParameterStream, Stream, by_formula
from blocks.operators.fifo import Fifo
from blocks.operators.width_converter import WidthConverter
from config.fpga_resources import Resources

_OPERATORS = {
    "AccPool": "acc_pool",
    "Add": "add",
    "Duplicate": "duplicate",
    "Fifo": "fifo",
    "LabelSelect": "label_select",
    "MaxPool": "max_pool",
    "Mvau": "mvau",
    "Pad": "pad",
    "SlidingWindow": "sliding_window",
    "Threshold": "threshold",
    "WidthConverter": "width_converter",
}
"""Class name to room, so that a graph read from JSON can only ever name an operator of ours."""


@dataclass(frozen=True)
class Node:
    """One operator instance: the streams that it reads, its parameter ports and the streams that it writes."""

    name: str
    operator: Operator
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Port:
    """A data port of a core: one axis stream. `blocks/core/ports.py` says what its port is called in every view.

    `shape` is that of one image's tensor where the stream begins a graph: [H, W, C], or [classes, channels] of weights.
    """

    name: str
    stream: Stream
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class ParameterPort:
    """A parameter port of a core. `reads` is how often one image reads the whole memory."""

    name: str
    stream: ParameterStream
    node: str
    index: int
    reads: int


@dataclass(frozen=True)
class Graph:
    """Ports, and nodes in topological order. Every stream has one producer and one consumer."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[Node, ...]

    def streams(self) -> dict[str, Stream]:
        """Every stream by name, the ports' included."""
        named = {port.name: port.stream for port in self.inputs}
        for node in self.nodes:
            named.update(zip(node.outputs, node.operator.outputs, strict=True))
        return named

    def parameter_ports(self) -> tuple[ParameterPort, ...]:
        """Parameter ports in the order of the nodes."""
        return tuple(_parameter_ports(self.nodes))

    def cycles(self) -> dict[str, int]:
        """Cycles per image of each operator alone; the largest is the initiation interval of the core."""
        return {node.name: node.operator.cycles() for node in self.nodes}

    def area(self) -> Resources:
        """Estimated area of all operators, parameter memories left out."""
        total = by_formula()
        for node in self.nodes:
            total += node.operator.area()
        return total

    def mistakes(self) -> Iterator[tuple[str, Mistake]]:
        """What cannot be built, by node; then forks whose ways meet again with no FIFO on them."""
        for node in self.nodes:
            for mistake in node.operator.mistakes():
                yield node.name, mistake
        for node in self.nodes:
            for one, other in combinations(node.outputs, 2):
                yield from ((node.name, mistake) for mistake in self._meeting(node.name, one, other))

    def _meeting(self, fork: str, one: str, other: str) -> Iterator[Mistake]:
        """The mistake of a fork from which two streams meet in a join, no FIFO on either way, a gathering node on one.

        The join waits for the gathering way's first beat, the fork for the place of the beat that stands at the join:
        no depth is a safe bound where there is no FIFO.
        """
        ways = self._without_fifo(one), self._without_fifo(other)
        for node in self.nodes:
            if node.name in ways[0] and node.name in ways[1]:
                gathering = ways[0][node.name] or ways[1][node.name]
                if gathering:
                    what = f"{one} and {other} meet again in {node.name} and no FIFO is on their ways, but {gathering}"
                    what += " takes several beats before it gives one: the core would stop for ever"
                    remedy = f"put a Fifo on the other way, as deep as {gathering}'s way takes beats before its first"
                    yield Mistake(fork, what, remedy)
                return

    def _without_fifo(self, stream: str) -> dict[str, str]:
        """The nodes that a stream reaches through no FIFO, and for each a gathering node on the way, "" without one."""
        streams, reached = {stream: ""}, {}
        for node in self.nodes:
            coming = [streams[name] for name in node.inputs if name in streams]
            if coming:
                reached[node.name] = next(filter(None, coming), "")
                if not isinstance(node.operator, Fifo):
                    on = reached[node.name] or (node.name if node.operator.gathers else "")
                    streams |= dict.fromkeys(node.outputs, on)
        return reached

    def describe(self) -> dict[str, object]:
        """The whole graph as plain JSON values; `from_description` reads it back."""
        return {
            "inputs": [{"name": port.name, **asdict(port.stream), "shape": list(port.shape)} for port in self.inputs],
            "outputs": [{"name": port.name, **asdict(port.stream)} for port in self.outputs],
            "nodes": [
                {
                    "name": node.name,
                    "shape": node.operator.facts(),
                    "inputs": list(node.inputs),
                    "outputs": list(node.outputs),
                    "parameters": list(node.parameters),
                }
                for node in self.nodes
            ],
        }


def _parameter_ports(nodes: Sequence[Node]) -> Iterator[ParameterPort]:
    for node in nodes:
        for index, (name, stream) in enumerate(zip(node.parameters, node.operator.parameters, strict=True)):
            yield ParameterPort(name, stream, node.name, index, node.operator.parameter_reads())


def from_description(description: dict[str, Any]) -> Graph:
    """The graph that `Graph.describe` wrote.

    Raises:
        ValueError: an operator that is none of ours, or streams that do not fit.
    """

    def port(entry: dict[str, Any]) -> Port:
        values = dict(entry)
        shape = tuple(values.pop("shape", ()))
        return Port(values.pop("name"), Stream(**values), shape)

    def node(entry: dict[str, Any]) -> Node:
        shape = dict(entry["shape"])
        kind = shape.pop("operator")
        if kind not in _OPERATORS:
            raise ValueError(f"no operator is called {kind!r}; known: {', '.join(_OPERATORS)}")
        operator = getattr(importlib.import_module(f"blocks.operators.{_OPERATORS[kind]}"), kind)(**shape)
        return Node(
            entry["name"], operator, tuple(entry["inputs"]), tuple(entry["outputs"]), tuple(entry["parameters"])
        )

    return Graph(
        tuple(port(entry) for entry in description["inputs"]),
        tuple(port(entry) for entry in description["outputs"]),
        tuple(node(entry) for entry in description["nodes"]),
    )


@dataclass(frozen=True)
class Core:
    """The logic of a block without its trained values; equal parameters are one core, named by them."""

    kind: str
    graph: Graph

    @cached_property
    def name(self) -> str:
        """Kind and the first six digits of the SHA-256 of the graph, e.g. `residual_3f2a9c`."""
        text = json.dumps(self.graph.describe(), sort_keys=True, separators=(",", ":"))
        return f"{self.kind}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"


@dataclass
class GraphBuilder:
    """Joins operators one after the other; every call returns the stream that the next one reads."""

    inputs: list[Port] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    _streams: dict[str, Stream] = field(default_factory=dict)

    def port(self, name: str, stream: Stream, *shape: int) -> str:
        """Declare an input port for one image's tensor of that shape."""
        self.inputs.append(Port(name, stream, shape))
        self._streams[name] = stream
        return name

    def add(self, name: str, operator: Operator, *inputs: str, parameters: Sequence[str] = ()) -> str:
        """Add an operator with one output."""
        (output,) = self.fork(name, operator, *inputs, parameters=parameters)
        return output

    def fork(self, name: str, operator: Operator, *inputs: str, parameters: Sequence[str] = ()) -> tuple[str, ...]:
        """Add an operator with any number of outputs.

        Raises:
            ValueError: a stream whose producer and consumer disagree; that is a fault of the block's graph.
        """
        for read, expected in zip(inputs, operator.inputs, strict=True):
            if self._streams[read] != expected:
                raise ValueError(f"{name} reads {expected}, but {read} carries {self._streams[read]}")
        outputs = operator.outputs
        names = (f"{name}_out",) if len(outputs) == 1 else tuple(f"{name}_out{i}" for i in range(len(outputs)))
        self._streams.update(zip(names, outputs, strict=True))
        self.nodes.append(Node(name, operator, inputs, names, tuple(parameters)))
        return names

    def widen(self, name: str, stream: str, lanes: int) -> str:
        """The stream with `lanes` elements a beat; no operator where it already has them."""
        have = self._streams[stream]
        if have.lanes == lanes:
            return stream
        converter = WidthConverter(
            lanes_in=have.lanes, lanes_out=lanes, bits=have.bits, elements=have.elements, signed=have.signed
        )
        return self.add(name, converter, stream)

    def stream(self, name: str) -> Stream:
        """The stream of that name."""
        return self._streams[name]

    def build(self, **outputs: str) -> Graph:
        """The finished graph; keywords are output port = stream. The stream is renamed to the port."""
        rename = {stream: port for port, stream in outputs.items()}
        nodes = tuple(
            Node(
                node.name,
                node.operator,
                node.inputs,
                tuple(rename.get(output, output) for output in node.outputs),
                node.parameters,
            )
            for node in self.nodes
        )
        ports = tuple(Port(port, self._streams[stream]) for port, stream in outputs.items())
        return Graph(tuple(self.inputs), ports, nodes)
