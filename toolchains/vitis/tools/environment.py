"""Environment variables that tell a step's program where AMD's tools are. They are not part of any key."""

from __future__ import annotations

import os
from pathlib import Path

from integration.platform import Platform
from toolchains.vitis.tools.discovery import Installation, Tools
from toolchains.vitis.tools.missing import missing_for, text
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.tool import MISSING_VARIABLE, VARIABLE

_FOLDERS = (("XILINX_VITIS", "Vitis"), ("XILINX_VIVADO", "Vivado"), ("XILINX_HLS", "Vitis_HLS"))


def private_variables(
    tools: Tools,
    chosen: Installation | None,
    wanted: Release | None,
    platform: Platform,
    *,
    needs_hls: bool,
    needs_licence: bool,
) -> tuple[tuple[str, str], ...]:
    """Return names and values of the variables.

    Args:
        tools: The tools found on this machine.
        chosen: The installation that is used.
        wanted: The release that the settings ask for.
        platform: The board.
        needs_hls: Whether a core has the view hls.
        needs_licence: Whether to refuse a build without a licence.
    """
    found: dict[str, str] = dict(tools.licences)
    if not found and tools.licence_files:
        # A run has a private HOME, so the tools would not find these files.
        found["XILINXD_LICENSE_FILE"] = ":".join(tools.licence_files)
    missing = text(missing_for(tools, wanted, platform, needs_hls=needs_hls, needs_licence=needs_licence))
    if missing:
        found[MISSING_VARIABLE] = missing
    if chosen is None:
        return tuple(found.items())
    for kind, name in (("VIVADO", "vivado"), ("HLS", chosen.release.hls_program), ("VPP", "v++")):
        if path := chosen.program(name):
            found[VARIABLE + kind] = path
    folders = dict.fromkeys(str(Path(path).parent) for _, path in chosen.programs)
    for variable, product in _FOLDERS:
        if folder := chosen.folder(product):
            found[variable] = folder
    if tools.xrt:
        found["XILINX_XRT"] = tools.xrt
        folders[f"{tools.xrt}/bin"] = None
    if file := tools.platform_file(platform.vbnv):
        found["PLATFORM_REPO_PATHS"] = str(Path(file).parent.parent)
    found[VARIABLE + "BIN"] = os.pathsep.join(folders)
    return tuple(found.items())
