"""Kernel, weights and manifest written into an xclbin that the emulated card runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from blocks.network import Network
from farm.step import PYTHON, File, Output, Step, Text
from integration.design import kernel_of
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import FC_WEIGHTS, fc_weights_file, image_files

PROGRAM = "toolchains.open.emulation.link"


def link(build: Build, network: Network) -> Step:
    """The step of a network."""
    return Step(
        name=f"{STAGE.name}:{network.name}",
        argv=(PYTHON, "-m", PROGRAM, "--plan", "plan.json"),
        inputs=(
            *modules_of(build.root, PROGRAM),
            Text("plan.json", json_text(_plan(build))),
            File("program", f"{build.folder}/stitch/program"),
            File("kernel.xml", f"{build.folder}/stitch/kernel.xml"),
            *(file for block in network.blocks for file in image_files(build, block, block.name)),
            fc_weights_file(build),
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


def _plan(build: Build) -> dict[str, Any]:
    network = build.network
    blocks = [block.name for block in network.blocks]
    interval, bottleneck = network.interval()
    return {
        "network": network.name,
        "toolchain": "open",
        "target": build.target,
        "view": "hls",
        "clock_mhz": build.clock_mhz,
        "blocks": blocks,
        "kernel": kernel_of(network).describe(),
        # The budget is for the fit and for reports: other numbers there make no other xclbin.
        "platform": {name: value for name, value in asdict(build.platform).items() if name != "budget"},
        "folding": {f"{block.name}.{unit}": fold for block in network.blocks for unit, fold in block.folding().items()},
        "interval": interval,
        "bottleneck": bottleneck,
        "labels": list(network.labels),
        "dataset": asdict(network.dataset) if network.dataset else None,
        "tools": {tool.name: tool.version for tool in (compiler(), *interpreter("numpy", "hls4ml"))},
        "sources": ("program", "kernel.xml", *(f"{block}/memories.bin" for block in blocks), FC_WEIGHTS),
    }


STAGE = Stage("link", Per.NETWORK, link, "xclbin of", needs=("weights", "stitch"))
