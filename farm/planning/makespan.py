"""How long a build must take at least: the critical path, and the work shared among the slots."""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping, Sequence

from config.frozen import dataclass
from farm.planning.admission import Candidate, Capacity, Occupant, admit

#: Of each task, the tasks that it needs directly; every needed task comes before what needs it.
Needs = Mapping[str, Sequence[str]]

# Trying other orders costs a simulation each: some milliseconds for a hundred tasks.
_VARIATIONS = 60
_SIMULATED_TASKS = 6_000
_VARIED_TASKS = 250
_WORTH_S = 20.0
_NEAR = 1.005


@dataclass(frozen=True)
class Bound:
    """`critical_s` is the longest path, `work_s` the sum of all durations over the slots; `path` is the longest one."""

    critical_s: float
    work_s: float
    path: tuple[str, ...]

    @property
    def lower_s(self) -> float:
        """The lower bound in seconds: no order of the tasks ends earlier."""
        return max(self.critical_s, self.work_s)


def remaining_s(needs: Needs, durations_s: Mapping[str, float]) -> dict[str, float]:
    """Return for each task the longest path from its start to the end of the build, itself included."""
    after: dict[str, float] = dict.fromkeys(needs, 0.0)
    result = {}
    for name in reversed(list(needs)):
        result[name] = durations_s.get(name, 0.0) + after[name]
        for needed in needs[name]:
            if needed in after:
                after[needed] = max(after[needed], result[name])
    return result


def bound(needs: Needs, durations_s: Mapping[str, float], slots: int) -> Bound:
    """Return the lower bound of a build with so many slots. Tasks without a duration take no time."""
    remaining = remaining_s(needs, durations_s)
    followers = _followers(needs)
    path: list[str] = []
    choice = list(needs)
    while choice:
        longest = max(choice, key=lambda name: remaining[name])
        path.append(longest)
        choice = followers[longest]
    work_s = sum(durations_s.get(name, 0.0) for name in needs) / max(1, slots)
    return Bound(
        max(remaining.values(), default=0.0), work_s, tuple(name for name in path if durations_s.get(name, 0.0) > 0)
    )


def simulate(
    needs: Needs,
    candidates: Mapping[str, Candidate],
    capacity: Capacity,
    *,
    running: Mapping[str, float] | None = None,
    importance: Mapping[str, float] | None = None,
) -> dict[str, tuple[float, float]]:
    """Return when each task would start and end, in seconds from now, by the engine's own admission.

    A task of no known duration takes no time. `running` are tasks that run already, with the seconds that they still
    need. The most important ready task is the first in line: by default the one with the longest path after it.
    """
    rank = importance or remaining_s(needs, {name: candidates[name].duration_s or 0.0 for name in needs})
    course = _Course(needs, candidates, rank, running or {})
    while course.waiting or course.ends:
        course.start_admitted(capacity)
        if not course.ends:
            break  # the waiting ones never fit; the engine refuses them before a build
        course.advance()
    return course.spans


class _Course:
    """A simulated build: the tasks that wait, those that run by their ends, and the spans of all that have started."""

    def __init__(
        self,
        needs: Needs,
        candidates: Mapping[str, Candidate],
        rank: Mapping[str, float],
        running: Mapping[str, float],
    ) -> None:
        self._candidates = candidates
        self._place = {name: number for number, name in enumerate(needs)}
        self._order = {name: (-rank[name], place) for name, place in self._place.items()}
        self._followers = _followers(needs)
        self._missing = {name: {needed for needed in needs[name] if needed in self._place} for name in needs}
        self._now_s = 0.0
        self.spans = {name: (0.0, left_s) for name, left_s in running.items() if name in self._place}
        self.ends = [(end_s, self._place[name], name) for name, (_, end_s) in self.spans.items()]
        heapq.heapify(self.ends)
        self.waiting = [name for name in needs if not self._missing[name] and name not in self.spans]

    def start_admitted(self, capacity: Capacity) -> None:
        """Start the waiting tasks that may start beside those that run."""
        self.waiting.sort(key=self._order.__getitem__)
        occupants = [Occupant(self._candidates[name], end_s) for end_s, _, name in self.ends]
        first = (self._candidates[name] for name in self.waiting)
        admitted = {one.name for one in admit(first, occupants, capacity, self._now_s)}
        for name in self.waiting:
            if name in admitted:
                end_s = self._now_s + (self._candidates[name].duration_s or 0.0)
                self.spans[name] = (self._now_s, end_s)
                heapq.heappush(self.ends, (end_s, self._place[name], name))
        self.waiting = [name for name in self.waiting if name not in admitted]

    def advance(self) -> None:
        """Advance to the next end of a task. Tasks that needed nothing else are then ready."""
        self._now_s = self.ends[0][0]
        while self.ends and self.ends[0][0] <= self._now_s:
            ended = heapq.heappop(self.ends)[2]
            for follower in self._followers[ended]:
                self._missing[follower].discard(ended)
                if not self._missing[follower] and follower not in self.spans:
                    self.waiting.append(follower)


def _followers(needs: Needs) -> dict[str, list[str]]:
    """Return for each task the tasks that need it directly."""
    followers: dict[str, list[str]] = {name: [] for name in needs}
    for name in needs:
        for needed in needs[name]:
            if needed in followers:
                followers[needed].append(name)
    return followers


def ranked(needs: Needs, candidates: Mapping[str, Candidate], capacity: Capacity) -> Mapping[str, float]:
    """Return how important each task is: by the longest path after it, varied a little where that ends sooner.

    The longest path first is a rule of thumb. If few large steps share few slots, another order can be better; a
    simulation finds out. The same graph and durations always give the same order.
    """
    best = remaining_s(needs, {name: candidates[name].duration_s or 0.0 for name in needs})
    if not 2 <= len(needs) <= _VARIED_TASKS:
        return best
    by_place = {name: float(len(needs) - place) for place, name in enumerate(needs)}
    lower_s = bound(needs, {name: candidates[name].duration_s or 0.0 for name in needs}, capacity.width).lower_s
    best_s = _end_s(simulate(needs, candidates, capacity))
    if best_s < _WORTH_S:
        return best
    in_order_s = _end_s(simulate(needs, candidates, capacity, importance=by_place))
    if in_order_s < best_s:
        best, best_s = by_place, in_order_s
    chance = random.Random(0)  # noqa: S311 - to be the same each time
    variations = min(_VARIATIONS, _SIMULATED_TASKS // len(needs))
    for number in range(variations):
        if best_s <= lower_s * _NEAR:
            break
        width = 0.5 * (1 - number / variations)
        varied = {name: value * chance.uniform(1 - width, 1 + width) for name, value in best.items()}
        end_s = _end_s(simulate(needs, candidates, capacity, importance=varied))
        if end_s < best_s:
            best, best_s = varied, end_s
    return best


def _end_s(spans: Mapping[str, tuple[float, float]]) -> float:
    return max((end_s for _, end_s in spans.values()), default=0.0)
