"""The open toolchain: g++, Yosys and Verilator, for emulation in software and for the area and cycles of cores."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from blocks.network import Network
from config.problem import ConfigError
from config.settings import Settings
from integration.platform import Platform
from toolchains.common.build import Build
from toolchains.open.settings import CosimSettings, HwEmuSettings
from toolchains.toolchain import Toolchain

TARGETS = ("sw_emu", "hw_emu")
AUTO_TARGETS = TARGETS
"""What toolchain=auto means this one for."""
HW_EMU = "hw_emu"


def toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """The toolchain for targets sw_emu and hw_emu.

    Raises:
        ConfigError: See `check_simulation`.
    """
    check_simulation(root, settings)
    build = Build("open", root, network, platform, settings.target, settings.clock_mhz, settings)
    return toolchain_of(build)


def toolchain_of(build: Build) -> Toolchain:
    """The toolchain of a build."""
    if build.target == HW_EMU:
        # A simulated kernel has verilated cores in it, and no compiled ones.
        return Toolchain(build, ("open/hw_emu", "open", "common"), core_task="model")
    return Toolchain(build, ("open", "common"), core_task="hls")


def check_simulation(root: Path, settings: Settings) -> None:
    """Check the settings of waveforms and `cosim.inputs`.

    Raises:
        ConfigError: The input images are not in the checkout, or a waveform cannot be written or begin as it should.
    """
    whole, inputs = settings.section(HwEmuSettings), settings.section(CosimSettings).inputs
    check_trace(root, settings, "cosim.trace", settings.section(CosimSettings).trace)
    check_trace(root, settings, "hw_emu.trace", whole.trace)
    if whole.trace and whole.trace_image >= whole.images:
        what = (
            f"hw_emu.trace_image is {whole.trace_image}, but hw_emu.images is {whole.images}: images are counted from 0"
        )
        raise ConfigError(
            [settings.problem("hw_emu.trace_image", what, f"give 0 to {whole.images - 1}, or more images")]
        )
    path = PurePosixPath(inputs)
    if inputs and (path.is_absolute() or ".." in path.parts or not (root / path).is_file()):
        what = f"cosim.inputs is {inputs!r}, but the checkout has no such file"
        remedy = "put the archive into the checkout and give its path from there"
        raise ConfigError([settings.problem("cosim.inputs", what, remedy)])


def check_trace(root: Path, settings: Settings, name: str, trace: str) -> None:
    """Check the setting of a waveform's file.

    Raises:
        ConfigError: It does not end with .fst, or nobody could write it: better now than behind a long simulation.
    """
    file = root / trace
    if trace and (not trace.endswith(".fst") or file.is_dir()):
        what = f"{name} is {trace!r}, but waveforms are FST files"
        raise ConfigError([settings.problem(name, what, "give a file that ends with .fst: wave.fst")])
    there = next(folder for folder in file.parents if os.path.lexists(folder))
    if trace and not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        what = f"{name} is {trace!r}, but {there} is not a folder that you may write into"
        raise ConfigError([settings.problem(name, what, "give a file in a folder of yours")])
