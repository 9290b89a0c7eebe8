"""Verilated blocks, links and DMA joined into one program; interfaces checked, `kernel.xml` written."""

from __future__ import annotations

from blocks.network import Network
from farm.step import Step
from toolchains.common.build import Build
from toolchains.common.stage import Per, Stage
from toolchains.open.simulation.kernel.program_step import program_step


def stitch(build: Build, network: Network) -> Step:
    """The step of a network."""
    return program_step(build, network, f"{STAGE.name}:{network.name}", f"{build.folder}/{STAGE.name}", STAGE.name)


STAGE = Stage("stitch", Per.NETWORK, stitch, "simulation of the kernel of", needs=("model",))
