"""Imports a ResNet-50 of 25.5 million random parameters from QONNX and prints the time and the peak memory.

    python -m benchmarks.onnx_import [--size PIXELS]

The file is made first (`benchmarks/onnx_import/resnet50.py`). The import with its proof runs in a process of its own,
with the command that people type. The exit status is 1 above 60 s of CPU time, which other work on the machine hardly
changes, or above 4 GiB, or if the import fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.onnx_import.resnet50 import write
from benchmarks.sw_emu import machine

MOST_SECONDS, MOST_GIB = 60.0, 4.0


def main(arguments: list[str] | None = None) -> int:
    """Make, import, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onnx_import", description=__doc__)
    parser.add_argument("--size", type=int, default=224, help="rows and columns of an image")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        parameters = write(file, given.size)
        sys.stdout.write(f"{parameters:,} parameters in {file.stat().st_size / 1e6:.0f} MB of QONNX; {machine()}\n")
        sys.stdout.flush()
        words = ["-m", "blocks.parameters", "import", str(file), "--name", "random50", "--into", folder]
        started = time.monotonic()
        child = subprocess.Popen([sys.executable, *words])
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds, gib = time.monotonic() - started, usage.ru_maxrss / 2**20
    cpu = usage.ru_utime + usage.ru_stime
    sys.stdout.write(f"import: {cpu:.1f} s of CPU (limit {MOST_SECONDS:.0f} s), {seconds:.1f} s in all, ")
    sys.stdout.write(f"peak {gib:.2f} GiB (limit {MOST_GIB:.0f} GiB)\n")
    return int(child.returncode != 0 or cpu > MOST_SECONDS or gib > MOST_GIB)


if __name__ == "__main__":
    sys.exit(main())
