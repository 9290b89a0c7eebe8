"""Where a build stands, counted from the events of the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from farm.planning.admission import SLOTS, Capacity, Occupant, Shortage, shortages_now
from farm.planning.forecast import Forecast, TimeLeft
from farm.planning.makespan import Bound, bound
from farm.planning.priority import Priority

#: Of how many tasks the missing resources are found, several times a second.
_EXAMINED = 100


@dataclass(frozen=True)
class Waiting:
    """A task that cannot start yet, and those of `for_` that it waits for.

    If those have ended it waits for the `missing` resources, which others hold; for any free slot if none is missing.
    """

    name: str
    for_: tuple[str, ...]
    missing: tuple[Shortage, ...] = ()


@dataclass
class Tally:
    """The tasks that have ended, and how long each took."""

    forecast: Forecast
    capacity: Capacity
    priority: Priority
    ended: set[str] = field(default_factory=set)
    durations_s: dict[str, float] = field(default_factory=dict)
    restored: int = 0

    def end(self, name: str) -> None:
        """Count a task that needs nothing more."""
        self.ended.add(name)

    def finish(self, name: str, elapsed_s: float) -> None:
        """Count a task that has run."""
        self.durations_s[name] = elapsed_s
        self.end(name)

    def restore(self, name: str) -> None:
        """Count a step whose outputs came from the store."""
        self.restored += 1
        self.end(name)

    def give_up(self, name: str) -> None:
        """Count a failed task, and all that need it: they will not run."""
        lost = {name}
        for other, needed in self.forecast.needs.items():
            if not lost.isdisjoint(needed):
                lost.add(other)
        self.ended |= lost

    def waiting(self, running: Sequence[str]) -> list[Waiting]:
        """Return the tasks that have not begun, first those that wait for the least."""
        busy = set(running)
        steps = {name: self.forecast.step(name) for name in running}
        occupants = [Occupant(self.priority.candidate(step)) for step in steps.values() if step is not None]
        found: list[Waiting] = []
        for name, needed in self.forecast.needs.items():
            if name not in self.ended and name not in busy:
                for_ = tuple(one for one in needed if one not in self.ended)
                step = None if for_ or len(found) > _EXAMINED else self.forecast.step(name)
                missing = shortages_now(self.priority.candidate(step), occupants, self.capacity) if step else ()
                # A task that needs a slot too waits for the next free one, whatever else becomes free with it.
                found.append(Waiting(name, for_, () if any(one.resource == SLOTS for one in missing) else missing))
        return sorted(found, key=lambda one: len(one.for_))

    def time_left(self, running: Mapping[str, float]) -> TimeLeft:
        """Return how long the rest will take; `running` maps the tasks that run to their seconds."""
        return self.forecast.time_left(
            [name for name in self.forecast.needs if name not in self.ended], self.capacity, running
        )

    def bound(self) -> Bound:
        """Return the least time that the steps of this build needed."""
        return bound(self.forecast.needs, self.durations_s, self.capacity.width)
