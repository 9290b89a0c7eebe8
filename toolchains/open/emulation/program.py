"""Generate the main file of the emulation's program: the table of compiled cores that `program.hpp` runs."""

from __future__ import annotations

from blocks.dma import Dma
from blocks.network import Network
from toolchains.open.emulation.native import element_bytes


def program_main(network: Network) -> str:
    """Generate the C++ source with the table of the pipeline's compiled cores."""
    cores = network.cores()
    dma: Dma = network.dma
    mover = cores[dma.name].name
    names = sorted({core.name for name, core in cores.items() if name != dma.name})
    weights = dma.weights
    lines = ['#include "program.hpp"', "", 'extern "C" {']
    for name in names:
        lines += [
            f"void* {name}_body_new(const uint8_t*, uint64_t, char*, uint64_t);",
            f"int {name}_body_run(const void*, const void* const*, void* const*, char*, uint64_t);",
        ]
    lines += [
        f"int {mover}_body_read(const uint8_t*, const uint8_t*, void* const*, char*, uint64_t);",
        f"int {mover}_body_write(const void*, uint8_t*, char*, uint64_t);",
        "}",
        "",
        "int main() {",
        "    farm_program::pipeline design;",
        f"    design.mover = {{{mover}_body_read, {mover}_body_write}};",
        f"    design.image_bytes = {dma.image_bytes};",
        f"    design.weights_bytes = {dma.weights_bytes};",
        f"    design.result_bytes = {dma.result_bytes};",
        f"    design.image_element_bytes = {dma.image.elements * element_bytes(dma.image.bits)};",
        f"    design.weights_element_bytes = {weights.elements * element_bytes(weights.bits) if weights else 0};",
        "    design.blocks = {",
    ]
    for block in network.blocks:
        core = block.core()
        graph = core.graph
        output = graph.outputs[0].stream
        streamed = "true" if len(graph.inputs) > 1 else "false"
        functions = f"{{{core.name}_body_new, {core.name}_body_run}}"
        output_bytes = output.elements * element_bytes(output.bits)
        lines.append(f'        {{"{block.name}", {functions}, {output_bytes}, {streamed}}},')
    lines += ["    };", "    return farm_program::serve(design);", "}"]
    return "\n".join(lines) + "\n"
