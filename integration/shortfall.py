"""What is missing where a network does not fit: by resource and SLR, with the largest block there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING

from integration.resources import WORDS
from integration.ring import Item, Needs, Ring, Site, shares_of

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
            needed = sum(share[at] for _, share in items)
            if allowed is None or budget is None or needed <= allowed:
                continue
            largest, share = max(items, key=lambda item: item[1][at])
            amounts = (needed / units[name], allowed / units[name], budget)
            found.append(Shortfall(each.slr, name, *amounts, largest, share[at] / units[name]))
    return tuple(found)


def _even(ring: Ring) -> list[list[tuple[str, Needs]]]:
    """Names and shares of items by SLR: the largest first, each where the fullest resource is left least full."""
    held: list[list[tuple[str, Needs]]] = [[] for _ in ring.capacities]
    sums = [[0] * len(slr) for slr in ring.capacities]

    def fullness(slr: int, needs: Sequence[int]) -> float:
        pairs = zip(needs, ring.capacities[slr], strict=True)
        return max((need / max(have, 1) for need, have in pairs if have is not None), default=0.0)

    def filled(item: Item, site: Site) -> float:
        return max(fullness(slr, list(map(add, sums[slr], share))) for slr, share in shares_of(item, site))

    slrs = range(len(held))
    pairs = sorted(
        zip(ring.items, ring.sites, strict=True), key=lambda pair: -max(fullness(slr, pair[0].needs) for slr in slrs)
    )
    for item, sites in pairs:
        pinned = [] if item.pinned is None else [(item.pinned, item.pinned)]
        site = min(pinned or sites or [(slr, slr) for slr in slrs], key=lambda site: filled(item, site))
        for slr, share in shares_of(item, site):
            held[slr].append((item.name, share))
            sums[slr] = list(map(add, sums[slr], share))
    return held
