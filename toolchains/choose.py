"""Choose the toolchain that the settings ask for. Only this module lists the toolchains."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from blocks.network import Network
from config.problem import ConfigError, Problem
from config.settings import Settings
from integration.fit.settings import FitSettings
from integration.platform import Platform
from toolchains.open.settings import CosimSettings, HwEmuSettings, RuntimeSettings
from toolchains.toolchain import Toolchain
from toolchains.vitis.settings import VitisSettings

TOOLCHAINS = ("open", "vitis")
AUTO = "auto"
CHOICES = (*TOOLCHAINS, AUTO)
"""Values of the setting `toolchain`."""
SECTIONS = {
    "fit": FitSettings,
    "cosim": CosimSettings,
    "hw_emu": HwEmuSettings,
    "vitis": VitisSettings,
    "runtime": RuntimeSettings,
}
"""Sections of the settings: that of the fit, which each of them reads, and their own."""


def find_toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """Return the toolchain that the settings ask for; import no other.

    `auto` means the toolchain that lists the target in AUTO_TARGETS: vitis for hw, which runs for hours, else open.
    `sw_emu` is always built by open, because it needs no tool of AMD.

    Raises:
        ConfigError: The toolchain does not reach the target (the error names the setting's place), or refuses
            something else in the settings; or the network wants UltraRAM of a board that has none.
    """
    _check_urams(network, platform)
    target, name = settings.target, settings.toolchain
    note = ""
    if name == AUTO:
        name = next(each for each in TOOLCHAINS if target in _room(each).AUTO_TARGETS)
    if target not in _room(name).TARGETS and target in _room(TOOLCHAINS[0]).TARGETS:
        if _place(settings, "target") != _place(settings, "toolchain"):
            # Somebody who names a toolchain but no target hardly wants the emulation, which starts no tool of it.
            ways = " or ".join(f"target={each}" for each in _room(name).TARGETS)
            note = f"{name} does not build target {target}, so the open toolchain builds it; "
            note += f"add {ways} to build with {name}"
        name = TOOLCHAINS[0]
    if target not in _room(name).TARGETS:
        others = [each for each in TOOLCHAINS if target in _room(each).TARGETS]
        what = f"toolchain {name} does not reach target {target}"
        remedy = f"use target={_room(name).TARGETS[0]}, or toolchain={' or '.join(others)}"
        raise ConfigError([settings.problem("target", what, remedy)])
    found: Toolchain = _room(name).toolchain(root, settings, network, platform)
    return replace(found, note=note) if note else found


def _check_urams(network: Network, platform: Platform) -> None:
    cache, there = network.dma.core().cache, platform.budget.total
    wanted = (cache.area.urams or 0) if cache else 0
    # A board whose file gives no amounts at all is unknown; one that gives others has none.
    if wanted and there.known and not there.urams:
        what = f"fc_cache: uram needs {wanted:g} UltraRAMs, but the board {platform.name} has none"
        remedy = f"remove fc_cache from the head block, or correct urams in platform/{platform.name}.yaml"
        raise ConfigError([Problem(network.file.name, None, what, remedy)])


def _place(settings: Settings, key: str) -> str:
    """The file that sets it, without the line number, or the command line."""
    return settings.origin(key).partition(":")[0]


def _room(name: str) -> ModuleType:
    return import_module(f"toolchains.{name}.toolchain")
