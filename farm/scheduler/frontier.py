"""How far a build has come: which tasks are ready, which wait for what, and which have ended."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from farm.planning.graph import Task


class Frontier:
    """The tasks of a build by their state. Ready ones are taken in the order of the graph."""

    def __init__(self, tasks: Mapping[str, Task], names: Sequence[str]) -> None:
        """`names` are tasks in an order in which each follows what it needs."""
        self._names = names
        self.place = {name: place for place, name in enumerate(names)}
        self.ended: set[str] = set()
        #: Times at which tasks become ready again, with their places.
        self._later: list[tuple[float, int]] = []
        self._waits_for = {name: set(tasks[name].task_dep) for name in names}
        self._needed_by: dict[str, list[str]] = {name: [] for name in names}
        for name in names:
            for needed in self._waits_for[name]:
                self._needed_by[needed].append(name)
        self._ready = [place for name, place in self.place.items() if not self._waits_for[name]]

    @property
    def any_ready(self) -> bool:
        """Tell whether a task can be taken."""
        return bool(self._ready)

    @property
    def next_s(self) -> float | None:
        """The time at which a task becomes ready again; None if none waits for a time."""
        return self._later[0][0] if self._later else None

    def take(self) -> str:
        """Return a ready task, which is ready no more."""
        return self._names[heapq.heappop(self._ready)]

    def again(self, name: str, at_s: float | None = None) -> None:
        """Make a taken task ready again, now or at a time."""
        if at_s is None:
            heapq.heappush(self._ready, self.place[name])
        else:
            heapq.heappush(self._later, (at_s, self.place[name]))

    def advance(self, now_s: float) -> None:
        """Make ready what has waited for a time that has come."""
        while self._later and self._later[0][0] <= now_s:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])

    def end(self, name: str) -> None:
        """Note that a task is done; what waited for it alone is ready."""
        self.ended.add(name)
        for follower in self._needed_by[name]:
            self._waits_for[follower].discard(name)
            if not self._waits_for[follower] and follower not in self.ended:
                heapq.heappush(self._ready, self.place[follower])

    def give_up(self, name: str) -> list[str]:
        """End a task that failed or is skipped, and all that need it; return those that had not ended, itself first."""
        given_up = []
        pending = [name]
        while pending:
            one = pending.pop()
            if one not in self.ended:
                self.ended.add(one)
                given_up.append(one)
                pending += self._needed_by[one]
        return given_up
