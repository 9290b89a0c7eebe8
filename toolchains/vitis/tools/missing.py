"""List what is missing for a target, with remedies, before any tool starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from integration.platform import Platform
from toolchains.vitis.link.config import FIXED_CLOCKS_FROM
from toolchains.vitis.tools.discovery import LICENCE_VARIABLES, Tools
from toolchains.vitis.tools.installed_platform import part_of
from toolchains.vitis.tools.releases import OLDEST, Release

TOOLS_COMMAND = "'doit tools'"


def missing_for(
    tools: Tools, wanted: Release | None, platform: Platform, *, needs_hls: bool, needs_licence: bool
) -> Iterator[str]:
    """Yield a sentence for everything that a build for hw or hw_emu needs and this machine lacks."""
    chosen = tools.of(wanted) if wanted else tools.newest()
    if chosen is None:
        yield _no_tools(tools, wanted)
        return
    for name, what in (("vivado", "Vivado"), ("v++", "v++ (Vitis)")):
        if chosen.program(name) is None:
            yield f"release {chosen.release} has no {what} here; install it, or set vitis.release to another one"
    if needs_hls and chosen.program(chosen.release.hls_program) is None:
        yield f"release {chosen.release} has no {chosen.release.hls_program} here; install it, or use vitis.view=rtl"
    if tools.xrt is None:
        yield "XRT is not installed, and without it v++ fails at its very end; install it, or set XILINX_XRT"
    yield from _platform(tools, platform, chosen.release)
    if needs_licence and not (tools.licences or tools.licence_files):
        names = " or ".join(LICENCE_VARIABLES)
        yield f"there is no licence: set {names}, or vitis.needs_licence=false for a device that needs none"


def _platform(tools: Tools, platform: Platform, release: Release) -> Iterator[str]:
    file = tools.platform_file(platform.vbnv)
    if file is None:
        yield (
            f"platform {platform.vbnv} is not installed; install its package, or set vitis.platforms or "
            f"PLATFORM_REPO_PATHS to its folder ({_platforms(tools)})"
        )
        return
    part = part_of(Path(file))
    if part is not None and part.lower() != platform.part.lower():
        yield (
            f"platform/{platform.name}.yaml has part {platform.part}, but the installed platform {platform.vbnv} "
            f"({file}) is for part {part}; write 'part: {part}' there, or name another platform"
        )
    shell = platform.shell()
    if shell is not None and shell.has_fixed_clocks and release < FIXED_CLOCKS_FROM:
        yield (
            f"{platform.vbnv} has fixed clocks (platform/{platform.name}.yaml), but v++ {release} takes no clock in "
            f"Hz; use release {FIXED_CLOCKS_FROM} or later"
        )


def _no_tools(tools: Tools, wanted: Release | None) -> str:
    if wanted is not None and tools.installations:
        there = ", ".join(str(one.release) for one in tools.installations)
        return f"release {wanted} of AMD's tools is not installed; installed: {there}"
    if tools.too_old:
        return f"AMD's tools are too old ({', '.join(tools.too_old)}): install {OLDEST} or later"
    return (
        "AMD's tools are not installed here, or not found: source settings64.sh, or set vitis.install in "
        f"farm.local.yaml ({TOOLS_COMMAND} lists the search paths)"
    )


def _platforms(tools: Tools) -> str:
    return f"installed: {', '.join(name for name, _ in tools.platforms) or 'none'}"


def text(found: Iterator[str]) -> str:
    """Join the sentences into one line for a variable; empty if nothing is missing."""
    return "; ".join(found)
