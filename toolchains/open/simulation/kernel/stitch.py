"""Join the models: `python -m toolchains.open.simulation.kernel.stitch` is the `stitch` step of target hw_emu.

Checks the cores' ports, which their models are made with, against the design, writes `kernel.xml`, and links the
verilated blocks, links and DMA with the table that joins them into one `program`. No RTL is compiled here, so a core
that is folded anew verilates only itself, and new weights compile nothing: they are not in the program.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from integration.interfaces import check_interfaces
from integration.kernel import Kernel, kernel_xml
from toolchains.open.emulation.isa import ISA_LEVEL
from toolchains.open.simulation.compile_model import (
    BRIEF,
    HARNESS,
    MODEL,
    TRACED_HARNESS,
    TRACED_MODEL,
    ModelError,
    run_compiler,
)

FLAGS = ("-std=c++17", BRIEF, f"-march={ISA_LEVEL}", "-Wall")
"""With -O2 the program takes twice as long to compile and simulates `digits` 5 % faster; a larger network spends its
time in the models, which are compiled already."""
STATIC = ("-static-libstdc++", "-static-libgcc", "-pthread", "-s")
"""The C++ library is linked in, so that the program runs wherever the C library is as new as this one."""


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing what does not fit.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--design", type=Path, required=True)
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--interfaces", type=Path, required=True, help="ports of each core, as JSON")
    parser.add_argument("--waveforms", action="store_true", help="join models that can write waveforms")
    parser.add_argument("--models", nargs="+", required=True, help="names; each has a folder with model.o")
    given = parser.parse_args()
    design = json.loads(given.design.read_text("utf-8"))
    faults = check_interfaces(design, json.loads(given.interfaces.read_text("utf-8")))
    for fault in faults:
        print(f"ERROR: {fault}")
    if faults:
        return 1
    model, harness = (TRACED_MODEL, TRACED_HARNESS) if given.waveforms else (MODEL, HARNESS)
    objects = [*(f"{name}/{model}" for name in given.models), harness]
    try:
        run_compiler((*FLAGS, "-I", ".", "-o", "program", "main.cpp", *objects, *STATIC), Path(), "the program")
    except ModelError as failure:
        print(f"ERROR: {failure}")
        return 1
    Path("kernel.xml").write_text(kernel_xml(Kernel.from_description(json.loads(given.kernel.read_text("utf-8")))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
