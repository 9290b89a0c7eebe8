"""The toolchain of Vitis HLS, Vivado and v++. It reports mistakes in the settings before anything starts."""

from __future__ import annotations

from pathlib import Path

from blocks.network import Network
from config.problem import ConfigError, Problem
from config.settings import Settings
from integration.design import kernel_of
from integration.fit.problem import problem_of
from integration.platform import Platform
from toolchains.open.toolchain import check_simulation
from toolchains.toolchain import Toolchain
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.settings import VitisSettings
from toolchains.vitis.tools.discovery import find_tools
from toolchains.vitis.tools.releases import OLDEST, Release
from toolchains.vitis.tools.tools_report import tools_report

TARGETS = ("hw_emu", "hw")
AUTO_TARGETS = ("hw",)
"""Targets for which toolchain=auto selects this one."""
__all__ = ["AUTO_TARGETS", "TARGETS", "toolchain", "toolchain_of", "tools_report"]

NARROWEST_WORD_BYTES = 4
"""AMD's AXI4 interconnects support data widths of 32 to 1,024 bits (PG059, PG247)."""


def toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """Make the toolchain for target hw_emu or hw.

    Raises:
        ConfigError: The release is older than 2019.2, the part is not the platform's, the board's file lacks a memory
            for a port of the kernel, a port is too narrow for the interconnect, or `check_simulation` fails.
    """
    check_simulation(root, settings)
    vitis = settings.section(VitisSettings)
    problems: list[Problem] = []
    _check_release(settings, vitis, problems)
    _check_platform(settings, platform, network, problems)
    _check_words(network, problems)
    if problems:
        raise ConfigError(problems)
    counted = [name for name, _ in settings.values.get("farm.licences", ())]
    return toolchain_of(
        VitisBuild(
            "vitis",
            root,
            network,
            platform,
            settings.target,
            settings.clock_mhz,
            settings.resolved("vitis.view", network.views, f"blocks/networks/{network.name}.yaml"),
            vitis,
            find_tools(vitis.install, vitis.platforms),
            problem_of(network, platform, settings),
            tuple(name for name in counted if name == vitis.licence),
        )
    )


def toolchain_of(build: VitisBuild) -> Toolchain:
    """Make the vitis toolchain of a build. It takes the stages that start no tool of AMD's from open."""
    return Toolchain(build, ("vitis", "open", "common"), core_task="ooc")


def _check_release(settings: Settings, vitis: VitisSettings, problems: list[Problem]) -> None:
    if vitis.release is None:
        return
    release = Release.of(vitis.release)
    if release is None:
        what = f"vitis.release {vitis.release!r} is not a valid release"
        problems.append(settings.problem("vitis.release", what, "write it as 2022.2"))
    elif not release.is_supported:
        what = f"release {release} of AMD's tools is too old: the oldest supported one is {OLDEST}"
        problems.append(settings.problem("vitis.release", what, f"use {OLDEST} or later"))


def _check_platform(settings: Settings, platform: Platform, network: Network, problems: list[Problem]) -> None:
    chip = platform.part.partition("-")[0].removeprefix("xc")
    if f"_{chip}_" not in f"_{platform.vbnv}_":
        what = f"the part {platform.part} and the platform {platform.vbnv} are of different boards"
        problems.append(settings.problem("platform", what, f"correct platform/{platform.name}.yaml"))
    if platform.shell(platform.vbnv) is None:
        what = f"the file of board {platform.name} does not describe the shell {platform.vbnv}"
        problems.append(settings.problem("platform", what, f"add it to 'shells' of platform/{platform.name}.yaml"))
    wired = dict(platform.connect)
    unwired = [argument.name for argument in kernel_of(network).arguments if not wired.get(argument.name)]
    if unwired:
        what = f"the file of board {platform.name} gives no memory to these ports of the kernel: {', '.join(unwired)}"
        problems.append(settings.problem("platform", what, "wire them in 'connect' of the board's file"))


def _check_words(network: Network, problems: list[Problem]) -> None:
    dma = network.dma
    ports = [("image", dma.image_bytes, dma.image_word_bytes)]
    if dma.weights:
        ports.append(("weights", dma.weights_bytes, dma.weights_word_bytes))
    for what, size, word in ports:
        if word < NARROWEST_WORD_BYTES:
            fault = f"{size} bytes ({what}) make a memory port of {8 * word} bits; AXI4 on a card needs at least 32"
            remedy = f"change the network so the size is a multiple of {NARROWEST_WORD_BYTES}, or use toolchain=open"
            problems.append(Problem(network.file.name, None, fault, remedy))
