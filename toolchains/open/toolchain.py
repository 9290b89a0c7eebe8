"""The open toolchain: g++, Yosys and Verilator, for emulation in software and for the area and cycles of cores."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from blocks.network import Network
from config.problem import ConfigError
from config.settings import Settings
from integration.platform import Platform
from toolchains.common.build import Build
from toolchains.open.settings import CosimSettings
from toolchains.toolchain import Toolchain

TARGETS = ("sw_emu",)
AUTO_TARGETS = ("sw_emu", "hw_emu")
"""Targets for which toolchain=auto selects this one. It does not reach hw_emu yet; the error says so."""


def toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """Make the toolchain for target sw_emu.

    Raises:
        ConfigError: See `check_simulation`.
    """
    check_simulation(root, settings)
    build = Build("open", root, network, platform, settings.target, settings.clock_mhz, settings)
    return toolchain_of(build)


def toolchain_of(build: Build) -> Toolchain:
    """Make the open toolchain of a build."""
    return Toolchain(build, ("open", "common"), core_task="hls")


def check_simulation(root: Path, settings: Settings) -> None:
    """Check the settings `cosim.trace` and `cosim.inputs`.

    Raises:
        ConfigError: The input images are not in the checkout, or the waveform's name does not end with .fst.
    """
    trace, inputs = settings.section(CosimSettings).trace, settings.section(CosimSettings).inputs
    if trace and (not trace.endswith(".fst") or (root / trace).is_dir()):
        what = f"cosim.trace is {trace!r}, but waveforms are FST files"
        raise ConfigError([settings.problem("cosim.trace", what, "give a file that ends with .fst: wave.fst")])
    path = PurePosixPath(inputs)
    if inputs and (path.is_absolute() or ".." in path.parts or not (root / path).is_file()):
        what = f"cosim.inputs is {inputs!r}, but the checkout has no such file"
        remedy = "put the archive into the checkout and give its path from there"
        raise ConfigError([settings.problem("cosim.inputs", what, remedy)])
