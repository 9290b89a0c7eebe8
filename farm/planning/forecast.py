"""The expected time of a build, from the ledger: of each step, and of the rest of the build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Literal

from config.frozen import dataclass
from farm.planning.admission import Candidate, Capacity
from farm.planning.graph import Task, step_of, work_needs
from farm.planning.makespan import bound, simulate
from farm.results.ledger import UNKNOWN, Expectation, Ledger, Range, entered_as
from farm.step import Step, kind_of

# For more tasks the lower bound is near enough, and simulating several times a second would be expensive.
_SIMULATED = 200

Which = Literal["low", "median", "high"]


@dataclass(frozen=True)
class TimeLeft:
    """How long a part of a build will take, as far as it is known.

    `known` of its steps have run before, by the same program; `seconds` are of these. `unknown` have not.
    """

    seconds: float
    known: int
    unknown: int


class Forecast:
    """Which task needs which, and the cost of each in earlier runs. Reads the ledger when it is asked."""

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
        """Return what is expected of one step, by its own runs or those of its kind; UNKNOWN for other tasks.

        Durations of other steps of its kind only order the steps. They are not shown: a core may be 100 times as large.
        """
        if name not in self._known:
            step = step_of(self._tasks[name])
            known = UNKNOWN
            if self._ledger is not None and step is not None:
                known = self._ledger.expected(entered_as(step), kind_of(name))
            self._known[name] = known
        return self._known[name]

    def time_of(self, name: str) -> Range | None:
        """Return how long earlier runs of a step took; None where it never ran with this program."""
        found = self.of(name)
        return found.wall_s if found.basis == "step" else None

    def notes(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the notes of tasks, each line once."""
        texts = [(self._tasks[name].meta or {}).get("note") or "" for name in names]
        return tuple(dict.fromkeys(line for text in texts for line in text.splitlines()))

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
            wall_s = self.time_of(name)
            duration_s = None if wall_s is None else max(0.0, getattr(wall_s, which) - elapsed_s.get(name, 0.0))
            if step is not None:
                steps += 1
                unknown += wall_s is None
                candidates[name] = Candidate(name, step.resources, duration_s)
        needs = {name: needed for name, needed in needs.items() if name in candidates}
        durations_s = {name: one.duration_s or 0.0 for name, one in candidates.items()}
        if len(needs) > _SIMULATED:
            seconds = bound(needs, durations_s, capacity.width).lower_s
        else:
            busy = {name: durations_s[name] for name in elapsed_s if name in durations_s}
            spans = simulate(needs, candidates, capacity, running=busy)
            seconds = max((end_s for _, end_s in spans.values()), default=0.0)
        return TimeLeft(seconds, steps - unknown, unknown)
