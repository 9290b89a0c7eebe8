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
    own = ("open/hw_emu",) if build.target == HW_EMU else ()
    return Toolchain(build, (*own, "open", "common"), core_task="hls")


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
