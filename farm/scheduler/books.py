"""Notes how tasks end, for all that have to know: outcome, frontier, doit's memory, ledger, watcher."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from farm import clock
from farm.execution.failure import Failure
from farm.execution.run import Place, Run
from farm.planning.graph import Task, step_of, with_all_files
from farm.results.journal import RECORD_VALUE
from farm.results.ledger import Entry, Ledger, entered_as
from farm.results.record import Cost, record_path
from farm.scheduler.frontier import Frontier
from farm.scheduler.outcome import Outcome
from farm.scheduler.watcher import Watcher
from farm.scheduler.work import Work
from farm.step import Step, kind_of


class Books:
    """The state of a build."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        frontier: Frontier,
        dep_manager: Any,
        ledger: Ledger | None,
        watcher: Watcher,
        *,
        go_on: bool = False,
    ) -> None:
        """`go_on` is that of the loop's options."""
        self.outcome = Outcome()
        self._tasks = tasks
        self._frontier = frontier
        self._dep_manager = dep_manager
        self._ledger = ledger
        self._watcher = watcher
        self._go_on = go_on

    def current(self, name: str) -> None:
        """Note that a task needs nothing."""
        step = step_of(self._tasks[name])
        # A record that doit does not know of (made for another target, or just before a kill) could not be forgotten.
        if step is not None and self._dep_manager.get_values(name).get(RECORD_VALUE) != record_path(step):
            self.remember(name, step)
        self.outcome.current.append(name)
        self._watcher.current(name)
        self._frontier.end(name)

    def restored(self, name: str, step: Step, cost: Cost) -> None:
        """Note that the outputs of a step came from the store; making them had cost `cost`."""
        self.outcome.restored.append(name)
        self.outcome.saved_cpu_s += cost.cpu_s
        self.remember(name, step)
        self._watcher.restored(name, cost)
        self._frontier.end(name)

    def ran(self, name: str, elapsed_s: float, place: Place | None = None, waited_s: float = 0.0) -> None:
        """Note that a task has run well, and that its outputs are in place."""
        self.outcome.ran.append(name)
        self._watcher.finished(name, elapsed_s, place, waited_s)
        self._frontier.end(name)

    def stood_for(self, name: str) -> None:
        """Note that all tasks of a group have ended."""
        self._frontier.end(name)

    def failed(self, name: str, failure: Failure, *, error: bool = False) -> None:
        """Note that a task has failed; those that need it are skipped. `error`: it could not be run at all."""
        self.outcome.failed[name] = failure
        self.outcome.errors |= error
        self._watcher.failed(name, failure)
        self._skipped(self._frontier.give_up(name)[1:], name)

    def unmet(self, name: str, lost: str) -> None:
        """Note that a task is skipped because of another one, which failed or was skipped before this one was known."""
        self._skipped(self._frontier.give_up(name), self.outcome.skipped.get(lost, lost))

    def ignored(self, name: str) -> None:
        """Note that doit was told to ignore a task; it is skipped, and so are those that need it."""
        self._skipped(self._frontier.give_up(name), name)

    def remember(self, name: str, step: Step) -> None:
        """Let doit remember that a step has ended well, and where its record lies."""
        self._tasks[name].values = {RECORD_VALUE: record_path(step)}
        # A source that was deleted meanwhile makes the step run again, by its key.
        with contextlib.suppress(OSError):
            with_all_files(self._tasks[name])
            self.save(name)

    def save(self, name: str) -> None:
        """Let doit remember that a task has ended well. Raises OSError if one of its input files cannot be read."""
        self._dep_manager.save_success(self._tasks[name])

    def enter(self, run: Run, work: Work, ended: str, attempt: int) -> None:
        """Enter a run into the ledger; `ended` is a class of failures, ENDED_WELL or STOPPED."""
        if self._ledger is not None:
            name = run.step.name
            self._ledger.append(
                Entry(
                    step=entered_as(run.step),
                    kind=kind_of(name),
                    key=work.probe.parts.key,
                    started_s=clock.epoch_s() - run.elapsed_s,
                    wall_s=run.elapsed_s,
                    cpu_s=run.cost.cpu_s,
                    peak_memory_bytes=round(run.cost.peak_memory_gib * 2**30),
                    ended=ended,
                    attempt=attempt,
                    slots_waited_s=work.waited_s,
                )
            )

    def _skipped(self, names: Sequence[str], because: str) -> None:
        self.outcome.skipped.update({name: because for name in names if self._tasks[name].actions})
        if self._go_on and names and because in self.outcome.failed and step_of(self._tasks[because]) is None:
            # As with doit: a task that lacks what it needs is an error of its own.
            self.outcome.errors = True
            for name in names:
                if step_of(self._tasks[name]) is None:
                    self._dep_manager.remove(name)
