"""The toolchain that the settings ask for."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from blocks.network import Network
from config.problem import ConfigError
from config.settings import Settings
from integration.platform import Platform
from toolchains.open.steps import OpenToolchain
from toolchains.simulation_settings import CosimSettings
from toolchains.toolchain import Toolchain
from toolchains.vitis.choose import find_vitis


def find_toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """The toolchain that the settings ask for.

    `auto` is open, but for a target that open does not reach: whoever writes target=hw has asked for hours.
    Emulation in software is open's with either, since nothing of AMD's is in it.

    Raises:
        ConfigError: a target that the toolchain does not reach; the problem names where the setting comes from.
    """
    wants_vitis = settings.toolchain == "vitis" or (settings.toolchain == "auto" and settings.target == "hw")
    cosim = settings.section(CosimSettings)
    _check_inputs(root, settings, cosim)
    if wants_vitis and settings.target != "sw_emu":
        return find_vitis(root, settings, network, platform)
    if settings.target == "hw":
        what = "toolchain open has no target hw: a bitstream needs the vendor's tools"
        raise ConfigError([settings.problem("target", what, "use target=sw_emu, or toolchain=vitis")])
    if settings.target != "sw_emu":
        what = f"toolchain open does not reach target {settings.target} in this version"
        raise ConfigError([settings.problem("target", what, "use target=sw_emu")])
    return OpenToolchain(root, network, platform, settings.target, settings.clock_mhz, cosim)


def _check_inputs(root: Path, settings: Settings, cosim: CosimSettings) -> None:
    path = PurePosixPath(cosim.inputs)
    if cosim.inputs and (path.is_absolute() or ".." in path.parts or not (root / path).is_file()):
        what = f"cosim.inputs is {cosim.inputs!r}, which is no file of the checkout"
        remedy = "put the archive into the checkout and give its path from there"
        raise ConfigError([settings.problem("cosim.inputs", what, remedy)])
