"""The toolchain that the settings ask for. This is the one place that knows which toolchains there are."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from blocks.network import Network
from config.problem import ConfigError
from config.settings import Settings
from integration.fit.settings import FitSettings
from integration.platform import Platform
from toolchains.open.settings import CosimSettings, HwEmuSettings
from toolchains.toolchain import Toolchain
from toolchains.vitis.settings import VitisSettings

TOOLCHAINS = ("open", "vitis")
AUTO = "auto"
CHOICES = (*TOOLCHAINS, AUTO)
"""Values of the setting `toolchain`."""
SECTIONS = {"fit": FitSettings, "cosim": CosimSettings, "hw_emu": HwEmuSettings, "vitis": VitisSettings}
"""Sections of the settings: that of the fit, which each of them reads, and their own."""


def find_toolchain(root: Path, settings: Settings, network: Network, platform: Platform) -> Toolchain:
    """The toolchain that the settings ask for. Only that one is imported.

    `auto` is open, but for a target that open does not reach: whoever writes target=hw has asked for hours.
    Emulation in software is open's with either, since nothing of a vendor's is in it.

    Raises:
        ConfigError: a target that the toolchain does not reach, with the place of the setting; and all that the
            toolchain itself refuses.
    """
    target, name = settings.target, settings.toolchain
    note = ""
    if name == AUTO:
        name = next(each for each in TOOLCHAINS if target in _room(each).AUTO_TARGETS)
    if target not in _room(name).TARGETS and target in _room(TOOLCHAINS[0]).TARGETS:
        if _place(settings, "target") != _place(settings, "toolchain"):
            # Whoever names a toolchain and no target hardly means the emulation, which starts none of its tools.
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


def _place(settings: Settings, key: str) -> str:
    """The file that a setting is from, without the line, or the command line."""
    return settings.origin(key).partition(":")[0]


def _room(name: str) -> ModuleType:
    return import_module(f"toolchains.{name}.toolchain")
