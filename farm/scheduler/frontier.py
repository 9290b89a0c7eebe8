"""How far a build has come: which tasks are ready, which wait for what, and which have ended."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from farm.planning.graph import Task, needs_of


class Frontier:
    """The tasks of a build by their state. Ready ones are taken in the order of the graph."""

    def __init__(self, tasks: Mapping[str, Task], names: Sequence[str]) -> None:
        """`names` are tasks in an order in which each follows what it needs."""
        self._tasks = tasks
        #: Where each task stands in the order of the graph.
        self.place: dict[str, float] = {}
        self.ended: set[str] = set()
        #: Ended tasks that failed, were skipped or were ignored.
        self.lost: set[str] = set()
        #: Times at which tasks become ready again, with their places.
        self._later: list[tuple[float, float, str]] = []
        self._waits_for: dict[str, set[str]] = {}
        self._needed_by: dict[str, list[str]] = {}
        self._ready: list[tuple[float, str]] = []
        for number, name in enumerate(names):
            self._enter(name, float(number))

    @property
    def any_ready(self) -> bool:
        """Tell whether a task can be taken."""
        return bool(self._ready)

    @property
    def next_s(self) -> float | None:
        """The time at which a task becomes ready again; None if none waits for a time."""
        return self._later[0][0] if self._later else None

    def take(self) -> str:
        """Take a ready task: it is not ready any more."""
        return heapq.heappop(self._ready)[1]

    def again(self, name: str, at_s: float | None = None) -> None:
        """Make a taken task ready again, now or at a time."""
        if at_s is None:
            heapq.heappush(self._ready, (self.place[name], name))
        else:
            heapq.heappush(self._later, (at_s, self.place[name], name))

    def advance(self, now_s: float) -> None:
        """Make the tasks ready whose time has come."""
        while self._later and self._later[0][0] <= now_s:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1:])

    def grow(self, name: str, names: Sequence[str], needed: Iterable[str]) -> bool:
        """Add tasks that a taken one has turned out to need, and let it wait for all that it needs.

        `names` are the new tasks, each after what it needs; they come just before `name`. Returns False if nothing is
        left to wait for.
        """
        here = self.place[name]
        before = max((place for place in self.place.values() if place < here), default=here - 1)
        for number, one in enumerate(names, start=1):
            self._enter(one, before + (here - before) * number / (len(names) + 1))
        waits_for = {one for one in needed if one not in self.ended} - self._waits_for[name]
        for one in waits_for:
            self._needed_by[one].append(name)
        self._waits_for[name] |= waits_for
        return bool(self._waits_for[name])

    def end(self, name: str) -> None:
        """Note that a task is done; what waited for it alone is ready."""
        self.ended.add(name)
        for follower in self._needed_by[name]:
            self._waits_for[follower].discard(name)
            if not self._waits_for[follower] and follower not in self.ended:
                heapq.heappush(self._ready, (self.place[follower], follower))

    def give_up(self, name: str) -> list[str]:
        """End a task that failed or is skipped, and all that need it; return those that had not ended, itself first."""
        given_up = []
        pending = [name]
        while pending:
            one = pending.pop()
            if one not in self.ended:
                self.ended.add(one)
                self.lost.add(one)
                given_up.append(one)
                pending += self._needed_by[one]
        return given_up

    def _enter(self, name: str, place: float) -> None:
        self.place[name] = place
        self._needed_by[name] = []
        self._waits_for[name] = {one for one in needs_of(self._tasks[name]) if one not in self.ended}
        for needed in self._waits_for[name]:
            self._needed_by[needed].append(name)
        if not self._waits_for[name]:
            heapq.heappush(self._ready, (place, name))
