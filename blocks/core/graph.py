"""The core of a block as a graph: operators joined by streams, in the order in which data flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

from blocks.core.base import Core
from blocks.core.ports import InterfacePort, ParameterPort, parameter_ports, port_name
from blocks.operators import room
from blocks.operators.base import Mistake, Operator, ParameterStream, Split, Stream, by_formula
from blocks.operators.estimate import register_slice
from blocks.operators.fifo import Fifo
from blocks.operators.width_converter import WidthConverter
from config.fpga_resources import Resources
from config.frozen import dataclass


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
    """A data port of a core: one axis stream. `blocks/core/ports.py` gives its name in the views.

    `shape` is set for input ports: [H, W, C] for one image, or [classes, channels] for weights.
    """

    name: str
    stream: Stream
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Graph:
    """Ports, and nodes in topological order. Every stream has one producer and one consumer."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[Node, ...]

    def streams(self) -> dict[str, Stream]:
        """All streams by name, including those of the ports."""
        named = {port.name: port.stream for port in self.inputs}
        for node in self.nodes:
            named.update(zip(node.outputs, node.operator.outputs, strict=True))
        return named

    @property
    def streamed(self) -> Port | None:
        """The port of the weights that come from card memory; None if all weights are parameters."""
        return next((port for port in self.inputs if port.name != "input"), None)

    def parameter_ports(self) -> tuple[ParameterPort, ...]:
        """Parameter ports in the order of the nodes; several in a row for a parameter with wide beats."""
        return self._parameter_ports

    def divided_parameters(self) -> dict[str, tuple[ParameterStream, tuple[ParameterPort, ...]]]:
        """The parameters with several ports, by name: the whole stream, and the ports from lane 0 on."""
        whole = {
            name: stream
            for node in self.nodes
            for name, stream in zip(node.parameters, node.operator.parameters, strict=True)
        }
        divided = {port.parameter for port in self.parameter_ports() if port.first_lane}
        return {
            name: (stream, tuple(port for port in self.parameter_ports() if port.parameter == name))
            for name, stream in whole.items()
            if name in divided
        }

    @cached_property
    def _parameter_ports(self) -> tuple[ParameterPort, ...]:
        return tuple(_parameter_ports(self.nodes))

    def cycles(self) -> dict[str, int]:
        """Cycles per image of each operator alone; the largest is the initiation interval of the core."""
        return {node.name: node.operator.cycles() for node in self.nodes}

    def splits(self) -> Iterator[tuple[Node, Node, Split]]:
        """Operators with the converter behind each that takes its beats apart, where both have modules for that."""
        converters = {node.inputs[0]: node for node in self.nodes if isinstance(node.operator, WidthConverter)}
        for node in self.nodes:
            converter = converters.get(node.outputs[0])
            if converter is not None and isinstance(converter.operator, WidthConverter):
                split = node.operator.sv_split(converter.operator.lanes_out)
                if split is not None:
                    yield node, converter, split

    def area(self) -> Resources:
        """Estimated area of all operators and of the slices at the data ports, parameter memories left out."""
        converters = {converter.name: split.luts for _, converter, split in self.splits()}
        total = by_formula(luts=sum(register_slice(port.stream.width_bits) for port in (*self.inputs, *self.outputs)))
        for node in self.nodes:
            luts = converters.get(node.name)
            total += node.operator.area() if luts is None else by_formula(luts=luts)
        return total

    def fifos(self) -> tuple[tuple[Node, Fifo], ...]:
        """The nodes that are FIFOs, in the order of the nodes."""
        return tuple((node, node.operator) for node in self.nodes if isinstance(node.operator, Fifo))

    def mistakes(self) -> Iterator[tuple[str, Mistake]]:
        """Everything that cannot be built, with its node; then the forks that deadlock without a FIFO."""
        for node in self.nodes:
            for mistake in node.operator.mistakes():
                yield node.name, mistake
        for node in self.nodes:
            for one, other in combinations(node.outputs, 2):
                yield from ((node.name, mistake) for mistake in self._meeting(node.name, one, other))

    def _meeting(self, fork: str, one: str, other: str) -> Iterator[Mistake]:
        """A fork and a join that deadlock: an operator on one path buffers its input, and neither path has a FIFO.

        The join waits for the first beat of the buffering path. The fork cannot send that path more beats, because the
        join does not take the beat of the other path. There is no FIFO to deepen, so one must be added.
        """
        ways = self._without_fifo(one), self._without_fifo(other)
        for node in self.nodes:
            if node.name in ways[0] and node.name in ways[1]:
                buffering = ways[0][node.name] or ways[1][node.name]
                if buffering:
                    what = f"{one} and {other} meet in {node.name} without a FIFO on either path, and {buffering}"
                    what += " needs several beats before its first output: the core deadlocks"
                    remedy = f"put a Fifo on the other path that holds what {buffering} needs before its first output"
                    yield Mistake(fork, what, remedy)
                return

    def _without_fifo(self, stream: str) -> dict[str, str]:
        """The nodes that a stream reaches without passing a FIFO, each with the buffering operator before it, or ""."""
        streams, reached = {stream: ""}, {}
        for node in self.nodes:
            coming = [streams[name] for name in node.inputs if name in streams]
            if coming:
                reached[node.name] = next(filter(None, coming), "")
                if not isinstance(node.operator, Fifo):
                    on = reached[node.name] or (node.name if node.operator.buffers_input else "")
                    streams |= dict.fromkeys(node.outputs, on)
        return reached

    def describe(self) -> dict[str, object]:
        """The whole graph as plain JSON values; `from_description` reads it back."""
        return {
            "inputs": [{"name": port.name, **port.stream.facts(), "shape": list(port.shape)} for port in self.inputs],
            "outputs": [{"name": port.name, **port.stream.facts()} for port in self.outputs],
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
            yield from parameter_ports(name, stream, node.name, index, node.operator.parameter_reads())


def from_description(description: dict[str, Any]) -> Graph:
    """The graph that `Graph.describe` wrote.

    Raises:
        OperatorError: an operator has no folder in `blocks/operators`.
    """

    def port(entry: dict[str, Any]) -> Port:
        values = dict(entry)
        shape = tuple(values.pop("shape", ()))
        return Port(values.pop("name"), Stream(**values), shape)

    def node(entry: dict[str, Any]) -> Node:
        shape = dict(entry["shape"])
        kind = shape.pop("operator")
        operator = room.operator_class(kind)(**shape)
        return Node(
            entry["name"], operator, tuple(entry["inputs"]), tuple(entry["outputs"]), tuple(entry["parameters"])
        )

    return Graph(
        tuple(port(entry) for entry in description["inputs"]),
        tuple(port(entry) for entry in description["outputs"]),
        tuple(node(entry) for entry in description["nodes"]),
    )


@dataclass(frozen=True)
class GraphCore(Core):
    """The logic of a block of operators. Its name follows from the graph, so blocks with equal graphs share it."""

    kind: str
    graph: Graph

    has_block_bench = True

    def describe(self) -> dict[str, object]:
        """The graph; `from_description` reads it back."""
        return self.graph.describe()

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Every field of every operator, as `node.field`."""
        return self._facts

    @cached_property
    def _facts(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (f"{node.name}.{field}", str(value))
            for node in self.graph.nodes
            for field, value in node.operator.facts().items()
            if field != "operator"
        )

    def cycles(self) -> dict[str, int]:
        """Cycles per image of each operator."""
        return self.graph.cycles()

    def ports(self) -> tuple[InterfacePort, ...]:
        """Data in, parameters, data out."""
        graph = self.graph
        rows = (
            *((port.name, "in", port.stream.width_bits, "data") for port in graph.inputs),
            *((port.name, "in", port.stream.width_bits, port.stream.role) for port in graph.parameter_ports()),
            *((port.name, "out", port.stream.width_bits, "data") for port in graph.outputs),
        )
        return tuple(InterfacePort(port_name(name), way, bits, role, name) for name, way, bits, role in rows)

    def port_beats(self) -> dict[str, int]:
        """Beats of the tensors, and of all reads of the parameters."""
        graph = self.graph
        return {
            **{port.name: port.stream.beats for port in (*graph.inputs, *graph.outputs)},
            **{port.name: port.stream.depth * port.reads for port in graph.parameter_ports()},
        }

    def headers(self) -> tuple[str, ...]:
        """The headers of the operators."""
        return room.headers(node.operator for node in self.graph.nodes)

    def sv_files(self) -> tuple[str, ...]:
        """The stream modules, the operators' modules, and the modules that those instantiate."""
        return room.sv_files(node.operator for node in self.graph.nodes)

    def area(self) -> Resources:
        """The sum over the operators."""
        return self.graph.area()

    def parameter_ports(self) -> tuple[ParameterPort, ...]:
        """In the order of the nodes."""
        return self.graph.parameter_ports()

    def fifo_depths(self) -> dict[str, int]:
        """The bounds, or the trimmed depths of `blocks/fifo_depths.py`."""
        return {node.outputs[0]: fifo.depth for node, fifo in self.graph.fifos()}

    def operator_modules(self) -> tuple[str, ...]:
        """The rooms of the nodes' operators."""
        return tuple(sorted({type(node.operator).__module__ for node in self.graph.nodes}))
