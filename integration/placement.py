"""Blocks of a pipeline to SLRs, solved exactly: fewest crossings within the capacities, then the evenest use.

The pipeline is a ring: item 0 (the DMA) feeds item 1, every item feeds the next one, and the last one is joined to
item 0 by `closing` streams (result, and the weights of the last layer). SLRs stand in a row, so that a stream from one
to another crosses every boundary between the two. A placement need not go through the row in one direction: with two
closing streams, up the row and back again is cheaper than up only (docs/decisions/0005).

The search goes along the chain. A label is a placement of the first items; labels that agree in the SLRs of item 0 and
of the last placed item, and in what is used of everything that can still run out, have the same future, so that only
the one with the fewest crossings stays. A label whose crossings and a lower bound of those to come exceed the allowed
number is dropped; that number is raised from the lower bound of the empty placement until a placement is left.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

MOST_LABELS = 400_000
"""Labels of one search, about half a minute and 400 MB; a search that needs more is given up, and says so."""

Needs = tuple[int, ...]
Site = tuple[int, int]
"""First and last SLR of an item; two that differ hold it in equal parts."""


class UndecidedError(Exception):
    """The search was given up; `crossings` is how many are proven to be too few, None where nothing is known."""

    def __init__(self, crossings: int | None) -> None:
        super().__init__(f"given up after {MOST_LABELS:,} placements of the first blocks")
        self.crossings = crossings


@dataclass(frozen=True)
class Item:
    """One block. `needs` is by resource; `pinned` the SLR that it must be in, `wires` the SLLs of its input stream."""

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
        """The nearest of the SLRs; of several the one that is named first."""
        return min(self.homes, key=lambda slr: distance(site, (slr, slr)))


@dataclass(frozen=True)
class Ring:
    """What is placed. `capacities` is by SLR and resource, `slls` by boundary; None is no limit.

    `closing` are the SLLs of each stream between the last item and item 0.
    """

    items: tuple[Item, ...]
    closing: tuple[int, ...]
    ports: tuple[MemoryPort, ...]
    capacities: tuple[tuple[int | None, ...], ...]
    slls: tuple[int | None, ...]

    @cached_property
    def sites(self) -> tuple[tuple[Site, ...], ...]:
        """Where each item may be: in one SLR, or in two neighbours if it fits in no single one."""
        return tuple(tuple(self._sites(item)) for item in self.items)

    def _sites(self, item: Item) -> Iterator[Site]:
        slrs = range(len(self.capacities))
        alone = [slr for slr in slrs if _holds(self.capacities[slr], item.needs)]
        if item.pinned is not None:
            yield from [(item.pinned, item.pinned)] if item.pinned in alone else []
        elif alone:
            yield from [(slr, slr) for slr in alone]
        else:
            half = halves(item.needs)
            both = [slr for slr in slrs if _holds(self.capacities[slr], half)]
            yield from [(slr, slr + 1) for slr in both if slr + 1 in both]


@dataclass(frozen=True)
class Placement:
    """The site of every item, the boundaries that streams cross, and the highest use of any resource of any SLR."""

    sites: tuple[Site, ...]
    crossings: int
    peak: float


def distance(one: Site, other: Site) -> int:
    """Boundaries between two sites: none where they share an SLR."""
    return max(0, other[0] - one[1], one[0] - other[1])


def halves(needs: Needs) -> Needs:
    """Half of every amount, rounded up."""
    return tuple(-(-need // 2) for need in needs)


def crossings_of(ring: Ring, sites: Sequence[Site]) -> int:
    """Boundaries crossed by all streams and memory ports, and within the items that take two SLRs."""
    steps = sum(distance(before, after) for before, after in pairwise(sites))
    inside = sum(last - first for first, last in sites)
    memory = sum(distance(sites[0], (home, home)) for home in (port.home(sites[0]) for port in ring.ports))
    return steps + inside + memory + len(ring.closing) * distance(sites[0], sites[-1])


def use_of(ring: Ring, sites: Sequence[Site]) -> tuple[list[list[int]], list[int]]:
    """What a placement uses: by SLR and resource, and the SLLs of each boundary (without those within an item)."""
    used = [[0] * len(ring.items[0].needs) for _ in ring.capacities]
    slls = [0] * (len(ring.capacities) - 1)

    def cross(one: Site, other: Site, wires: int) -> None:
        for boundary in range(min(one[1], other[1]), max(one[0], other[0])):
            slls[boundary] += wires

    for item, site in zip(ring.items, sites, strict=True):
        share = item.needs if site[0] == site[1] else halves(item.needs)
        for slr in range(site[0], site[1] + 1):
            used[slr] = [a + b for a, b in zip(used[slr], share, strict=True)]
    for item, before, after in zip(ring.items[1:], sites, sites[1:], strict=False):
        cross(before, after, item.wires)
    for wires in ring.closing:
        cross(sites[0], sites[-1], wires)
    for port in ring.ports:
        home = port.home(sites[0])
        cross(sites[0], (home, home), port.wires)
    return used, slls


def place(ring: Ring) -> Placement | None:
    """The placement with the fewest crossings, of these the one with the lowest peak; None where none fits.

    Raises:
        UndecidedError: the search needs more than `MOST_LABELS` labels.
    """
    limits = [[_limit(capacity) for capacity in slr] for slr in ring.capacities]
    if not _packs(ring, limits):
        return None
    search = Search(ring, limits)
    allowed = search.least
    if allowed > search.most:
        return None
    while (sites := search.run(allowed)) is None:
        allowed += 1
        if allowed > search.most:
            return None
    while True:
        peak = peak_of(ring, sites)
        better = Search(ring, _below(ring, peak)).run(allowed) if peak else None
        if better is None:
            return Placement(tuple(sites), allowed, peak)
        sites = better


UNLIMITED = 1 << 60
"""Stands for a capacity that nothing reaches."""


class Search:
    """The search along the chain under `limits`, which are the capacities or lower ones."""

    def __init__(self, ring: Ring, limits: Sequence[Sequence[int]]) -> None:
        self.ring = ring
        self.count = len(limits)
        self.limits = [list(slr) for slr in limits]
        self.sites = [
            [site for site in sites if all(_holds(limits[slr], share) for slr, share in _shares(item, site))]
            for item, sites in zip(ring.items, ring.sites, strict=True)
        ]
        parts = [
            [share for _, share in _shares(item, where[0])] if where else []
            for item, where in zip(ring.items, ring.sites, strict=True)
        ]
        resources = len(ring.items[0].needs)
        self.rest = [
            _Rest([part for several in parts[index:] for part in several], resources) for index in range(len(parts) + 1)
        ]
        self.slls = [_limit(slls) for slls in ring.slls]
        wires = sum(item.wires for item in ring.items) + sum(ring.closing) + sum(port.wires for port in ring.ports)
        self.count_slls = any(wires > limit for limit in self.slls)
        self.any_spread_from = [
            any(first != last for sites in self.sites[index:] for first, last in sites)
            for index in range(len(ring.items) + 1)
        ]
        self.labels = 0

    @property
    def most(self) -> int:
        """Crossings that no placement exceeds."""
        streams = len(self.ring.items) - 1 + len(self.ring.closing) + len(self.ring.ports) + len(self.ring.items)
        return streams * (self.count - 1)

    @cached_property
    def least(self) -> int:
        """Crossings below which no placement can be."""
        starts = [self._start(site) for site in self.sites[0]]
        return min((found + self._to_come(1, site, site, free) for site, found, free, _ in starts), default=0)

    def _start(self, site: Site) -> tuple[Site, int, tuple[tuple[int, ...], ...], tuple[int, ...]]:
        free = _take([tuple(slr) for slr in self.limits], self.ring.items[0], site)
        slls, found = list(self.slls), site[1] - site[0]
        for port in self.ring.ports:
            home = (port.home(site),) * 2
            found += distance(site, home)
            _cross(slls, site, home, port.wires)
        return site, found, free, tuple(slls)

    def run(self, allowed: int) -> list[Site] | None:
        """A placement with at most `allowed` crossings, or None.

        Raises:
            UndecidedError: too many labels.
        """
        items = self.ring.items
        layers: list[dict[_Key, _Label]] = [{}]
        for site in self.sites[0]:
            _, found, free, slls = self._start(site)
            if min(slls, default=0) >= 0 and found + self._to_come(1, site, site, free) <= allowed:
                layers[0][site, site, free, slls] = (found, None)
        for index in range(1, len(items)):
            layer: dict[_Key, _Label] = {}
            last = index == len(items) - 1
            for key, (found, _) in layers[-1].items():
                hub, before, free, slls = key
                for site in self.sites[index]:
                    crossed = found + distance(before, site) + site[1] - site[0]
                    if last:
                        crossed += len(self.ring.closing) * distance(hub, site)
                    if crossed > allowed or not all(
                        _holds(free[slr], share) for slr, share in _shares(items[index], site)
                    ):
                        continue
                    left, wires = _take(free, items[index], site), slls
                    if self.count_slls:
                        wires = self._wired(slls, index, hub, before, site)
                        if min(wires) < 0:
                            continue
                    if not last and crossed + self._to_come(index + 1, hub, site, left) > allowed:
                        continue
                    new = (hub, site, self._forget(index + 1, left), wires)
                    if new not in layer or layer[new][0] > crossed:
                        layer[new] = (crossed, key)
            layers.append(layer)
            self.labels += len(layer)
            if self.labels > MOST_LABELS:
                raise UndecidedError(allowed - 1)
        if not layers[-1]:
            return None
        back: _Key | None = min(layers[-1], key=lambda each: layers[-1][each][0])
        sites = []
        for layer in reversed(layers):
            assert back is not None  # noqa: S101  only labels of the first layer have none before them
            sites.append(back[1])
            back = layer[back][1]
        return sites[::-1]

    def _wired(self, slls: tuple[int, ...], index: int, hub: Site, before: Site, site: Site) -> tuple[int, ...]:
        left = list(slls)
        _cross(left, before, site, self.ring.items[index].wires)
        if index == len(self.ring.items) - 1:
            for wires in self.ring.closing:
                _cross(left, hub, site, wires)
        return tuple(left)

    def _forget(self, index: int, free: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        """Room that the items from `index` on cannot use up is as good as endless."""
        rest = self.rest[index].total
        return tuple(
            tuple(UNLIMITED if have >= need else have for have, need in zip(slr, rest, strict=True)) for slr in free
        )

    def _to_come(self, index: int, hub: Site, site: Site, free: tuple[tuple[int, ...], ...]) -> int:
        """A lower bound of the crossings of the items from `index` on: the SLRs that must be gone through and back.

        Returns more than any placement has where the rest does not fit at all.
        """
        rest = self.rest[index]
        if not rest.count:
            return 0
        usable = [(rest.holds(slr), slr) for slr in free]
        best = UNLIMITED
        for low in range(self.count):
            for high in range(low, self.count):
                if low > site[1] or high < site[0] or sum(count for count, _ in usable[low : high + 1]) < rest.count:
                    continue
                if any(
                    sum(slr[resource] for count, slr in usable[low : high + 1] if count) < need
                    for resource, need in enumerate(rest.total)
                ):
                    continue
                best = min(best, self._walk(hub, site, low, high, weak=self.any_spread_from[index]))
        return best

    def _walk(self, hub: Site, site: Site, low: int, high: int, *, weak: bool) -> int:
        """Fewest crossings from a site over all SLRs low..high and then, by every closing stream, to item 0."""
        if weak:  # an item in two SLRs is entered at one end and left at the other without going there
            return max(0, site[0] - low) + max(0, high - site[1])
        best = UNLIMITED
        for end in range(low, high + 1):
            if low >= site[0] and high <= site[1]:
                steps = 0
            elif low >= site[0]:
                steps = (high - site[1]) + (high - end)
            elif high <= site[1]:
                steps = (site[0] - low) + (end - low)
            else:
                down, up = site[0] - low + high - end, high - site[1] + end - low
                steps = high - low + min(down, up)
            best = min(best, steps + len(self.ring.closing) * distance(hub, (end, end)))
        return best


_Key = tuple[Site, Site, tuple[tuple[int, ...], ...], tuple[int, ...]]
_Label = tuple[int, "_Key | None"]


class _Rest:
    """Items that are still to be placed: how many parts they have, and what these take together."""

    def __init__(self, parts: Sequence[Needs], resources: int) -> None:
        self.count = len(parts)
        self.total = tuple(sum(part[resource] for part in parts) for resource in range(resources))
        self._smallest = [list(accumulate(sorted(part[resource] for part in parts))) for resource in range(resources)]
        self._known: dict[tuple[int, ...], int] = {}

    def holds(self, free: tuple[int, ...]) -> int:
        """Parts that fit into the room of an SLR at most: as many of the smallest as each resource takes."""
        found = self._known.get(free)
        if found is None:
            found = min(bisect_right(sums, have) for sums, have in zip(self._smallest, free, strict=True))
            self._known[free] = found
        return found


def _packs(ring: Ring, limits: Sequence[Sequence[int]]) -> bool:
    """Whether the items fit into the SLRs in any order, wherever streams cross.

    The largest come first; what has failed once with the same room left is not tried again, equal SLRs being one.
    """
    resources = range(len(ring.items[0].needs))
    room = [max(1, sum(slr[resource] for slr in limits)) for resource in resources]
    order = sorted(
        range(len(ring.items)),
        key=lambda i: -max(need / have for need, have in zip(ring.items[i].needs, room, strict=True)),
    )
    parts = [[share for _, share in _shares(ring.items[i], ring.sites[i][0])] if ring.sites[i] else [] for i in order]
    rest = [_Rest([part for several in parts[at:] for part in several], len(room)) for at in range(len(order) + 1)]
    alike = all(first == last for sites in ring.sites for first, last in sites) and all(
        item.pinned is None for item in ring.items
    )
    start = tuple(tuple(slr) for slr in limits)
    kinds = [start.index(slr) for slr in start]
    failed: set[tuple[int, tuple[tuple[int, ...], ...]]] = set()

    def state(at: int, free: tuple[tuple[int, ...], ...]) -> tuple[int, tuple[tuple[int, ...], ...]]:
        if not alike:
            return at, free
        return at, tuple(slr for _, slr in sorted(zip(kinds, free, strict=True)))

    def fits(at: int, free: tuple[tuple[int, ...], ...]) -> bool:
        if at == len(order):
            return True
        key = state(at, free)
        if key in failed:
            return False
        if len(failed) > MOST_LABELS:
            raise UndecidedError(None)
        usable = [slr for slr in free if rest[at].holds(slr)]
        enough = sum(rest[at].holds(slr) for slr in usable) >= rest[at].count and all(
            sum(slr[resource] for slr in usable) >= need for resource, need in enumerate(rest[at].total)
        )
        item = ring.items[order[at]]
        if enough:
            for site in ring.sites[order[at]]:
                roomy = all(_holds(free[slr], share) for slr, share in _shares(item, site))
                if roomy and fits(at + 1, _take(free, item, site)):
                    return True
        failed.add(key)
        return False

    return fits(0, start)


def _limit(capacity: int | None) -> int:
    return UNLIMITED if capacity is None else capacity


def _holds(free: Sequence[int | None], share: Needs) -> bool:
    return all(have is None or need <= have for need, have in zip(share, free, strict=True))


def _shares(item: Item, site: Site) -> Iterator[tuple[int, Needs]]:
    """What an item takes of each of its SLRs."""
    share = item.needs if site[0] == site[1] else halves(item.needs)
    for slr in range(site[0], site[1] + 1):
        yield slr, share


def _take(free: Sequence[tuple[int, ...]], item: Item, site: Site) -> tuple[tuple[int, ...], ...]:
    left = list(free)
    for slr, share in _shares(item, site):
        left[slr] = tuple(have - need for have, need in zip(left[slr], share, strict=True))
    return tuple(left)


def _cross(slls: list[int], one: Site, other: Site, wires: int) -> None:
    """Take the wires of a stream off what the boundaries between two sites have left."""
    for boundary in range(min(one[1], other[1]), max(one[0], other[0])):
        slls[boundary] -= wires


def peak_of(ring: Ring, sites: Sequence[Site]) -> float:
    """The highest share of its capacity that any resource of any SLR is used to."""
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


def _below(ring: Ring, peak: float) -> list[list[int]]:
    """The largest limits at which every share of a capacity is below the peak.

    Quotients of whole numbers of at most 2^26 that differ also differ as floating-point numbers.
    """
    return [
        [_limit(capacity) if not capacity else _under(capacity, peak) for capacity in slr] for slr in ring.capacities
    ]


def _under(capacity: int, peak: float) -> int:
    most = min(capacity, int(capacity * peak) + 1)
    while most >= 0 and most / capacity >= peak:
        most -= 1
    return most
