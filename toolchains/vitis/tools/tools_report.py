"""The report of `doit tools`: AMD's tools on this machine, and what each target lacks."""

from __future__ import annotations

from collections.abc import Iterator

from config.settings import Settings
from integration.platform import Platform
from toolchains.vitis.settings import VitisSettings
from toolchains.vitis.tools.discovery import LICENCE_VARIABLES, USUAL, USUAL_PLATFORMS, USUAL_XRT, Tools, find_tools
from toolchains.vitis.tools.missing import missing_for
from toolchains.vitis.tools.releases import Release

_TARGETS = (("hw_emu, hw, view rtl", False), ("hw_emu, hw, view hls", True))


def tools_report(settings: Settings, platform: Platform) -> str:
    """Render the report. It leaves out the values of licence variables, because they name servers."""
    vitis = settings.section(VitisSettings)
    return "\n".join(_lines(find_tools(vitis.install, vitis.platforms), vitis, platform))


def _lines(tools: Tools, vitis: VitisSettings, platform: Platform) -> Iterator[str]:
    wanted = Release.of(vitis.release) if vitis.release else None
    chosen = tools.of(wanted) if wanted else tools.newest()
    yield "AMD's tools"
    for one in tools.installations:
        mark = "*" if one is chosen else " "
        note = "  (a stand-in, not AMD's)" if one.is_stand_in else ""
        yield f" {mark} {one.release}{note}"
        for name, path in one.programs:
            yield f"     {name:<11} {path}"
        if one.program(one.release.hls_program) is None:
            yield f"     {one.release.hls_program:<11} missing"
        if one.release.has_y2k22:
            yield "     packaging needs AMD's patch y2k22 in this release (answer record 76960)"
    for text in tools.too_old:
        yield f"   {text} is too old"
    if not tools.installations:
        yield f"   none found; looked in vitis.install, XILINX_*, PATH, {', '.join(USUAL)}"
    yield f"XRT: {tools.xrt or f'none found; looked in XILINX_XRT, {USUAL_XRT}'}" + (
        f" ({tools.xrt_version})" if tools.xrt_version else ""
    )
    names = [name for name, _ in tools.licences]
    files = f"{len(tools.licence_files)} files in ~/.Xilinx" if tools.licence_files else ""
    yield f"licences: {', '.join(filter(None, (*names, files))) or 'none; looked for ' + ', '.join(LICENCE_VARIABLES)}"
    yield f"platforms: {', '.join(name for name, _ in tools.platforms) or f'none found; looked in {USUAL_PLATFORMS}'}"
    yield ""
    yield f"for {platform.name}:"
    yield "   sw_emu: nothing is missing (it needs none of these tools)"
    for target, needs_hls in _TARGETS:
        found = list(missing_for(tools, wanted, platform, needs_hls=needs_hls, needs_licence=vitis.needs_licence))
        yield f"   {target}: {'; '.join(found) if found else 'nothing is missing'}"
