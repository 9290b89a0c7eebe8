"""Host programs of XRT in tests: what they print, how they end, what they leave."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
from pathlib import Path

import numpy as np

BIAS = 1000
IMAGE_BYTES, CLASSES = 64, 3


def expected(given) -> list[int]:
    """The first result of each image, by arithmetic: the payload adds its bytes, the weights and the bias."""
    sums = np.fromfile(given[1], np.uint8).reshape(-1, IMAGE_BYTES).sum(axis=1, dtype=np.int64)
    return [int(each) for each in sums + np.fromfile(given[2], np.int8).sum(dtype=np.int64) + BIAS]


def classes(output: str) -> list[int]:
    """What a program of docs/examples has printed."""
    return [int(line.split()[1]) for line in output.splitlines() if line.startswith("class ")]


def ends(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    """Both outputs of a program that ends with this status."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == status, output + errors
    return output, errors


def error_of(process: subprocess.Popen[str]) -> str:
    """The one error that the launcher ends with."""
    output, errors = ends(process, 2)
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, output + errors
    assert "Traceback" not in errors
    return lines[0]


def processes(word: bytes, environment: bytes, start: bytes = b"") -> list[int]:
    """Those with these bytes in the command line, which begins so, and in the environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes()
            if word in line and line.startswith(start) and environment in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def left_behind(mark: bytes) -> list[Path | int]:
    """Processes with this in their environment, and folders of runs that nobody locks: others may be at work."""
    found: list[Path | int] = [*processes(b"", mark)]
    for lock in Path("/tmp").glob("dataflow-farm-xrt-*/lock"):
        with contextlib.suppress(OSError), lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            found.append(lock.parent)
    return found
