"""Link the kernel into the platform with v++; the result is the xclbin."""

from __future__ import annotations

from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from integration.design import link_plan_of
from toolchains.common.core_file import json_text
from toolchains.common.modules import modules_of
from toolchains.common.programs import interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import fc_weights_file, image_files
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.link.config import PAYLOAD, LinkJob, Plram
from toolchains.vitis.link.floorplan import PROCEDURES
from toolchains.vitis.link.plan import VppPlan
from toolchains.vitis.stages.payload import emulation_of

PROGRAM = "toolchains.vitis.link.run"


def link(build: VitisBuild, network: Network) -> Step:
    """The step that links a network's kernel."""
    xo = f"{network.name}.xo"
    plan = link_plan_of(
        network,
        toolchain=build.toolchain,
        target=build.target,
        view=str(build.views),
        clock_mhz=build.clock_mhz,
        tools={"vitis": build.version},
        made=(xo,),
    )
    shell = build.platform.shell()
    assert shell is not None  # noqa: S101  the toolchain refuses a board without it
    vpp = VppPlan(link_job(build), build.job, shell, build.vitis.accept_lower_clock, f"v++ {build.version}")
    payload = (File(PAYLOAD, emulation_of(build).xclbin),) if build.is_stand_in else ()
    place = f"{build.folder}/{STAGE.name}"
    step = Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--plan", "plan.json", "--vpp", "vpp.json", "--fit", "fit.json"),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            File(PROCEDURES, PROCEDURES),
            Text("plan.json", json_text(plan.describe())),
            Text("vpp.json", json_text(vpp.describe())),
            File(xo, f"{build.folder}/stitch/kernel.xo"),
            File("fit.json", f"{build.folder}/stitch/fit.json"),
            *(file for block in network.blocks for file in image_files(build, block, f"weights/{block.name}")),
            *fc_weights_file(build),
            *payload,
        ),
        outputs=(
            Output("kernel.xclbin", build.xclbin),
            Output("values.json", f"{place}/values.json"),
            Output("vpp_command.txt", f"{place}/vpp_command.txt"),
            Output("reports.txt", f"{place}/reports.txt", may_be_empty=True),
        ),
        log=f"{build.folder}/link.log",
        tools=(build.tool("v++"), *interpreter()),
        facts=(("clock_mhz", str(build.clock_mhz)), ("platform", build.platform.vbnv)),
        resources=build.resources(cores=build.vitis.jobs, memory_gib=48.0, licences=build.licences),
    )
    return build.with_limits(step, "link_hours")


def link_job(build: VitisBuild) -> LinkJob:
    """The inputs of the link, before placement."""
    kernel, platform = build.job.kernel, build.platform
    shell = platform.shell()
    return LinkJob(
        kernel=kernel,
        release=build.release,
        target=build.target,
        platform=platform.vbnv,
        clock_mhz=build.clock_mhz,
        banks=tuple(
            (argument.name, platform.bank(platform.tags(argument.name)[0]).sp) for argument in kernel.arguments
        ),
        optimize=build.vitis.optimize,
        jobs=build.vitis.jobs,
        has_fixed_clocks=shell is not None and shell.has_fixed_clocks,
        plrams=tuple(
            Plram(bank.plram, bank.size_kib, bank.slr)
            for bank in platform.memories
            if bank.shell_kib is not None and bank.plram is not None and bank.slr is not None
        ),
    )


STAGE = Stage("link", Per.NETWORK, link, "xclbin of", needs=("weights", "placement", "stitch", "payload"))
