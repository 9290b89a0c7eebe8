"""The event loop: a task waits, is probed, is current, restored or queued, runs, is published, and is done.

One thread, so there is nothing to lock. Steps run in parallel as processes; other actions of a dodo.py (functions,
commands) run one at a time in the engine's own process, when no step can be started, in the order of the graph.
"""

from __future__ import annotations

import contextlib
from bisect import insort
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doit.task import Stream

from farm import clock
from farm.execution.executor import CannotStart, Executor, Run
from farm.execution.failure import Failure, failed, out_of_disk, out_of_memory, retry_of
from farm.planning.admission import Candidate, Capacity, Occupant, admit, check_fits
from farm.planning.graph import Task, step_of
from farm.planning.priority import Priority
from farm.reason import Reason
from farm.results.journal import RECORD_VALUE
from farm.results.ledger import ENDED_WELL, STOPPED, Entry, Ledger, kind_of
from farm.results.record import record_path
from farm.results.store import Lease
from farm.scheduler.checkout import Checkout, Probe, UseError
from farm.scheduler.foreign import run_foreign
from farm.scheduler.frontier import Frontier
from farm.scheduler.outcome import Outcome
from farm.scheduler.stop import Stop
from farm.scheduler.watcher import Watcher
from farm.step import Step

#: How often a step is probed while its inputs keep changing.
_PROBES = 5
#: How often to look whether another farm has made what a step would make.
_CONTENDED_S = 0.1


@dataclass
class _Work:
    """A step between its probe and its end."""

    step: Step
    probe: Probe
    candidate: Candidate
    queued_s: float
    waited_s: float = 0.0
    lease: Lease | None = None


class Loop:
    """Runs the tasks of one build."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        names: Sequence[str],
        dep_manager: Any,
        *,
        checkout: Checkout,
        executor: Executor,
        ledger: Ledger | None,
        capacity: Capacity,
        priority: Priority,
        watcher: Watcher,
        stop: Stop,
        always: bool = False,
        go_on: bool = False,
        keep_failed: bool = False,
        verbosity: int = 2,
    ) -> None:
        """`names` are tasks in an order in which each follows what it needs; `go_on` is doit's --continue."""
        self._tasks = tasks
        self._names = names
        self._dep_manager = dep_manager
        self._checkout = checkout
        self._executor = executor
        self._ledger = ledger
        self._priority = priority
        self._capacity = capacity
        self._watcher = watcher
        self._stop = stop
        self._always = always
        self._go_on = go_on
        self._keep_failed = keep_failed
        self._stream = Stream(verbosity)
        self._outcome = Outcome()
        self._frontier = Frontier(tasks, names)
        #: Steps that have to run, the longest remaining path first.
        self._queue: list[tuple[float, int]] = []
        self._ranked = False
        self._foreign: deque[str] = deque()
        self._works: dict[str, _Work] = {}
        self._probes: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        #: Steps that ran out of memory, and get all of it when they are tried again.
        self._alone: set[str] = set()
        self._work = [name for name in names if tasks[name].actions]

    def run(self) -> Outcome:
        """Run until everything has ended, or until a signal. No process of a step is alive when this returns.

        Raises NeverFitsError before anything has begun.
        """
        started_s = clock.monotonic_s()
        steps = [step for name in self._names if (step := step_of(self._tasks[name])) is not None]
        check_fits(steps, self._capacity, lambda step: not self._always and self._checkout.has(step))
        try:
            self._cycle()
        finally:
            for run in self._executor.end_all():
                self._outcome.killed.append(run.step.name)
                self._enter(run, STOPPED)
                self._executor.discard(run)
            self._checkout.save()
        if self._stop.number is not None:
            self._outcome.stopped_by = self._stop.number.name
        else:
            for name in self._outcome.ran:
                for source in self._checkout.edited(self._works[name].probe) if name in self._works else ():
                    self._outcome.edited.setdefault(source, name)
        self._outcome.not_started = [
            name for name in self._work if name not in self._frontier.ended and name not in self._outcome.killed
        ]
        self._outcome.wall_s = clock.monotonic_s() - started_s
        return self._outcome

    def _cycle(self) -> None:
        while not self._stop.requested:
            self._look_at_ready()
            self._start_queued()
            running = self._executor.running
            done = sum(1 for name in self._work if name in self._frontier.ended)
            self._watcher.progress(done, len(self._work), running)
            if self._frontier.any_ready and self._may_start():
                continue  # a step that was to be started has to be probed again
            if running:
                self._wait()
            elif self._foreign and self._may_start():
                self._run_foreign(self._foreign.popleft())
            elif self._frontier.next_s is not None and self._may_start():
                self._wait()
            elif not self._queue or not self._may_start():
                break

    def _wait(self) -> None:
        limits = [self._executor.enforce_timeouts(), self._watcher.refresh_s]
        if self._frontier.next_s is not None and self._may_start():
            limits.append(max(0.0, self._frontier.next_s - clock.monotonic_s()))
        self._stop.wait(min((seconds for seconds in limits if seconds is not None), default=None))
        for run in self._executor.reap():
            # What had ended before the signal is kept: it may have taken hours.
            self._finish(run)
        self._frontier.advance(clock.monotonic_s())

    def _may_start(self) -> bool:
        return not self._stop.requested and (self._go_on or not self._outcome.failed)

    def _look_at_ready(self) -> None:
        """Probe what is ready. What is current or can be restored takes no slot."""
        while self._frontier.any_ready and self._may_start():
            name = self._frontier.take()
            task = self._tasks[name]
            step = step_of(task)
            if self._dep_manager.status_is_ignore(task):
                self._count_skipped(self._frontier.give_up(name), name)
            elif step is not None:
                self._look_at(name, step)
            elif task.actions:
                self._foreign.append(name)
            else:
                self._frontier.end(name)

    def _look_at(self, name: str, step: Step) -> None:
        try:
            probe = self._checkout.probe(step)
        except OSError as error:
            self._fail(name, failed("input", f"{error.filename or name}: {error.strerror or error}"))
            return
        if not self._always:
            if not probe.reasons:
                self._keep_current(name, step)
                return
            if self._restore(name, step, probe):
                return
        candidate = self._priority.candidate(step, alone=name in self._alone)
        self._works[name] = _Work(step, probe, candidate, clock.monotonic_s())
        insort(self._queue, (-self._priority.of(name), self._frontier.place[name]))

    def _keep_current(self, name: str, step: Step) -> None:
        try:
            self._checkout.use(step, self._published(name))
        except UseError as error:
            self._fail(name, _failure_of(error, ""))
            return
        self._outcome.current.append(name)
        # A record that doit does not know of (made for another target, or just before a kill) could not be forgotten.
        if self._dep_manager.get_values(name).get(RECORD_VALUE) != record_path(step):
            self._save(name, step)
        self._watcher.current(name)
        self._frontier.end(name)

    def _restore(self, name: str, step: Step, probe: Probe) -> bool:
        """Take a step from the store; True if that has ended it, well or not."""
        try:
            cost = self._checkout.restore(step, probe, self._published(name))
        except (OSError, UseError) as error:
            self._fail(name, _failure_of(error, ""))
            return True
        if cost is None:
            return False
        self._outcome.restored.append(name)
        self._outcome.saved_cpu_s += cost.cpu_s
        self._watcher.restored(name, cost)
        self._save(name, step)
        self._frontier.end(name)
        return True

    def _start_queued(self) -> None:
        if not self._queue or not self._may_start():
            return
        if not self._ranked:
            self._rank()
        now_s = clock.monotonic_s()
        running = []
        for run in self._executor.running:
            candidate = self._works[run.step.name].candidate
            left_s = None if candidate.duration_s is None else max(0.0, candidate.duration_s - run.elapsed_s)
            running.append(Occupant(candidate, None if left_s is None else now_s + left_s))
        waiting = (self._works[self._names[place]].candidate for _, place in self._queue)
        admitted = {candidate.name for candidate in admit(waiting, running, self._capacity, now_s)}
        if admitted:
            chosen = [item for item in self._queue if self._names[item[1]] in admitted]
            self._queue = [item for item in self._queue if self._names[item[1]] not in admitted]
            for _, place in chosen:
                if not self._may_start():
                    break
                self._start(self._names[place], self._works[self._names[place]])

    def _rank(self) -> None:
        """Find the order of what is left, once: all that is current or could be restored has ended by now."""
        self._ranked = True
        left = [name for name in self._work if name not in self._frontier.ended]
        self._priority.rank({name: step_of(self._tasks[name]) for name in left})
        self._queue = sorted((-self._priority.of(self._names[place]), place) for _, place in self._queue)

    def _start(self, name: str, work: _Work) -> None:
        step, key = work.step, work.probe.parts.key
        store = self._checkout.store
        if store is not None:
            work.lease = store.lease(key)
            if work.lease is None:
                self._probe_later(name, _CONTENDED_S)
                return
            if not self._always and store.find(key) is not None:
                # Another farm has made it since the probe.
                self._probe_later(name, 0.0)
                return
        run: Run | None = None
        try:
            run = self._executor.prepare(step, key)
            # The copies are what the key says only if no source moved between hashing and copying.
            if not self._checkout.unmoved(work.probe):
                self._executor.discard(run)
                self._probes[name] += 1
                if self._probes[name] < _PROBES:
                    self._probe_later(name, 0.0)
                    return
                raise CannotStart(failed("input", "the inputs do not stop changing"))
            self._executor.start(run)
        except (CannotStart, OSError) as problem:
            if run is not None:
                self._executor.discard(run)
            self._release(work)
            if work.probe.reasons:
                self._checkout.remove_targets(step)
            self._fail(name, problem.failure if isinstance(problem, CannotStart) else _failure_of(problem, ""))
            return
        # The old record stays until the step has ended: if the build is killed and the edit taken back, it fits again.
        work.waited_s = run.started_s - work.queued_s
        self._attempts[name] += 1
        self._watcher.started(name, work.probe.reasons or (Reason("asked"),))

    def _probe_later(self, name: str, seconds: float) -> None:
        work = self._works.pop(name)
        self._release(work)
        self._frontier.again(name, clock.monotonic_s() + seconds if seconds else None)

    def _finish(self, run: Run) -> None:
        name, step = run.step.name, run.step
        work = self._works[name]
        failure = self._executor.verdict(run)
        if failure is not None:
            failure = out_of_memory(
                failure,
                oom_kills=run.oom_kills,
                peak_memory_gib=run.cost.peak_memory_gib,
                memory_gib=work.candidate.resources.memory_gib,
                limit_gib=self._capacity.memory_gib,
            )
        else:
            failure = self._publish(run, work.probe)
        self._release(work)
        self._enter(run, ENDED_WELL if failure is None else failure.kind)
        again = failure is not None and self._may_start() and self._attempts[name] < retry_of(failure).attempts
        if failure is None or again or not self._keep_failed:
            self._executor.discard(run)
        if failure is not None and again:
            self._watcher.repeated(name, failure, self._attempts[name])
            if failure.kind == "memory":
                self._alone.add(name)
            self._probe_later(name, retry_of(failure).pause_s)
            return
        if failure is not None:
            self._checkout.remove_targets(step)
            self._fail(name, failure)
            return
        self._outcome.ran.append(name)
        self._watcher.finished(name, run.elapsed_s)
        self._frontier.end(name)

    def _publish(self, run: Run, probe: Probe) -> Failure | None:
        """Store and record a run, and put its outputs into place."""
        name = run.step.name
        try:
            differences = self._checkout.publish(run, probe, self._published(name))
        except (OSError, UseError) as error:
            return _failure_of(error, run.step.log)
        if differences:
            self._outcome.differing[name] = differences
        self._save(name, run.step)
        return None

    def _published(self, name: str) -> Any:
        return (self._tasks[name].meta or {}).get("published")

    def _release(self, work: _Work) -> None:
        if work.lease is not None:
            work.lease.release()

    def _enter(self, run: Run, ended: str) -> None:
        if self._ledger is not None:
            name, work = run.step.name, self._works[run.step.name]
            self._ledger.append(
                Entry(
                    step=name,
                    kind=kind_of(name),
                    key=work.probe.parts.key,
                    started_s=clock.epoch_s() - run.elapsed_s,
                    wall_s=run.elapsed_s,
                    cpu_s=run.cost.cpu_s,
                    peak_memory_bytes=round(run.cost.peak_memory_gib * 2**30),
                    ended=ended,
                    attempt=self._attempts[name],
                    slots_waited_s=work.waited_s,
                )
            )

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
            self._fail(name, failed("input", str(status.get_error_message())))
            return
        if status.status == "up-to-date" and not self._always:
            self._outcome.current.append(name)
            self._watcher.current(name)
            self._frontier.end(name)
            return
        self._watcher.foreign(name)
        started_s = clock.monotonic_s()
        try:
            failure = run_foreign(task, self._stream, self._stop)
        except KeyboardInterrupt:
            return
        if failure is not None:
            self._fail(name, failure)
            return
        with contextlib.suppress(OSError):
            self._dep_manager.save_success(task)
        self._outcome.ran.append(name)
        self._watcher.finished(name, clock.monotonic_s() - started_s)
        self._frontier.end(name)

    def _fail(self, name: str, failure: Failure) -> None:
        self._outcome.failed[name] = failure
        self._watcher.failed(name, failure)
        self._count_skipped(self._frontier.give_up(name)[1:], name)

    def _count_skipped(self, names: Sequence[str], because: str) -> None:
        self._outcome.skipped.update({name: because for name in names if self._tasks[name].actions})


def _failure_of(error: OSError | UseError, log: str) -> Failure:
    if isinstance(error, UseError):
        return failed("published", str(error), log)
    return out_of_disk(failed("engine", f"{error.filename}: {error.strerror}", log), error)
