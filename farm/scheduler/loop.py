"""The event loop: a task waits, is probed, is current, restored or queued, runs, is published, and is done.

One thread, so there is nothing to lock. Steps run in parallel in an executor, and long work on files in processes of
the engine (`beside`). Other tasks of a dodo.py (functions, commands) run one at a time in the engine's own process,
when no step can be started.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from doit.task import Stream

from config.frozen import dataclass
from farm import clock
from farm.execution.executor import Executor
from farm.execution.failure import Failure, failed, retry_of
from farm.execution.run import CannotStart, Run
from farm.planning.admission import Capacity, check_fits, never_fits
from farm.planning.graph import Task, order, step_of
from farm.planning.priority import Priority
from farm.reason import Reason
from farm.redaction import Redaction
from farm.results.ledger import ENDED_WELL, STOPPED, Ledger
from farm.results.lock import patience
from farm.scheduler.beside.aside import Aside
from farm.scheduler.beside.file_work import FileWork
from farm.scheduler.beside.finishing import Finishing, failure_of
from farm.scheduler.beside.winding_down import WindingDown
from farm.scheduler.beside.workers import Workers
from farm.scheduler.books import Books
from farm.scheduler.checkout import Checkout, Probe
from farm.scheduler.frontier import Frontier
from farm.scheduler.growth import Growth
from farm.scheduler.outcome import Outcome
from farm.scheduler.own_tasks import OwnTasks
from farm.scheduler.probing import CONTENDED_S, PROBES, Probing
from farm.scheduler.queue import Queue
from farm.scheduler.runs import Runs
from farm.scheduler.stop import Stop
from farm.scheduler.watcher import Watcher
from farm.scheduler.work import Work
from farm.step import Step


@dataclass(frozen=True)
class Options:
    """`always` runs steps that are current, `go_on` goes on after a failure (doit's --always and --continue).

    `keep_failed` leaves the scratch folder of a failed step. `verbosity` is doit's, for tasks that are no steps; with
    `force_verbosity` it counts for those too that name their own.
    """

    always: bool = False
    go_on: bool = False
    keep_failed: bool = False
    verbosity: int = 2
    force_verbosity: bool = False


class Loop:
    """Runs the tasks of one build."""

    def __init__(
        self,
        tasks: dict[str, Task],
        names: Sequence[str],
        dep_manager: Any,
        *,
        targets: dict[str, str],
        checkout: Checkout,
        executor: Executor,
        workers: Workers,
        redaction: Redaction,
        ledger: Ledger | None,
        capacity: Capacity,
        priority: Priority,
        watcher: Watcher,
        stop: Stop,
        options: Options,
    ) -> None:
        """`names` are tasks in an order in which each follows what it needs; `targets` maps files to their tasks.

        Tasks and targets grow while the build runs, if other tasks create more.
        """
        self._tasks = tasks
        self._dep_manager = dep_manager
        self._checkout = checkout
        self._runs = Runs(checkout, executor, redaction, capacity.memory_gib)
        self._capacity = capacity
        self._priority = priority
        self._watcher = watcher
        self._stop = stop
        self._options = options
        self._frontier = Frontier(tasks, names)
        self._books = Books(tasks, self._frontier, dep_manager, ledger, watcher, go_on=options.go_on)
        self._outcome = self._books.outcome
        self._workers = workers
        self._aside = Aside(workers, watcher.note)
        self._finishing = Finishing(
            tasks, checkout, self._runs, self._aside, outcome=self._outcome, ended=self._finished
        )
        self._files = FileWork(checkout, self._aside)
        self._probing = Probing(
            tasks, checkout, self._books, self._frontier, self._files, always=options.always, enqueue=self._enqueue
        )
        self._queue = Queue(priority, capacity, self._frontier.place)
        self._works: dict[str, Work] = {}
        self._probes: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        #: How often steps have run out of memory: they get more when they are tried again.
        self._exceeded: Counter[str] = Counter()
        self._actions = [name for name in names if tasks[name].actions]
        growth = Growth(
            tasks,
            targets,
            self._frontier,
            work=self._actions,
            skip=self._books.unmet,
            fits=lambda step: not never_fits(step.resources, capacity, step.name),
        )
        stream = Stream(options.verbosity, options.force_verbosity)
        self._own_tasks = OwnTasks(
            tasks, dep_manager, growth, self._books, watcher=watcher, stop=stop, always=options.always, stream=stream
        )

    def run(self) -> Outcome:
        """Run until everything has ended, or until a signal. No process of a step is alive when this returns.

        Raises NeverFitsError before anything has begun.
        """
        started_s = clock.monotonic_s()
        possible = order(self._tasks, self._frontier.place, setups=True)
        steps = [step for name in possible if (step := step_of(self._tasks[name])) is not None]
        check_fits(steps, self._capacity, lambda step: not self._options.always and self._checkout.has(step))
        try:
            with patience(0.0):
                self._cycle()
        finally:
            self._wind_down()
            with self._stop.unhurried():
                self._own_tasks.tear_down()
            self._checkout.save()
        self._sum_up()
        self._outcome.wall_s = clock.monotonic_s() - started_s
        return self._outcome

    def _wind_down(self) -> None:
        """End what is in progress. Runs that had ended before are finished, if that does not take long."""
        killed = WindingDown(self._stop, self._workers, self._runs, self._finishing).end_all()
        for work, run in killed:
            self._outcome.killed.append(run.step.name)
            self._books.enter(run, work, STOPPED, self._attempts[run.step.name])

    def _sum_up(self) -> None:
        if self._stop.number is not None:
            self._outcome.stopped_by = self._stop.number.name
        else:
            for name in self._outcome.ran:
                for source in self._checkout.edited(self._works[name].probe) if name in self._works else ():
                    self._outcome.edited.setdefault(source, name)
        self._outcome.not_started = [
            name for name in self._actions if name not in self._frontier.ended and name not in self._outcome.killed
        ]

    def _cycle(self) -> None:
        while not self._stop.requested:
            self._probe_ready()
            self._start_queued()
            done = sum(1 for name in self._actions if name in self._frontier.ended)
            self._watcher.progress(done, len(self._actions), [run for _, run in self._runs])
            if self._frontier.any_ready and self._may_start():
                continue  # a step that was to be started has to be probed again
            if self._runs or self._workers:
                self._wait()
            elif self._own_tasks and self._may_start():
                self._own_tasks.run_next()
            elif self._frontier.next_s is not None and self._may_start():
                self._wait()
            elif not self._queue or not self._may_start():
                break

    def _wait(self) -> None:
        limits = [self._runs.enforce_timeouts(), self._runs.poll_s, self._watcher.refresh_s]
        if self._frontier.next_s is not None and self._may_start():
            limits.append(max(0.0, self._frontier.next_s - clock.monotonic_s()))
        self._stop.wait(
            min((seconds for seconds in limits if seconds is not None), default=None), self._workers.descriptors
        )
        for work, run in self._runs.ended():
            # A run that had ended before the signal is kept: it may have taken hours.
            self._finishing.begin(work, run)
        for call in self._workers.ended():
            call()
        self._frontier.advance(clock.monotonic_s())

    def _may_start(self) -> bool:
        return not self._stop.requested and (self._options.go_on or not self._outcome.failed)

    def _probe_ready(self) -> None:
        """Probe what is ready. A step that is current or can be restored takes no slot."""
        while self._frontier.any_ready and self._may_start():
            name = self._frontier.take()
            task = self._tasks[name]
            step = step_of(task)
            if self._dep_manager.status_is_ignore(task):
                self._books.ignored(name)
            elif step is not None:
                self._probing.probe(name, step)
            else:
                self._own_tasks.admit(name, self._frontier.place[name])

    def _enqueue(self, name: str, step: Step, probe: Probe) -> None:
        candidate = self._priority.candidate(step, exceeded=self._exceeded[name])
        self._works[name] = work = Work(step, probe, candidate, clock.monotonic_s())
        self._queue.add(work)

    def _start_queued(self) -> None:
        if self._may_start():
            for work in self._queue.take(list(self._runs), self._pending):
                if not self._may_start():
                    break
                self._start(work.step.name, work)

    def _pending(self) -> dict[str, Step | None]:
        return {name: step_of(self._tasks[name]) for name in self._actions if name not in self._frontier.ended}

    def _start(self, name: str, work: Work) -> None:
        if self._leased(name, work):
            run = self._runs.prepare(work, fresh=self._options.always)
            self._files.copy_inputs(work.step, lambda: self._runs.copy_inputs(run), partial(self._copied, work, run))

    def _copied(self, work: Work, run: Run, problem: Failure | None) -> None:
        """Start a run whose inputs are in its scratch folder."""
        name = run.step.name
        if problem is None and self._may_start():
            try:
                if not self._runs.start(work, run):
                    self._probes[name] += 1
                    if self._probes[name] < PROBES:
                        self._probe_later(name, 0.0)
                        return
                    problem = failed("input", "the inputs do not stop changing")
            except CannotStart as error:
                problem = error.failure
            except OSError as error:
                problem = failure_of(error, "")
        else:
            self._runs.give_up(run)
        if problem is not None or not self._may_start():
            work.release()
        if problem is not None:
            if work.probe.reasons:
                self._checkout.remove_targets(work.step)
            self._books.failed(name, problem)
            return
        # The old record stays until the step has ended. If the build is killed and the edit undone, it is valid again.
        work.waited_s = run.started_s - work.queued_s
        self._attempts[name] += 1
        self._watcher.started(name, work.probe.reasons or (Reason("asked"),))

    def _leased(self, name: str, work: Work) -> bool:
        """Take the right to run a step's key; False if another farm has it, or has used it since the probe."""
        store = self._checkout.store
        if store is not None:
            work.lease = store.lease(work.probe.parts.key)
            if work.lease is None:
                self._probe_later(name, CONTENDED_S)
                return False
            if not self._options.always and self._checkout.stored(work.step, work.probe) is not None:
                self._probe_later(name, 0.0)
                return False
        return True

    def _probe_later(self, name: str, seconds: float) -> None:
        self._works.pop(name).release()
        self._frontier.again(name, clock.monotonic_s() + seconds if seconds else None)

    def _finished(self, work: Work, run: Run, failure: Failure | None) -> None:
        """Enter how a run has ended; repeat or fail one that did not end well."""
        name = run.step.name
        work.release()
        # The queue of a cluster counts as waiting, and how long that was shows at the end.
        work.waited_s = max(0.0, run.started_s - work.queued_s)
        self._books.enter(run, work, ENDED_WELL if failure is None else failure.kind, self._attempts[name])
        again = failure is not None and self._may_start() and self._attempts[name] < retry_of(failure).attempts
        if failure is None or again or not self._options.keep_failed:
            self._runs.discard(run)
        if failure is None:
            self._books.remember(name, run.step)
            self._books.ran(name, run.elapsed_s, run.place, work.waited_s)
        elif again:
            self._repeat(name, failure)
        else:
            self._checkout.remove_targets(run.step)
            self._books.failed(name, failure)

    def _repeat(self, name: str, failure: Failure) -> None:
        self._watcher.repeated(name, failure, self._attempts[name])
        if failure.kind == "memory":
            self._exceeded[name] += 1
        self._probe_later(name, retry_of(failure).pause_s)
