"""The texts around a module that make it a model: a wrapper in SystemVerilog, and what joins it to a simulation.

The wrapper looks into the module by hierarchical names: valid and ready of every stream and the level of every FIFO. So
the module itself carries nothing for simulations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from blocks.core.graph import GraphCore, Node
from blocks.core.ports import InterfacePort
from blocks.core.rtl import data_bits, instance_name, render
from config.frozen import dataclass
from toolchains.open.simulation.compile_model import CORE, JOINT, WRAPPER, class_name, wrapper_name

LEVEL_BITS = 32
PIPELINE_CYCLES = 1000
"""More than the pipelines and buffers of a whole core hold a beat back in which no stream moves."""
LONG_CYCLES = 50_000
"""From this many cycles of its operators for an image on, a core saves in its runs what the compiler takes longer."""


@dataclass(frozen=True)
class Seen:
    """A module and what a simulation sees of it: its AXI4-Stream ports, streams inside, and cells that are FIFOs."""

    name: str
    ports: tuple[InterfacePort, ...]
    streams: tuple[str, ...] = ()
    fifo_cells: tuple[str, ...] = ()


def stream_names(core: GraphCore) -> tuple[str, ...]:
    """Names of all streams inside a core, in the order of the harness's bits."""
    return (*core.graph.streams(), *(port.name for port in core.graph.parameter_ports()))


def fifo_nodes(core: GraphCore) -> tuple[Node, ...]:
    """The FIFOs of a core, in the order of the harness's levels."""
    return tuple(node for node, _ in core.graph.fifos())


def seen_of(core: GraphCore) -> Seen:
    """What a simulation sees of a core."""
    cells = tuple(instance_name(node.name) for node in fifo_nodes(core))
    return Seen(core.name, core.ports(), stream_names(core), cells)


def longest_gap(core: GraphCore) -> int:
    """Cycles without a beat anywhere in a core after which nothing can be on its way any more.

    A node moves the beats of its busiest stream about evenly over its cycles: four times the widest distance.
    """
    widest = 0
    for node in core.graph.nodes:
        operator = node.operator
        beats = [stream.beats for stream in (*operator.inputs, *operator.outputs)]
        beats += [stream.depth * operator.parameter_reads() for stream in operator.parameters]
        widest = max(widest, -(-operator.cycles() // max(beats)))
    return 4 * widest + PIPELINE_CYCLES


def runs_briefly(core: GraphCore) -> bool:
    """Whether a model of the core runs so briefly that it is worth less time of the compiler."""
    return sum(core.graph.cycles().values()) < LONG_CYCLES


def verilog_files(core: GraphCore) -> tuple[str, ...]:
    """The SystemVerilog files of the core's operators, relative to `blocks/`."""
    return core.sv_files()


def texts(core: GraphCore) -> dict[str, Callable[[], str]]:
    """Functions that render the texts of a core's model, by file name."""
    return texts_of(seen_of(core), lambda: render(core).top)


def texts_of(seen: Seen, module: Callable[[], str]) -> dict[str, Callable[[], str]]:
    """The same for any module; `module` renders its text."""
    return {
        CORE: module,
        WRAPPER: lambda: "\n".join(_wrapper(seen)) + "\n",
        JOINT: lambda: "\n".join(_joint(seen)) + "\n",
    }


def _wrapper(seen: Seen) -> Iterator[str]:
    streams = seen.streams
    yield f"module {wrapper_name(seen.name)} ("
    for port in seen.ports:
        data, back = ("input", "output") if port.direction == "in" else ("output", "input")
        yield f"    {data} wire [{data_bits(port.width_bits) - 1}:0] {port.name}_TDATA,"
        yield f"    {data} wire {port.name}_TVALID,"
        yield f"    {back} wire {port.name}_TREADY,"
    for part in ("valid", "ready") if streams else ():
        yield f"    output wire [{len(streams) - 1}:0] probe_{part},"
    for index in range(len(seen.fifo_cells)):
        yield f"    output wire [{LEVEL_BITS - 1}:0] probe_level{index},"
    yield "    input wire ap_clk,"
    yield "    input wire ap_rst_n"
    yield ");"
    yield f"    {seen.name} core (.*);"
    for part in ("valid", "ready") if streams else ():
        bits = ", ".join(f"core.{name}_{part}" for name in reversed(streams))
        yield f"    assign probe_{part} = {{{bits}}};"
    for index, cell in enumerate(seen.fifo_cells):
        yield f"    assign probe_level{index} = {LEVEL_BITS}'(core.{cell}.level);"
    yield "endmodule"


def _joint(seen: Seen) -> Iterator[str]:
    """The C++ that gives a simulation the model's pins; it exports `<name>_model` and `<name>_instance`."""
    name = class_name(seen.name)
    yield f'#include "{name}.h"'
    yield f'#include "{name}__Syms.h"'
    yield '#include "harness.hpp"'
    yield "#if VM_TRACE"
    yield '#include "verilated_fst_c.h"'
    yield "#endif"
    yield ""
    # Not without a name: several of these may be compiled together.
    yield f"namespace {seen.name}_joint {{"
    yield "template <class T> void* place(T& pins) { return &pins; }"
    yield "template <std::size_t WORDS> void* place(VlWide<WORDS>& pins) { return pins.data(); }"
    yield ""
    # The context is a base class, because it must outlive the model. Of several in one waveform it is another one.
    yield "class Model : VerilatedContext, public farm::SimulatedCore {"
    yield f"    {name} top_;"
    yield "  public:"
    yield "    Model(std::uint64_t seed, const char* name, void* shared)"
    yield "        : top_(prepare(shared ? static_cast<VerilatedContext*>(shared) : this, seed), name) {"
    yield "        clock = &top_.ap_clk;"
    yield "        reset_n = &top_.ap_rst_n;"
    yield "        state = top_.rootp->vlSymsp;"
    yield "        state_bytes = sizeof(*top_.rootp->vlSymsp);"
    for port in seen.ports:
        pins = ", ".join(f"{'&' if part else ''}{value}" for part, value in _pins(port.name))
        size = data_bits(port.width_bits) // 8
        yield f'        ports.push_back({{"{port.stream}", {str(port.direction == "in").lower()}, {size}, {pins}}});'
    yield f"        streams = {len(seen.streams)};"
    for part in ("valid", "ready") if seen.streams else ():
        yield f"        stream_{part} = place(top_.probe_{part});"
    for index in range(len(seen.fifo_cells)):
        yield f"        levels.push_back(&top_.probe_level{index});"
    yield "    }"
    yield "    ~Model() override { top_.final(); }"
    yield "    void eval() override { top_.eval(); }"
    yield "    void cycle() override {"
    yield "        top_.ap_clk = 1;"
    yield "        top_.eval();"
    yield "        top_.ap_clk = 0;"
    yield "        top_.eval();"
    yield "    }"
    yield "#if VM_TRACE"
    yield "    void trace(const char* file) override {"
    yield "        top_.trace(&waveform_, 99);"
    yield "        waveform_.open(file);"
    yield "    }"
    yield "    void dump(std::uint64_t time) override { waveform_.dump(time); }"
    yield "    void join_trace(void* file) override { top_.trace(static_cast<VerilatedFstC*>(file), 99); }"
    yield "#endif"
    yield "  private:"
    yield "#if VM_TRACE"
    # Declared last, so it is destroyed before the model; its destructor closes the file.
    yield "    VerilatedFstC waveform_;"
    yield "#endif"
    # Random contents at power-on expose a core that relies on them.
    yield "    static VerilatedContext* prepare(VerilatedContext* context, std::uint64_t seed) {"
    yield "#if VM_TRACE"
    yield "        context->traceEverOn(true);"
    yield "#endif"
    yield "        context->randReset(2);"
    yield "        context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);"
    yield "        return context;"
    yield "    }"
    yield "};"
    yield "}  // namespace"
    yield ""
    yield f'extern "C" FARM_EXPORT farm::SimulatedCore* {seen.name}_model(std::uint64_t seed) {{'
    yield f'    return new {seen.name}_joint::Model(seed, "TOP", nullptr);'
    yield "}"
    # A name for each of several in one program: waveforms tell them apart by it.
    yield f'extern "C" farm::SimulatedCore* {seen.name}_instance(std::uint64_t seed, const char* name) {{'
    yield f"    return new {seen.name}_joint::Model(seed, name, VM_TRACE ? farm::shared_context() : nullptr);"
    yield "}"


def _pins(port: str) -> Iterator[tuple[bool, str]]:
    yield False, f"place(top_.{port}_TDATA)"
    yield True, f"top_.{port}_TVALID"
    yield True, f"top_.{port}_TREADY"
