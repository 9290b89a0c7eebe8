"""The SystemVerilog view of a core: the operators' modules joined as in the graph.

Every data port has a register slice. Weights and thresholds have none, because their memories never pause
(`Operator.steady_parameters`).

The top has the ports of the C++ top, named as Vitis HLS names them: `ap_clk`, `ap_rst_n`, and `<port>_TDATA`, `_TVALID`
and `_TREADY`. Data is rounded up to whole bytes, as AXI4-Stream requires. The unused highest bits are zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, singledispatch

from blocks.core.base import Core
from blocks.core.graph import Graph, GraphCore, Node
from blocks.core.ports import InterfacePort
from blocks.dma import DmaCore
from blocks.dma import rtl as dma_rtl
from blocks.operators.base import Operator, Split, SvModule
from blocks.operators.fifo import Fifo
from blocks.operators.width_converter import WidthConverter
from config.frozen import dataclass


@dataclass(frozen=True)
class RtlView:
    """The source of one core's top. `files` are the operators' modules, relative to `blocks/`."""

    name: str
    render_top: Callable[[], str]
    files: tuple[str, ...]
    ports: tuple[InterfacePort, ...]

    @cached_property
    def top(self) -> str:
        """The top's SystemVerilog, rendered when it is first asked for."""
        return self.render_top()


_SplitNodes = tuple[Node, Node, Split]
"""An operator, the converter behind it that takes its beats apart, and their modules."""


def data_bits(width_bits: int) -> int:
    """Bits of a port's TDATA: whole bytes."""
    return -(-width_bits // 8) * 8


@singledispatch
def render(core: Core) -> RtlView:
    """The SystemVerilog view of a core."""
    raise TypeError(f"{core.name}: no SystemVerilog view is registered for {type(core).__name__}")


@render.register
def _(core: GraphCore) -> RtlView:
    return RtlView(core.name, lambda: top_text(core), core.sv_files(), core.ports())


@render.register
def _(core: DmaCore) -> RtlView:
    return RtlView(core.name, lambda: dma_rtl.render_top(core), core.sv_files(), core.ports())


def top_text(core: GraphCore, *, splits: bool = True) -> str:
    """The top's SystemVerilog. Without `splits` every operator has the module that it has alone."""
    return "\n".join(_top(core, tuple(core.graph.splits()) if splits else ())) + "\n"


def _top(core: GraphCore, splits: tuple[_SplitNodes, ...]) -> Iterator[str]:
    graph, ports = core.graph, core.ports()
    yield f"// {core.name}: made from its graph."
    yield "`default_nettype none"
    yield ""
    yield f"module {core.name} ("
    yield "    input  wire ap_clk,"
    yield "    input  wire ap_rst_n" + ("," if ports else "")
    for index, port in enumerate(ports):
        yield from _port(port, last=index + 1 == len(ports))
    yield ");"
    # Registered once here, because the reset fans out to every control register.
    yield "    logic rst;"
    yield "    always_ff @(posedge ap_clk) rst <= !ap_rst_n;"
    for name, width_bits in _wires(graph, ports, splits).items():
        yield ""
        yield f"    wire [{width_bits - 1}:0] {name}_data;"
        yield f"    wire {name}_valid, {name}_ready;"
    steady_nodes = {node.name for node in graph.nodes if node.operator.steady_parameters}
    steady = {port.name for port in graph.parameter_ports() if port.node in steady_nodes}
    for port in ports:
        yield ""
        yield from _slice(port, steady=port.stream in steady)
    for parameter, (stream, parts) in graph.divided_parameters().items():
        yield ""
        names = [part.name for part in parts]
        yield from _joined(parameter, stream.width_bits, names, steady=names[0] in steady)
    modules = _modules(graph, splits)
    for node in graph.nodes:
        yield ""
        yield from _instance(node, modules[node.name])
    yield "endmodule"
    yield from _made(node.operator for node in graph.nodes)
    yield ""
    yield "`default_nettype wire"


def _made(operators: Iterable[Operator]) -> Iterator[str]:
    """Modules that are made for the core's shapes."""
    by_kind: dict[type[Operator], list[Operator]] = {}
    for operator in operators:
        by_kind.setdefault(type(operator), []).append(operator)
    for kind, shapes in by_kind.items():
        lines = list(kind.sv_made(shapes))
        yield from ("", *lines) if lines else ()


def _wires(graph: Graph, ports: Iterable[InterfacePort], splits: Iterable[_SplitNodes]) -> dict[str, int]:
    """The streams inside the core and their bits."""
    return {
        **{name: stream.width_bits for name, stream in graph.streams().items()},
        **{node.outputs[0]: split.width_bits for node, _, split in splits},
        **{port.stream: port.width_bits for port in ports if port.role != "data"},
    }


def _port(port: InterfacePort, *, last: bool) -> Iterator[str]:
    inward = port.direction == "in"
    data, back = ("input  wire", "output wire") if inward else ("output wire", "input  wire")
    yield f"    {data} [{data_bits(port.width_bits) - 1}:0] {port.name}_TDATA,"
    yield f"    {data} {port.name}_TVALID,"
    yield f"    {back} {port.name}_TREADY" + ("" if last else ",")


def _slice(port: InterfacePort, *, steady: bool) -> Iterator[str]:
    name, stream, width_bits = port.name, port.stream, port.width_bits
    outside = f"{name}_TDATA[{width_bits - 1}:0]", f"{name}_TVALID", f"{name}_TREADY"
    inside = f"{stream}_data", f"{stream}_valid", f"{stream}_ready"
    source, sink = (outside, inside) if port.direction == "in" else (inside, outside)
    spare = data_bits(width_bits) - width_bits
    if port.direction == "out" and spare:
        yield f"    assign {name}_TDATA[{width_bits + spare - 1}:{width_bits}] = '0;"
    if steady:
        yield from (f"    assign {to} = {of};" for to, of in zip(inside[:2], outside[:2], strict=True))
        yield f"    assign {outside[2]} = {inside[2]};"
        return
    yield f"    farm_skid #(.WIDTH({width_bits})) {stream}_port ("
    yield "        .clk(ap_clk), .rst(rst),"
    yield f"        .in0_data({source[0]}), .in0_valid({source[1]}), .in0_ready({source[2]}),"
    yield f"        .out0_data({sink[0]}), .out0_valid({sink[1]}), .out0_ready({sink[2]})"
    yield "    );"


def _joined(parameter: str, width_bits: int, parts: Sequence[str], *, steady: bool) -> Iterator[str]:
    """The ports of one parameter as one stream: a beat moves when all of its parts are there.

    With `steady` ready is high only where all of them are, so no path leads from a valid to a ready.
    """
    data = ", ".join(f"{part}_data" for part in reversed(parts))
    yield f"    wire [{width_bits - 1}:0] {parameter}_data = {{{data}}};"
    yield f"    wire {parameter}_valid = {' && '.join(f'{part}_valid' for part in parts)};"
    yield f"    wire {parameter}_ready;"
    for part in parts:
        there = "" if steady else f"{parameter}_valid && "
        yield f"    assign {part}_ready = {there}{parameter}_ready;"


def _modules(graph: Graph, splits: Iterable[_SplitNodes]) -> dict[str, SvModule]:
    """The module of each node."""
    producers = {name: node.operator for node in graph.nodes for name in node.outputs}
    modules = {}
    for node in graph.nodes:
        if isinstance(node.operator, WidthConverter):
            modules[node.name] = node.operator.sv_module_behind(producers.get(node.inputs[0]))
        else:
            modules[node.name] = node.operator.sv_module
    for node, converter, split in splits:
        modules |= {node.name: split.producer, converter.name: split.converter}
    return modules


def _instance(node: Node, module: SvModule) -> Iterator[str]:
    parameters = ", ".join(f".{name}({int(value)})" for name, value in module.parameters)
    connections = [".clk(ap_clk), .rst(rst)"]
    streams = [(f"in{index}", name) for index, name in enumerate((*node.inputs, *node.parameters))]
    streams += [(f"out{index}", name) for index, name in enumerate(node.outputs)]
    connections += [", ".join(f".{port}_{part}({name}_{part})" for part in PARTS) for port, name in streams]
    if isinstance(node.operator, Fifo):
        connections.append(".level()")
    yield f"    {module.name} #({parameters}) {instance_name(node.name)} ("
    yield "        " + ",\n        ".join(connections)
    yield "    );"


PARTS = ("data", "valid", "ready")


def instance_name(node: str) -> str:
    """The name of a node's instance in the top. The suffix keeps it apart from streams and keywords."""
    return f"{node}_i"
