"""What is missing where a network does not fit: by resource and SLR, with the largest block there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.resources import WORDS
from integration.ring import Item, Ring

if TYPE_CHECKING:
    from integration.fit_problem import FitProblem


@dataclass(frozen=True)
class Shortfall:
    """More of a resource than there is. `slr` is None for all SLRs together.

    `budget` is what the shell leaves, `allowed` what the ceiling allows of it; `largest` is the block that takes most.
    """

    slr: str | None
    resource: str
    needed: float
    allowed: float
    budget: float
    largest: str
    largest_needs: float

    @property
    def missing(self) -> float:
        """By how much."""
        return self.needed - self.allowed


def shortfalls(
    problem: FitProblem, ring: Ring, ceilings: Mapping[str, float], units: Mapping[str, int]
) -> tuple[Shortfall, ...]:
    """What each SLR lacks when the blocks are spread as evenly as the largest-first rule does it.

    That is one of many placements of which none fits; it shows how near the nearest ones come, and where.
    """
    held = _even(ring)
    found = []
    for slr, (each, items) in enumerate(zip(problem.slrs, held, strict=True)):
        for at, name in enumerate(WORDS):
            allowed, budget = ring.capacities[slr][at], each.budget.by_name[name]
            needed = sum(item.needs[at] for item in items)
            if allowed is None or budget is None or needed <= allowed:
                continue
            largest = max(items, key=lambda item: item.needs[at])
            amounts = (needed / units[name], allowed / units[name], budget)
            found.append(Shortfall(each.slr, name, *amounts, largest.name, largest.needs[at] / units[name]))
    return tuple(found)


def _even(ring: Ring) -> list[list[Item]]:
    """Items by SLR: the largest first, each where the fullest resource is left least full."""
    held: list[list[Item]] = [[] for _ in ring.capacities]

    def share(item: Item, slr: int) -> float:
        return max(
            (
                (need / max(have, 1))
                for need, have in zip(item.needs, ring.capacities[slr], strict=True)
                if have is not None
            ),
            default=0.0,
        )

    def filled(slr: int, item: Item) -> float:
        sums = [sum(needs) for needs in zip(*(each.needs for each in (*held[slr], item)), strict=True)]
        return share(Item("", tuple(sums)), slr)

    slrs = range(len(held))
    for item in sorted(ring.items, key=lambda item: -max(share(item, slr) for slr in slrs)):
        slr = item.pinned if item.pinned is not None else min(slrs, key=lambda slr: filled(slr, item))
        held[slr].append(item)
    return held
