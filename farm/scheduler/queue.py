"""The steps that have to run, in the order in which they are to start, and which of them may start now."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping, Sequence

from farm import clock
from farm.execution.run import Run
from farm.planning.admission import Capacity, Occupant, admit
from farm.planning.priority import Priority
from farm.scheduler.work import Work
from farm.step import Step

#: The tasks that have not ended, each with its step; None for a task that is no step.
Pending = Callable[[], Mapping[str, Step | None]]


class Queue:
    """Steps by importance: those with the longest path after them first. Equal ones come in the order of the graph."""

    def __init__(self, priority: Priority, capacity: Capacity, place: Mapping[str, float]) -> None:
        """`place` is the place of each task in the graph's order."""
        self._priority = priority
        self._capacity = capacity
        self._place = place
        self._waiting: list[tuple[float, float, Work]] = []
        self._ranked = False

    def __bool__(self) -> bool:
        """Tell whether a step waits."""
        return bool(self._waiting)

    def add(self, work: Work) -> None:
        """Let a step wait."""
        insort(self._waiting, self._entry(work), key=lambda entry: entry[:2])

    def take(self, running: Sequence[tuple[Work, Run]], pending: Pending) -> list[Work]:
        """Return the steps that may start beside those that run; they wait no more.

        The first time it ranks the `pending` tasks: all that is current or could be restored has ended by then.
        """
        if not self._waiting:
            return []
        if not self._ranked:
            self._ranked = True
            self._priority.rank(pending())
            self._waiting = sorted((self._entry(work) for _, _, work in self._waiting), key=lambda entry: entry[:2])
        now_s = clock.monotonic_s()
        occupants = [Occupant(work.candidate, _ends_s(work, run, now_s)) for work, run in running]
        candidates = (work.candidate for _, _, work in self._waiting)
        admitted = {candidate.name for candidate in admit(candidates, occupants, self._capacity, now_s)}
        taken = [work for _, _, work in self._waiting if work.step.name in admitted]
        self._waiting = [entry for entry in self._waiting if entry[2].step.name not in admitted]
        return taken

    def _entry(self, work: Work) -> tuple[float, float, Work]:
        name = work.step.name
        return (-self._priority.of(name), self._place[name], work)


def _ends_s(work: Work, run: Run, now_s: float) -> float | None:
    duration_s = work.candidate.duration_s
    return None if duration_s is None else now_s + max(0.0, duration_s - run.elapsed_s)
