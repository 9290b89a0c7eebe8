"""Assigns the blocks of a pipeline to SLRs, exactly: fewest crossings within the capacities, then the most even use.

The search goes along the chain. A label is a placement of the first items. Labels with equal SLRs for item 0 and for
the last placed item, and with equal room in every resource that can still run out, have the same continuations. So only
the one with the fewest crossings is kept. A label is dropped if its crossings plus a lower bound for the remaining
items exceed the allowed number. That number starts at the lower bound of the empty placement and rises until a
placement is found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from integration.fit.ring import (
    UNLIMITED,
    Needs,
    Placement,
    Ring,
    Site,
    cross,
    distance,
    holds,
    limit_of,
    peak_of,
    shares_of,
    take,
)

MOST_LABELS = 400_000
"""Labels of one search. A search that needs more raises UndecidedError."""


class UndecidedError(Exception):
    """The search was given up. No placement has `crossings` or fewer; None if nothing is proven."""

    def __init__(self, crossings: int | None) -> None:
        super().__init__(f"given up after {MOST_LABELS:,} placements of the first blocks")
        self.crossings = crossings


def place(ring: Ring) -> Placement | None:
    """The placement with the fewest crossings and, among those, the lowest peak; None if none fits.

    Raises:
        UndecidedError: the search needs more than `MOST_LABELS` labels.
    """
    limits = _limits(ring)
    found = _fewest(Search(ring, limits)) if _packs(ring, limits) else None
    if found is None:
        return None
    sites, allowed = found
    while True:
        peak = peak_of(ring, sites)
        try:
            better = Search(ring, _below(ring, peak)).run(allowed) if peak else None
        except UndecidedError:
            return Placement(tuple(sites), allowed, peak, evenest=False)
        if better is None:
            return Placement(tuple(sites), allowed, peak)
        sites = better


def fits(ring: Ring) -> bool:
    """Whether there is a placement. That is far quicker to say than which one is best.

    Raises:
        UndecidedError: the search needs more than `MOST_LABELS` labels.
    """
    limits = _limits(ring)
    if not _packs(ring, limits):
        return False
    search = Search(ring, limits)
    return not search.count_slls or _fewest(search) is not None


def _limits(ring: Ring) -> list[list[int]]:
    return [[limit_of(capacity) for capacity in slr] for slr in ring.capacities]


def _fewest(search: Search) -> tuple[list[Site], int] | None:
    """A placement with the fewest crossings, and their number; None if none fits."""
    allowed = search.least
    while allowed <= search.most:
        if (sites := search.run(allowed)) is not None:
            return sites, allowed
        allowed += 1
    return None


class Search:
    """The search along the chain under `limits`: the capacities, or lower numbers."""

    def __init__(self, ring: Ring, limits: Sequence[Sequence[int]]) -> None:
        self.ring = ring
        self.count = len(limits)
        self.limits = [list(slr) for slr in limits]
        self.sites = [
            [site for site in sites if all(holds(limits[slr], share) for slr, share in shares_of(item, site))]
            for item, sites in zip(ring.items, ring.sites, strict=True)
        ]
        parts = [
            [share for _, share in shares_of(item, where[0])] if where else []
            for item, where in zip(ring.items, ring.sites, strict=True)
        ]
        resources = len(ring.items[0].needs)
        self.rest = [
            _Rest([part for several in parts[index:] for part in several], resources) for index in range(len(parts) + 1)
        ]
        self.slls = [limit_of(slls) for slls in ring.slls]
        wires = sum(item.wires for item in ring.items) + sum(ring.closing) + sum(port.wires for port in ring.ports)
        self.count_slls = any(wires > limit for limit in self.slls)
        self.any_spread_from = [
            any(first != last for sites in self.sites[index:] for first, last in sites)
            for index in range(len(ring.items) + 1)
        ]
        self.labels = 0
        self._walks: dict[tuple[Site, Site, bool], list[tuple[int, int, int]]] = {}

    @property
    def most(self) -> int:
        """An upper bound of the crossings of any placement."""
        streams = len(self.ring.items) - 1 + len(self.ring.closing) + len(self.ring.ports) + len(self.ring.items)
        return streams * (self.count - 1)

    @cached_property
    def least(self) -> int:
        """A lower bound of the crossings of any placement."""
        starts = [self._start(site) for site in self.sites[0]]
        return min((found + self._to_come(1, site, site, free) for site, found, free, _ in starts), default=0)

    def _start(self, site: Site) -> tuple[Site, int, tuple[tuple[int, ...], ...], tuple[int, ...]]:
        free = take([tuple(slr) for slr in self.limits], self.ring.items[0], site)
        slls, found = list(self.slls), site[1] - site[0]
        for port in self.ring.ports:
            home = (port.home(site),) * 2
            found += distance(site, home)
            cross(slls, site, home, port.wires)
        return site, found, free, tuple(slls)

    def run(self, allowed: int) -> list[Site] | None:
        """The site of each item in a placement with at most `allowed` crossings, or None.

        Raises:
            UndecidedError: the search needs more than `MOST_LABELS` labels.
        """
        layers = [self._first_layer(allowed)]
        for index in range(1, len(self.ring.items)):
            layers.append(self._next_layer(index, layers[-1], allowed))
            self.labels += len(layers[-1])
            if self.labels > MOST_LABELS:
                raise UndecidedError(allowed - 1)
        return _traced(layers) if layers[-1] else None

    def _first_layer(self, allowed: int) -> _Layer:
        layer: _Layer = {}
        for site in self.sites[0]:
            _, found, free, slls = self._start(site)
            if min(slls, default=0) >= 0 and found + self._to_come(1, site, site, free) <= allowed:
                layer[site, site, free, slls] = (found, None)
        return layer

    def _next_layer(self, index: int, before: _Layer, allowed: int) -> _Layer:
        """Labels with item `index` placed too, each with its fewest crossings and its predecessor."""
        layer: _Layer = {}
        for key, (found, _) in before.items():
            for site in self.sites[index]:
                label = self._placed(index, key, found, site, allowed)
                if label and (label[0] not in layer or layer[label[0]][0] > label[1]):
                    layer[label[0]] = (label[1], key)
        return layer

    def _placed(self, index: int, key: _Key, found: int, site: Site, allowed: int) -> tuple[_Key, int] | None:
        """The label after placing item `index` at a site, and its crossings; None if that exceeds a limit."""
        item, last = self.ring.items[index], index == len(self.ring.items) - 1
        hub, before, free, slls = key
        crossed = found + distance(before, site) + site[1] - site[0]
        if last:
            crossed += len(self.ring.closing) * distance(hub, site)
        if crossed > allowed or not all(holds(free[slr], share) for slr, share in shares_of(item, site)):
            return None
        left, wires = take(free, item, site), slls
        if self.count_slls:
            wires = self._wired(slls, index, hub, before, site)
            if min(wires) < 0:
                return None
        if not last and crossed + self._to_come(index + 1, hub, site, left) > allowed:
            return None
        return (hub, site, self._forget(index + 1, left), wires), crossed

    def _wired(self, slls: tuple[int, ...], index: int, hub: Site, before: Site, site: Site) -> tuple[int, ...]:
        left = list(slls)
        cross(left, before, site, self.ring.items[index].wires)
        if index == len(self.ring.items) - 1:
            for wires in self.ring.closing:
                cross(left, hub, site, wires)
        return tuple(left)

    def _forget(self, index: int, free: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        """Replace room that the items from `index` on cannot use up by UNLIMITED, so that more labels are equal."""
        rest = self.rest[index].total
        return tuple(
            tuple(UNLIMITED if have >= need else have for have, need in zip(slr, rest, strict=True)) for slr in free
        )

    def _to_come(self, index: int, hub: Site, site: Site, free: tuple[tuple[int, ...], ...]) -> int:
        """A lower bound of the crossings of the items from `index` on, which must reach certain SLRs and return.

        Returns UNLIMITED if the rest does not fit at all.
        """
        rest = self.rest[index]
        if not rest.count:
            return 0
        counts = [rest.holds(slr) for slr in free]
        for steps, low, high in self._walks_from(hub, site, weak=self.any_spread_from[index]):
            if sum(counts[low : high + 1]) < rest.count:
                continue
            usable = [slr for count, slr in zip(counts[low : high + 1], free[low : high + 1], strict=True) if count]
            if all(have >= need for have, need in zip(map(sum, zip(*usable, strict=True)), rest.total, strict=True)):
                return steps
        return UNLIMITED

    def _walks_from(self, hub: Site, site: Site, *, weak: bool) -> list[tuple[int, int, int]]:
        """The SLRs low..high that may hold all that is to come, and the crossings of their walk; the shortest first."""
        found = self._walks.get((hub, site, weak))
        if found is None:
            ranges = [(low, high) for low in range(site[1] + 1) for high in range(max(low, site[0]), self.count)]
            found = sorted((self._walk(hub, site, low, high, weak=weak), low, high) for low, high in ranges)
            self._walks[hub, site, weak] = found
        return found

    def _walk(self, hub: Site, site: Site, low: int, high: int, *, weak: bool) -> int:
        """Fewest crossings from a site through all SLRs low..high and then, with every closing stream, to item 0."""
        if weak:  # a stream enters an item in two SLRs at one end and leaves at the other without a crossing
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
_Layer = dict[_Key, _Label]


def _traced(layers: list[_Layer]) -> list[Site]:
    """The sites of all items, from the label with the fewest crossings in the last layer back to the first."""
    back: _Key | None = min(layers[-1], key=lambda each: layers[-1][each][0])
    sites = []
    for layer in reversed(layers):
        assert back is not None  # noqa: S101  only labels of the first layer have none before them
        sites.append(back[1])
        back = layer[back][1]
    return sites[::-1]


class _Rest:
    """Items that are not placed yet: the number of their parts, and the sum of their needs."""

    def __init__(self, parts: Sequence[Needs], resources: int) -> None:
        self.count = len(parts)
        self.total = tuple(sum(part[resource] for part in parts) for resource in range(resources))
        self._smallest = [list(accumulate(sorted(part[resource] for part in parts))) for resource in range(resources)]
        self._known: dict[tuple[int, ...], int] = {}

    def holds(self, free: tuple[int, ...]) -> int:
        """An upper bound of the parts that fit into an SLR: for each resource, as many of the smallest as fit."""
        found = self._known.get(free)
        if found is None:
            found = min(bisect_right(sums, have) for sums, have in zip(self._smallest, free, strict=True))
            self._known[free] = found
        return found


def _packs(ring: Ring, limits: Sequence[Sequence[int]]) -> bool:
    """Whether the items fit into the SLRs in any order, regardless of crossings.

    The largest items come first. A state that has failed before is not tried again; SLRs of equal capacity are
    interchangeable.
    """
    resources = range(len(ring.items[0].needs))
    room = [max(1, sum(slr[resource] for slr in limits)) for resource in resources]
    order = sorted(
        range(len(ring.items)),
        key=lambda i: -max(need / have for need, have in zip(ring.items[i].needs, room, strict=True)),
    )
    parts = [[share for _, share in shares_of(ring.items[i], ring.sites[i][0])] if ring.sites[i] else [] for i in order]
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

    def others_fit(at: int, free: tuple[tuple[int, ...], ...]) -> bool:
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
                roomy = all(holds(free[slr], share) for slr, share in shares_of(item, site))
                if roomy and others_fit(at + 1, take(free, item, site)):
                    return True
        failed.add(key)
        return False

    return others_fit(0, start)


def _below(ring: Ring, peak: float) -> list[list[int]]:
    """The largest limits that keep every used share of a capacity below the peak.

    The comparison is exact: different quotients of whole numbers up to 2^26 differ as floating-point numbers too.
    """
    return [
        [limit_of(capacity) if not capacity else _under(capacity, peak) for capacity in slr] for slr in ring.capacities
    ]


def _under(capacity: int, peak: float) -> int:
    most = min(capacity, int(capacity * peak) + 1)
    while most >= 0 and most / capacity >= peak:
        most -= 1
    return most
