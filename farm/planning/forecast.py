"""The expected time of a build, from the ledger: of each step, and of the rest of the build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from farm.planning.admission import Candidate, Capacity
from farm.planning.graph import Task, step_of, work_needs
from farm.planning.makespan import bound, simulate
from farm.results.ledger import UNKNOWN, Expectation, Ledger, kind_of
from farm.step import Step

# Above this many tasks the lower bound is near enough, and a simulation several times a second is not cheap.
_SIMULATED = 200

Which = Literal["low", "median", "high"]


@dataclass(frozen=True)
class TimeLeft:
    """How long a part of a build will take. `known` of its steps have run before, `unknown` have not."""

    seconds: float
    known: int
    unknown: int


class Forecast:
    """Which task needs which, and what earlier runs tell of each. The ledger is read when something is asked."""

    def __init__(self, tasks: Mapping[str, Task], names: Iterable[str], ledger: Ledger | None) -> None:
        """`names` has needed tasks first."""
        self._tasks = tasks
        self._names = list(names)
        self._ledger = ledger
        self._known: dict[str, Expectation] = {}

    @cached_property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """The tasks with actions, each with those that it needs directly."""
        return work_needs(self._tasks, self._names)

    def step(self, name: str) -> Step | None:
        """Return the step of a task, None if it is no step."""
        return step_of(self._tasks[name])

    def of(self, name: str) -> Expectation:
        """Return what is expected of one step; UNKNOWN for other tasks."""
        if name not in self._known:
            known = self._ledger is not None and step_of(self._tasks[name]) is not None
            self._known[name] = self._ledger.expected(name, kind_of(name)) if known and self._ledger else UNKNOWN
        return self._known[name]

    def time_left(
        self,
        names: Collection[str],
        capacity: Capacity,
        running: Mapping[str, float] | None = None,
        which: Which = "median",
    ) -> TimeLeft:
        """Return how long the tasks `names` will take from now on; `running` maps those that run to their seconds."""
        elapsed_s = running or {}
        wanted = set(names)
        needs = {
            name: [one for one in needed if one in wanted] for name, needed in self.needs.items() if name in wanted
        }
        candidates, unknown, steps = {}, 0, 0
        for name in needs:
            step = step_of(self._tasks[name])
            wall_s = self.of(name).wall_s
            duration_s = None if wall_s is None else max(0.0, getattr(wall_s, which) - elapsed_s.get(name, 0.0))
            if step is not None:
                steps += 1
                unknown += wall_s is None
                candidates[name] = Candidate(name, step.resources, duration_s)
        needs = {name: needed for name, needed in needs.items() if name in candidates}
        durations_s = {name: one.duration_s or 0.0 for name, one in candidates.items()}
        if len(needs) > _SIMULATED:
            seconds = bound(needs, durations_s, capacity.slots).lower_s
        else:
            busy = {name: durations_s[name] for name in elapsed_s if name in durations_s}
            spans = simulate(needs, candidates, capacity, running=busy)
            seconds = max((end_s for _, end_s in spans.values()), default=0.0)
        return TimeLeft(seconds, steps - unknown, unknown)
