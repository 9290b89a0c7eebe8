"""Which XRT runs the host programs: found, its version read, and laid out as XRT and PYNQ look for it."""

from __future__ import annotations

import json
import os
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from ..errors import XrtError

TESTED = (2, 13)
_REMEDY = "install XRT (Debian: apt-get install libxrt1), or source the setup.sh of yours"
_CORE, _SHIM = "libxrt_coreutil.so.2", "libxrt_hwemu.so.2"
_VERSIONED = re.compile(r"libxrt_coreutil\.so\.(\d+)\.(\d+)\.\d+")
# PYNQ 3.0.1 starts kernels through XRT's scheduler from 2.3.0 on, which waits 1 s a call in hw_emu mode; below, it
# writes their registers itself. Without the file it warns.
_PYNQ_VERSION = "2.2.0"


@dataclass(frozen=True)
class Installation:
    """The folder of the libraries; the version is empty where the name of the library does not tell it."""

    libraries: Path
    version: tuple[int, ...]


def find() -> Installation:
    """XILINX_XRT's XRT where that is set, else the system's. Raises XrtError where there is none, or no hw_emu."""
    root = os.environ.get("XILINX_XRT", "")
    if root:
        folders = [Path(root, "lib")]
    else:
        folders = [Path("/usr/lib", str(sysconfig.get_config_var("MULTIARCH") or "")), Path("/usr/lib")]
        folders += [Path("/usr/lib64"), Path("/opt/xilinx/xrt/lib")]
    for folder in folders:
        core = folder / _CORE
        if not core.exists():
            continue
        if not (folder / _SHIM).exists():
            raise XrtError("XRT is there without its hw_emu plug-in", where=str(folder / _SHIM), remedy=_REMEDY)
        match = _VERSIONED.fullmatch(core.resolve().name)
        return Installation(folder, () if match is None else tuple(map(int, match.groups())))
    raise XrtError("there is no XRT", where=str(folders[0] / _CORE), remedy=_REMEDY)


def lay_out(installation: Installation, root: Path) -> None:
    """Make ``root`` a folder for XILINX_XRT: a distribution has none, and PYNQ wants a name of the headers' package."""
    library = root / "lib"
    library.mkdir(parents=True)
    for path in installation.libraries.iterdir():
        if path.name.startswith(("libxrt", "libxilinxopencl", "libxdp", "libsched_em", "libxma")):
            (library / path.name).symlink_to(path)
    if not (library / "libxrt_hwemu.so").exists():
        (library / "libxrt_hwemu.so").symlink_to(installation.libraries / _SHIM)
    modules = installation.libraries / "xrt"
    if modules.is_dir():
        (library / "xrt").symlink_to(modules)
    (root / "version.json").write_text(json.dumps({"BUILD_VERSION": _PYNQ_VERSION}))
