"""The event loop: a task waits, is probed, runs, is published, and is done, failed or skipped.

One thread, so there is nothing to lock. Steps run in parallel as processes; other actions of a dodo.py (functions,
commands) run one at a time in the engine's own process, when no step can be started, in the order of the graph.
"""

from __future__ import annotations

import contextlib
import heapq
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from doit.exceptions import BaseFail
from doit.task import Stream

from farm.digest import Digest, Digests, Signature, digest_of
from farm.executor import CannotStart, Executor, Run
from farm.failure import Failure
from farm.folder import move
from farm.graph import Task, step_of
from farm.journal import RECORD_VALUE
from farm.key import Parts, parts_of
from farm.outcome import Outcome
from farm.reason import Reason
from farm.record import Cost, Record, Records, record_path, why
from farm.step import Step
from farm.stop import Stop

Inputs = Mapping[str, tuple[Signature, Digest]]

_ATTEMPTS = 5


class Watcher(Protocol):
    """What the loop tells while it runs; the display is one."""

    refresh_s: float | None

    def started(self, name: str, reasons: Sequence[Reason]) -> None:
        """A step has begun to run."""

    def finished(self, name: str, elapsed_s: float) -> None:
        """A task has run and its outputs are in place."""

    def current(self, name: str) -> None:
        """A task needs nothing."""

    def restored(self, name: str, cost: Cost) -> None:
        """The outputs of a step are in place, from the store; making them had cost `cost`."""

    def failed(self, name: str, failure: Failure) -> None:
        """A task has failed."""

    def foreign(self, name: str) -> None:
        """An action that is no step is about to write to the terminal."""

    def progress(self, done: int, total: int, running: Sequence[Run]) -> None:
        """Time has passed."""


class Loop:
    """Runs the tasks of one build."""

    def __init__(
        self,
        root: Path,
        tasks: Mapping[str, Task],
        names: Sequence[str],
        dep_manager: Any,
        *,
        executor: Executor,
        digests: Digests,
        watcher: Watcher,
        stop: Stop,
        slots: int,
        always: bool = False,
        go_on: bool = False,
        keep_failed: bool = False,
        verbosity: int = 2,
    ) -> None:
        """`names` are tasks in an order in which each follows what it needs; `go_on` is doit's --continue."""
        self._root = root
        self._tasks = tasks
        self._names = names
        self._dep_manager = dep_manager
        self._executor = executor
        self._digests = digests
        self._records = Records(root)
        self._watcher = watcher
        self._stop = stop
        self._slots = slots
        self._always = always
        self._go_on = go_on
        self._keep_failed = keep_failed
        self._stream = Stream(verbosity)
        self._outcome = Outcome()
        self._place = {name: place for place, name in enumerate(names)}
        self._waits_for = {name: set(tasks[name].task_dep) for name in names}
        self._needed_by: dict[str, list[str]] = {name: [] for name in names}
        for name in names:
            for needed in self._waits_for[name]:
                self._needed_by[needed].append(name)
        self._ready = [place for name, place in self._place.items() if not self._waits_for[name]]
        self._foreign: deque[str] = deque()
        self._read: dict[str, tuple[Parts, Inputs]] = {}
        self._ended: set[str] = set()
        self._work = [name for name in names if tasks[name].actions]

    def run(self) -> Outcome:
        """Run until everything has ended, or until a signal. No process of a step is alive when this returns."""
        started_s = time.monotonic()
        try:
            self._cycle()
        finally:
            for run in self._executor.end_all():
                self._outcome.killed.append(run.step.name)
                self._executor.discard(run)
            self._digests.save()
        if self._stop.number is not None:
            self._outcome.stopped_by = self._stop.number.name
        else:
            self._find_edited()
        self._outcome.not_started = [
            name for name in self._work if name not in self._ended and name not in self._outcome.killed
        ]
        self._outcome.wall_s = time.monotonic() - started_s
        return self._outcome

    def _cycle(self) -> None:
        while not self._stop.requested:
            self._launch()
            running = self._executor.running
            done = sum(1 for name in self._work if name in self._ended)
            self._watcher.progress(done, len(self._work), running)
            if running:
                self._wait()
            elif self._foreign and self._may_start():
                self._run_foreign(self._foreign.popleft())
            elif not self._ready or not self._may_start():
                break

    def _wait(self) -> None:
        limits = [self._executor.enforce_timeouts(), self._watcher.refresh_s]
        self._stop.wait(min((seconds for seconds in limits if seconds is not None), default=None))
        for run in self._executor.reap():
            # What had ended before the signal is kept: it may have taken hours.
            self._finish(run)

    def _may_start(self) -> bool:
        return not self._stop.requested and (self._go_on or not self._outcome.failed)

    def _launch(self) -> None:
        """Probe ready tasks and start steps while there are slots; what is current takes none."""
        while self._ready and self._may_start() and len(self._executor.running) < self._slots:
            name = self._names[heapq.heappop(self._ready)]
            task = self._tasks[name]
            step = step_of(task)
            if self._dep_manager.status_is_ignore(task):
                self._skip(name, name)
            elif step is not None:
                self._probe(name, step)
            elif task.actions:
                self._foreign.append(name)
            else:
                self._end(name)

    def _probe(self, name: str, step: Step) -> None:
        try:
            for _ in range(_ATTEMPTS):
                inputs = {source: self._digests.read(source) for source in step.sources}
                parts = _parts(step, inputs)
                reasons = why(step, parts, self._records.read(step), self._digests)
                if not reasons and not self._always:
                    self._keep_current(name, step)
                    return
                run = self._executor.prepare(step, parts.key)
                # The copies are what the key says only if no source moved between hashing and copying.
                if self._unmoved(inputs):
                    break
                self._executor.discard(run)
            else:
                self._fail(name, Failure("input", "the inputs do not stop changing"))
                return
        except CannotStart as problem:
            self._fail(name, problem.failure)
            return
        except OSError as error:
            self._fail(name, Failure("input", f"{error.filename or step.name}: {error.strerror or error}"))
            return
        try:
            self._executor.start(run)
        except CannotStart as problem:
            self._executor.discard(run)
            if reasons:
                self._remove_targets(step)
            self._fail(name, problem.failure)
            return
        except OSError as error:
            self._executor.discard(run)
            self._fail(name, Failure("engine", f"{error.filename}: {error.strerror}"))
            return
        # The old record stays until the step has ended: if the build is killed and the edit taken back, it fits again.
        self._read[name] = (parts, inputs)
        self._watcher.started(name, reasons or (Reason("asked"),))

    def _keep_current(self, name: str, step: Step) -> None:
        self._outcome.current.append(name)
        # A record that doit does not know of (made for another target, or just before a kill) could not be forgotten.
        if self._dep_manager.get_values(name).get(RECORD_VALUE) != record_path(step):
            self._save(name, step)
        self._watcher.current(name)
        self._end(name)

    def _finish(self, run: Run) -> None:
        name, step = run.step.name, run.step
        parts, _ = self._read[name]
        failure = self._executor.verdict(run) or self._publish(run, parts)
        if failure is None or not self._keep_failed:
            self._executor.discard(run)
        if failure is not None:
            self._remove_targets(step)
            self._fail(name, failure)
            return
        self._outcome.ran.append(name)
        self._watcher.finished(name, run.elapsed_s)
        self._end(name)

    def _publish(self, run: Run, parts: Parts) -> Failure | None:
        """Move the outputs into place and record the step."""
        step = run.step
        try:
            digests = {output.target: digest_of(run.work / output.path) for output in step.outputs}
            for output in step.outputs:
                move(run.work / output.path, self._root / output.target)
        except OSError as error:
            return Failure("outputs", f"{error.filename}: {error.strerror}", (), step.log)
        published = (self._tasks[step.name].meta or {}).get("published")
        if published is not None:
            try:
                published(tuple(self._root / target for target in step.targets))
            except Exception as error:
                return Failure("published", f"{type(error).__name__}: {error}", (), step.log)
        record = Record(step.name, parts.key, parts, digests, dict(step.facts), run.cost, time.time())
        try:
            self._records.write(step, record)
        except OSError as error:
            return Failure("engine", f"{error.filename}: {error.strerror}", (), step.log)
        self._save(step.name, step)
        return None

    def _save(self, name: str, step: Step) -> None:
        task = self._tasks[name]
        task.values = {RECORD_VALUE: record_path(step)}
        # A source that was deleted meanwhile makes the step run again, by its key.
        with contextlib.suppress(OSError):
            self._dep_manager.save_success(task)

    def _run_foreign(self, name: str) -> None:
        task = self._tasks[name]
        status = self._dep_manager.get_status(task, self._tasks)
        if status.status == "error":
            self._fail(name, Failure("input", str(status.get_error_message())))
            return
        if status.status == "up-to-date" and not self._always:
            self._outcome.current.append(name)
            self._watcher.current(name)
            self._end(name)
            return
        self._watcher.foreign(name)
        started_s = time.monotonic()
        task.overwrite_verbosity(self._stream)
        try:
            self._stop.interrupts = True
            failed = task.execute(self._stream)
        except KeyboardInterrupt:
            return
        finally:
            self._stop.interrupts = False
        if isinstance(failed, BaseFail):
            lines = tuple(line for line in failed.get_msg().splitlines() if line.strip())
            self._fail(name, Failure("action", lines[0] if lines else "", lines[-1:] if len(lines) > 1 else ()))
            return
        task.save_extra_values()
        with contextlib.suppress(OSError):
            self._dep_manager.save_success(task)
        self._outcome.ran.append(name)
        self._watcher.finished(name, time.monotonic() - started_s)
        self._end(name)

    def _end(self, name: str) -> None:
        self._ended.add(name)
        for follower in self._needed_by[name]:
            self._waits_for[follower].discard(name)
            if not self._waits_for[follower] and follower not in self._ended:
                heapq.heappush(self._ready, self._place[follower])

    def _fail(self, name: str, failure: Failure) -> None:
        self._outcome.failed[name] = failure
        self._ended.add(name)
        self._watcher.failed(name, failure)
        for follower in self._needed_by[name]:
            self._skip(follower, name)

    def _skip(self, name: str, because: str) -> None:
        """Give up a task and all that need it."""
        pending = [name]
        while pending:
            given_up = pending.pop()
            if given_up in self._ended:
                continue
            self._ended.add(given_up)
            if self._tasks[given_up].actions:
                self._outcome.skipped[given_up] = because
            pending += self._needed_by[given_up]

    def _remove_targets(self, step: Step) -> None:
        self._records.remove(step)
        for target in step.targets:
            with contextlib.suppress(OSError):
                (self._root / target).unlink()

    def _unmoved(self, inputs: Inputs) -> bool:
        return all(Signature.of(self._root / source) == signature for source, (signature, _) in inputs.items())

    def _find_edited(self) -> None:
        """Find sources that changed after a step had read them: its result is right for what it read, and old."""
        for name in self._outcome.ran:
            for source, (signature, digest) in self._read.get(name, (None, {}))[1].items():
                try:
                    now_signature, now = self._digests.read(source)
                    same = now_signature == signature or now.meaning == digest.meaning
                except OSError:
                    same = False
                if not same:
                    self._outcome.edited.setdefault(source, name)


def _parts(step: Step, inputs: Inputs) -> Parts:
    return parts_of(step, lambda item: inputs[item.source][1].meaning)
