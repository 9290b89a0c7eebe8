"""A pipeline and a row of SLRs: the allowed sites of each item, and the crossings and use of a placement.

The pipeline is a ring: item 0 (the DMA) feeds item 1, every item feeds the next one, and the last one is joined to
item 0 by `closing` streams (result, and the weights of the last layer). SLRs form a row, so a stream from one to
another crosses every boundary between them. A placement need not go through the row in one direction: with two closing
streams, going up the row and back is cheaper than only going up (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from config.frozen import dataclass

Needs = tuple[int, ...]
Site = tuple[int, int]
"""First and last SLR of an item. If they differ, each holds half of it."""
UNLIMITED = 1 << 60
"""A capacity that nothing can use up."""


@dataclass(frozen=True)
class Item:
    """One block: `needs` by resource, the SLR that it is `pinned` to, and `wires`, the SLLs of its input stream."""

    name: str
    needs: Needs
    wires: int = 0
    pinned: int | None = None


@dataclass(frozen=True)
class MemoryPort:
    """A memory port of item 0, joined to the nearest of the SLRs in `homes` by `wires` SLLs."""

    homes: tuple[int, ...]
    wires: int = 0

    def home(self, site: Site) -> int:
        """The nearest SLR in `homes`; if several are equally near, the first."""
        return min(self.homes, key=lambda slr: distance(site, (slr, slr)))


@dataclass(frozen=True)
class Ring:
    """The items to place. `capacities` is by SLR and resource, `slls` by boundary; None means no limit.

    `closing` are the SLLs of each stream between the last item and item 0.
    """

    items: tuple[Item, ...]
    closing: tuple[int, ...]
    ports: tuple[MemoryPort, ...]
    capacities: tuple[tuple[int | None, ...], ...]
    slls: tuple[int | None, ...]

    @cached_property
    def sites(self) -> tuple[tuple[Site, ...], ...]:
        """The allowed sites of each item: single SLRs, or two neighbours if no single SLR can hold it."""
        return tuple(tuple(self._sites(item)) for item in self.items)

    def _sites(self, item: Item) -> Iterator[Site]:
        slrs = range(len(self.capacities))
        alone = [slr for slr in slrs if holds(self.capacities[slr], item.needs)]
        if item.pinned is not None:
            yield from [(item.pinned, item.pinned)] if item.pinned in alone else []
        elif alone:
            yield from [(slr, slr) for slr in alone]
        else:
            half = halves(item.needs)
            both = [slr for slr in slrs if holds(self.capacities[slr], half)]
            yield from [(slr, slr + 1) for slr in both if slr + 1 in both]


@dataclass(frozen=True)
class Placement:
    """The site of every item, the number of crossings, and the peak: the highest used share of any resource in any SLR.

    The crossings are proven to be the fewest. `evenest` tells whether the peak is proven to be the lowest.
    """

    sites: tuple[Site, ...]
    crossings: int
    peak: float
    evenest: bool = True


def distance(one: Site, other: Site) -> int:
    """Boundaries between two sites; 0 if they share an SLR."""
    return max(0, other[0] - one[1], one[0] - other[1])


def halves(needs: Needs) -> Needs:
    """Half of every amount, rounded up."""
    return tuple(-(-need // 2) for need in needs)


def use_of(ring: Ring, sites: Sequence[Site]) -> tuple[list[list[int]], list[int]]:
    """The use of a placement by SLR and resource, and the SLLs of each boundary (without those inside an item)."""
    used = [[0] * len(ring.items[0].needs) for _ in ring.capacities]
    slls = [0] * (len(ring.capacities) - 1)

    def add(one: Site, other: Site, wires: int) -> None:
        for boundary in range(min(one[1], other[1]), max(one[0], other[0])):
            slls[boundary] += wires

    for item, site in zip(ring.items, sites, strict=True):
        share = item.needs if site[0] == site[1] else halves(item.needs)
        for slr in range(site[0], site[1] + 1):
            used[slr] = [a + b for a, b in zip(used[slr], share, strict=True)]
    for item, before, after in zip(ring.items[1:], sites, sites[1:], strict=False):
        add(before, after, item.wires)
    for wires in ring.closing:
        add(sites[0], sites[-1], wires)
    for port in ring.ports:
        home = port.home(sites[0])
        add(sites[0], (home, home), port.wires)
    return used, slls


def limit_of(capacity: int | None) -> int:
    """The capacity, with UNLIMITED for None."""
    return UNLIMITED if capacity is None else capacity


def holds(free: Sequence[int | None], share: Needs) -> bool:
    """Whether a share fits into the free resources."""
    return all(have is None or need <= have for need, have in zip(share, free, strict=True))


def shares_of(item: Item, site: Site) -> Iterator[tuple[int, Needs]]:
    """The needs of an item in each SLR of its site."""
    share = item.needs if site[0] == site[1] else halves(item.needs)
    for slr in range(site[0], site[1] + 1):
        yield slr, share


def take(free: Sequence[tuple[int, ...]], item: Item, site: Site) -> tuple[tuple[int, ...], ...]:
    """The free resources by SLR after placing an item."""
    left = list(free)
    for slr, share in shares_of(item, site):
        left[slr] = tuple(have - need for have, need in zip(left[slr], share, strict=True))
    return tuple(left)


def cross(slls: list[int], one: Site, other: Site, wires: int) -> None:
    """Subtract the wires of a stream from the free SLLs of all boundaries between two sites."""
    for boundary in range(min(one[1], other[1]), max(one[0], other[0])):
        slls[boundary] -= wires


def peak_of(ring: Ring, sites: Sequence[Site]) -> float:
    """The highest used share of a capacity, over all resources of all SLRs."""
    used, _ = use_of(ring, sites)
    return max(
        (
            need / have if have else 0.0
            for slr, capacities in zip(used, ring.capacities, strict=True)
            for need, have in zip(slr, capacities, strict=True)
            if have is not None
        ),
        default=0.0,
    )
