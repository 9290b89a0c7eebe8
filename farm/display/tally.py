"""Where a build stands, counted from the events of the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from farm.planning.admission import SLOTS, Capacity, Occupant, Shortage, shortages_now
from farm.planning.forecast import Forecast, Left
from farm.planning.makespan import Bound, bound
from farm.planning.priority import Priority

#: What many tasks lack is not worth looking for several times a second.
_LOOKED_AT = 100


@dataclass(frozen=True)
class Waiting:
    """A task that cannot start yet, and those of `for_` that it waits for.

    If those have ended it waits for what it `lacks` beside the steps that run; for any free place if that is nothing.
    """

    name: str
    for_: tuple[str, ...]
    lacks: tuple[Shortage, ...] = ()


@dataclass
class Tally:
    """What has ended, and what it took."""

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
                step = None if for_ or len(found) > _LOOKED_AT else self.forecast.step(name)
                lacks = shortages_now(self.priority.candidate(step), occupants, self.capacity) if step else ()
                # Who needs a place too waits for the next one to be free, whatever else that one frees.
                found.append(Waiting(name, for_, () if any(one.resource == SLOTS for one in lacks) else lacks))
        return sorted(found, key=lambda one: len(one.for_))

    def left(self, running: Mapping[str, float]) -> Left:
        """Return how long the rest will take; `running` maps the tasks that run to their seconds."""
        return self.forecast.left(
            [name for name in self.forecast.needs if name not in self.ended], self.capacity, running
        )

    def bound(self) -> Bound:
        """Return the lower bound of what has run in this build."""
        return bound(self.forecast.needs, self.durations_s, self.capacity.slots)
