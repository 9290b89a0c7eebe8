"""Package the kernel with its weights as a netlist IP and an .xo. Nothing is synthesised."""

from __future__ import annotations

from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from integration.kernel import kernel_xml
from toolchains.common.core_file import json_text
from toolchains.common.modules import modules_of
from toolchains.common.programs import interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import image_files
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.stitch.templates import STITCH_STEP

PROGRAM = "toolchains.vitis.stitch.run_stitch"


def stitch(build: VitisBuild, network: Network) -> Step:
    """The step that packages a network's kernel."""
    job, place, kernel = build.job, f"{build.folder}/stitch", network.name
    empty = f"{kernel}_empty.dcp"
    left = ("kernel.xo", "kernel_ip.zip", f"{kernel}.dcp", f"{kernel}_funcsim.v", "contents.tcl", "kernel.tcl")
    step = Step(
        name=f"{STAGE.name}:{kernel}",
        argv=(PYTHON, "-m", PROGRAM, "--job", "job.json"),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            Text("job.json", json_text(job.describe())),
            Text("kernel.xml", kernel_xml(job.kernel)),
            File(empty, f"{place}/{empty}"),
            *(File(file, file) for file in STITCH_STEP),
            *(file for block in network.blocks for file in image_files(build, block, f"weights/{block.name}")),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in left),
        log=f"{place}/stitch.log",
        tools=(build.tool("vivado"), *interpreter("numpy")),
        facts=tuple((f"{block}.core", core.name) for block, core in network.cores().items()),
        resources=build.resources(cores=1, memory_gib=16.0, licences=build.licences),
    )
    return build.with_limits(step, "link_hours")


STAGE = Stage("stitch", Per.NETWORK, stitch, "kernel of", needs=("weights", "netlist"))
