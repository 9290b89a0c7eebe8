"""XRT asked about an xclbin: a small program, compiled against the installed XRT, run in a process group of its own.

XRT is not linked into this process: it reads damaged files without care, and a crash of it must not be ours.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ..errors import XrtError
from . import report

SOURCE = Path(__file__).with_name("judge.cpp")
PROGRAM = "judge"
_REMEDY = "install XRT (Debian: apt-get install libxrt1 libxrt-dev uuid-dev g++), or source the setup.sh of yours"
_COMPILE_TIMEOUT_S = 300
_RUN_TIMEOUT_S = 20.0
# XRT's noop device hangs or crashes now and then on good files too, where a busy machine orders its threads badly.
_ATTEMPTS = 3
_LOOK_S = 0.005
_REPORT_BYTES = 16 << 20
_WORDS = 400
_DAMAGED = "copy or build the file again"


@dataclass(frozen=True)
class Installation:
    """Where the headers and libraries of an XRT are, and the compiler that takes them."""

    compiler: str
    include: Path
    libraries: Path


def find() -> Installation:
    """XILINX_XRT's XRT where that is set, else the system's. Raises XrtError where there is none, or no g++."""
    compiler = shutil.which("g++")
    if compiler is None:
        raise XrtError("there is no g++, which compiles the program that asks XRT", remedy="apt-get install g++")
    root = os.environ.get("XILINX_XRT", "")
    include = Path(root, "include") if root else Path("/usr/include/xrt")
    libraries = Path(root, "lib") if root else _system_libraries(compiler)
    for path in (include / "xrt" / "xrt_kernel.h", libraries / "libxrt_coreutil.so"):
        if not path.is_file():
            raise XrtError("there is no XRT with its headers", where=str(path), remedy=_REMEDY)
    # XRT's headers include it, and Debian's package of XRT does not bring it along.
    argv = [compiler, "-E", "-x", "c++", "-include", "uuid/uuid.h", os.devnull]
    if subprocess.run(argv, capture_output=True, timeout=_COMPILE_TIMEOUT_S, check=False).returncode != 0:
        raise XrtError("the header uuid/uuid.h is missing, which XRT's own include", remedy=_REMEDY)
    return Installation(compiler, include, libraries)


def _system_libraries(compiler: str) -> Path:
    """The folder in which the linker finds XRT: distributions keep it apart for each architecture."""
    argv = [compiler, "-print-file-name=libxrt_coreutil.so"]
    found = subprocess.run(argv, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S, check=False)
    # Where there is none, g++ answers with the name alone.
    return Path(found.stdout.strip()).resolve().parent if "/" in found.stdout else Path("/usr/lib")


def compile_judge(installation: Installation, folder: Path) -> Path:
    """The program, in ``folder``, beside what XRT looks for in ``XILINX_XRT``. Raises XrtError."""
    program = folder / PROGRAM
    argv = [installation.compiler, "-std=c++17", "-O0", f"-I{installation.include}", "-o", str(program), str(SOURCE)]
    argv += [f"-L{installation.libraries}", f"-Wl,-rpath,{installation.libraries}", "-lxrt_coreutil"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise XrtError(f"the program that asks XRT was not compiled ({error})", remedy=_REMEDY) from error
    if done.returncode != 0:
        words = " | ".join(line for line in done.stderr.splitlines() if "error" in line)[:_WORDS]
        raise XrtError(f"does not compile with the installed XRT ({words})", where=str(SOURCE), remedy=_REMEDY)
    # XRT takes its modules from XILINX_XRT/lib, which is no folder of a distribution's package.
    (folder / "lib").symlink_to(installation.libraries)
    return program


def ask(file: Path) -> report.Report:
    """What the installed XRT makes of the file. Raises XrtError, also where there is no XRT."""
    installation = find()
    with tempfile.TemporaryDirectory(prefix="xrt-judge-") as folder:
        return judge(compile_judge(installation, Path(folder)), file)


def judge(program: Path, file: Path) -> report.Report:
    """What XRT makes of the file. Raises XrtError where it crashes or does not end, at each of three attempts."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return _judge_once(program, file)
        except _StoppedError:
            continue
    return _judge_once(program, file)


class _StoppedError(XrtError):
    """XRT crashed on the file or did not end."""


def _judge_once(program: Path, file: Path) -> report.Report:
    with tempfile.TemporaryDirectory(prefix="xrt-") as folder:
        answer = Path(folder, "report.json")
        environment = {
            "PATH": os.defpath,
            "HOME": folder,
            # Without it, XRT's emulations meet in one file of /tmp.
            "USER": "dataflow-farm",
            "XILINX_XRT": str(program.absolute().parent),
            "XCL_EMULATION_MODE": "noop",
        }
        # A folder of its own: XRT reads xrt.ini from the current one and leaves files there.
        child = subprocess.Popen(
            [program.absolute(), file.absolute(), answer],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            in_time = _ends(child)
        finally:
            # Not reaped yet, so the number of its group is nobody else's; and what it has started ends with it.
            os.killpg(child.pid, signal.SIGKILL)
            status = child.wait()
        if not in_time:
            raise _StoppedError(f"XRT did not end within {_RUN_TIMEOUT_S:g} s", where=str(file), remedy=_DAMAGED)
        if status != 0:
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
            raise _StoppedError(f"XRT {how}", where=str(file), remedy=_DAMAGED)
        return report.parse(_read(answer))


def _ends(child: subprocess.Popen[bytes]) -> bool:
    """Whether it ends within its time; it is not reaped."""
    deadline_s = time.monotonic() + _RUN_TIMEOUT_S
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(_LOOK_S)
    return True


def _read(answer: Path) -> str:
    try:
        with answer.open("rb") as file:
            data = file.read(_REPORT_BYTES + 1)
    except OSError as error:
        raise XrtError("XRT left no report", remedy="run the command again") from error
    if len(data) > _REPORT_BYTES:
        raise XrtError(f"the report of XRT is larger than {_REPORT_BYTES:,} bytes", remedy=_DAMAGED)
    return data.decode("utf-8", "replace")
