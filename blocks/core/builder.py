"""Builds the graph of a core, one operator after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from blocks.core.graph import Graph, Node, Port
from blocks.operators.base import Operator, Stream
from blocks.operators.width_converter import WidthConverter


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
            ValueError: producer and consumer disagree on a stream; the block's graph is wrong.
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
        """Return the stream with `lanes` elements a beat. Adds a width converter unless it already has them."""
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
        """Return the finished graph. Each keyword is `output port=stream`; the stream takes the port's name."""
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
