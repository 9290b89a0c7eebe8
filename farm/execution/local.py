"""Runs steps on this machine: for each a shim with the tool below it.

All methods must be called by one thread, which has to outlive the processes: the kernel ties the signal that ends a
shim with the engine to the thread that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from farm import clock
from farm.execution import shim
from farm.execution.children import Children
from farm.execution.ended import read_record
from farm.execution.failure import failed
from farm.execution.log_file import new_log
from farm.execution.process import Process, adopt_orphans, belongs, descendants, send, strays
from farm.execution.run import CannotStart, Run
from farm.execution.scratch import environment_of
from farm.results.folder import SCRATCH
from farm.step import PYTHON, Step

#: How long a shim may take to end its tree and itself: the tool's time, and a while for the shim.
GRACE_S = shim.GRACE_S + 0.5


class LocalExecutor:
    """Starts, watches and ends the processes of steps in the checkout at `root`."""

    #: The end of a shim wakes the engine.
    poll_s: float | None = None

    def __init__(self, root: Path, children: Children | None = None) -> None:
        """`children` are those of the engine, if it has other executors too."""
        self._scratch = root / SCRATCH
        self._children = children or Children()
        #: The runs whose shim has not ended, by its process id.
        self._running: dict[int, Run] = {}
        #: When to kill a run that was asked to end, by the process id of its shim.
        self._kill_at_s: dict[int, float] = {}

    def open(self) -> None:
        """Adopt orphans from now on, and kill the processes that a killed engine left running."""
        adopt_orphans()
        if self._scratch.exists():
            # A killed engine's shims end by themselves, but this build must not wait for that.
            until_s = clock.monotonic_s() + GRACE_S
            while (left := strays(f"{self._scratch}/")) and clock.monotonic_s() < until_s:
                send(left, signal.SIGKILL)
                time.sleep(0.005)

    def holds(self, run: Run) -> bool:
        """Nothing survives the engine on its own machine."""
        return False

    def folder(self, step: Step) -> str:
        """Return the folder that each build empties."""
        return SCRATCH

    def close(self) -> None:
        """Adopt no orphans any more."""
        adopt_orphans(False)

    def start(self, run: Run) -> None:
        """Start the tool below a shim."""
        environment = environment_of(run)
        program = _program(run, environment["PATH"])
        words = [str(_record_path(run)), str(os.getpid()), program, program, *run.step.argv[1:]]
        run.started_s = clock.monotonic_s()
        with os.fdopen(new_log(run), "wb") as log:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", shim.__file__, *words],
                    cwd=run.work,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C at a terminal is for the engine, which then ends the steps in order.
                    start_new_session=True,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise CannotStart(failed("program", f"{run.step.argv[0]}: {error}")) from None
        # Its status is collected by `ended`; Popen must neither wait for it nor complain.
        process.returncode = 0
        self._children.expect(process.pid)
        self._running[process.pid] = run

    def ended(self) -> list[Run]:
        """Collect the shims that have ended, with their records."""
        self._children.collect()
        ended = [(pid, run) for pid, run in self._running.items() if self._children.take(pid) is not None]
        for pid, run in ended:
            del self._running[pid]
            self._kill_at_s.pop(pid, None)
            run.ended_s = clock.monotonic_s()
            # A shim that wrote its record had nobody left below it.
            if not read_record(run, _record_path(run).name):
                self._end_leftovers(pid, run)
        return [run for _, run in ended]

    def stop(self, run: Run) -> float:
        """Let the shim end the tool; kill both if they are still there after GRACE_S."""
        pid = next((pid for pid, one in self._running.items() if one is run), None)
        if pid is None:
            return GRACE_S
        now_s = clock.monotonic_s()
        if pid not in self._kill_at_s:
            send([_shim(pid)], signal.SIGTERM)
            self._kill_at_s[pid] = now_s + GRACE_S
        elif now_s >= self._kill_at_s[pid]:
            send(_processes(pid, run), signal.SIGKILL)
            self._kill_at_s[pid] = now_s + GRACE_S
        return max(0.0, self._kill_at_s[pid] - now_s)

    def stop_all(self) -> list[Run]:
        """End every process below this one, politely first; returns when none is alive."""
        if not self._running and not _has_children():
            return []
        shims = [_shim(pid) for pid in self._running]
        # The shims ask the tools, and kill them. A process that no shim looks after is asked directly.
        send(shims or descendants(os.getpid()), signal.SIGTERM)
        # Those that were asked to end before have had some of their time.
        polite_until_s = min(self._kill_at_s.values(), default=clock.monotonic_s() + GRACE_S)
        while True:
            self._children.collect()
            alive = [process for process in descendants(os.getpid()) if not process.zombie]
            if not alive:
                break
            polite = not shims or any(process.pid in self._running for process in alive)
            if not polite or clock.monotonic_s() >= polite_until_s:
                send(alive, signal.SIGKILL)
            time.sleep(0.01)
        ended = list(self._running.values())
        self._running.clear()
        self._kill_at_s.clear()
        for run in ended:
            run.ended_s = clock.monotonic_s()
            read_record(run, _record_path(run).name)
        return ended

    def _end_leftovers(self, pid: int, run: Run) -> None:
        """Kill the processes of a tool that outlived its shim: they could still write to the outputs."""
        until_s = clock.monotonic_s() + GRACE_S
        # With a limit: a process that waits for a dead disk cannot be killed.
        while clock.monotonic_s() < until_s:
            left = [process for process in _processes(pid, run) if not process.zombie]
            if not left:
                break
            send(left, signal.SIGKILL)
            time.sleep(0.002)
        # Zombies among them are ours by adoption, and go with the next `ended`.


def _program(run: Run, path: str) -> str:
    program = run.step.argv[0]
    if program == PYTHON:
        return sys.executable
    if "/" in program:
        if not (run.work / program).is_file():
            raise CannotStart(failed("program", f"'{program}' is none of the step's inputs"))
        return program
    found = shutil.which(program, path=path)
    if found is None:
        raise CannotStart(failed("program", f"'{program}' was not found on PATH"))
    return found


def _record_path(run: Run) -> Path:
    """Return the file that the shim writes as its last act."""
    return run.scratch / "ended.json"


def _shim(pid: int) -> Process:
    return Process(pid, os.getpid(), pid, zombie=False)


def _processes(pid: int, run: Run) -> list[Process]:
    return [process for process in descendants(os.getpid()) if belongs(process, pid, str(run.home))]


def _has_children() -> bool:
    """Tell whether anything runs below this process, or has ended there and not been collected."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
