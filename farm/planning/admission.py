"""Which of the waiting steps may start now: pure functions of resources, running steps and waiting steps.

The first in line starts as soon as it fits. Until then others may pass it only if they do not delay it: they end
before it could start, or leave the resources that it needs. So small steps cannot starve a large one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from farm.step import Resources, Step

SLOTS, _CORES, _MEMORY = "slots", "cores", "memory_gib"
_LICENCE = "licence "
#: Memory is a float: a rounding error in a sum must not keep a step from starting.
_TOLERANCE = 1e-9

Amounts = dict[str, float]


@dataclass(frozen=True)
class Capacity:
    """What this machine gives at the same time. `licences` are tokens by name."""

    slots: int
    cores: int
    memory_gib: float
    licences: Mapping[str, int]

    def amounts(self) -> Amounts:
        """Return all amounts by name."""
        licences = {_LICENCE + name: float(count) for name, count in self.licences.items()}
        return {SLOTS: self.slots, _CORES: self.cores, _MEMORY: self.memory_gib, **licences}


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


def never_fits(resources: Resources, capacity: Capacity) -> tuple[Shortage, ...]:
    """Return what a step needs and this machine does not have, even when nothing else runs."""
    return _shortages(_amounts(resources), capacity.amounts())


def check_fits(steps: Iterable[Step], capacity: Capacity, has: Callable[[Step], bool]) -> None:
    """Raise NeverFitsError for steps that this machine cannot run, unless `has` says that they need no run."""
    missing = [(step, never_fits(step.resources, capacity)) for step in steps]
    refused = tuple((step.name, shortages) for step, shortages in missing if shortages and not has(step))
    if refused:
        raise NeverFitsError(refused)


def with_memory(resources: Resources, memory_gib: float | None, capacity: Capacity) -> Resources:
    """Return resources with the larger of declared and learned memory.

    The learned memory is never more than the machine has: the step may have learned it on a larger one.
    """
    if memory_gib is None or memory_gib <= resources.memory_gib:
        return resources
    largest = max(resources.memory_gib, min(memory_gib, capacity.memory_gib))
    return Resources(resources.cores, largest, resources.licences)


def admit(
    waiting: Iterable[Candidate], running: Sequence[Occupant], capacity: Capacity, now_s: float
) -> list[Candidate]:
    """Return the candidates that may start now. `waiting` is in the order of importance."""
    total = capacity.amounts()
    free = dict(total)
    for occupant in running:
        _take(free, _amounts(occupant.candidate.resources))
    started: list[Candidate] = []
    beside: Amounts | None = None
    latest_s = 0.0
    for candidate in waiting:
        if free[SLOTS] < 1:
            break
        needed = _amounts(candidate.resources)
        if _shortages(needed, free):
            if beside is None:
                now_running = [*running, *(Occupant(one, _end_s(one, now_s)) for one in started)]
                latest_s, beside = _reservation(needed, now_running, free)
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
        _take(free, _amounts(occupant.candidate.resources))
    return _shortages(_amounts(candidate.resources), free)


def _reservation(needed: Amounts, running: Sequence[Occupant], free: Amounts) -> tuple[float, Amounts]:
    """Return when a step that does not fit now can start, and what is left beside it then."""
    later = dict(free)
    when_s = 0.0
    for occupant in sorted(running, key=lambda one: float("inf") if one.ends_s is None else one.ends_s):
        when_s = float("inf") if occupant.ends_s is None else occupant.ends_s
        for name, amount in _amounts(occupant.candidate.resources).items():
            later[name] = later.get(name, 0.0) + amount
        if not _shortages(needed, later):
            break
    _take(later, needed)
    # Nothing can be said to end before an unknown end.
    return (when_s if when_s != float("inf") else 0.0), later


def _end_s(candidate: Candidate, now_s: float) -> float | None:
    return None if candidate.duration_s is None else now_s + candidate.duration_s


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
