"""C++ of the joined simulation: the table of a network's blocks and links (`program.hpp` does the rest)."""

from __future__ import annotations

from collections.abc import Iterator

from blocks.core.graph import Graph, GraphCore
from blocks.core.rtl import data_bits
from blocks.network import Network
from blocks.parameter_memory.plan import plan_memory
from integration.design import Design, End, Link, design_of
from integration.kernel_rtl.link import LinkModule, SliceModule
from toolchains.open.simulation.model import fifo_nodes, longest_gap, stream_names

HEADERS = (
    "kernel.hpp", "plan.hpp", "program.hpp", "report.hpp", "standstill.hpp", "team.hpp",
    "parts/dma_node.hpp", "parts/host.hpp", "parts/node.hpp", "parts/source.hpp", "parts/window.hpp",
    "parts/wire.hpp",
)  # fmt: skip
"""Beside this file."""


def program_main(network: Network) -> str:
    """The source of the program."""
    return "\n".join((*kernel_table(network), *_main())) + "\n"


def kernel_table(network: Network) -> Iterator[str]:
    """The table as a function `kernel_plan()`, with all that it needs."""
    design, cores, dma = design_of(network), network.cores(), network.dma
    graphs = {core.name: core for core in cores.values() if isinstance(core, GraphCore)}
    yield '#include "program.hpp"'
    yield ""
    made = sorted({*graphs, *(module for link in design.links for module in _modules(link))})
    yield 'extern "C" {'
    yield from (f"farm::SimulatedCore* {name}_instance(std::uint64_t, const char*);" for name in made)
    yield "}"
    yield f"std::unique_ptr<Bench> {cores[dma.name].name}(unsigned seed, const char* name);"
    yield ""
    yield "static farm::KernelPlan kernel_plan() {"
    for core in graphs.values():
        yield from _core(core)
    yield "    farm::KernelPlan plan;"
    yield f'    plan.dma = "{dma.name}";'
    yield f"    plan.make_dma = {cores[dma.name].name};"
    for field in ("image_bytes", "weights_bytes", "result_bytes"):
        yield f"    plan.{field} = {getattr(dma, field)};"
    yield f"    plan.gap = {max(map(longest_gap, graphs.values()))};"
    yield "    plan.blocks = {"
    yield from (f'        {{"{block.name}", &{block.core().name}}},' for block in network.blocks)
    yield "    };"
    yield "    plan.links = {"
    yield from (_link(network, design, link) for link in design.links)
    yield "    };"
    yield "    return plan;"
    yield "}"


def _main() -> Iterator[str]:
    yield ""
    yield "int main(int count, char** words) {"
    yield "    const farm::KernelPlan plan = kernel_plan();"
    yield "    return farm::serve(plan, count, words);"
    yield "}"


def _modules(link: Link) -> tuple[str, str]:
    return LinkModule.of(link).name, SliceModule.behind(link).name


def _core(core: GraphCore) -> Iterator[str]:
    streams = {name: index for index, name in enumerate(stream_names(core))}
    yield f"    static const farm::CorePlan {core.name} = {{"
    yield f"        {core.name}_instance,"
    yield "        {"
    for port in core.parameter_ports():
        stream = port.stream
        # What a block RAM has read waits in a register of its own.
        fill_cycles = 2 if plan_memory(stream.width_bits, stream.depth).shape.read_width else 1
        size = data_bits(stream.width_bits) // 8
        yield f'            {{"{port.name}", {stream.depth}, {size}, {fill_cycles}}},'
    yield "        },"
    yield "        {" + ", ".join(f'"{name}"' for name in streams) + "},"
    fifos = (
        f'{{"{node.name}", {node.operator.facts()["depth"]}, {streams[node.inputs[0]]}}}' for node in fifo_nodes(core)
    )
    yield "        {" + ", ".join(fifos) + "},"
    yield "        {" + ", ".join(_joins(core.graph, streams)) + "},"
    yield "    };"


def _joins(graph: Graph, streams: dict[str, int]) -> Iterator[str]:
    for node in graph.nodes:
        yield "{" + ", ".join(str(streams[name]) for name in node.inputs) + "}"


def _link(network: Network, design: Design, link: Link) -> str:
    link_module, slice_module = _modules(link)
    ends = ", ".join(_end(network, end) for end in (link.source, link.sink))
    name = f"{link.source.instance}.{link.source.port} -> {link.sink.instance}.{link.sink.port}"
    return f'        {{"{name}", {ends}, {link.depth}, {link_module}_instance, {slice_module}_instance}},'


def _end(network: Network, end: End) -> str:
    size = data_bits(end.lanes * end.bits) // 8
    for index, block in enumerate(network.blocks):
        if block.name == end.instance:
            stream = next(port.stream for port in block.core().ports() if port.name == end.port)
            return f'{{{index}, "{stream}", {size}}}'
    return f'{{farm::DMA, "{end.port}", {size}}}'
