"""What the engine itself costs, beside ninja, stock doit and Snakemake, on the same graphs in one run.

`python -m benchmarks.engine_noop` builds graphs of small copying steps and prints one table: the wall time of a build
with nothing to do, of the first build per step, and of a build whose steps are all restored from a store. Every figure
includes the start of the program. Peers that are not on PATH are installed from PyPI into a temporary environment, or
reported as absent (`--no-install`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.graphs import ROOT, CopyGraph

SLOTS = 2


@dataclass(frozen=True)
class Peer:
    """A build program: its command, how its graph is written, and up to how many tasks a first build is practical."""

    name: str
    command: tuple[str, ...]
    write: Callable[[CopyGraph, Path], None]
    most_tasks: int
    package: str = ""


PEERS = (
    Peer("farm", (sys.executable, "-m", "doit", "-n", str(SLOTS)), CopyGraph.write_farm, 1_000_000),
    Peer("farm plan", (sys.executable, "-m", "doit", "plan"), CopyGraph.write_farm, 1_000_000),
    Peer("ninja", ("ninja", f"-j{SLOTS}"), CopyGraph.write_ninja, 1_000_000, "ninja"),
    Peer("doit", (sys.executable, "-m", "doit", "-n", str(SLOTS)), CopyGraph.write_doit, 1_000_000),
    Peer("Snakemake", ("snakemake", f"-j{SLOTS}", "--quiet", "all"), CopyGraph.write_snakemake, 1_000, "snakemake"),
)


@dataclass(frozen=True)
class Row:
    """Seconds; None where it was not measured."""

    peer: str
    tasks: int
    first_s: float | None
    noop_s: tuple[float, ...]
    noop_cpu_s: float
    restore_s: float | None


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=[60, 5000])
    parser.add_argument("--runs", type=int, default=5, help="no-op builds per figure")
    parser.add_argument("--no-install", action="store_true", help="only peers that are on PATH")
    words = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="engine-noop-") as place:
        folder = Path(place)
        paths = _with_peers(folder / "peers", install=not words.no_install)
        for tasks in words.tasks:
            for peer in PEERS:
                if shutil.which(peer.command[0], path=paths) is None:
                    _say(f"{peer.name}: absent")
                elif tasks > peer.most_tasks:
                    _say(f"{peer.name}: not run with {tasks} tasks, since its first build takes too long")
                else:
                    rows.append(
                        _measure(peer, tasks, folder / f"{peer.name}-{tasks}".replace(" ", "-"), paths, words.runs)
                    )
    _say(f"\n{_machine()}; {SLOTS} slots; seconds of wall time, the program's start included")
    _say("CPU is the least processor time of a no-op: it tells more than wall time where the machine does other work\n")
    _say(f"{'':<10} {'':>6} {'no-op':>8} {'':>8} {'':>8} {'first build':>13} {'all':>9}")
    _say(f"{'program':<10} {'steps':>6} {'min':>8} {'median':>8} {'CPU':>8} {'ms per step':>13} {'restored':>9}")
    for row in rows:
        low, middle = min(row.noop_s), statistics.median(row.noop_s)
        first = "-" if row.first_s is None else f"{1000 * row.first_s / row.tasks:.1f}"
        restored = "-" if row.restore_s is None else f"{row.restore_s:.2f}"
        _say(
            f"{row.peer:<10} {row.tasks:>6} {low:>8.3f} {middle:>8.3f} {row.noop_cpu_s:>8.3f} {first:>13} {restored:>9}"
        )
    return 0


def _measure(peer: Peer, tasks: int, folder: Path, paths: str, runs: int) -> Row:
    folder.mkdir()
    peer.write(CopyGraph(tasks), folder)
    environment = {**os.environ, "PATH": paths, "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder / "home")}
    if peer.name.startswith("farm"):
        environment["PYTHONPATH"] = str(ROOT)
    is_build = peer.name != "farm plan"
    build = peer.command if is_build else PEERS[0].command
    first_s, _ = _seconds(build, folder, environment)
    # What was made within the tick of the clock in which it was looked at is looked at again once.
    time.sleep(2.5)
    _seconds(peer.command, folder, environment)
    noops = [_seconds(peer.command, folder, environment) for _ in range(runs)]
    restore_s = None
    if peer.name == "farm":
        shutil.rmtree(folder / "build")
        restore_s, _ = _seconds(peer.command, folder, environment)
    wall_s = tuple(wall for wall, _ in noops)
    return Row(peer.name, tasks, first_s if is_build else None, wall_s, min(cpu for _, cpu in noops), restore_s)


def _seconds(command: tuple[str, ...], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its wall time and its processor time. Ends the benchmark if it fails."""
    before, begun_s = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wall_s, after = time.perf_counter() - begun_s, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return wall_s, cpu_s


def _with_peers(folder: Path, *, install: bool) -> str:
    """Return PATH, with an environment in front that holds the peers that are not on it."""
    paths = os.environ.get("PATH", os.defpath)
    absent = [peer.package for peer in PEERS if peer.package and shutil.which(peer.command[0], path=paths) is None]
    if absent and install:
        venv.create(folder, with_pip=True)
        command = [str(folder / "bin/pip"), "install", "--quiet", *absent]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            _say(f"{', '.join(absent)}: could not be installed")
    # Behind the others: its python must not be taken for the one that runs this.
    return f"{paths}{os.pathsep}{folder / 'bin'}"


def _machine() -> str:
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    load = os.getloadavg()[0]
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{len(os.sched_getaffinity(0))} cores, {gib:.0f} GiB, Python {version}, load at the end {load:.1f}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
