"""Injects random faults into real builds. After each, no process survives and no result is half written or lost.

`python -m benchmarks.fault_storm --faults 1000 --seed 1` works in a temporary folder with a separate store. It computes
the expected content of every target itself, without the engine. It exits with 1 at the first broken promise.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.engine.hostile_steps import HarmError, HostileSteps
from benchmarks.engine.hostile_store import HostileStore
from benchmarks.engine.storm_project import END, GRAPH, SOURCES, Project

_ENDED_WELL, _STEP_FAILED = 0, 1
_WAIT_S = 60.0
#: When a farm is killed, its shims ask their tools to end, wait two seconds, and kill them.
_PROCESSES_END_S = 10.0


class BrokenPromiseError(Exception):
    """The engine broke a promise."""


class Storm:
    """Injects faults and checks the promises after each."""

    def __init__(self, folder: Path, seed: int, *, seconds: float = 0.06, tmpfs: Path | None = None) -> None:
        self.chance = random.Random(seed)
        self.project = Project(folder / "one", folder / "cache", folder / "run_log", seconds)
        self.twin = Project(folder / "two" / "deeper", folder / "cache", folder / "run_log", seconds)
        self.small = Project(tmpfs / "small", folder / "cache", folder / "run_log", seconds) if tmpfs else None
        self.counts: Counter[str] = Counter()
        #: Faults that hit after the build had ended.
        self.late = 0
        self._edits = 0
        self._steps = HostileSteps(folder / "steps", self.chance)
        self._hostile = HostileStore(self.project, folder / "canaries", self.chance)
        #: Targets that were damaged on purpose; and the only steps that may run in the next build, None if unknown.
        self._harmed: set[str] = set()
        self._may_run: set[str] | None = None
        self._faults: dict[str, Callable[[], None]] = {
            "SIGKILL of the farm": lambda: self._signal(signal.SIGKILL),
            "SIGTERM of the farm": lambda: self._signal(signal.SIGTERM),
            "SIGINT of the farm": lambda: self._signal(signal.SIGINT),
            "SIGKILL of a tool": lambda: self._kill_below(2),
            "SIGKILL of a shim": lambda: self._kill_below(1),
            "input edited during the build": self._edit_input,
            "target harmed": self._harm_target,
            "store damaged": self._damage_store,
            "clock jumps": self._jump_clock,
            "two farms in one checkout": lambda: self._two_farms(self.project),
            "two farms in two checkouts": lambda: self._two_farms(self.twin),
            "hostile step": self._hostile_step,
            "hostile store": lambda: self._plant(self._hostile.plant_in_store),
            "hostile build folder": lambda: self._plant(self._hostile.plant_in_checkout),
            **({"disk full": self._fill_disk} if tmpfs else {}),
        }

    def run(self, faults: int, only: str = "") -> None:
        """Inject that many faults, in rounds over all kinds with `only` in their name. Raises BrokenPromiseError."""
        kinds: list[str] = []
        for _ in range(faults):
            # A kill of the farm can hit at the most different moments, so it comes more often.
            every = [name for name in (*self._faults, *(["SIGKILL of the farm"] * 2)) if only in name]
            kinds = kinds or self.chance.sample(every, len(every))
            kind = kinds.pop()
            self._edit(self.project)
            try:
                self._faults[kind]()
                self.check(self.project)
                if touched := self._hostile.check():
                    raise BrokenPromiseError(touched)
            except BrokenPromiseError as problem:
                raise BrokenPromiseError(f"fault {sum(self.counts.values()) + 1}, {kind}: {problem}") from None
            self.counts[kind] += 1

    def check(self, project: Project) -> None:
        """Check the state after a fault, then the next build. Raises BrokenPromiseError."""
        until_s = time.monotonic() + _PROCESSES_END_S
        while left := project.processes():
            if time.monotonic() > until_s:
                raise BrokenPromiseError(f"processes run on: {left}")
            time.sleep(0.02)
        for name in GRAPH:
            path = project.folder / "build" / name
            if name not in self._harmed and path.exists() and not path.read_text().endswith(END):
                raise BrokenPromiseError(f"{name} is half written")
        recorded, before = project.recorded(), len(project.runs())
        output = self._end(project.start(), _ENDED_WELL)
        again = project.runs()[before:]
        if len(set(again)) != len(again):
            raise BrokenPromiseError(f"a step ran twice: {again}\n{output}")
        if self._may_run is not None and not self._may_run.issuperset(again):
            raise BrokenPromiseError(f"only {self._may_run} had to run, and {again} ran\n{output}")
        for name, key in project.recorded().items():
            if name in again and recorded.get(name) == key:
                raise BrokenPromiseError(f"{name} had finished and ran again\n{output}")
        for name in GRAPH:
            found = (project.folder / "build" / name).read_text()
            if found != project.expected(name):
                raise BrokenPromiseError(f"{name} holds {found!r} and not {project.expected(name)!r}\n{output}")
        undisturbed = {name: hashlib.sha256(project.expected(name).encode()).hexdigest() for name in GRAPH}
        if project.meanings() != undisturbed:
            raise BrokenPromiseError(f"the records hold other digests than those of an undisturbed build\n{output}")
        if (project.folder / "build/.farm/scratch").exists():
            raise BrokenPromiseError("scratch folders are left")
        if project.processes():
            raise BrokenPromiseError("processes are left after the next build")
        self._harmed.clear()
        self._may_run = None

    def _edit(self, project: Project) -> None:
        self._edits += 1
        # Sometimes restore an earlier text, so that the store has its result.
        text = str(self._edits if self.chance.random() < 0.8 else self.chance.randrange(1, self._edits + 1))
        project.edit(self.chance.choice(SOURCES), text)

    @contextlib.contextmanager
    def _build(self, statuses: tuple[int, ...], project: Project | None = None, **more: str) -> Iterator[int]:
        """Start a build, wait a random time, let the caller inject the fault, and check how the build ended."""
        process = (project or self.project).start("-n", "3", **more)
        time.sleep(self.chance.uniform(0.1, 0.7))
        yield process.pid
        self._end(process, *statuses)

    def _end(self, process: subprocess.Popen[str], *statuses: int) -> str:
        try:
            output, _ = process.communicate(timeout=_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise BrokenPromiseError(f"a build does not end\n{process.communicate()[0]}") from None
        if process.returncode not in statuses or "Traceback" in output:
            raise BrokenPromiseError(f"a build ended with {process.returncode}\n{output}")
        return output

    def _signal(self, number: signal.Signals) -> None:
        process = self.project.start("-n", "3")
        time.sleep(self.chance.uniform(0.0, 0.8))
        self.late += process.poll() is not None
        process.send_signal(number)
        output, _ = process.communicate(timeout=_WAIT_S)
        # Before the farm has installed its signal handlers it ends like any Python program.
        early = number == signal.SIGINT and "KeyboardInterrupt" in output
        if process.returncode not in (_ENDED_WELL, -number, 128 + number) and not early:
            raise BrokenPromiseError(f"{number.name} ended a build with {process.returncode}\n{output}")

    def _kill_below(self, depth: int) -> None:
        with self._build((_ENDED_WELL, _STEP_FAILED)) as farm:
            level = [farm]
            for _ in range(depth):
                level = [child for pid in level for child in _children(pid)]
            try:
                os.kill(self.chance.choice(level), signal.SIGKILL)
            except (IndexError, ProcessLookupError):
                self.late += 1

    def _edit_input(self) -> None:
        with self._build((_ENDED_WELL,)):
            self._edit(self.project)

    def _harm_target(self) -> None:
        with self._build((_ENDED_WELL, _STEP_FAILED)):
            self._harm(self.chance.choice(list(GRAPH)))
        self._harm(self.chance.choice(list(GRAPH)))

    def _harm(self, name: str) -> None:
        path = self.project.folder / "build" / name
        self._harmed.add(name)
        with contextlib.suppress(FileNotFoundError):
            match self.chance.choice(["truncate", "edit", "delete"]):
                case "truncate":
                    os.truncate(path, self.chance.randrange(max(1, path.stat().st_size)))
                case "edit":
                    content = bytearray(path.read_bytes() or b"x")
                    content[self.chance.randrange(len(content))] ^= 1
                    path.write_bytes(content)
                case "delete":
                    path.unlink()

    def _damage_store(self) -> None:
        self._end(self.project.start(), _ENDED_WELL)
        store = self.project.cache / "dataflow-farm"
        parts: dict[Path, set[str]] = {}
        for name, key in self.project.recorded().items():
            entry = store / "ac" / key[:2] / key
            parts.setdefault(entry, set()).add(name)
            document = json.loads(entry.read_text())["entry"]
            for item in (*document["files"].values(), document["log"]):
                if item["size_bytes"]:
                    parts.setdefault(store / "cas" / item["sha256"][:2] / item["sha256"], set()).add(name)
        self._may_run = set()
        for path in self.chance.sample(sorted(parts), 3):
            content = bytearray(path.read_bytes())
            content[self.chance.randrange(len(content))] ^= 1 << self.chance.randrange(8)
            path.unlink()
            path.write_bytes(content)
            self._may_run |= parts[path]
        shutil.rmtree(self.project.folder / "build")

    def _hostile_step(self) -> None:
        try:
            self._steps.strike()
        except HarmError as problem:
            raise BrokenPromiseError(str(problem)) from None

    def _plant(self, plant: Callable[[], set[str]]) -> None:
        self._end(self.project.start(), _ENDED_WELL)
        self._may_run = plant()

    def _jump_clock(self) -> None:
        with self._build((_ENDED_WELL,), CLOCK_JUMPS=str(self.chance.random())):
            pass

    def _two_farms(self, other: Project) -> None:
        for name in SOURCES:
            shutil.copy(self.project.folder / name, other.folder / name) if other is not self.project else None
        begun = len(self.project.runs())
        processes = [self.project.start("-n", "2"), other.start("-n", "2")]
        killed = self.chance.random() < 0.5
        time.sleep(self.chance.uniform(0.2, 0.9))
        if killed:
            processes[0].kill()
        for process, statuses in zip(processes, ((0, -9) if killed else (0,), (0,)), strict=True):
            self._end(process, *statuses)
        runs = self.project.runs()[begun:]
        if not killed and len(set(runs)) != len(runs):
            raise BrokenPromiseError(f"two farms ran the same: {runs}")
        if other is not self.project:
            self.check(other)

    def _fill_disk(self) -> None:
        assert self.small is not None  # noqa: S101 - the fault is offered only then
        self._edit(self.small)
        filler = self.small.folder.parent / "filler"
        free = os.statvfs(filler.parent)
        with filler.open("wb") as stream:
            left = self.chance.choice([0, 1, 4, 12, 40]) * 4096
            stream.write(b"\0" * max(0, free.f_bavail * free.f_frsize - left))
        process = self.small.start("-n", "3")
        output, _ = process.communicate(timeout=_WAIT_S)
        filler.unlink()
        # If the engine cannot write it reports this and gives up; if a step cannot write it has failed.
        if "Traceback" in output and "No space left" not in output:
            raise BrokenPromiseError(f"a full disk ended a build with {process.returncode}\n{output}")
        self.check(self.small)


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """Yield a file system of one MiB, or None if none can be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = os.getuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def main() -> int:
    """Run a storm and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="WORD", help="kinds of faults with it in their names: hostile")
    options = parser.parse_args()
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fault_storm") as name, small_disk(Path(name) / "disk") as tmpfs:
        storm = Storm(Path(name), options.seed, tmpfs=tmpfs)
        problem = ""
        try:
            storm.run(options.faults, options.only)
        except BrokenPromiseError as error:
            problem = str(error)
    lines = [f"{count:6d}  {kind}" for kind, count in sorted(storm.counts.items())]
    total = sum(storm.counts.values())
    if tmpfs is None:
        lines.append("        disk full: left out, because no small file system can be mounted here")
    lines.append(f"{total:6d}  faults in {time.monotonic() - begun_s:.0f} s, seed {options.seed}")
    lines.append(f"{storm.late:6d}  of them hit just after the build had ended; the checks after them are the same")
    kept = "        after each: no process left, nothing half written, nothing lost"
    lines.append(f"BROKEN: {problem}" if problem else kept)
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
