"""Write kernel, weights and manifest into an xclbin for the emulated card."""

from __future__ import annotations

from functools import partial

from blocks.network import Network
from farm.step import PYTHON, File, Inputs, Output, Step, Text
from integration.design import link_plan_of
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import fc_weights_file, image_files

PROGRAM = "toolchains.open.emulation.link"
MADE = ("program", "kernel.xml")
"""Outputs of the step `stitch` that go into the xclbin."""


def link(build: Build, network: Network) -> Step:
    """The step of a network."""
    return emulation_link(build, network, view="hls")


def emulation_link(
    build: Build, network: Network, *, view: str, words: tuple[str, ...] = (), told: tuple[File | Text, ...] = ()
) -> Step:
    """The step that writes an emulation's xclbin; `words` and `told` are what a simulation is told."""
    used = (compiler(), *interpreter("numpy", "hls4ml"))
    plan = partial(
        link_plan_of,
        network,
        toolchain=build.toolchain,
        target=build.target,
        view=view,
        clock_mhz=build.clock_mhz,
        made=MADE,
    )
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--plan", "plan.json", "--platform", "platform.json", *words),
        inputs=Inputs(
            modules_of(build.root, PROGRAM),
            Text("plan.json", lambda: json_text(plan(tools={tool.name: tool.version for tool in used}).describe())),
            Text("platform.json", lambda: json_text(build.platform.describe())),
            *(File(name, f"{build.folder}/stitch/{name}") for name in MADE),
            *(file for block in network.blocks for file in image_files(build, block, f"weights/{block.name}")),
            *fc_weights_file(build),
            *told,
        ),
        outputs=(
            Output("kernel.xclbin", build.xclbin),
            Output("values.json", f"{build.folder}/{STAGE.name}/values.json"),
        ),
        log=f"{build.folder}/link.log",
        tools=interpreter(),
        facts=(("clock_mhz", str(build.clock_mhz)), ("platform", build.platform.vbnv)),
        error_lines=ERROR_LINES,
        signatures=signatures("open"),
    )


STAGE = Stage("link", Per.NETWORK, link, "xclbin of", needs=("weights", "stitch"))
