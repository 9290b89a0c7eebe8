"""The folder of one run: everything that XRT reads, and everything that it leaves behind.

It lies in /tmp and not elsewhere, because XRT puts its sockets into ``/tmp/$USER``: with the folder's name as USER they
lie in it, are nobody else's, and go with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import XrtError
from ..formats.xrt_emulation import DEVICE_VARIABLE
from . import control
from .installation import Installation, lay_out

PREFIX = "dataflow-farm-xrt-"
_LOCK = "lock"
_NEW_S = 60.0
_XRT_SOCKETS = Path("/tmp")  # noqa: S108  XRT's own choice
_PACKAGE = Path(__file__).resolve().parents[1]
_BANK = {"Size": "16GB"}
_BANKS = 4
# Debian's build of XRT's shim drops the result of a realloc: its first message has to be the longest. That one carries
# all of these two sections of xrt.ini, and a key of no meaning makes it long; data then goes in smaller messages.
_ROOM_CHARACTERS = 200_000
_PACKET_BYTES = 65536
_INI = """[Runtime]
sws=true
[Emulation]
sim_dir={simulation}
system_dpa=false
packet_size={packet_bytes}
print_infos_in_console=false
[Debug]
room={room}
"""
# XRT unpacks section EMULATION_DATA, of whatever file, into the folders of the run and starts what it finds there. It
# does so by the name of this program; the device process reads the section by itself, within limits.
_UNZIP = """#!/bin/sh
case "$2" in {folder}/*) exit 0;; esac
PATH={path}
exec unzip "$@"
"""


@contextmanager
def run_folder(installation: Installation, platform: str) -> Iterator[tuple[Path, dict[str, str], int]]:
    """The folder, the environment of the host program and the lock that it inherits. Raises XrtError.

    The folder is gone afterwards. So is that of an earlier run whose launcher was killed: nobody holds its lock.
    """
    _sweep()
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_XRT_SOCKETS))
    except OSError as error:
        raise XrtError(
            f"the folder of the run cannot be made ({error.strerror})",
            where=str(_XRT_SOCKETS),
            remedy="make it writable and free some space: XRT puts its sockets there and nowhere else",
        ) from error
    try:
        try:
            lock = _locked(folder / _LOCK, new=True)
            _fill(folder, installation, platform)
        except OSError as error:
            raise XrtError(
                f"cannot be filled ({error.strerror})", where=str(folder), remedy="free some space"
            ) from error
        try:
            yield folder, _environment(folder, platform), lock
        finally:
            os.close(lock)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove folders of runs that have ended and could not do so themselves."""
    for folder in _XRT_SOCKETS.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            # A new folder is locked a moment after it is made.
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < _NEW_S:
                continue
            lock = _locked(folder / _LOCK)
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _locked(path: Path, *, new: bool = False) -> int:
    """A descriptor of the file with its lock. Raises OSError, for a file that is not new also if somebody holds it."""
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if new else 0), 0o600)
    try:
        # Who looks at a new one holds it for a moment at most.
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if new else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        raise
    return handle


def _fill(folder: Path, installation: Installation, platform: str) -> None:
    lay_out(installation, folder / "xrt")
    device = {"Name": platform, "DdrBanks": [_BANK] * _BANKS}
    config = {"Version": {"FileVersion": "2.0"}, "Platform": {"Boards": [{"Devices": [device]}]}}
    (folder / "emconfig.json").write_text(json.dumps(config))
    simulation = folder / "simulation"
    ini = _INI.format(simulation=simulation, packet_bytes=_PACKET_BYTES, room="x" * _ROOM_CHARACTERS)
    (folder / "xrt.ini").write_text(ini)
    (folder / "run").mkdir()
    program = _device_program(folder)
    _script(folder / "device", program)
    # The first is what XRT starts where it exists, the second otherwise; a file's own must not take either place.
    for name in ("launch_hw_emu.sh", "simulate.sh"):
        _script(simulation / name, program)
    _script(folder / "bin" / "unzip", _UNZIP.format(folder=folder, path=shlex.quote(_path())))


def _device_program(folder: Path) -> str:
    """A script that becomes the device process, with nothing of the host's Python settings."""
    code = (
        f"import runpy, sys; sys.path.insert(0, {str(_PACKAGE.parent)!r}); "
        f"runpy.run_module('{__package__}.device', run_name='__main__')"
    )
    return (
        f"#!/bin/sh\nexec {control.HANDLE}>{shlex.quote(str(folder / 'control'))}\n"
        f'echo "{control.STARTED} $PPID" >&{control.HANDLE}\n'
        f"exec {shlex.join([sys.executable, '-I', '-c', code])}\n"
    )


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _path() -> str:
    return os.environ.get("PATH", os.defpath)


def _environment(folder: Path, platform: str) -> dict[str, str]:
    """That of this process, and what XRT asks for. Since XRT 2.14 hw_emu mode also wants XILINX_VITIS, of any value."""
    own = {
        "PATH": f"{folder / 'bin'}:{_path()}",
        "USER": folder.name,
        "XILINX_XRT": str(folder / "xrt"),
        "XCL_EMULATION_MODE": "hw_emu",
        "XRT_INI_PATH": str(folder / "xrt.ini"),
        "EMCONFIG_PATH": str(folder),
        "SDACCEL_EM_RUN_DIR": str(folder / "run"),
        control.PLATFORM_VARIABLE: platform,
        DEVICE_VARIABLE: str(folder / "device"),
    }
    return {"XILINX_VITIS": str(folder), **os.environ, **own}
