"""The inputs of a link: a platform and kernel objects."""

from __future__ import annotations

import os
from pathlib import Path

from amd_stand_in.devices import PLATFORMS, Platform
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.component import Component
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.vpp import kernel_object
from amd_stand_in.vpp.kernel_object import KernelDescription
from amd_stand_in.vpp.options import Options

Kernels = dict[str, tuple[KernelDescription, Component, Netlist | None]]
"""Kernels by name; a kernel from sources has no netlist."""


def find_platform(text: str) -> Platform:
    """A platform by its file or name. Raises ToolError."""
    folders = [*filter(None, os.environ.get("PLATFORM_REPO_PATHS", "").split(":")), "/opt/xilinx/platforms"]
    name = Path(text).name.removesuffix(".xpfm")
    paths = [Path(text)] if text.endswith(".xpfm") else [Path(folder) / name / f"{name}.xpfm" for folder in folders]
    if name not in PLATFORMS or not any(path.is_file() for path in paths):
        raise ToolError(
            "v++ 60-1258",
            f"No valid platform was found that matches '{text}'. Please make sure that the platform is specified correctly, "
            f"and the platform has the right version number. The platform repo paths are: {', '.join(folders)}",
            also=(("v++ 60-587", f"Failed to add a platform: specified platform {text} is not found or is not valid"),),
        )
    return PLATFORMS[name]


def read_kernels(options: Options, release: str, platform: Platform) -> Kernels:
    """The kernels of the .xo files. Raises ToolError for other files, and for a netlist of another device."""
    found: Kernels = {}
    objects = [name for name in options.inputs if name.endswith(".xo")]
    if not objects or len(objects) != len(options.inputs):
        raise ToolError("v++ 60-602", f"The link takes .xo files; given were {', '.join(options.inputs) or 'none'}.")
    for name in objects:
        if not Path(name).is_file():
            raise ToolError("v++ 60-602", f"Source file does not exist: {Path(name).resolve()}")
        entry = kernel_object.unpack(Path(name), release)
        if entry[0].name in found:
            raise ToolError("v++ 60-602", f"Kernel '{entry[0].name}' comes from two files.")
        design = entry[2]
        if design is not None and design.part.split("-")[0] != platform.part.split("-")[0]:
            raise ToolError(
                "SYSTEM_LINK 82-112",
                f"Kernel '{entry[0].name}' was made for {design.part}, the platform has {platform.part}.",
            )
        found[entry[0].name] = entry
    return found
