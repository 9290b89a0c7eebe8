"""What stands in a stream between two blocks: width converter, FIFO, and registers where it crosses SLRs.

Every way to join a kernel takes its modules from here, in this order: the structural netlist, the top for simulation,
and the single links that the joined simulation runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from blocks.core.graph import Graph, GraphCore, Node, Port
from blocks.core.ports import InterfacePort, port_name
from blocks.core.rtl import PARTS, data_bits, render
from blocks.operators.width_converter import WidthConverter
from config.frozen import dataclass
from integration.design import Link

CONVERTER_INPUT, CONVERTER_OUTPUT = port_name("input"), port_name("output")
CONVERTER_FILES = ("operators/farm_stream.sv", "operators/width_converter/width_converter.sv")
FIFO_FILES = ("operators/farm_stream.sv", "operators/fifo/fifo.sv")
"""Relative to `blocks/`."""
SOURCE, SINK = "from", "to"
"""The streams of the modules that are rendered here."""


def converter_core(link: Link) -> GraphCore | None:
    """The width converter between two blocks, as a core of its own; None where the lanes agree."""
    if not link.converts:
        return None
    source, sink = link.source, link.sink
    # The converter counts whole beats of both sides; how many images pass it does not matter.
    elements = source.lanes * sink.lanes
    operator = WidthConverter(lanes_in=source.lanes, lanes_out=sink.lanes, bits=source.bits, elements=elements)
    return GraphCore(
        "convert",
        Graph(
            inputs=(Port("input", operator.inputs[0], (elements,)),),
            outputs=(Port("output", operator.outputs[0]),),
            nodes=(Node("convert", operator, ("input",), ("output",)),),
        ),
    )


@dataclass(frozen=True)
class Register:
    """A register slice in a stream's way: the name of its cell and the wire of its reset, which is active low."""

    name: str
    reset_n: str


def stage_lines(
    name: str,
    ends: tuple[str, str],
    width_bits: int,
    depth: int,
    converter: str | None,
    reset_n: str,
    registers: Sequence[Register] = (),
) -> Iterator[str]:
    """The cells between two streams: converter and FIFO beside the source, then the register slices.

    Args:
        name: What the cells' names begin with.
        ends: The wires of both streams, `<end>_data`, `_valid` and `_ready`, which are declared elsewhere.
        width_bits: Of the sink.
        depth: Of the FIFO, in beats.
        converter: The module of the width converter, or none.
        reset_n: The wire that resets converter and FIFO.
        registers: In the stream's order.
    """
    at, goal = ends
    if converter:
        wire = f"{name}_converted"
        yield from wires(wire, width_bits)
        yield f"    {converter} {name}_converter ("
        yield f"        .ap_clk(ap_clk), .ap_rst_n({reset_n}),"
        yield f"        {stream_pins(CONVERTER_INPUT, at)},"
        yield f"        {stream_pins(CONVERTER_OUTPUT, wire)}"
        yield "    );"
        at = wire
    modules = [(f"farm_fifo #(.WIDTH({width_bits}), .DEPTH({depth}))", f"{name}_fifo", reset_n, ", .level()")]
    modules += [(_slice(width_bits), each.name, each.reset_n, "") for each in registers]
    for index, (module, cell, reset, more) in enumerate(modules):
        wire = goal if index == len(modules) - 1 else f"{cell}_out"
        if wire != goal:
            yield from wires(wire, width_bits)
        yield _cell(module, cell, reset, (at, wire), more)
        at = wire


def stream_pins(port: str, wire: str) -> str:
    """The connections of a stream."""
    return f".{port}_TDATA({wire}_data), .{port}_TVALID({wire}_valid), .{port}_TREADY({wire}_ready)"


def wires(name: str, width_bits: int) -> Iterator[str]:
    """The declarations of a stream."""
    yield f"    wire [{width_bits - 1}:0] {name}_data;"
    yield f"    wire {name}_valid, {name}_ready;"


@dataclass(frozen=True)
class LinkModule:
    """Converter and FIFO of a link as a module of their own; equal links are one module, named by their shape."""

    source_lanes: int
    sink_lanes: int
    bits: int
    depth: int

    @classmethod
    def of(cls, link: Link) -> LinkModule:
        """The module of a link."""
        return cls(link.source.lanes, link.sink.lanes, link.source.bits, link.depth)

    @property
    def name(self) -> str:
        """The module's name."""
        return f"link_{self.bits}b_{self.source_lanes}to{self.sink_lanes}_d{self.depth}"

    @property
    def fifo_cell(self) -> str:
        """The cell of the FIFO in the module."""
        return "stage_fifo"

    @property
    def ports(self) -> tuple[InterfacePort, ...]:
        """The two streams."""
        return _ports(self.source_lanes * self.bits, self.sink_lanes * self.bits)

    @property
    def files(self) -> tuple[str, ...]:
        """The SystemVerilog that the text needs, relative to `blocks/`."""
        converting = CONVERTER_FILES if self.source_lanes != self.sink_lanes else ()
        return tuple(dict.fromkeys((*FIFO_FILES, *converting)))

    def text(self, converter: GraphCore | None) -> str:
        """The module, and before it that of its converter (`converter_core` of a link of this shape)."""
        return (render(converter).top + "\n" if converter else "") + self.text_alone(converter)

    def text_alone(self, converter: GraphCore | None) -> str:
        """The module without that of its converter."""
        body = stage_lines(
            "stage",
            (SOURCE, SINK),
            data_bits(self.sink_lanes * self.bits),
            self.depth,
            converter.name if converter else None,
            "ap_rst_n",
        )
        return _module(self.name, self.ports, body)


@dataclass(frozen=True)
class SliceModule:
    """A register slice as a module of its own: one on each side of a boundary between SLRs."""

    width_bits: int

    @classmethod
    def behind(cls, link: Link) -> SliceModule:
        """The slice for what leaves a link."""
        return cls(data_bits(link.sink.lanes * link.sink.bits))

    @property
    def name(self) -> str:
        """The module's name."""
        return f"slice_w{self.width_bits}"

    @property
    def ports(self) -> tuple[InterfacePort, ...]:
        """The two streams."""
        return _ports(self.width_bits, self.width_bits)

    @property
    def files(self) -> tuple[str, ...]:
        """The SystemVerilog that the text needs, relative to `blocks/`."""
        return ("operators/farm_stream.sv",)

    def text(self) -> str:
        """The module."""
        return _module(self.name, self.ports, [_cell(_slice(self.width_bits), "slice", "ap_rst_n", (SOURCE, SINK))])


def _ports(source_bits: int, sink_bits: int) -> tuple[InterfacePort, ...]:
    return (
        InterfacePort(SOURCE, "in", source_bits, "data", SOURCE),
        InterfacePort(SINK, "out", sink_bits, "data", SINK),
    )


def _module(name: str, ports: Sequence[InterfacePort], body: Iterable[str]) -> str:
    """A module with AXI4-Stream ports around cells that are joined to `<port>_data`, `_valid` and `_ready`."""
    lines = ["`default_nettype none", f"module {name} (", "    input wire ap_clk,", "    input wire ap_rst_n,"]
    for index, port in enumerate(ports):
        way, back = ("input", "output") if port.direction == "in" else ("output", "input")
        lines.append(f"    {way} wire [{data_bits(port.width_bits) - 1}:0] {port.name}_TDATA,")
        lines.append(f"    {way} wire {port.name}_TVALID,")
        lines.append(f"    {back} wire {port.name}_TREADY" + ("" if index + 1 == len(ports) else ","))
    lines.append(");")
    for port in ports:
        lines += wires(port.name, data_bits(port.width_bits))
        wire, pins = [f"{port.name}_{part}" for part in PARTS], [f"{port.name}_T{part.upper()}" for part in PARTS]
        # Ready goes the other way.
        inside = (wire[0], wire[1], pins[2]), (pins[0], pins[1], wire[2])
        to, of = inside if port.direction == "in" else inside[::-1]
        lines += [f"    assign {left} = {right};" for left, right in zip(to, of, strict=True)]
    return "\n".join([*lines, *body, "endmodule", "`default_nettype wire"]) + "\n"


def _slice(width_bits: int) -> str:
    return f"farm_skid #(.WIDTH({width_bits}))"


def _cell(module: str, name: str, reset_n: str, ends: tuple[str, str], more: str = "") -> str:
    at, goal = ends
    return (
        f"    {module} {name} (.clk(ap_clk), .rst(!{reset_n}),\n"
        f"        .in0_data({at}_data), .in0_valid({at}_valid), .in0_ready({at}_ready),\n"
        f"        .out0_data({goal}_data), .out0_valid({goal}_valid), .out0_ready({goal}_ready){more});"
    )
