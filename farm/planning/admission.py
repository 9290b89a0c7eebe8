"""Which of the waiting steps may start now: pure functions of resources, running steps and waiting steps.

The first in line starts as soon as it fits. Until then others may pass it only if they do not delay it: they end
before it could start, or leave the resources that it needs. So small steps cannot starve a large one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from config.frozen import dataclass
from farm.step import Resources, Step

SLOTS, _CORES, _MEMORY = "slots", "cores", "memory_gib"
IN_FLIGHT = "jobs in flight"
_LICENCE = "licence "
#: Memory is a float: a rounding error in a sum must not keep a step from starting.
_TOLERANCE = 1e-9

Amounts = dict[str, float]


@dataclass(frozen=True)
class Elsewhere:
    """Which kinds of steps a cluster runs, how many jobs may be submitted at once, and the most that one job can get.

    `licences` are all that the cluster has; None where that is not known.
    """

    in_flight: int
    everything: bool
    kinds: Mapping[str, bool]
    cores: float = math.inf
    memory_gib: float = math.inf
    licences: Mapping[str, int] | None = None

    def takes(self, name: str) -> bool:
        """Tell whether the cluster runs the step of this name."""
        return self.kinds.get(name.partition(":")[0], self.everything)

    def amounts(self, needed: Amounts) -> Amounts:
        """Return what one job can get, of everything that it needs."""
        licences = dict.fromkeys(needed, math.inf) if self.licences is None else {}
        known = {_LICENCE + name: float(count) for name, count in (self.licences or {}).items()}
        return {**licences, _CORES: self.cores, _MEMORY: self.memory_gib, **known, SLOTS: math.inf}


@dataclass(frozen=True)
class Capacity:
    """What this machine gives at the same time. `licences` are tokens by name; `elsewhere` is the cluster, if any."""

    slots: int
    cores: int
    memory_gib: float
    licences: Mapping[str, int]
    elsewhere: Elsewhere | None = None

    def amounts(self) -> Amounts:
        """Return all amounts by name."""
        licences = {_LICENCE + name: float(count) for name, count in self.licences.items()}
        jobs = {} if self.elsewhere is None else {IN_FLIGHT: float(self.elsewhere.in_flight)}
        return {SLOTS: self.slots, _CORES: self.cores, _MEMORY: self.memory_gib, **licences, **jobs}

    def is_elsewhere(self, name: str) -> bool:
        """Tell whether the step of this name runs on the cluster: nothing of this machine is occupied by it."""
        return self.elsewhere is not None and self.elsewhere.takes(name)

    @property
    def width(self) -> int:
        """How many steps may run or be submitted at once."""
        return self.slots if self.elsewhere is None else self.slots + self.elsewhere.in_flight


@dataclass(frozen=True)
class Candidate:
    """A step that waits or runs. `duration_s` is its expected duration; None if that is unknown."""

    name: str
    resources: Resources
    duration_s: float | None = None


@dataclass(frozen=True)
class Occupant:
    """A step that runs, and its expected end; None if that is unknown."""

    candidate: Candidate
    ends_s: float | None = None


class NeverFitsError(Exception):
    """Steps that need more than this machine has, each with its shortages."""

    def __init__(self, steps: tuple[tuple[str, tuple[Shortage, ...]], ...]) -> None:
        super().__init__(", ".join(name for name, _ in steps))
        self.steps = steps


@dataclass(frozen=True)
class Shortage:
    """A step needs `needed` of `resource`, and only `available` exist."""

    resource: str
    needed: float
    available: float
    elsewhere: bool = False


def never_fits(resources: Resources, capacity: Capacity, name: str = "") -> tuple[Shortage, ...]:
    """Return what a step needs and its place does not have, even when nothing else runs. `name` is the step's."""
    needed = _amounts(resources)
    if capacity.elsewhere is not None and capacity.elsewhere.takes(name):
        return tuple(replace(one, elsewhere=True) for one in _shortages(needed, capacity.elsewhere.amounts(needed)))
    return _shortages(needed, capacity.amounts())


def check_fits(steps: Iterable[Step], capacity: Capacity, has: Callable[[Step], bool]) -> None:
    """Raise NeverFitsError for steps that this machine cannot run, unless `has` says that they need no run."""
    missing = [(step, never_fits(step.resources, capacity, step.name)) for step in steps]
    refused = tuple((step.name, shortages) for step, shortages in missing if shortages and not has(step))
    if refused:
        raise NeverFitsError(refused)


def with_memory(resources: Resources, memory_gib: float | None, limit_gib: float) -> Resources:
    """Return resources with the larger of declared and learned memory.

    The learned memory is never more than the `limit_gib` of its place: the step may have learned it on a larger one.
    """
    if memory_gib is None or memory_gib <= resources.memory_gib:
        return resources
    largest = max(resources.memory_gib, min(memory_gib, limit_gib))
    return Resources(resources.cores, largest, resources.licences)


def admit(
    waiting: Iterable[Candidate], running: Sequence[Occupant], capacity: Capacity, now_s: float
) -> list[Candidate]:
    """Return the candidates that may start now. `waiting` is in the order of importance."""
    free = capacity.amounts()
    for occupant in running:
        _take(free, _occupied(occupant.candidate, capacity))
    started: list[Candidate] = []
    beside: Amounts | None = None
    latest_s = 0.0
    for candidate in waiting:
        if free[SLOTS] < 1 and free.get(IN_FLIGHT, 0) < 1:
            break
        needed = _occupied(candidate, capacity)
        if _shortages(needed, free):
            if beside is None:
                now_running = [*running, *(Occupant(one, _end_s(one, now_s)) for one in started)]
                latest_s, beside = _reservation(needed, now_running, free, capacity)
            continue
        if beside is not None:
            end_s = _end_s(candidate, now_s)
            if end_s is None or end_s > latest_s:
                if _shortages(needed, beside):
                    continue
                _take(beside, needed)
        _take(free, needed)
        started.append(candidate)
    return started


def shortages_now(candidate: Candidate, running: Sequence[Occupant], capacity: Capacity) -> tuple[Shortage, ...]:
    """Return the resources that a waiting step lacks while others run."""
    free = capacity.amounts()
    for occupant in running:
        _take(free, _occupied(occupant.candidate, capacity))
    return _shortages(_occupied(candidate, capacity), free)


def _reservation(
    needed: Amounts, running: Sequence[Occupant], free: Amounts, capacity: Capacity
) -> tuple[float, Amounts]:
    """Return when a step that does not fit now can start, and what is left beside it then."""
    later = dict(free)
    when_s = 0.0
    for occupant in sorted(running, key=lambda one: float("inf") if one.ends_s is None else one.ends_s):
        when_s = float("inf") if occupant.ends_s is None else occupant.ends_s
        for name, amount in _occupied(occupant.candidate, capacity).items():
            later[name] = later.get(name, 0.0) + amount
        if not _shortages(needed, later):
            break
    _take(later, needed)
    # Nothing can be said to end before an unknown end.
    return (when_s if when_s != float("inf") else 0.0), later


def _end_s(candidate: Candidate, now_s: float) -> float | None:
    return None if candidate.duration_s is None else now_s + candidate.duration_s


def _occupied(candidate: Candidate, capacity: Capacity) -> Amounts:
    """Return what a step occupies while it runs; of a cluster a place among the jobs: its engine counts the rest."""
    return {IN_FLIGHT: 1} if capacity.is_elsewhere(candidate.name) else _amounts(candidate.resources)


def _amounts(resources: Resources) -> Amounts:
    amounts: Amounts = {SLOTS: 1, _CORES: resources.cores, _MEMORY: resources.memory_gib}
    for name in resources.licences:
        amounts[_LICENCE + name] = amounts.get(_LICENCE + name, 0) + 1
    return amounts


def _take(free: Amounts, needed: Amounts) -> None:
    for name, amount in needed.items():
        free[name] = free.get(name, 0.0) - amount


def _shortages(needed: Amounts, available: Amounts) -> tuple[Shortage, ...]:
    return tuple(
        Shortage(name, amount, available.get(name, 0.0))
        for name, amount in needed.items()
        if amount > available.get(name, 0.0) + _TOLERANCE
    )
