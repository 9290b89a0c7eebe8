"""The second way to stitch: a generated top around the cores' netlists, without a block design.

The setting is `vitis.stitch_style=structural`. The top contains the cores as black boxes, and `link_design` fills in
their checkpoints. It needs no IP of AMD's catalog: FIFOs, converters and crossings are this project's own. The ports of
a core come from the stub that Vivado wrote beside its checkpoint, so both views work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from config.frozen import dataclass
from integration.kernel_rtl.link import Register, stage_lines, stream_pins
from toolchains.vitis.ooc.memory_rtl import SOURCE
from toolchains.vitis.ooc.scripts import CONSTRAINTS
from toolchains.vitis.stitch.block_design import DONE, HIERARCHY, UTILIZATION
from toolchains.vitis.stitch.job import Stage, StitchJob
from toolchains.vitis.stitch.packaging import top_module
from toolchains.vitis.stitch.templates import STRUCTURAL
from toolchains.vitis.tools.template import render

FILES = ("operators/farm_stream.sv", "operators/fifo/fifo.sv", "operators/width_converter/width_converter.sv")
BLACK_BOXES = "black_boxes.v"
_PORT = re.compile(
    r"^\s*(?:\(\*.*?\*\)\s*)?(input|output)\s*(?:wire\s*)?(?:\[(\d+):0\])?\s*(\w+)\s*(?:/\*.*?\*/)?\s*;", re.MULTILINE
)
"""A port of a stub. From 2023.1 on `/* synthesis syn_isclock = 1 */` follows the clock's name."""
_OUTSIDE = ("m_axi_", "s_axi_", "interrupt")
SOURCE_SIDE, SINK_SIDE = "_source", "_sink"
"""Suffixes of the names of a crossing's two registers."""


@dataclass(frozen=True)
class StubPort:
    """A port of a netlist."""

    name: str
    is_input: bool
    width_bits: int

    @property
    def vector(self) -> str:
        """The range in a declaration; empty for one bit."""
        return f"[{self.width_bits - 1}:0] " if self.width_bits > 1 else ""


def read_stub(text: str, name: str) -> tuple[StubPort, ...]:
    """Read the ports from a stub of `write_verilog -mode synth_stub`. Raises ValueError if there are none."""
    found = tuple(StubPort(port, way == "input", int(top or 0) + 1) for way, top, port in _PORT.findall(text))
    if not found:
        raise ValueError(f"{name}_stub.v declares no ports")
    return found


def black_boxes(stubs: Mapping[str, tuple[StubPort, ...]]) -> str:
    """Declare the cores as black boxes."""
    lines = []
    for name, ports in stubs.items():
        heads = ",\n".join(f"    {'input ' if p.is_input else 'output'} wire {p.vector}{p.name}" for p in ports)
        lines += ["(* black_box *)", f"module {name} (", heads, ");", "endmodule", ""]
    return "\n".join(lines)


def stream_name(ports: tuple[StubPort, ...], port: str, core: str) -> str:
    """Find a stream's name in the netlist: HLS 2019.2 appends _V_V, some later releases _V. Raises ValueError."""
    names = {each.name for each in ports}
    found = [name for end in ("", "_V", "_V_V") if f"{(name := port + end)}_TDATA" in names]
    if len(found) != 1:
        raise ValueError(f"{core} has {len(found)} streams for {port}, expected 1")
    return found[0]


def top_text(job: StitchJob, stubs: Mapping[str, tuple[StubPort, ...]]) -> str:
    """Render the SystemVerilog of the top; `stubs` are the ports of each core. Raises ValueError if they do not fit."""
    return "\n".join(_top(job, stubs)) + "\n"


def _top(job: StitchJob, stubs: Mapping[str, tuple[StubPort, ...]]) -> Iterator[str]:
    cores = dict(job.instances)
    outside = [port for port in stubs[cores[job.dma]] if port.name.startswith(_OUTSIDE)]
    yield f"// {job.kernel.name}: made from its stream graph."
    yield "`default_nettype none"
    yield f"module {top_module(job.kernel)} ("
    yield "    input  wire ap_clk,"
    yield "    input  wire ap_rst_n,"
    yield ",\n".join(f"    {'input ' if p.is_input else 'output'} wire {p.vector}{p.name}" for p in outside)
    yield ");"
    yield "    // A chain of reset registers, one per SLR: the reset crosses at most one boundary per cycle."
    for slr, before in job.resets:
        source = f"rst_n_{before}" if before else "ap_rst_n"
        yield f"    wire rst_n_{slr};"
        yield f"    {_reset_module(job)} reset_{slr} (.clk(ap_clk), .d({source}), .q(rst_n_{slr}));"
    yield "    // Streams, named <block>__<port>."
    wires = {(block, port): size for block, core in job.instances for port, size in job.streams[core].items()}
    for (block, port), size in wires.items():
        yield f"    wire [{8 * size - 1}:0] {block}__{port}_data;"
        yield f"    wire {block}__{port}_valid, {block}__{port}_ready;"
    for block, core in job.instances:
        ports = [f".ap_clk(ap_clk), .ap_rst_n(rst_n_{job.slr(block)})"]
        if core == cores[job.dma]:
            ports += [f".{port.name}({port.name})" for port in outside]
        for port in job.streams[core]:
            name, wire = stream_name(stubs[core], port, core), f"{block}__{port}"
            ports.append(stream_pins(name, wire))
        yield f"    {core} {block} (\n        " + ",\n        ".join(ports) + "\n    );"
    for memory in job.memories:
        wire = f"{memory.block}__{memory.port}"
        yield f"    {memory.module} {memory.name} ("
        yield f"        .ap_clk(ap_clk), .ap_rst_n(rst_n_{job.slr(memory.block)}),"
        yield f"        {stream_pins('out', wire)}"
        yield "    );"
    for stage in job.stages:
        yield from _stage(job, stage)
    yield "endmodule"
    yield ""
    yield f"module {_reset_module(job)} (input wire clk, input wire d, output logic q);"
    yield '    (* shreg_extract = "no" *) logic held = 1\'b0;'
    yield "    always_ff @(posedge clk) held <= d;"
    yield "    assign q = held;"
    yield "endmodule"
    yield "`default_nettype wire"


def _reset_module(job: StitchJob) -> str:
    return f"{job.kernel.name}_reset"


def _stage(job: StitchJob, stage: Stage) -> Iterator[str]:
    """Converter and FIFO beside the source, two registers for each crossing, as in the block design."""
    source, sink = (f"{block}__{port}" for block, port in (stage.source, stage.sink))
    sides = [
        Register(crossing.name + side, f"rst_n_{slr}")
        for crossing in job.crossings(stage)
        for side, slr in ((SOURCE_SIDE, crossing.source), (SINK_SIDE, crossing.sink))
    ]
    home = f"rst_n_{job.slr(stage.source[0])}"
    width_bits = 8 * stage.sink_bytes
    yield from stage_lines(stage.name, (source, sink), width_bits, stage.depth, stage.converter, home, sides)


def structural_script(job: StitchJob) -> str:
    """Render the script that makes the kernel's netlist from the top, without packaged cores or block design."""
    top = top_module(job.kernel)
    modules = (*job.converters, *(plan.module for plan in job.memory_plans), top)
    return render(
        STRUCTURAL,
        {
            "kernel": job.kernel.name,
            "release": str(job.release),
            "threads": job.threads,
            "part": job.part,
            "sources": [
                f"read_verilog -sv {{{file}}}" for file in (*FILES, SOURCE, *(f"{module}.sv" for module in modules))
            ],
            "constraints": CONSTRAINTS,
            "black_boxes": BLACK_BOXES,
            "top": top,
            "checkpoints": " ".join(f"{each}.dcp" for each in (top, *job.cores)),
            "utilization": UTILIZATION,
            "hierarchy": HIERARCHY,
            "done": DONE,
        },
    )
