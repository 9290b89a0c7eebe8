"""Join the cores in Vivado, with empty parameter memories, so new weights do not run this stage."""

from __future__ import annotations

from blocks.core.rtl import render
from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from integration.design import design_of
from integration.kernel_rtl.link import converter_core
from toolchains.common.core_file import json_text
from toolchains.common.modules import modules_of
from toolchains.common.programs import interpreter
from toolchains.common.stage import Per, Stage
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.ooc.memory_rtl import SOURCE as MEMORY_SOURCE
from toolchains.vitis.ooc.scripts import CONSTRAINTS, constraints
from toolchains.vitis.stitch import structural
from toolchains.vitis.stitch.block_design import HIERARCHY, UTILIZATION
from toolchains.vitis.stitch.templates import NETLIST_STEP

PROGRAM = "toolchains.vitis.stitch.run_netlist"


def netlist(build: VitisBuild, network: Network) -> Step:
    """The step that joins a network's cores."""
    job, place, kernel = build.job, f"{build.folder}/stitch", network.name
    is_block_design = job.style == "ipi"
    converters = {core.name: core for link in design_of(network).links if (core := converter_core(link))}
    files = dict.fromkeys(file for core in converters.values() for file in core.sv_files())
    files |= dict.fromkeys((MEMORY_SOURCE, *(() if is_block_design else structural.FILES)))
    taken = (".dcp",) if is_block_design else (".dcp", "_stub.v")
    left = (f"{kernel}_empty.dcp", UTILIZATION, HIERARCHY, "package.tcl", "design.tcl")
    step = Step(
        name=f"{STAGE.name}:{kernel}",
        argv=(PYTHON, "-m", PROGRAM, "--job", "job.json", "--fit", "fit.json"),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            Text("job.json", json_text(job.describe())),
            File("fit.json", f"{place}/fit.json"),
            *([] if is_block_design else [Text(CONSTRAINTS, constraints(build.clock_ns))]),
            *(File(f"{name}{end}", f"{build.folder}/ooc/{name}/{name}{end}") for name in job.cores for end in taken),
            *(File(file, f"blocks/{file}") for file in files),
            *(File(file, file) for file in NETLIST_STEP[job.style]),
            *(Text(f"{name}.sv", render(core).top) for name, core in converters.items()),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in left),
        log=f"{place}/netlist.log",
        tools=(build.tool("vivado"), *interpreter()),
        facts=tuple((f"{block}.core", core.name) for block, core in network.cores().items()),
        resources=build.resources(cores=build.vitis.jobs, memory_gib=16.0, licences=build.licences),
    )
    return build.with_limits(step, "link_hours")


STAGE = Stage("netlist", Per.NETWORK, netlist, "netlist of", needs=("ooc", "placement"))
