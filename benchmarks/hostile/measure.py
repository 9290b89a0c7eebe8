"""What reading one file takes, measured in a process of its own.

    python -m benchmarks.hostile.measure READER FILE

The process first reads a sound file of the kind, so that modules, caches and pools are there, and then resets the mark
of its largest memory. It prints how it ended, the memory in bytes and the seconds as JSON.
"""

from __future__ import annotations

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


def measured(reader: str, file: Path) -> Cost:
    """Read the file in another process."""
    words = [sys.executable, "-m", "benchmarks.hostile.measure", reader, str(file)]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    try:
        done = subprocess.run(
            words, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        return Cost(f"did not end within {_WITHIN_S} s", False, 0, _WITHIN_S)
    if done.returncode:
        return Cost(f"exit {done.returncode}: {done.stderr[-2000:]}", False, 0, 0)
    return Cost(**json.loads(done.stdout))


def main(arguments: list[str]) -> int:
    """Read the file and print its cost."""
    from benchmarks.hostile.readers import READERS  # noqa: PLC0415  imports every reader

    reader, path = READERS[arguments[0]], Path(arguments[1])
    warnings.simplefilter("ignore")
    # Above the budget of every test file, and below what would take the machine down.
    resource.setrlimit(resource.RLIMIT_AS, (_GUARD_BYTES, _GUARD_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "hw" / f"sound{reader.suffix}"
        sound.parent.mkdir()
        sound.write_bytes(reader.sound())
        reader.read(sound)
    _reset_peak()
    before, began = _memory("VmRSS"), time.perf_counter()
    own, outcome = True, "a value"
    try:
        reader.read(path)
    except BaseException as error:
        own = isinstance(error, reader.errors)
        outcome = f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - began
    cost: dict[str, Any] = {"outcome": outcome, "own": own, "peak_bytes": _memory("VmHWM") - before, "seconds": seconds}
    sys.stdout.write(json.dumps(cost) + "\n")
    return 0


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
