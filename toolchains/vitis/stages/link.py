"""v++ links the kernel into the platform: the xclbin."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from blocks.network import Network
from farm.step import PYTHON, File, Output, Step, Text
from toolchains.common.core_file import json_text
from toolchains.common.modules import modules_of
from toolchains.common.programs import interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import FC_WEIGHTS, fc_weights_file, image_files
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.link.config import PAYLOAD, LinkJob
from toolchains.vitis.stages.payload import emulation_of

PROGRAM = "toolchains.vitis.link.run"
_NOT_IN_MANIFEST = ("id", "offset", "port", "port_bits")


def link(build: VitisBuild, network: Network) -> Step:
    """The step of a network."""
    xo = f"{build.job.kernel.name}.xo"
    payload = (File(PAYLOAD, emulation_of(build).xclbin),) if build.is_stand_in else ()
    place = f"{build.folder}/{STAGE.name}"
    step = Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--plan", "plan.json", "--fit", "fit.json"),
        inputs=(
            *modules_of(build.root, PROGRAM),
            Text("plan.json", json_text(_plan(build, xo))),
            File(xo, f"{build.folder}/stitch/kernel.xo"),
            File("fit.json", f"{build.folder}/stitch/fit.json"),
            *(file for block in network.blocks for file in image_files(build, block, f"weights/{block.name}")),
            fc_weights_file(build),
            *payload,
        ),
        outputs=(
            Output("kernel.xclbin", build.xclbin),
            Output("values.json", f"{place}/values.json"),
            Output("told.txt", f"{place}/told.txt"),
            Output("reports.txt", f"{place}/reports.txt", may_be_empty=True),
        ),
        log=f"{build.folder}/link.log",
        tools=(build.tool("v++"), *interpreter()),
        facts=(("clock_mhz", str(build.clock_mhz)), ("platform", build.platform.vbnv)),
        resources=build.resources(cores=build.vitis.jobs, memory_gib=48.0, licences=build.licences),
    )
    return build.with_limits(step, "link_hours")


def link_job(build: VitisBuild) -> LinkJob:
    """What v++ is told."""
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
    )


def _plan(build: VitisBuild, xo: str) -> dict[str, Any]:
    network, kernel = build.network, build.job.kernel
    blocks = [block.name for block in network.blocks]
    interval, bottleneck = network.interval()
    shell = build.platform.shell()
    return {
        "network": network.name,
        "kernel": kernel.name,
        "instance": kernel.instance,
        "target": build.target,
        "view": str(build.views),
        "accept_lower_clock": build.vitis.accept_lower_clock,
        "link": link_job(build).describe(),
        "stitch": build.job.describe(),
        "shell": asdict(shell) if shell else None,
        "blocks": blocks,
        "arguments": [
            {name: value for name, value in asdict(each).items() if name not in _NOT_IN_MANIFEST}
            for each in kernel.arguments
        ],
        "folding": {f"{block.name}.{unit}": fold for block in network.blocks for unit, fold in block.folding().items()},
        "interval": interval,
        "bottleneck": bottleneck,
        "labels": list(network.labels),
        "dataset": asdict(network.dataset) if network.dataset else None,
        "tools": {"vitis": build.version},
        "tool": f"v++ {build.version}",
        "sources": [xo, *(f"weights/{block}/memories.bin" for block in blocks), FC_WEIGHTS],
    }


STAGE = Stage("link", Per.NETWORK, link, "xclbin of", needs=("weights", "placement", "stitch", "payload"))
