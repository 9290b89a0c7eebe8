"""What reading a file takes, measured in another process.

    python -m benchmarks.hostile.measure READER FILE [READER FILE ...]

The process first reads a sound file for each reader, so that modules, caches and pools are there. Before each file it
resets the mark of its largest memory. It prints how the reader ended, the memory in bytes and the seconds as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GUARD_BYTES = 6 << 30
_WITHIN_S = 120


@dataclass(frozen=True)
class Cost:
    """How a reader ended (``a value``, an error's name and text) and what it took."""

    outcome: str
    own: bool
    peak_bytes: int
    seconds: float


def measured(*files: tuple[str, Path]) -> list[Cost]:
    """Read files, each with the reader of that name, in one other process. Give one file alone for exact figures."""
    words = [word for reader, file in files for word in (reader, str(file))]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    command = [sys.executable, "-m", "benchmarks.hostile.measure", *words]
    within_s = _WITHIN_S + 2 * len(files)
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as child:
            try:
                output, _ = child.communicate(timeout=within_s)
                ended = f"exit {child.returncode}"
            except subprocess.TimeoutExpired:
                child.kill()
                output, _ = child.communicate()
                ended = f"not ended within {within_s} s"
        errors.seek(0)
        ended += f": {errors.read()[-2000:]}"
    found = [Cost(**json.loads(line)) for line in output.splitlines()]
    return found + [Cost(ended, False, 0, 0)] * (len(files) - len(found))


def main(arguments: list[str]) -> int:
    """Read the files and print the cost of each."""
    from benchmarks.hostile.readers import READERS  # noqa: PLC0415  imports every reader

    warnings.simplefilter("ignore")
    # Above the budget of every test file, and below what would take the machine down.
    resource.setrlimit(resource.RLIMIT_AS, (_GUARD_BYTES, _GUARD_BYTES))
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        for name in dict.fromkeys(arguments[::2]):
            sound = Path(folder) / name / "hw" / f"sound{READERS[name].suffix}"
            sound.parent.mkdir(parents=True)
            sound.write_bytes(READERS[name].sound())
            READERS[name].read(sound)
    for name, path in pairs:
        sys.stdout.write(json.dumps(_cost(READERS[name], Path(path))) + "\n")
        sys.stdout.flush()
    return 0


def _cost(reader: Any, path: Path) -> dict[str, Any]:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    _reset_peak()
    before, began = _memory("VmRSS"), time.perf_counter()
    own, outcome = True, "a value"
    try:
        reader.read(path)
    except BaseException as error:
        own = isinstance(error, reader.errors)
        outcome = f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - began
    return {"outcome": outcome, "own": own, "peak_bytes": _memory("VmHWM") - before, "seconds": seconds}


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory(name: str) -> int:
    """A line of /proc/self/status in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
