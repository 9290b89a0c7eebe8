"""Make the kernel in Vivado: `python -m toolchains.vitis.stitch.run_stitch` is the `stitch` step.

It fills the parameter memories of the netlist and packages it as an .xo for v++, and as a netlist IP for the user's own
designs. New weights run this step again; it synthesises nothing.
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
from toolchains.vitis.stitch import contents as contents_scripts
from toolchains.vitis.stitch import packaging as packaging_scripts
from toolchains.vitis.stitch.contents import VALUES, contents_script, values_text
from toolchains.vitis.stitch.job import Memory, StitchJob
from toolchains.vitis.stitch.memory_contents import contents_of
from toolchains.vitis.stitch.packaged_kernel import refuse_another_kernel
from toolchains.vitis.stitch.packaging import KERNEL_FOLDER, kernel_script
from toolchains.vitis.tools import tool
from toolchains.vitis.tools.archive import pack_folder


def contents(memory: Memory) -> dict[str, dict[str, str]]:
    """The INIT properties of a memory by cell, from its block's images. Raises ContentsError if they do not fit."""
    place, name = Path("weights", memory.block), f"{memory.block}.{memory.port}"
    described: Mapping[str, Any] = json.loads((place / "memories.json").read_text("utf-8"))
    entry = next((each for each in described["memories"] if each["port"] == memory.port), None)
    if entry is None or (entry["width_bits"], entry["depth"]) != (memory.width_bits, memory.depth):
        found = "is missing" if entry is None else f"has {entry['depth']} beats of {entry['width_bits']} bits"
        raise ContentsError(f"{name}: the memory image {found}; make it again: doit weights")
    image = (place / "memories.bin").read_bytes()[entry["offset"] : entry["offset"] + entry["bytes"]]
    return contents_of(image, memory.width_bits, memory.depth, name)


def run(job: StitchJob) -> None:
    """Run the step in the current folder. Raises ToolError or ContentsError if the run does not count."""
    kernel = job.kernel.name
    Path(VALUES).write_text(values_text({memory.name: contents(memory) for memory in job.memories}), "ascii")
    Path("contents.tcl").write_text(contents_script(job), "utf-8")
    tool.vivado("contents.tcl", contents_scripts.DONE, [f"{kernel}.dcp", f"{kernel}_funcsim.v", f"{kernel}_stub.v"])
    Path("kernel.tcl").write_text(kernel_script(job), "utf-8")
    tool.vivado("kernel.tcl", packaging_scripts.KERNEL_PACKAGED, [f"{kernel}.xo", f"{KERNEL_FOLDER}/component.xml"])
    refuse_another_kernel(job.kernel, Path(KERNEL_FOLDER, "component.xml"))
    pack_folder(Path(KERNEL_FOLDER), Path("kernel_ip.zip"))
    shutil.copyfile(f"{kernel}.xo", "kernel.xo")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", type=Path, required=True, help="the kernel to be stitched, as JSON")
    arguments = parser.parse_args()
    job = StitchJob.from_description(json.loads(arguments.job.read_text("utf-8")), {})
    try:
        run(job)
    except (tool.ToolError, ContentsError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
