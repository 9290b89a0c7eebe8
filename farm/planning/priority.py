"""How important each step of a build is, by the cost of earlier runs. Reads nothing until a step has to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from farm.planning.admission import Candidate, Capacity, with_memory
from farm.planning.makespan import ranked
from farm.results.ledger import Expectation
from farm.step import Resources, Step

#: If nothing is known, every step counts the same, so the longest chain goes first.
_GUESS_S = 1.0
_NOTHING = Resources(memory_gib=1e-6)


class Priority:
    """Ranks the waiting steps."""

    def __init__(
        self, needs: Mapping[str, Sequence[str]], expected: Callable[[str], Expectation], capacity: Capacity
    ) -> None:
        """`needs` are the tasks with actions, needed ones first, each with those that it needs directly."""
        self._needs = needs
        self._expected = expected
        self._capacity = capacity
        self._rank: Mapping[str, float] = {}

    def rank(self, pending: Mapping[str, Step | None]) -> None:
        """Find the order of the tasks that have not ended yet; None stands for a task that is no step.

        A step of unknown duration is taken to be as long as the middle one of the others.
        """
        from statistics import median  # noqa: PLC0415 - a build without work ranks nothing

        walls = {name: self._expected(name).wall_s for name, step in pending.items() if step is not None}
        known = {name: wall_s.median for name, wall_s in walls.items() if wall_s is not None}
        usual_s = median(known.values()) if known else _GUESS_S
        needs = {name: [one for one in self._needs[name] if one in pending] for name in self._needs if name in pending}
        candidates = {
            name: Candidate(name, _NOTHING, 0.0)
            if step is None
            else replace(self.candidate(step), duration_s=known.get(name, usual_s))
            for name, step in pending.items()
        }
        self._rank = ranked(needs, candidates, self._capacity)

    def of(self, name: str) -> float:
        """Return how important a task is among those that were ranked."""
        return self._rank.get(name, 0.0)

    def candidate(self, step: Step, *, exceeded: int = 0) -> Candidate:
        """Return the resources and the duration of a step, as far as known.

        `exceeded` is how often it has run out of memory in this build. It then gets all of this machine's; on a
        cluster, twice as much each time.
        """
        found = self._expected(step.name)
        # Memory of other steps of its kind is not used: one large block would hold up all small ones.
        learned = found.memory_bytes if found.basis == "step" else None
        memory_gib = None if learned is None else learned / 2**30
        duration_s = None if found.wall_s is None else found.wall_s.median
        elsewhere, limit_gib = self._capacity.elsewhere, self._capacity.memory_gib
        if elsewhere is not None and elsewhere.takes(step.name):
            limit_gib = elsewhere.memory_gib
            memory_gib = max(memory_gib or 0.0, step.resources.memory_gib) * 2.0**exceeded
        elif exceeded:
            memory_gib = limit_gib
        return Candidate(step.name, with_memory(step.resources, memory_gib, limit_gib), duration_s)
