"""Join the cores in Vivado: `python -m toolchains.vitis.stitch.run_netlist` is the `netlist` step.

It packages every core's checkpoint and every kind of parameter memory as an IP, joins them in a block design (or in a
generated top), and writes the netlist. The memories are empty, so the netlist does not depend on the weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from integration.fit.result import Fit
from reports.reading import source
from reports.reading.errors import ReportError
from reports.vivado import hierarchy, utilization
from toolchains.vitis.ooc.memory_rtl import memory_module
from toolchains.vitis.ooc.run import refuse_black_boxes
from toolchains.vitis.stitch import block_design as stitch_scripts
from toolchains.vitis.stitch import packaging as packaging_scripts
from toolchains.vitis.stitch.block_design import HIERARCHY, UTILIZATION, design_script
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.stitch.packaging import IP_FOLDER, packaging_script, top_module
from toolchains.vitis.stitch.structural import BLACK_BOXES, black_boxes, read_stub, structural_script, top_text
from toolchains.vitis.tools import tool


def placed(fit: Path) -> dict[str, str]:
    """The SLR of each block in a fit. A block in several SLRs counts for the first, which gives it its reset."""
    found = Fit.from_description(json.loads(fit.read_text("utf-8")))
    return {block.block: block.slrs[0] for block in found.blocks}


def package_and_join(job: StitchJob) -> None:
    """Write both scripts and package cores and memories as IPs for the block design."""
    Path("package.tcl").write_text(packaging_script(job), "utf-8")
    Path("design.tcl").write_text(design_script(job), "utf-8")
    packaged = (*job.cores, *job.converters, *(plan.module for plan in job.memory_plans))
    tool.vivado("package.tcl", packaging_scripts.PACKAGED, [f"{IP_FOLDER}/{name}/component.xml" for name in packaged])


def generate_top(job: StitchJob) -> None:
    """Write the top around the cores, with the ports from their stubs, and the script that joins them."""
    stubs = {core: read_stub(Path(f"{core}_stub.v").read_text("utf-8"), core) for core in job.cores}
    Path(BLACK_BOXES).write_text(black_boxes(stubs), "utf-8")
    Path(f"{top_module(job.kernel)}.sv").write_text(top_text(job, stubs), "utf-8")
    Path("package.tcl").write_text("# Nothing is packaged: the cores' checkpoints are read into the top.\n", "utf-8")
    Path("design.tcl").write_text(structural_script(job), "utf-8")


def refuse_bare_modules(report: hierarchy.Hierarchy, cores: Iterable[str]) -> None:
    """Raise ToolError if a core's modules lack its prefix: modules of different cores might then be confused.

    `rename_ref` skips some modules, such as AMD's encrypted ones. They are accepted if others have the prefix.
    """
    for core in cores:
        for top in (each for each in report.instances if each.module == core):
            names = {each.module for each in report.instances if each.path.startswith(f"{top.path}/")} - {core}
            if names and not any(name.startswith(f"{core}_") for name in names):
                raise tool.ToolError(f"no module below {top.path} begins with {core}_: its checkpoint was not prefixed")


def run(job: StitchJob) -> None:
    """Run the step in the current folder. Raises ToolError or ReportError if the run does not count."""
    for plan in job.memory_plans:
        Path(f"{plan.module}.sv").write_text(memory_module(plan), "ascii")
    (package_and_join if job.style == "ipi" else generate_top)(job)
    tool.vivado("design.tcl", stitch_scripts.DONE, [f"{job.kernel.name}_empty.dcp", UTILIZATION, HIERARCHY])
    refuse_black_boxes(utilization.parse(source.read(Path(UTILIZATION)), UTILIZATION))
    # Converters have checkpoints only in a block design; a generated top is synthesised together with them.
    prefixed = (*job.cores, *(job.converters if job.style == "ipi" else ()))
    refuse_bare_modules(hierarchy.parse(source.read(Path(HIERARCHY)), HIERARCHY), prefixed)


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the run does not count.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", type=Path, required=True, help="the kernel to be stitched, as JSON")
    parser.add_argument("--fit", type=Path, required=True, help="the fit with the SLR of each block, as JSON")
    arguments = parser.parse_args()
    job = StitchJob.from_description(json.loads(arguments.job.read_text("utf-8")), placed(arguments.fit))
    try:
        run(job)
    except (tool.ToolError, ReportError, ValueError, OSError) as failure:
        print(f"ERROR: {failure}")
        return 1
    print(tool.COMPLETE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
