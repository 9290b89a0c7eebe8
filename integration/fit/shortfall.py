"""What is missing where a network does not fit: by resource and SLR, with the largest block there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING

from config.fpga_resources import NAMES
from integration.fit.ring import UNLIMITED, Item, Needs, Ring, Site, shares_of

if TYPE_CHECKING:
    from integration.fit.problem import FitProblem


@dataclass(frozen=True)
class Shortfall:
    """More of a resource than there is. `slr` is None for all SLRs together.

    `budget` is what the shell leaves, `allowed` what the ceiling allows of it; `largest` is the block that takes most,
    or the half of one that is divided (`half`).
    """

    slr: str | None
    resource: str
    needed: float
    allowed: float
    budget: float
    largest: str
    largest_needs: float
    half: bool = False

    @property
    def missing(self) -> float:
        """By how much."""
        return self.needed - self.allowed


@dataclass(frozen=True)
class TooLarge:
    """A block that can be nowhere, whatever else is placed: neither in one SLR nor, by halves, in two neighbours.

    `most` is the largest amount of it that an SLR may hold; `pinned` the only SLR that the user allows.
    """

    block: str
    resource: str
    needed: float
    most: float
    pinned: str | None = None


def too_large(problem: FitProblem, ring: Ring, units: Mapping[str, int]) -> tuple[TooLarge, ...]:
    """The blocks without any place, with the resource of which they take most in proportion."""
    found = []
    for item, sites in zip(ring.items, ring.sites, strict=True):
        if sites:
            continue
        allowed = ring.capacities if item.pinned is None else (ring.capacities[item.pinned],)
        most = [max(UNLIMITED if slr[at] is None else slr[at] or 0 for slr in allowed) for at in range(len(NAMES))]
        at = max(range(len(NAMES)), key=lambda at: item.needs[at] / max(most[at], 1))
        name = NAMES[at]
        pinned = None if item.pinned is None else problem.slrs[item.pinned].slr
        found.append(TooLarge(item.name, name, item.needs[at] / units[name], most[at] / units[name], pinned))
    return tuple(found)


def shortfalls(problem: FitProblem, ring: Ring, units: Mapping[str, int]) -> tuple[Shortfall, ...]:
    """What each SLR lacks when the blocks are spread as evenly as the largest-first rule does it.

    That is one of many placements of which none fits; it shows how near the nearest ones come, and where.
    """
    held = _even(ring)
    found = []
    for slr, (each, items) in enumerate(zip(problem.slrs, held, strict=True)):
        for at, name in enumerate(NAMES):
            allowed, budget = ring.capacities[slr][at], each.budget.by_name[name]
            needed = sum(share[at] for _, share, _ in items)
            if allowed is None or budget is None or needed <= allowed:
                continue
            largest, share, half = max(items, key=lambda item: item[1][at])
            amounts = (needed / units[name], allowed / units[name], budget)
            found.append(Shortfall(each.slr, name, *amounts, largest, share[at] / units[name], half))
    return tuple(found)


def _even(ring: Ring) -> list[list[tuple[str, Needs, bool]]]:
    """Names and shares of items by SLR: the largest first, each where the fullest resource is left least full.

    An item that fits nowhere is divided all the same. The last of the three tells that a share is a half.
    """
    held: list[list[tuple[str, Needs, bool]]] = [[] for _ in ring.capacities]
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
        neighbours = list(pairwise(slrs)) or [(slr, slr) for slr in slrs]
        site = min(pinned or sites or neighbours, key=lambda site: filled(item, site))
        for slr, share in shares_of(item, site):
            held[slr].append((item.name, share, site[0] != site[1]))
            sums[slr] = list(map(add, sums[slr], share))
    return held
