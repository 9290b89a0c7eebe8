"""The texts that make a model of a core: a wrapper in SystemVerilog, and C++ that connects it to the harness.

By hierarchical names the wrapper reads valid and ready of every stream and the level of every FIFO. So the core itself
contains nothing for simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from blocks.core.graph import GraphCore, Node
from blocks.core.rtl import data_bits, instance_name, render
from toolchains.open.simulation.compile_model import class_name, wrapper_name

LEVEL_BITS = 32
CORE, WRAPPER, JOINT = "core.sv", "simulated.sv", "joint.cpp"


def stream_names(core: GraphCore) -> tuple[str, ...]:
    """Names of all streams inside a core, in the order of the harness's bits."""
    return (*core.graph.streams(), *(port.name for port in core.graph.parameter_ports()))


def fifo_nodes(core: GraphCore) -> tuple[Node, ...]:
    """The FIFOs of a core, in the order of the harness's levels."""
    return tuple(node for node, _ in core.graph.fifos())


def verilog_files(core: GraphCore) -> tuple[str, ...]:
    """The SystemVerilog files of the core's operators, relative to `blocks/`."""
    return core.sv_files()


def texts(core: GraphCore) -> dict[str, Callable[[], str]]:
    """Functions that render the texts of a core's model, by file name."""
    return {CORE: lambda: render(core).top, WRAPPER: lambda: wrapper(core), JOINT: lambda: joint(core)}


def wrapper(core: GraphCore) -> str:
    """Render the SystemVerilog wrapper of a core."""
    return "\n".join(_wrapper(core)) + "\n"


def _wrapper(core: GraphCore) -> Iterator[str]:
    streams, fifos = stream_names(core), fifo_nodes(core)
    yield f"module {wrapper_name(core.name)} ("
    for port in core.ports():
        data, back = ("input", "output") if port.direction == "in" else ("output", "input")
        yield f"    {data} wire [{data_bits(port.width_bits) - 1}:0] {port.name}_TDATA,"
        yield f"    {data} wire {port.name}_TVALID,"
        yield f"    {back} wire {port.name}_TREADY,"
    yield f"    output wire [{len(streams) - 1}:0] probe_valid,"
    yield f"    output wire [{len(streams) - 1}:0] probe_ready,"
    for index in range(len(fifos)):
        yield f"    output wire [{LEVEL_BITS - 1}:0] probe_level{index},"
    yield "    input wire ap_clk,"
    yield "    input wire ap_rst_n"
    yield ");"
    yield f"    {core.name} core (.*);"
    for part in ("valid", "ready"):
        bits = ", ".join(f"core.{name}_{part}" for name in reversed(streams))
        yield f"    assign probe_{part} = {{{bits}}};"
    for index, node in enumerate(fifos):
        yield f"    assign probe_level{index} = {LEVEL_BITS}'(core.{instance_name(node.name)}.level);"
    yield "endmodule"


def joint(core: GraphCore) -> str:
    """Render the C++ that connects the harness to the model's pins; it exports `<core>_model`."""
    return "\n".join(_joint(core)) + "\n"


def _joint(core: GraphCore) -> Iterator[str]:
    name = class_name(core.name)
    yield f'#include "{name}.h"'
    yield '#include "harness.hpp"'
    yield "#if VM_TRACE"
    yield '#include "verilated_fst_c.h"'
    yield "#endif"
    yield ""
    yield "namespace {"
    yield "template <class T> void* place(T& pins) { return &pins; }"
    yield "template <std::size_t WORDS> void* place(VlWide<WORDS>& pins) { return pins.data(); }"
    yield ""
    # The context is a base class, because it must outlive the model.
    yield "class Model : VerilatedContext, public farm::SimulatedCore {"
    yield f"    {name} top_;"
    yield "  public:"
    yield "    explicit Model(std::uint64_t seed) : top_((prepare(this, seed), this)) {"
    yield "        clock = &top_.ap_clk;"
    yield "        reset_n = &top_.ap_rst_n;"
    for port in core.ports():
        pins = ", ".join(f"{'&' if part else ''}{value}" for part, value in _pins(port.name))
        size = data_bits(port.width_bits) // 8
        yield f'        ports.push_back({{"{port.stream}", {str(port.direction == "in").lower()}, {size}, {pins}}});'
    yield f"        streams = {len(stream_names(core))};"
    yield "        stream_valid = place(top_.probe_valid);"
    yield "        stream_ready = place(top_.probe_ready);"
    for index in range(len(fifo_nodes(core))):
        yield f"        levels.push_back(&top_.probe_level{index});"
    yield "    }"
    yield "    ~Model() override { top_.final(); }"
    yield "    void eval() override { top_.eval(); }"
    yield "#if VM_TRACE"
    yield "    void trace(const char* file) override {"
    yield "        top_.trace(&waveform_, 99);"
    yield "        waveform_.open(file);"
    yield "    }"
    yield "    void dump(std::uint64_t time) override { waveform_.dump(time); }"
    yield "#endif"
    yield "  private:"
    yield "#if VM_TRACE"
    # Declared last, so it is destroyed before the model; its destructor closes the file.
    yield "    VerilatedFstC waveform_;"
    yield "#endif"
    # Random contents at power-on expose a core that relies on them.
    yield "    static void prepare(VerilatedContext* context, std::uint64_t seed) {"
    yield "#if VM_TRACE"
    yield "        context->traceEverOn(true);"
    yield "#endif"
    yield "        context->randReset(2);"
    yield "        context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);"
    yield "    }"
    yield "};"
    yield "}  // namespace"
    yield ""
    yield f'extern "C" FARM_EXPORT farm::SimulatedCore* {core.name}_model(std::uint64_t seed) {{'
    yield "    return new Model(seed);"
    yield "}"


def _pins(port: str) -> Iterator[tuple[bool, str]]:
    yield False, f"place(top_.{port}_TDATA)"
    yield True, f"top_.{port}_TVALID"
    yield True, f"top_.{port}_TREADY"
