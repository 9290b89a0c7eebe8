"""For stand-ins of AMD's tools: the sw_emu program to embed in the xclbin, as the open toolchain builds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from blocks.network import Network
from farm.step import Step
from toolchains.common.build import Build
from toolchains.common.stage import Per, Stage
from toolchains.common.stages.weights import weights
from toolchains.open.stages.hls import hls
from toolchains.open.stages.link import link
from toolchains.open.stages.stitch import stitch
from toolchains.vitis.build import VitisBuild


def no_step(build: VitisBuild, network: Network) -> None:
    """The network has no step of its own; `payload` makes all steps."""


def payload(build: VitisBuild) -> Iterator[Step]:
    """The open toolchain's steps for sw_emu; none if the tools are AMD's."""
    if not build.is_stand_in:
        return
    network, emulated = build.network, emulation_of(build)
    cores = {core.name: core for core in network.cores().values()}
    steps = [weights(emulated, block) for block in network.blocks]
    steps += [hls(emulated, core) for core in cores.values()]
    steps += [stitch(emulated, network), link(emulated, network)]
    for step in steps:
        yield replace(step, name=f"{STAGE.name}:{step.name.replace(':', '-')}")


def emulation_of(build: VitisBuild) -> Build:
    """The same network, built by the open toolchain for sw_emu."""
    return Build("open", build.root, build.network, build.platform, "sw_emu", build.clock_mhz, build.settings)


STAGE = Stage("payload", Per.NETWORK, no_step, "", shared=payload, shared_doc="for the stand-in")
