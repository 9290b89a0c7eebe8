"""The ports of a core, the same in its C++ and its SystemVerilog view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from blocks.operators.base import MAX_PORT_BITS, ParameterStream
from config.frozen import dataclass

VERILOG_WORDS = frozenset({
    "always", "and", "assign", "automatic", "begin", "buf", "bufif0", "bufif1", "case", "casex", "casez",
    "cell", "cmos", "config", "deassign", "default", "defparam", "design", "disable", "edge", "else", "end",
    "endcase", "endconfig", "endfunction", "endgenerate", "endmodule", "endprimitive", "endspecify", "endtable",
    "endtask", "event", "for", "force", "forever", "fork", "function", "generate", "genvar", "highz0", "highz1",
    "if", "ifnone", "incdir", "include", "initial", "inout", "input", "instance", "integer", "join", "large",
    "liblist", "library", "localparam", "macromodule", "medium", "module", "nand", "negedge", "nmos", "nor",
    "noshowcancelled", "not", "notif0", "notif1", "or", "output", "parameter", "pmos", "posedge", "primitive",
    "pull0", "pull1", "pulldown", "pullup", "pulsestyle_ondetect", "pulsestyle_onevent", "rcmos", "real",
    "realtime", "reg", "release", "repeat", "rnmos", "rpmos", "rtran", "rtranif0", "rtranif1", "scalared",
    "showcancelled", "signed", "small", "specify", "specparam", "strong0", "strong1", "supply0", "supply1",
    "table", "task", "time", "tran", "tranif0", "tranif1", "tri", "tri0", "tri1", "triand", "trior", "trireg",
    "unsigned", "use", "uwire", "vectored", "wait", "wand", "weak0", "weak1", "while", "wire", "wor", "xnor",
    "xor",
})  # fmt: skip
"""Keywords of IEEE 1364-2005, annex B."""


def port_name(stream: str) -> str:
    """The name of the port that carries a stream: the stream's name, with `_r` appended if it is a Verilog keyword.

    Vitis HLS would rename such an argument in the same way (AMD UG1399). We rename it ourselves, so the C++ and the
    SystemVerilog view have the same port, and no tool meets an interface called `input`.
    """
    return f"{stream}_r" if stream in VERILOG_WORDS else stream


@dataclass(frozen=True)
class InterfacePort:
    """A port of a top: `role` is `data`, `memory`, `control` or that of a parameter (`ParameterStream.role`).

    `stream` is the graph's name for the stream behind it. For a port of the DMA it is the port's own name.
    """

    name: str
    direction: str
    width_bits: int
    role: str
    stream: str


@dataclass(frozen=True)
class ParameterPort:
    """A parameter port of a core, with a memory of its own. `reads` is how often one image reads the whole memory.

    A parameter whose beats are wider than AXI4-Stream data may be has several ports: each carries `stream.lanes` lanes
    of every beat, from `first_lane` on. The core joins them, so no operator knows of it.
    """

    name: str
    stream: ParameterStream
    node: str
    index: int
    reads: int
    parameter: str
    """The name of the parameter: the port's own, unless there are several ports."""
    first_lane: int = 0


def parameter_ports(name: str, stream: ParameterStream, node: str, index: int, reads: int) -> Iterator[ParameterPort]:
    """The ports of one parameter: the fewest that are narrow enough, the lanes divided as evenly as possible."""
    if stream.width_bits <= MAX_PORT_BITS:
        yield ParameterPort(name, stream, node, index, reads, name)
        return
    count = -(-stream.lanes // (MAX_PORT_BITS // stream.bits))
    for at in range(count):
        first, end = at * stream.lanes // count, (at + 1) * stream.lanes // count
        part = replace(stream, lanes=end - first)
        yield ParameterPort(f"{name}_{at}", part, node, index, reads, name, first)
