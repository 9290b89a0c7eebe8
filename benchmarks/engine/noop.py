"""Compares the overhead of the engine with ninja, stock doit and Snakemake, on the same graphs in one run.

`python -m benchmarks.engine.noop` builds graphs of small copying steps and prints one table: a build with nothing to
do, the first build per step, and a build that restores all steps from a store, beside a plain copy of the same files.
`--networks digits` adds builds of real networks in a copy of the checkout. Every figure includes the start of the
program. Peers that are not on PATH are installed from PyPI into a temporary environment, or reported as absent with
`--no-install`. The limits are printed below the table; the status is 1 if the farm misses one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.graphs import ROOT, CopyGraph

SLOTS = 2


@dataclass(frozen=True)
class Peer:
    """A build program: its command, the function that writes its graph, and the most tasks for a practical first build.

    `looks` means that the command builds nothing and only inspects the farm's build.
    """

    name: str
    command: tuple[str, ...]
    write: Callable[[CopyGraph, Path], None]
    most_tasks: int
    package: str = ""
    looks: bool = False


_DOIT = (sys.executable, "-m", "doit")
PEERS = (
    Peer("farm", (*_DOIT, "-n", str(SLOTS)), CopyGraph.write_farm, 1_000_000),
    Peer("farm plan", (*_DOIT, "plan"), CopyGraph.write_farm, 1_000_000, looks=True),
    Peer("farm why", (*_DOIT, "why", "copy:4"), CopyGraph.write_farm, 1_000_000, looks=True),
    Peer("ninja", ("ninja", f"-j{SLOTS}"), CopyGraph.write_ninja, 1_000_000, "ninja"),
    Peer("doit", (*_DOIT, "-n", str(SLOTS)), CopyGraph.write_doit, 1_000_000),
    Peer("Snakemake", ("snakemake", f"-j{SLOTS}", "--quiet", "all"), CopyGraph.write_snakemake, 1_000, "snakemake"),
)


@dataclass(frozen=True)
class Seconds:
    """Wall time of one run of a program, and the processor time (user and system) of it and all its children."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """The measurements of one program on one graph; None if not measured."""

    program: str
    graph: str
    steps: int
    noops: tuple[Seconds, ...]
    first: Seconds | None = None
    restore: Seconds | None = None
    copy: Seconds | None = None


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="*", default=[60, 5000])
    parser.add_argument("--networks", nargs="*", default=[], help="networks to build in a copy of the checkout")
    parser.add_argument("--runs", type=int, default=5, help="no-op builds per figure")
    parser.add_argument("--no-install", action="store_true", help="only peers that are on PATH")
    words = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="engine-noop-") as place:
        folder = Path(place)
        paths = _with_peers(folder / "peers", install=not words.no_install) if words.tasks else os.environ["PATH"]
        for tasks in words.tasks:
            farm: Path | None = None
            for peer in PEERS:
                if shutil.which(peer.command[0], path=paths) is None:
                    _say(f"{peer.name}: absent")
                elif tasks > peer.most_tasks:
                    _say(f"{peer.name}: not run with {tasks} tasks, since its first build takes too long")
                else:
                    its = farm if peer.looks and farm else folder / f"{peer.name}-{tasks}"
                    rows.append(_of_copies(peer, tasks, its, paths, words.runs))
                    farm = farm or its
        for network in words.networks:
            rows += _of_network(network, folder / network, words.runs)
    _print(rows)
    misses = [miss for row in rows for miss in _misses(row)]
    _say("\nwanted of the farm: nothing to do 0.4 s with 60 tasks or a network and 1.5 s with 5000, plan and why too;")
    _say("30 ms per step, its shim included; everything restored in 1 s more than the copy")
    for miss in misses:
        _say(f"MISSED: {miss}")
    return 1 if misses else 0


def _print(rows: list[Row]) -> None:
    _say(f"\n{_machine()}; {SLOTS} slots")
    _say("wall and CPU (user and system, children included) in seconds, the program's start included; of several runs")
    _say("with nothing to do the least. CPU tells more than wall time where the machine does other work besides\n")
    head = ("nothing to do", "first build, ms/step", "all restored", "plain copy")
    _say(f"{'':<28} {head[0]:>14} {head[1]:>21} {head[2]:>14} {head[3]:>11}")
    _say(f"{'program':<10} {'graph':<10} {'steps':>6} {'wall':>7} {'CPU':>6} {'wall':>14} {'CPU':>6} ", end="")
    _say(f"{'wall':>7} {'CPU':>6} {'wall':>11}")
    for row in rows:
        noop = Seconds(min(one.wall for one in row.noops), min(one.cpu for one in row.noops))
        first = _cells(row.first, 14, 1, 1000 / row.steps)
        _say(
            f"{row.program:<10} {row.graph:<10} {row.steps:>6} {_cells(noop, 7, 3)} {first} "
            f"{_cells(row.restore, 7, 2)} {'-' if row.copy is None else f'{row.copy.wall:.2f}':>11}"
        )


def _cells(found: Seconds | None, width: int, digits: int, factor: float = 1.0) -> str:
    if found is None:
        return f"{'-':>{width}} {'-':>6}"
    return f"{found.wall * factor:>{width}.{digits}f} {found.cpu * factor:>6.{digits}f}"


def _misses(row: Row) -> list[str]:
    """Return the limits that the farm misses, as texts."""
    if not row.program.startswith("farm"):
        return []
    found = []
    limit_s = 0.4 if row.steps <= 60 else 1.5
    wall_s = min(one.wall for one in row.noops)
    if wall_s > limit_s:
        found.append(f"{row.program}, {row.graph}: nothing to do takes {wall_s:.2f} s, wanted {limit_s} s")
    if row.first and row.graph == "copies" and row.first.wall / row.steps > 0.030:
        found.append(f"{row.graph} of {row.steps}: {1000 * row.first.wall / row.steps:.1f} ms per step")
    if row.restore and row.copy and row.steps <= 60 and row.restore.wall > row.copy.wall + 1:
        found.append(f"{row.graph}: restoring takes {row.restore.wall - row.copy.wall:.2f} s more than the copy")
    return found


def _of_copies(peer: Peer, tasks: int, folder: Path, paths: str, runs: int) -> Row:
    environment = _environment(folder, PATH=paths)
    if peer.name.startswith("farm"):
        environment["PYTHONPATH"] = str(ROOT)
    first = None
    if not peer.looks:
        folder.mkdir()
        peer.write(CopyGraph(tasks), folder)
        first = _seconds(peer.command, folder, environment)
        # A file that is younger than a clock tick when it is checked is checked again once; wait until this is over.
        time.sleep(2.5)
    _seconds(peer.command, folder, environment)
    noops = tuple(_seconds(peer.command, folder, environment) for _ in range(runs))
    restore, copy = _restored(peer.command, folder, environment) if peer.name == "farm" else (None, None)
    return Row(peer.name, "copies", tasks, noops, first, restore, copy)


def _of_network(network: str, folder: Path, runs: int) -> list[Row]:
    """Build a network in a copy of the checkout and measure there."""
    left_out = shutil.ignore_patterns("build", ".venv*", ".git", "__pycache__", ".*_cache", "farm.local.yaml")
    shutil.copytree(ROOT, folder, ignore=left_out)
    environment = _environment(folder, PYTHONPATH=str(folder))
    build = (*_DOIT, "-n", str(SLOTS), "build", f"network={network}")
    _say(f"{network}: the first build")
    first = _seconds(build, folder, environment)
    steps = sum(1 for _ in (folder / "build/.farm/records").rglob("*.json"))
    _seconds(build, folder, environment)
    noops = tuple(_seconds(build, folder, environment) for _ in range(runs))
    rows = []
    for name, words in (("plan", ("plan",)), ("why", ("why", f"stitch:{network}"))):
        looks = (*_DOIT, *words, f"network={network}")
        rows.append(Row(f"farm {name}", network, steps, tuple(_seconds(looks, folder, environment) for _ in noops)))
    restore, copy = _restored(build, folder, environment)
    return [Row("farm", network, steps, noops, first, restore, copy), *rows]


def _restored(build: tuple[str, ...], folder: Path, environment: dict[str, str]) -> tuple[Seconds, Seconds]:
    """Return the time to restore a deleted build folder, and the time to copy the restored one."""
    shutil.rmtree(folder / "build")
    restore = _seconds(build, folder, environment)
    copy = _seconds(("cp", "-r", "build", "copied"), folder, environment)
    shutil.rmtree(folder / "copied")
    return restore, copy


def _environment(folder: Path, **more: str) -> dict[str, str]:
    own = {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "data"), "HOME": str(folder / "home")}
    return {**os.environ, **own, **more}


def _seconds(command: tuple[str, ...], folder: Path, environment: dict[str, str]) -> Seconds:
    """Run a command. Ends the benchmark if it fails."""
    before, begun_s = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wall_s, after = time.perf_counter() - begun_s, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Seconds(wall_s, cpu_s)


def _with_peers(folder: Path, *, install: bool) -> str:
    """Return PATH, extended by an environment that holds the missing peers."""
    paths = os.environ.get("PATH", os.defpath)
    absent = [peer.package for peer in PEERS if peer.package and shutil.which(peer.command[0], path=paths) is None]
    if absent and install:
        venv.create(folder, with_pip=True)
        command = [str(folder / "bin/pip"), "install", "--quiet", *absent]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            _say(f"{', '.join(absent)}: could not be installed")
    # Append it, so that its python does not replace the one that runs this.
    return f"{paths}{os.pathsep}{folder / 'bin'}"


def _machine() -> str:
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    load = os.getloadavg()[0]
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{len(os.sched_getaffinity(0))} cores, {gib:.0f} GiB, Python {version}, load at the end {load:.1f}"


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
