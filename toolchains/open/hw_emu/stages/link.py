"""Simulation, weights, settings and manifest written into an xclbin that the emulated card runs."""

from __future__ import annotations

from blocks.network import Network
from farm.step import Step
from toolchains.common.build import Build
from toolchains.common.stage import Per, Stage
from toolchains.open.simulation.kernel.settings import told
from toolchains.open.stages.link import emulation_link


def link(build: Build, network: Network) -> Step:
    """The step of a network."""
    words, inputs = told(build)
    return emulation_link(build, network, view="rtl", words=words, told=inputs)


STAGE = Stage("link", Per.NETWORK, link, "xclbin of", needs=("weights", "placement", "stitch"))
