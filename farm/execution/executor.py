"""Runs steps on this machine: a scratch folder with the declared inputs, a shim with the tool below it, a log.

All methods must be called by one thread, which has to outlive the processes: the kernel ties the signal that ends a
shim with the engine to the thread that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from farm import clock
from farm.execution import shim
from farm.execution.failure import Failure, failed, matching_line, told_by
from farm.execution.process import Process, belongs, descendants, send, strays
from farm.redaction import NOTHING_PRIVATE, Redaction
from farm.results.folder import SCRATCH, copy, remove_tree
from farm.results.record import NO_COST, Cost
from farm.step import PYTHON, File, Step

#: How long a shim may take to end its tree and itself: what it gives the tool, and a while for itself.
GRACE_S = shim.GRACE_S + 2.0
_GIB = 2**30


class CannotStart(Exception):  # noqa: N818 - it is no error of the engine
    """A step that could not be started; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


@dataclass
class Run:
    """A step that is running, or has run. `pid` is its shim's; `status` is the tool's, None if the shim was lost."""

    step: Step
    scratch: Path
    log: Path
    pid: int = 0
    started_s: float = field(default_factory=clock.monotonic_s)
    ended_s: float = 0.0
    status: int | None = None
    cost: Cost = NO_COST
    errno: int = 0
    oom_kills: int = 0
    log_bytes: int = 0
    timed_out: bool = False
    kill_at_s: float | None = None

    @property
    def work(self) -> Path:
        """The folder that the tool runs in."""
        return self.scratch / "work"

    @property
    def record(self) -> Path:
        """What the shim writes as its last act."""
        return self.scratch / "ended.json"

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, or of the whole run."""
        return (self.ended_s or clock.monotonic_s()) - self.started_s


class Executor:
    """Starts, watches and ends the processes of steps."""

    def __init__(self, root: Path, redaction: Redaction = NOTHING_PRIVATE) -> None:
        self._root = root
        self._redaction = redaction
        self._scratch = root / SCRATCH
        self._running: dict[int, Run] = {}

    @property
    def running(self) -> list[Run]:
        """The runs whose first process has not ended."""
        return list(self._running.values())

    def clear(self) -> None:
        """End and remove what a killed engine has left. Only the owner of the checkout's lock may call this."""
        if self._scratch.exists():
            # A killed engine's shims end by themselves, but this build must not wait for that.
            until_s = clock.monotonic_s() + GRACE_S
            while (left := strays(f"{self._scratch}/")) and clock.monotonic_s() < until_s:
                send(left, signal.SIGKILL)
                time.sleep(0.005)
            remove_tree(self._scratch)

    def prepare(self, step: Step, key: str) -> Run:
        """Make the scratch folder of a step. Its path depends on name and key only, so that it is the same each time.

        Raises CannotStart for an input that cannot be copied.
        """
        scratch = self._scratch / f"{re.sub('[^A-Za-z0-9_.+-]', '-', step.name)}-{key[:12]}"
        remove_tree(scratch)
        run = Run(step, scratch, self._root / step.log)
        for folder in ("work", "home", "tmp"):
            (scratch / folder).mkdir(parents=True)
        for item in step.inputs:
            place = run.work / item.path
            try:
                if isinstance(item, File):
                    copy(self._root / item.source, place)
                else:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(item.content, "utf-8")
            except OSError as error:
                source = item.source if isinstance(item, File) else item.path
                raise CannotStart(failed("input", f"{source}: {error.strerror}")) from None
        for output in step.outputs:
            (run.work / output.path).parent.mkdir(parents=True, exist_ok=True)
        return run

    def start(self, run: Run) -> None:
        """Start the tool in its scratch folder, below a shim. Raises CannotStart if there is no such program."""
        environment = self._environment(run)
        program = self._program(run, environment["PATH"])
        words = [str(run.record), str(os.getpid()), program, program, *run.step.argv[1:]]
        run.log.parent.mkdir(parents=True, exist_ok=True)
        # A new file and not the old one emptied: somebody may still be reading that.
        run.log.unlink(missing_ok=True)
        run.started_s = clock.monotonic_s()
        with run.log.open("xb") as log:
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
        run.pid = process.pid
        # Its status is collected by `reap`; Popen must neither wait for it nor complain.
        process.returncode = 0
        self._running[run.pid] = run

    def reap(self) -> list[Run]:
        """Return the runs that have ended since the last call, with status and cost; never waits."""
        ended = []
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            run = self._running.pop(pid, None)
            if run is None:
                continue  # an orphan that was adopted
            run.ended_s = clock.monotonic_s()
            ended.append(run)
        for run in ended:
            # A shim that wrote its record had nobody left below it.
            if not self._read_record(run):
                self._end_leftovers(run)
        return ended

    def enforce_timeouts(self) -> float | None:
        """End runs that are over their time. Return the seconds until this has to be called again, None if never."""
        now_s = clock.monotonic_s()
        next_s: list[float] = []
        for run in self._running.values():
            if run.kill_at_s is not None and now_s >= run.kill_at_s:
                send(self._processes(run), signal.SIGKILL)
                run.kill_at_s = now_s + GRACE_S
            elif run.kill_at_s is None and run.step.timeout_s is not None and run.elapsed_s >= run.step.timeout_s:
                run.timed_out = True
                run.kill_at_s = now_s + GRACE_S
                send(self._shims([run]), signal.SIGTERM)
            if run.kill_at_s is not None:
                next_s.append(run.kill_at_s - now_s)
            elif run.step.timeout_s is not None:
                next_s.append(run.step.timeout_s - run.elapsed_s)
        return max(0.0, min(next_s)) if next_s else None

    def end_all(self, *, grace_s: float = GRACE_S) -> list[Run]:
        """End every process of every step, and return the runs. Politely first, then not; returns when none is left."""
        ended = self.running
        # The shims ask the tools, and kill them. What no shim looks after is asked directly.
        send(self._shims(ended) or descendants(os.getpid()), signal.SIGTERM)
        polite_until_s = clock.monotonic_s() + grace_s
        while True:
            self._collect()
            alive = [process for process in descendants(os.getpid()) if not process.zombie]
            if not alive:
                break
            polite = not ended or any(process.pid == run.pid for process in alive for run in ended)
            if not polite or clock.monotonic_s() >= polite_until_s:
                send(alive, signal.SIGKILL)
            time.sleep(0.01)
        for run in ended:
            run.ended_s = run.ended_s or clock.monotonic_s()
            self._read_record(run)
            self._redacted(run, None)
        self._running.clear()
        return ended

    def verdict(self, run: Run) -> Failure | None:
        """Return how an ended run failed; None if exit status, log and expected files all say that it did not.

        After this the log is redacted. It is judged as the tool wrote it: what is private decides nothing.
        """
        return self._redacted(run, self._judged(run))

    def _redacted(self, run: Run, failure: Failure | None) -> Failure | None:
        try:
            return self._redaction.apply(run.log, failure)
        except OSError as error:
            # Nothing unredacted is kept, and without a log nothing vouches for the outputs.
            with contextlib.suppress(OSError):
                run.log.unlink()
            return failed("engine", f"the log could not be redacted ({error.strerror})", run.step.log)

    def _judged(self, run: Run) -> Failure | None:
        step, log = run.step, run.step.log
        if run.errno:
            return failed("program", f"{step.argv[0]}: {os.strerror(run.errno)}", log)
        if run.timed_out:
            failure = failed("timeout", f"{step.timeout_s:g}", log, told_by(run.log, step))
            remedy = f"look in the log how far it came; raise {step.timeout_setting} if it was making progress"
            return replace(failure, remedy=remedy) if step.timeout_setting else failure
        if run.status is None:
            return failed("lost", "", log, told_by(run.log, step))
        if run.status < 0:
            return failed("signal", _signal_name(-run.status), log, told_by(run.log, step))
        if run.status != 0:
            return failed("exit", str(run.status), log, told_by(run.log, step))
        try:
            line = matching_line(run.log, step.error_lines)
            cut = self._cut(run)
        except OSError:
            return failed("engine", "the log is gone, so nothing vouches for the outputs", log)
        if line is not None:
            return failed("log", line, log, told_by(run.log, step))
        if cut:
            return failed("cut", cut, log, told_by(run.log, step))
        problem = self._output_problem(run)
        return None if problem is None else failed("outputs", problem, log, told_by(run.log, step))

    def _cut(self, run: Run) -> str:
        """Tell what shows that the log is not whole; nothing if it seems so. Raises OSError."""
        size = run.log.stat().st_size
        if size < run.log_bytes:
            return f"{size} of the {run.log_bytes} bytes that were written are there"
        closing = run.step.closing_line
        if closing and matching_line(run.log, (closing,)) is None:
            return f"no line matches '{closing}'"
        return ""

    def _output_problem(self, run: Run) -> str | None:
        for output in run.step.outputs:
            path = run.work / output.path
            if path.is_symlink():
                return f"{output.path} is a symbolic link"
            if not path.is_file():
                return f"{output.path} is a folder" if path.is_dir() else f"{output.path} was not written"
            if path.stat().st_size == 0 and not output.may_be_empty:
                return f"{output.path} is empty"
        return None

    def discard(self, run: Run) -> None:
        """Remove the scratch folder of a run."""
        remove_tree(run.scratch)

    def _program(self, run: Run, path: str) -> str:
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

    def _environment(self, run: Run) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(run.scratch / "home"),
            "TMPDIR": str(run.scratch / "tmp"),
            "LANG": "C.UTF-8",
            # Output that depends on the order of a set would be another one each time.
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **dict(run.step.environment),
            **dict(run.step.private),
        }

    def _read_record(self, run: Run) -> bool:
        """Take over what a shim has recorded; False if it was killed before."""
        try:
            found = json.loads(run.record.read_text("ascii"))
            memory_bytes = max(int(found["largest_process_bytes"]), int(found["sampled_tree_bytes"]))
            run.cost = Cost(float(found["wall_s"]), float(found["cpu_s"]), memory_bytes / _GIB)
            run.errno, run.oom_kills = int(found["errno"]), int(found["oom_kills"])
            run.log_bytes = int(found["log_bytes"])
            run.status = int(found["status"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return True

    def _shims(self, runs: Iterable[Run]) -> list[Process]:
        return [Process(run.pid, os.getpid(), run.pid, zombie=False) for run in runs if not run.ended_s]

    def _processes(self, run: Run) -> list[Process]:
        marker = str(run.scratch / "home")
        return [process for process in descendants(os.getpid()) if belongs(process, run.pid, marker)]

    def _end_leftovers(self, run: Run) -> None:
        """Kill what a tool has left running: it could still write to the outputs, and holds memory and licences."""
        until_s = clock.monotonic_s() + GRACE_S
        # Not for ever: a process that waits for a dead disk cannot be killed.
        while clock.monotonic_s() < until_s:
            left = [process for process in self._processes(run) if not process.zombie]
            if not left:
                break
            send(left, signal.SIGKILL)
            time.sleep(0.002)
        # Zombies among them are ours by adoption, and go with the next `reap`.

    def _collect(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
