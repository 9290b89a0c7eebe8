"""How long a build must take at least: the critical path, and the work shared among the slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Of each task, the tasks that it needs directly; every needed task comes before what needs it.
Needs = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Bound:
    """`critical_s` is the longest path, `work_s` the sum of all durations over the slots; `path` is the longest one."""

    critical_s: float
    work_s: float
    path: tuple[str, ...]

    @property
    def lower_s(self) -> float:
        """No order of the tasks can end before this."""
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
    followers: dict[str, list[str]] = {name: [] for name in needs}
    for name in needs:
        for needed in needs[name]:
            if needed in followers:
                followers[needed].append(name)
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
