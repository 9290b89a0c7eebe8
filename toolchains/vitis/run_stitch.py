"""Vivado on the whole kernel: `python -m toolchains.vitis.run_stitch` is the `stitch` step.

Packages every core's checkpoint and every parameter memory as an IP, joins them in a block design, writes the netlist,
and packages that as the kernel. It leaves the .xo for v++ and the netlist IP for a design of the user's own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.parameter_memory.contents import ContentsError
from integration.fit import Fit
from reports import source, utilization
from reports.errors import ReportError
from toolchains.vitis import packaging_scripts, stitch_scripts, tool
from toolchains.vitis.archive import pack_folder
from toolchains.vitis.memory_rtl import memory_contents, memory_module
from toolchains.vitis.packaging_scripts import IP_FOLDER, KERNEL_FOLDER, kernel_script, packaging_script, top_module
from toolchains.vitis.run_ooc import refuse_black_boxes
from toolchains.vitis.stitch_job import Memory, StitchJob
from toolchains.vitis.stitch_scripts import HIERARCHY, UTILIZATION, design_script
from toolchains.vitis.structural import BLACK_BOXES, black_boxes, read_stub, structural_script, top_text


def placed(fit: Path | None) -> dict[str, str]:
    """Where the fit puts each block; one that no single SLR holds has the reset of the first of its SLRs."""
    if fit is None:
        return {}
    found = Fit.from_description(json.loads(fit.read_text("utf-8")))
    return {block.block: block.slrs[0] for block in found.blocks}


def write_memories(memories: tuple[Memory, ...]) -> None:
    """Write the source and the contents of each memory from its block's images."""
    for memory in memories:
        place = Path("weights", memory.block)
        described: Mapping[str, Any] = json.loads((place / "memories.json").read_text("utf-8"))
        entry = next((each for each in described["memories"] if each["port"] == memory.port), None)
        if entry is None or (entry["width_bits"], entry["depth"]) != (memory.width_bits, memory.depth):
            found = "is not there" if entry is None else f"has {entry['depth']} beats of {entry['width_bits']} bits"
            raise ContentsError(f"{memory.block}.{memory.port}: the memory image {found}; make it again: doit weights")
        image = (place / "memories.bin").read_bytes()[entry["offset"] : entry["offset"] + entry["bytes"]]
        text = memory_contents(image, memory.width_bits, memory.depth, f"{memory.block}.{memory.port}")
        Path(f"{memory.name}.v").write_text(memory_module(memory.name, memory.width_bits, memory.depth), "ascii")
        Path(f"{memory.name}.mem").write_text(text, "ascii")


def vivado(script: str, says: str, writes: list[str]) -> None:
    """Run one of the scripts."""
    name = script.removesuffix(".tcl")
    words = ("-mode", "batch", "-source", script, "-log", f"{name}.log", "-journal", f"{name}.jou", "-notrace")
    tool.run("VIVADO", words, folder=Path(), says=says, writes=writes)


def package_and_join(job: StitchJob) -> None:
    """Make IPs of cores and memories, for the block design to take."""
    Path("package.tcl").write_text(packaging_script(job), "utf-8")
    Path("design.tcl").write_text(design_script(job), "utf-8")
    packaged = (*job.cores, *job.converters, *(memory.name for memory in job.memories))
    vivado("package.tcl", packaging_scripts.PACKAGED, [f"{IP_FOLDER}/{name}/component.xml" for name in packaged])


def generate_top(job: StitchJob) -> None:
    """Write the top around the cores, whose ports are those of their stubs."""
    stubs = {core: read_stub(Path(f"{core}_stub.v").read_text("utf-8"), core) for core in job.cores}
    Path(BLACK_BOXES).write_text(black_boxes(stubs), "utf-8")
    Path(f"{top_module(job.kernel)}.sv").write_text(top_text(job, stubs), "utf-8")
    Path("package.tcl").write_text("# Nothing is packaged: the cores' checkpoints are read into the top.\n", "utf-8")
    Path("design.tcl").write_text(structural_script(job), "utf-8")


def run(job: StitchJob) -> None:
    """The whole step in the current folder."""
    kernel = job.kernel.name
    write_memories(job.memories)
    (package_and_join if job.style == "ipi" else generate_top)(job)
    netlist = [f"{kernel}.dcp", f"{kernel}_funcsim.v", f"{kernel}_stub.v"]
    vivado("design.tcl", stitch_scripts.DONE, [*netlist, UTILIZATION, HIERARCHY])
    refuse_black_boxes(utilization.parse(source.read(Path(UTILIZATION)), UTILIZATION))
    Path("kernel.tcl").write_text(kernel_script(job), "utf-8")
    vivado("kernel.tcl", packaging_scripts.KERNEL_PACKAGED, [f"{kernel}.xo", f"{KERNEL_FOLDER}/component.xml"])
    pack_folder(Path(KERNEL_FOLDER), Path("kernel_ip.zip"))
    shutil.copyfile(f"{kernel}.xo", "kernel.xo")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", type=Path, required=True, help="the kernel to be stitched, as JSON")
    parser.add_argument("--fit", type=Path, help="where each block lies, as JSON")
    arguments = parser.parse_args()
    job = StitchJob.from_description(json.loads(arguments.job.read_text("utf-8")), placed(arguments.fit))
    try:
        run(job)
    except (tool.ToolError, ReportError, ContentsError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
