"""The shortfall of a network that does not fit: by resource and SLR, with the largest block there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING

from config.fpga_resources import NAMES
from config.frozen import dataclass
from integration.fit.ring import UNLIMITED, Item, Needs, Ring, Site, shares_of

if TYPE_CHECKING:
    from integration.fit.problem import FitProblem


@dataclass(frozen=True)
class Shortfall:
    """A resource that runs out. `slr` is None for all SLRs together.

    `budget` is the amount that the shell leaves, `allowed` the part of it below the ceiling. `largest` is the block
    that needs most; if `half`, it is divided and `largest_needs` is half of its needs.
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
        """The amount needed beyond the allowed one."""
        return self.needed - self.allowed


@dataclass(frozen=True)
class TooLarge:
    """A block that fits nowhere, even alone: neither in one SLR nor, by halves, in two neighbours.

    `most` is the largest amount of `resource` that an SLR may hold; `pinned` is the only SLR that the user allows.
    """

    block: str
    resource: str
    needed: float
    most: float
    pinned: str | None = None


def too_large(problem: FitProblem, ring: Ring, units: Mapping[str, int]) -> tuple[TooLarge, ...]:
    """The blocks that fit nowhere, with the resource that they exceed most in proportion."""
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
    """The shortfall of each SLR when the largest-first rule spreads the blocks evenly.

    None of the many placements fits. This one shows how near a placement can come, and where it fails.
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
    """By SLR: name and needs of each item, and whether this is half of it.

    The largest items go first, each to the SLR whose fullest resource stays least full. An item that fits nowhere is
    divided.
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
