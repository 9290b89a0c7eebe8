"""Blocks joined part by part equal one model of one top, cycle for cycle, whatever stalls and resets there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import everyday
import needs
import numpy as np
import pytest

from blocks.core.builder import GraphBuilder
from blocks.core.graph import GraphCore
from blocks.core.ports import InterfacePort
from blocks.core.rtl import data_bits, render
from blocks.memories import pack_beats
from blocks.operators.add import Add
from blocks.operators.base import Stream
from blocks.operators.duplicate import Duplicate
from blocks.operators.fifo import Fifo
from blocks.operators.threshold import Threshold
from blocks.parameter_memory.plan import MemoryPlan, memory_plans
from blocks.parameter_memory.rtl import FILE as MEMORY_FILE
from blocks.parameter_memory.rtl import render as render_memory
from integration.design import End, Link
from integration.kernel_rtl.link import LinkModule, Register, SliceModule, converter_core
from integration.kernel_rtl.top import Cell, Joint, top_text
from toolchains.open.simulation.compile_model import BRIEF, MODEL, compile_models, run_compiler
from toolchains.open.simulation.kernel.links import seen_of_link
from toolchains.open.simulation.model import Seen, seen_of, texts_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[5]
SIMULATION = ROOT / "toolchains/open/simulation"
ELEMENTS = 240
DEPTHS = 32, 6
CYCLES = 20_000
# Primitives whose word follows from its address alone, so that a beat says which one of the memory it is.
PRIMITIVES = """
module RAM64M8 (
    input wire [5:0] ADDRA, ADDRB, ADDRC, ADDRD, ADDRE, ADDRF, ADDRG, ADDRH,
    input wire DIA, DIB, DIC, DID, DIE, DIF, DIG, DIH, WCLK, WE,
    output wire DOA, DOB, DOC, DOD, DOE, DOF, DOG, DOH
);
    assign {DOH, DOG, DOF, DOE, DOD, DOC, DOB, DOA} = 8'(ADDRA * 8'd37 + 8'd11);
endmodule
module RAMB18E2 #(
    parameter READ_WIDTH_A = 0, READ_WIDTH_B = 0, DOA_REG = 0, DOB_REG = 0, CLOCK_DOMAINS = "", WRITE_MODE_A = "",
    WRITE_MODE_B = ""
) (
    input wire CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB, ADDRENA, ADDRENB,
    input wire [13:0] ADDRARDADDR, ADDRBWRADDR,
    input wire [1:0] WEA, input wire [3:0] WEBWE, input wire [15:0] DINADIN, DINBDIN,
    input wire [1:0] DINPADINP, DINPBDINP,
    input wire RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB, SLEEP, CASDIMUXA, CASDIMUXB,
    input wire [15:0] CASDINA, CASDINB, input wire [1:0] CASDINPA, CASDINPB,
    input wire CASDOMUXA, CASDOMUXB, CASDOMUXEN_A, CASDOMUXEN_B,
    input wire CASOREGIMUXA, CASOREGIMUXB, CASOREGIMUXEN_A, CASOREGIMUXEN_B,
    output logic [15:0] DOUTADOUT, DOUTBDOUT, output logic [1:0] DOUTPADOUTP, DOUTPBDOUTP,
    output wire [15:0] CASDOUTA, CASDOUTB, output wire [1:0] CASDOUTPA, CASDOUTPB
);
    logic [17:0] read_a, read_b;
    always_ff @(posedge CLKARDCLK) begin
        if (ENARDEN) read_a <= 18'(ADDRARDADDR >> 4) * 18'd4099 + 18'd5;
        if (ENBWREN) read_b <= 18'(ADDRBWRADDR >> 4) * 18'd4099 + 18'd5;
        if (REGCEAREGCE) {DOUTPADOUTP, DOUTADOUT} <= read_a;
        if (REGCEB) {DOUTPBDOUTP, DOUTBDOUT} <= read_b;
    end
endmodule
"""
FIRST, MIDDLE, LAST = "a", "b", "c"


def first() -> GraphCore:
    """Thresholds from a memory in LUTs."""
    graph = GraphBuilder()
    shape = Threshold(channels=ELEMENTS, pixels=1, pe=4, lowest=0, highest=15, output_bits=2)
    given = graph.port("input", shape.inputs[0], ELEMENTS)
    return GraphCore("first", graph.build(output=graph.add("count", shape, given, parameters=["thresholds"])))


def middle() -> GraphCore:
    """A fork, whose ways meet again: through two converters, and through a FIFO."""
    graph, stream = GraphBuilder(), Stream(2, 2, ELEMENTS // 2)
    given = graph.port("input", stream, ELEMENTS)
    one, other = graph.fork("fork", Duplicate(2, 2, stream.beats), given)
    one = graph.widen("narrow", graph.widen("widen", one, 4), 2)
    other = graph.add("skip", Fifo(2, 2, stream.beats, 8), other)
    shape = Add(2, stream.beats, 2, False, 2, False, 4, False, 0)
    return GraphCore("middle", graph.build(output=graph.add("sum", shape, one, other)))


def last() -> GraphCore:
    """Thresholds from a block RAM."""
    graph = GraphBuilder()
    shape = Threshold(channels=ELEMENTS, pixels=1, pe=3, lowest=0, highest=15, output_bits=1)
    given = graph.port("input", shape.inputs[0], ELEMENTS)
    return GraphCore("last", graph.build(output=graph.add("count", shape, given, parameters=["thresholds"])))


CORES = {FIRST: first(), MIDDLE: middle(), LAST: last()}


def end(cell: str, port: str) -> End:
    graph = CORES[cell].graph
    (stream,) = (each.stream for each in (*graph.inputs, *graph.outputs) if each.name == port)
    return End(cell, f"{port}_r", stream.lanes, stream.bits)


LINKS = (
    Link(end(FIRST, "output"), end(MIDDLE, "input"), DEPTHS[0]),
    Link(end(MIDDLE, "output"), end(LAST, "input"), DEPTHS[1]),
)
RESETS = {FIRST: 0, MIDDLE: 1, LAST: 2, "source": 3, "sink": 4}
"""Bits of the stream of resets, as `compare.hpp` has them; the last two are of the slices in the second link."""


def image(plan: MemoryPlan) -> bytes:
    """What the primitives above hold, by the arithmetic of their text."""
    if plan.shape.read_width:
        words = np.array([(count * 4099 + 5) % 2**18 for count in range(plan.depth)], np.uint64)
        bits = words[:, None] >> np.arange(plan.width_bits, dtype=np.uint64) & np.uint64(1)
    else:
        words = np.array([(count * 37 + 11) % 2**8 for count in range(plan.depth)], np.uint64)
        bits = np.tile(words[:, None] >> np.arange(8, dtype=np.uint64) & np.uint64(1), plan.columns)[
            :, : plan.width_bits
        ]
    return pack_beats(bits.astype(np.int64), 1)


def whole(blocks: int) -> tuple[str, Seen]:
    """The top of the first blocks: its text, and what is seen of it: both ends, and the streams inside in order."""
    cells, fed = [], {}
    names = list(CORES)[:blocks]
    for name in names:
        reset_n = f"resets_TDATA[{RESETS[name]}]"
        cells.append(Cell(name, CORES[name].name, CORES[name].ports(), reset_n))
        for port, plan in zip(CORES[name].parameter_ports(), memory_plans(CORES[name]), strict=True):
            out = InterfacePort("out", "out", plan.width_bits, "data", "out")
            cells.append(Cell(f"{name}_memory", plan.module, (out,), reset_n))
            fed[name, port.name] = (f"{name}_memory", "out")
    sides = tuple(Register(f"{side}_side", f"resets_TDATA[{RESETS[side]}]") for side in ("source", "sink"))
    joints = [
        Joint(f"link{index}", link, f"resets_TDATA[{RESETS[link.source.instance]}]", sides if index else ())
        for index, link in enumerate(LINKS[: blocks - 1])
    ]
    resets = InterfacePort("resets", "in", 8, "data", "resets")
    name = f"whole{blocks}"
    text = top_text(name, cells, joints, fed=fed, resets=["    assign resets_TREADY = 1'b1;"], more=resets)
    ports = tuple(
        replace(port, name=f"{cell}_{port.name}", stream=port.stream)
        for cell, port in ((names[0], CORES[names[0]].ports()[0]), (names[-1], CORES[names[-1]].ports()[-1]))
    )
    inside = ["a__output_r", "b__input_r"]
    if blocks > 2:
        inside += ["b__output_r", "link1_fifo_out", "source_side_out", "c__input_r"]
    return text, Seen(name, (*ports, resets), tuple(inside))


def program() -> str:
    """C++ with what `compare.hpp` joins and runs beside the one model."""
    modules = [core.name for core in CORES.values()]
    variants = [[name for name, _, _ in linked(link)] for link in LINKS]
    slices = SliceModule.behind(LINKS[1]).name
    made = [*modules, *variants[0], *variants[1], slices, "whole2", "whole3"]
    declared = "\n".join(
        f'extern "C" farm::SimulatedCore* {name}_instance(std::uint64_t, const char*);' for name in dict.fromkeys(made)
    )
    feeds = ""
    for index, core in enumerate(CORES.values()):
        for port, plan in zip(core.parameter_ports(), memory_plans(core), strict=True):
            beats = ", ".join(map(str, image(plan)))
            feeds += f'    blocks[{index}]->feed("{port.name}", {2 if plan.shape.read_width else 1}, {{{beats}}});\n'
    sizes = {name: data_bits(bits) // 8 for name, bits in widths().items()}
    return f"""
#include "compare.hpp"
{declared}

const std::map<std::string, unsigned> sizes = {{{", ".join(f'{{"{name}", {size}}}' for name, size in sizes.items())}}};
const compare::Make makes[] = {{{", ".join(f"{name}_instance" for name in modules)}}};
const compare::Make firsts[] = {{{", ".join(f"{name}_instance" for name in variants[0])}}};
const compare::Make seconds[] = {{{", ".join(f"{name}_instance" for name in variants[1])}}};

void feed(std::vector<compare::Part>& blocks) {{
{feeds}}}

int main(int, char** argv) {{
    const compare::Case given = compare::read_case(argv);
    compare::Joined joined(given, sizes, makes, {{firsts[given.variant], seconds[0], {slices}_instance}}, feed);
    return joined.run(given.blocks == 2 ? whole2_instance : whole3_instance);
}}
"""


def widths() -> dict[str, int]:
    """Bits of each stream of the joined blocks."""
    before, after = CORES[FIRST].ports()[0].width_bits, CORES[LAST].ports()[-1].width_bits
    ends = [end.lanes * end.bits for link in LINKS for end in (link.source, link.sink)]
    return dict(zip(("in", "ab0", "ab1", "bc0", "bc1", "out"), (before, *ends, after), strict=True))


def linked(link: Link) -> Iterator[tuple[str, LinkModule, str]]:
    """Name, module and text of a link; of the first one also with a mistake: half the depth, and lanes turned round."""
    module = LinkModule.of(link)
    yield module.name, module, module.text(converter_core(link))
    if link is not LINKS[0]:
        return
    shallow = replace(module, depth=module.depth // 2)
    yield shallow.name, shallow, shallow.text(converter_core(link))
    lanes = ", ".join(f"to_data[{at}+:{module.bits}]" for at in range(0, module.sink_lanes * module.bits, module.bits))
    wrong = re.sub(r"(assign to_TDATA) = to_data;", rf"\1[{module.sink_lanes * module.bits - 1}:0] = {{{lanes}}};",
                   module.text(converter_core(link)))  # fmt: skip
    yield f"{module.name}_turned", module, wrong.replace(module.name, f"{module.name}_turned")


Compared = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def compared(harness: Path, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Run the program: number of blocks, seed, threads, whether parts sleep, slices, and which first link."""
    verilator = needs.installed_verilator()
    place = tmp_path_factory.mktemp("joined")
    operators = {file for core in CORES.values() for file in core.sv_files()}
    operators |= {file for link in LINKS for file in LinkModule.of(link).files}
    parts: list[tuple[str, Seen, str]] = [(core.name, seen_of(core), render(core).top) for core in CORES.values()]
    for link in LINKS:
        parts += [(name, replace(seen_of_link(module), name=name), text) for name, module, text in linked(link)]
    slice_module = SliceModule.behind(LINKS[1])
    parts.append((slice_module.name, Seen(slice_module.name, slice_module.ports), slice_module.text()))
    converters = {core.name: render(core).top for link in LINKS if (core := converter_core(link))}
    cores = "".join(text for _, _, text in parts[: len(CORES)]) + "".join(converters.values())
    memories = {plan.module: render_memory(plan) for core in CORES.values() for plan in memory_plans(core)}
    for blocks in (2, 3):
        text, seen = whole(blocks)
        parts.append((seen.name, seen, "\n".join((PRIMITIVES, cores, *memories.values(), text))))
    files = [*sorted(operators), MEMORY_FILE]
    for file in files:
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "blocks" / file, place / file)
    shutil.copy(SIMULATION / "harness.hpp", place)
    for name, seen, text in parts:
        (place / name).mkdir()
        for file, content in texts_of(seen, partial(str, text)).items():
            (place / name / file).write_text(content())
    compile_models([name for name, _, _ in parts], files, place, verilator, fast=BRIEF)
    (place / "main.cpp").write_text(program())
    included = (SIMULATION, SIMULATION / "kernel", SIMULATION / "kernel/parts", Path(__file__).parent)
    folders = [word for folder in included for word in ("-I", str(folder))]
    flags = ("-std=c++17", "-O0", "-march=x86-64-v2", "-pthread", *folders)
    run_compiler((*flags, "-o", "compare", "main.cpp", MODEL, str(harness)), place, "the comparison")

    def run(blocks: int, seed: int, *, threads=1, sleep=True, slices=True, variant=0, cycles=CYCLES) -> tuple[int, str]:
        words = [blocks, seed, threads, int(sleep), int(slices), variant, cycles]
        done = subprocess.run(
            [place / "compare", *map(str, words)], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode in (0, 1), (done.returncode, done.stderr)
        return done.returncode, done.stdout

    return run


@pytest.mark.parametrize("blocks", [2, 3])
@pytest.mark.parametrize("seed", everyday.first([1, 2, 3], 1))
def test_joined_blocks_equal_one_model_of_one_top(compared: Compared, blocks: int, seed: int) -> None:
    status, said = compared(blocks, seed)
    assert status == 0, said
    assert re.match(r"equal [1-9]\d{3,} in [1-9]\d{3,} out", said), said


def test_parts_that_can_do_nothing_are_skipped_and_nothing_changes(compared: Compared) -> None:
    """The comparison itself shows that nothing changes; here it has to have happened at all, and can be turned off."""
    slept = [int(compared(3, 5, sleep=sleep)[1].split()[-2]) for sleep in (True, False)]
    assert slept[0] > CYCLES / 20
    assert slept[1] == 0


@pytest.mark.parametrize("threads", everyday.first([2, 3], 1))
def test_several_threads_run_the_same_cycles(compared: Compared, threads: int) -> None:
    # Few: on a busy machine each cycle may wait for a processor.
    assert compared(3, 4, threads=threads, cycles=600) == compared(3, 4, cycles=600)


@pytest.mark.parametrize(
    ("mistake", "found"),
    [
        ({"variant": 1}, r"ab0: ready is 0 where the one model has 1"),
        ({"variant": 2}, r"(out: data differ|bc\d: valid)"),
        ({"slices": False}, r"bc1: (ready|valid) is \d where the one model has"),
    ],
    ids=["half the depth", "lanes turned round", "no register between SLRs"],
)
def test_a_mistake_is_seen(compared: Compared, mistake: dict[str, object], found: str) -> None:
    status, said = compared(3, 1, **mistake)
    assert status == 1
    assert re.search(found, said), said
