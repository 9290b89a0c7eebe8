"""How much each step of a build matters, by what earlier runs have cost. Nothing is asked before a step has to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from statistics import median

from farm.admission import Candidate, Capacity, with_memory
from farm.ledger import Expectation
from farm.makespan import remaining_s
from farm.step import Step

#: Where nothing at all is known every step counts the same, so that the longest chain goes first.
_GUESS_S = 1.0


class Priority:
    """Knows the longest path from each step to the end of the build."""

    def __init__(
        self, needs: Mapping[str, Sequence[str]], expected: Callable[[str], Expectation], capacity: Capacity
    ) -> None:
        """`needs` are the tasks with actions, needed ones first, each with those that it needs directly."""
        self._needs = needs
        self._expected = expected
        self._capacity = capacity

    @cached_property
    def remaining_s(self) -> Mapping[str, float]:
        """The longest path from the start of each task to the end; of unknown duration is as long as the middle one."""
        walls = {name: self._expected(name).wall_s for name in self._needs}
        known = {name: wall_s.median for name, wall_s in walls.items() if wall_s is not None}
        usual_s = median(known.values()) if known else _GUESS_S
        return remaining_s(self._needs, {name: known.get(name, usual_s) for name in self._needs})

    def candidate(self, step: Step, *, alone: bool = False) -> Candidate:
        """Return what a step occupies, and for how long, as far as it is known; all memory if it is to run `alone`."""
        found = self._expected(step.name)
        # What others of its kind have used tells nothing of this one: one large block would hold up all small ones.
        learned = found.memory_bytes if found.basis == "step" else None
        memory_gib = self._capacity.memory_gib if alone else None if learned is None else learned / 2**30
        duration_s = None if found.wall_s is None else found.wall_s.median
        return Candidate(step.name, with_memory(step.resources, memory_gib, self._capacity), duration_s)
