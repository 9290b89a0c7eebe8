"""The toolchain of Vitis HLS, Vivado and v++. Mistakes of the settings are told before anything starts."""

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
"""What toolchain=auto means this one for."""
__all__ = ["AUTO_TARGETS", "TARGETS", "toolchain", "toolchain_of", "tools_report"]

NARROWEST_WORD_BYTES = 4
"""AMD's AXI4 interconnects take data widths of 32 to 1,024 bits (PG059, PG247)."""


def toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """The toolchain for target hw_emu or hw.

    Raises:
        ConfigError: a release before 2019.2, a part that is not the platform's, or a kernel with more memory ports
            than the platform has memories for, or with narrower ones than its interconnect takes; as
            `check_simulation` says.
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
    """The toolchain of a build. Stages that start no tool of AMD's are the open toolchain's."""
    return Toolchain(build, ("vitis", "open", "common"), core_task="ooc")


def _check_release(settings: Settings, vitis: VitisSettings, problems: list[Problem]) -> None:
    if vitis.release is None:
        return
    release = Release.of(vitis.release)
    if release is None:
        what = f"vitis.release {vitis.release!r} is not a valid release"
        problems.append(settings.problem("vitis.release", what, "write it as 2022.2"))
    elif not release.is_supported:
        what = f"release {release} of AMD's tools is older than this flow, which begins at {OLDEST}"
        problems.append(settings.problem("vitis.release", what, f"use {OLDEST} or later"))


def _check_platform(settings: Settings, platform: Platform, network: Network, problems: list[Problem]) -> None:
    chip = platform.part.partition("-")[0].removeprefix("xc")
    if f"_{chip}_" not in f"_{platform.vbnv}_":
        what = f"the part {platform.part} and the platform {platform.vbnv} are of different boards"
        problems.append(settings.problem("platform", what, f"correct platform/{platform.name}.yaml"))
    if platform.shell(platform.vbnv) is None:
        what = f"{platform.name} does not say where {platform.vbnv} has compute units and pblocks"
        problems.append(settings.problem("platform", what, f"add it to 'shells' of platform/{platform.name}.yaml"))
    wired = dict(platform.connect)
    unwired = [argument.name for argument in kernel_of(network).arguments if not wired.get(argument.name)]
    if unwired:
        what = f"the kernel has more memory ports than {platform.name} has memories for: {', '.join(unwired)}"
        problems.append(settings.problem("platform", what, "wire them in 'connect' of the board's file"))


def _check_words(network: Network, problems: list[Problem]) -> None:
    dma = network.dma
    ports = (("image", dma.image_bytes, dma.image_word_bytes), ("weights", dma.weights_bytes, dma.weights_word_bytes))
    for what, size, word in ports:
        if word < NARROWEST_WORD_BYTES:
            said = f"the {what} take {size} bytes, for which a memory port has {8 * word} bits; a card's AXI4 wants 32"
            remedy = (
                f"shape the network so that it is a multiple of {NARROWEST_WORD_BYTES} bytes, or use toolchain=open"
            )
            problems.append(Problem(network.file.name, None, said, remedy))
