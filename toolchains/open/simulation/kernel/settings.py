"""What the joined simulation is told beside the memory images: clock, banks, memory model, and crossings of SLRs.

Lines of words, behind the images in part `memories` of the xclbin; `kernel.hpp` reads them. The program does not depend
on them: another clock or another board links anew and compiles nothing.
"""

from __future__ import annotations

from farm.step import File, Text
from integration.design import design_of
from integration.platform import Platform
from toolchains.common.build import Build
from toolchains.common.core_file import json_text
from toolchains.open.settings import HwEmuSettings

SETTINGS = "settings.txt"
"""The lines as a file of a step."""


def told(build: Build) -> tuple[tuple[str, ...], tuple[File | Text, ...]]:
    """Words and inputs of a step that tells a simulation its settings: `told_lines` reads them."""
    words = ("--settings", SETTINGS, "--fit", "fit.json", "--design", "design.json")
    design = Text("design.json", lambda: json_text(design_of(build.network).describe()))
    fit = File("fit.json", f"{build.folder}/placement/fit.json")
    return words, (Text(SETTINGS, lambda: settings_of(build)), fit, design)


def settings_of(build: Build) -> str:
    """The text for a build: its board and clock."""
    percent = build.settings.section(HwEmuSettings).memory_percent
    return "".join(f"{line}\n" for line in settings_lines(build.platform, build.clock_mhz, percent))


def settings_lines(platform: Platform, clock_mhz: float, efficiency_percent: int = 100) -> list[str]:
    """The lines of a board at a clock. An argument lies in the first of the banks that it is wired to.

    `efficiency_percent` is of the memories' bandwidth, as `memory_lines` says.
    """
    # Loaded here: it loads fractions and decimals, which most commands do not need.
    from toolchains.open.simulation.memory.memory_lines import memory_lines  # noqa: PLC0415

    lines = [f"clock_mhz {clock_mhz!r}"]
    lines += [f"argument {argument} {tags[0]}" for argument, tags in platform.connect]
    return [*lines, *memory_lines(platform, clock_mhz, efficiency_percent)]
