"""Measures commands that people wait for, with nothing to build: `python -m benchmarks.start [NETWORK]`.

Each command runs several times as a separate process. It prints the least and the median of wall time and of processor
time; the latter includes all children. Build the network first (`doit build network=NETWORK`), or the second command
will build it. The last column is the limit; the status is 1 if the least wall time exceeds it.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WANTED_S = {"list": 0.25, "build": 0.25, "reports": 1.0}


def timed(command: str, network: str) -> tuple[float, float]:
    """Wall time and processor time of one run, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    words = [sys.executable, "-m", "doit", command, f"network={network}"]
    # With it Python would compile all modules in each run: two thirds of the time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the table. Returns 0, or 1 if a command is slower than its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", default="resnet50")
    parser.add_argument("--runs", type=int, default=9)
    given = parser.parse_args()
    print(f"{given.network}, {given.runs} runs each, after one that does not count")
    print(f"{'command':<14} {'wall least':>11} {'median':>8} {'CPU least':>10} {'median':>8} {'wanted':>7}")
    slow = False
    for command, wanted in WANTED_S.items():
        timed(command, given.network)
        walls, cpus = zip(*(timed(command, given.network) for _ in range(given.runs)), strict=True)
        slow |= min(walls) > wanted
        print(
            f"doit {command:<9} {min(walls):>9.3f} s {statistics.median(walls):>6.3f} s {min(cpus):>8.3f} s"
            f" {statistics.median(cpus):>6.3f} s {wanted:>5.2f} s"
        )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
