"""The top of a kernel: instances of cores, parameter memories, and what stands between blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from blocks.core.base import Core
from blocks.core.ports import InterfacePort
from blocks.core.rtl import data_bits
from blocks.dma import DmaCore
from blocks.dma.rtl import outside_ports
from blocks.network import Network
from blocks.parameter_memory.plan import plan_memory
from integration.design import Link, design_of
from integration.kernel_rtl.link import Register, converter_core, stage_lines, stream_pins, wires
from integration.kernel_rtl.slrs import NOWHERE, boundaries, reset_chain

Place = tuple[str, str]
"""A cell and its port."""


@dataclass(frozen=True)
class Pin:
    """A port of a cell that is no stream: it is a port of the top."""

    name: str
    direction: str
    bits: int


@dataclass(frozen=True)
class Cell:
    """An instance; `reset_n` is the wire that resets it. Streams that nothing joins are ports of the top."""

    name: str
    module: str
    ports: tuple[InterfacePort, ...]
    reset_n: str
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True)
class Joint:
    """A link between two cells: converter and FIFO with the reset of the source, then registers."""

    name: str
    link: Link
    reset_n: str
    registers: tuple[Register, ...] = ()


def top_text(
    name: str,
    cells: Sequence[Cell],
    joints: Sequence[Joint],
    *,
    fed: Mapping[Place, Place] | None = None,
    resets: Iterable[str] = (),
    more: InterfacePort | None = None,
) -> str:
    """The module.

    Args:
        name: The module's.
        cells: All instances.
        joints: What joins them.
        fed: Ports that are wired to another cell's port directly: sink to source.
        resets: Lines that make the wires which reset the cells, beside `ap_rst_n`.
        more: A stream that is a port of the top only.
    """
    fed = fed or {}
    wire = {(cell.name, port.name): f"{cell.name}__{port.name}" for cell in cells for port in cell.ports}
    joined = {(end.instance, end.port) for joint in joints for end in (joint.link.source, joint.link.sink)}
    joined |= {*fed, *fed.values()}
    outside = [(cell, port) for cell in cells for port in cell.ports if (cell.name, port.name) not in joined]
    lines = [
        *_head(name, cells, [*((f"{cell.name}_{port.name}", port) for cell, port in outside), *_more(more)]),
        *resets,
    ]
    for cell in cells:
        for port in cell.ports:
            if (cell.name, port.name) not in fed:
                lines += wires(wire[cell.name, port.name], data_bits(port.width_bits))
    wire |= {reader: wire[writer] for reader, writer in fed.items()}
    for cell, port in outside:
        lines += _to_outside(f"{cell.name}_{port.name}", wire[cell.name, port.name], port.direction)
    for cell in cells:
        pins = [".ap_clk(ap_clk)", f".ap_rst_n({cell.reset_n})", *(f".{pin.name}({pin.name})" for pin in cell.pins)]
        pins += [stream_pins(port.name, wire[cell.name, port.name]) for port in cell.ports]
        lines += [f"    {cell.module} {cell.name} (", "        " + ",\n        ".join(pins), "    );"]
    for joint in joints:
        source, sink = joint.link.source, joint.link.sink
        converter = converter_core(joint.link)
        lines += stage_lines(
            joint.name,
            (wire[source.instance, source.port], wire[sink.instance, sink.port]),
            data_bits(sink.lanes * sink.bits),
            joint.link.depth,
            converter.name if converter else None,
            joint.reset_n,
            joint.registers,
        )
    return "\n".join([*lines, "endmodule", "`default_nettype wire"]) + "\n"


def kernel_top(network: Network, name: str, slrs: Mapping[str, str] | None = None) -> str:
    """The kernel of a network: its ports are those of the DMA's memories and registers. `slrs`: block to SLR."""
    slrs, dma = slrs or {}, network.dma.name
    where = {block: slrs.get(block, NOWHERE) for block in network.cores()}
    cells, fed = [], {}
    for block, core in network.cores().items():
        reset_n = f"rst_n_{where[block]}"
        cells.append(Cell(block, core.name, _streams(core), reset_n, _pins(core)))
        for port in core.parameter_ports():
            plan = plan_memory(port.stream.width_bits, port.stream.depth)
            memory = f"{block}_{port.name}_memory"
            out = InterfacePort("out", "out", port.stream.width_bits, "data", "out")
            cells.append(Cell(memory, plan.module, (out,), reset_n))
            fed[block, port.name] = (memory, "out")
    joints = [
        Joint(f"link{index}", link, f"rst_n_{where[link.source.instance]}", _registers(index, link, where))
        for index, link in enumerate(design_of(network).links)
    ]
    resets = list(_resets(reset_chain(where[dma], where.values())))
    return top_text(name, cells, joints, fed=fed, resets=resets)


def _registers(index: int, link: Link, where: Mapping[str, str]) -> tuple[Register, ...]:
    pairs = boundaries(where[link.source.instance], where[link.sink.instance])
    return tuple(
        Register(f"link{index}_crossing{at}_{side}", f"rst_n_{slr}")
        for at, pair in enumerate(pairs)
        for side, slr in zip(("source", "sink"), pair, strict=True)
    )


def _resets(chain: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    for slr, before in chain:
        yield f"    logic rst_n_{slr} = 1'b0;"
        yield f"    always_ff @(posedge ap_clk) rst_n_{slr} <= {f'rst_n_{before}' if before else 'ap_rst_n'};"


def _streams(core: Core) -> tuple[InterfacePort, ...]:
    return tuple(port for port in core.ports() if port.role != "memory")


def _pins(core: Core) -> tuple[Pin, ...]:
    return tuple(Pin(*port) for port in outside_ports(core)) if isinstance(core, DmaCore) else ()


def _more(port: InterfacePort | None) -> Iterator[tuple[str, InterfacePort]]:
    if port is not None:
        yield port.name, port


def _head(name: str, cells: Iterable[Cell], streams: Iterable[tuple[str, InterfacePort]]) -> Iterator[str]:
    yield "`default_nettype none"
    yield "/* verilator lint_off SYMRSVDWORD */"
    yield f"module {name} ("
    ports = ["    input wire ap_clk", "    input wire ap_rst_n"]
    for cell in cells:
        ports += [f"    {pin.direction} wire [{pin.bits - 1}:0] {pin.name}" for pin in cell.pins]
    for stream, port in streams:
        way, back = ("input", "output") if port.direction == "in" else ("output", "input")
        ports.append(f"    {way} wire [{data_bits(port.width_bits) - 1}:0] {stream}_TDATA")
        ports += [f"    {way} wire {stream}_TVALID", f"    {back} wire {stream}_TREADY"]
    yield ",\n".join(ports)
    yield ");"


def _to_outside(stream: str, wire: str, direction: str) -> Iterator[str]:
    pins, inside = (
        [f"{stream}_T{part}" for part in ("DATA", "VALID", "READY")],
        [f"{wire}_{part}" for part in ("data", "valid", "ready")],
    )
    # Ready goes the other way.
    pairs = [(inside[0], pins[0]), (inside[1], pins[1]), (pins[2], inside[2])]
    for to, of in pairs:
        yield f"    assign {to} = {of};" if direction == "in" else f"    assign {of} = {to};"
