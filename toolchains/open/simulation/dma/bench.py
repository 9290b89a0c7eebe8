"""Make the program that simulates DMA cores: verilated SystemVerilog inside the test bench `bench.cpp`.

The bench plays the host, the card memory and the blocks. While it runs, it checks the rules of AXI and of the control
registers. One program may hold several cores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from blocks.dma import DmaCore
from toolchains.open.simulation.compile_model import (
    BRIEF,
    VERILATOR_FLAGS,
    class_name,
    compile_sources,
    library_sources,
    run_compiler,
    verilate,
)
from toolchains.open.simulation.verilator import Verilator

SOURCES = ("bench.hpp", "bench.cpp", "axi_memory.hpp")
"""The bench, beside this file."""
HEADERS = ("bench.hpp", "axi_memory.hpp")
"""What a simulation that is not the bench needs of it."""
JOINT, PROGRAM = "joint.cpp", "dma_bench"


def model_joint(cores: Iterable[DmaCore]) -> str:
    """The C++ that gives a simulation the pins of DMA cores: of each a function of its name that makes a `Bench`."""
    cores = tuple(cores)
    lines = [f'#include "{class_name(core.name)}.h"' for core in cores]
    lines += ["#if VM_TRACE", '#include "verilated_fst_c.h"', "#endif", '#include "bench.hpp"']
    for core in cores:
        beat = (
            f"FARM_DMA_WEIGHTS({core.weights_word_bytes}, {core.weights.lanes})" if core.weights else "FARM_NO_WEIGHTS"
        )
        words = f"{core.image_word_bytes}, {core.image.lanes}, {beat}"
        lines.append(f"FARM_DMA_BENCH({core.name}, {class_name(core.name)}, {words})")
    return "\n".join(lines) + "\n"


def joint(cores: Iterable[DmaCore]) -> str:
    """The same for the bench, which finds its cores in a table."""
    cores = tuple(cores)
    lines = [model_joint(cores), "const BenchedCore benched_cores[] = {"]
    lines += [f'    {{"{core.name}", {core.name}}},' for core in cores]
    lines.append("    {nullptr, nullptr}};")
    return "\n".join(lines) + "\n"


def compile_bench(
    cores: Iterable[str],
    verilog: Sequence[str],
    folder: Path,
    verilator: Verilator,
    flags: Sequence[str] = VERILATOR_FLAGS,
    library: Path | None = None,
) -> Path:
    """Make the program in `folder`, which holds the bench's sources, `joint.cpp` and the SystemVerilog.

    Args:
        cores: Names of the cores; the top of each is `<name>.sv`.
        verilog: SystemVerilog files that all tops need, relative to `folder`.
        folder: Folder of all sources and of the program.
        verilator: The Verilator to use.
        flags: Options for Verilator.
        library: The harness of models, which has Verilator's library in it; that takes longer to compile than a core.
            None compiles the library here.

    Raises:
        ModelError: Verilator or the compiler fails; their messages are in the log.
    """
    made = []
    for name in cores:
        made += verilate(class_name(name), name, (*verilog, f"{name}.sv"), folder, verilator, flags)
    sources = [JOINT, "bench.cpp", *(library_sources(verilator) if library is None else ()), *made]
    # Reading Verilator's headers takes longer than compiling a core: all cores in one unit. A bench moves a few images,
    # for a second at most.
    compile_sources(sources, f"{PROGRAM}.o", folder, verilator, BRIEF, in_one=True)
    # The harness defines vl_fatal and vl_stop too. The first ones count, which are the bench's.
    given = () if library is None else (str(library.resolve()), "-Wl,-z,muldefs")
    run_compiler(("-pthread", "-o", PROGRAM, f"{PROGRAM}.o", *given), folder, PROGRAM)
    return folder / PROGRAM
