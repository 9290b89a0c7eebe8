"""Blocks to SLRs: arithmetic by hand, every placement tried, another solver, and what cannot be."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.fit import placement
from integration.fit.placement import UndecidedError, fits, place
from integration.fit.ring import Item, MemoryPort, Ring


def ring(needs, capacities, *, closing=2, ports=(), pins=None, wires=1, slls=None):
    """A ring of one resource: needs of the items (the DMA first), capacity of each SLR."""
    items = tuple(Item(f"b{i}", (need,), wires, (pins or {}).get(i)) for i, need in enumerate(needs))
    limits = tuple((capacity,) for capacity in capacities)
    return Ring(items, (wires,) * closing, ports, limits, (slls,) * (len(capacities) - 1))


def test_one_slr_holds_all() -> None:
    assert place(ring([1, 2, 3], [6, 6])).crossings == 0


def test_two_slrs_and_three_blocks() -> None:
    """DMA 1, blocks 4, 4, 4; SLRs of 9 and 9. 13 fits in none.

    b1 with the DMA: b1-b2 crosses, and b3 crosses back by both closing streams: 3. b3 with the DMA: only b0-b1 and
    b2-b3 cross: 2. Each SLR then holds 5 or 8; two others with the DMA (9 and 4) cross as often, and are 9 of 9 full.
    """
    found = place(ring([1, 4, 4, 4], [9, 9]))
    assert (found.crossings, found.peak) == (2, 8 / 9)
    assert [first for first, _ in found.sites] in ([0, 1, 1, 0], [1, 0, 0, 1])


def test_up_and_back_beats_one_direction() -> None:
    """Four SLRs, two of eight items in each: in one direction 3 boundaries up and 2 x 3 back, there and back 6."""
    found = place(ring([1] * 8, [2] * 4))
    assert found.crossings == 6
    one_way = [(slr, slr) for slr in (0, 0, 1, 1, 2, 2, 3, 3)]
    assert placement.peak_of(ring([1] * 8, [2] * 4), one_way) == 1.0


def test_memory_draws_the_dma() -> None:
    """All fits anywhere; three ports to SLR 2 cost nothing only where the DMA is there too."""
    found = place(ring([1, 1], [5, 5, 5], ports=(MemoryPort((2,)),) * 3))
    assert (found.crossings, found.sites) == (0, ((2, 2), (2, 2)))


def test_pinned() -> None:
    """b2 of b0-b1-b2-b3 is held in SLR 1: into it and out of it."""
    found = place(ring([1, 1, 1, 1], [9, 9], pins={2: 1, 0: 0}))
    assert found.sites[2] == (1, 1)
    # b1 stays with the DMA or goes with b2: 1 crossing in; b3 back with the DMA: 1 out (2 if it stayed).
    assert found.crossings == 2


def test_out_of_an_slr_and_back() -> None:
    """b4 is held in SLR 1, b5 in SLR 0 with the memory: out and back is 2; every other way crosses more often."""
    found = place(ring([0, 0, 0, 1, 1, 0], [3, 1], pins={4: 1, 5: 0}, ports=(MemoryPort((0,)),)))
    assert found.sites == ((0, 0),) * 4 + ((1, 1), (0, 0))
    assert (found.crossings, found.peak) == (2, 1.0)


def test_a_block_larger_than_an_slr_takes_two() -> None:
    """10 into SLRs of 6: half of it in each of two neighbours, which crosses once; 12 fit, 13 do not."""
    found = place(ring([0, 10], [6, 6, 6]))
    assert (found.crossings, found.peak) == (1, 5 / 6)
    assert place(ring([0, 13], [6, 6, 6])) is None
    assert place(ring([0, 10], [6, 6, 6], pins={1: 1})) is None


def test_wires_are_a_limit() -> None:
    """5 and 5 into SLRs of 5 each: 3 streams of 4 wires (there, and twice back): 12 SLLs are enough, 11 not."""
    apart = ring([5, 5], [5, 5], wires=4, slls=12)
    assert place(apart).crossings == 3
    assert place(ring([5, 5], [5, 5], wires=4, slls=11)) is None


def test_too_much() -> None:
    assert place(ring([1, 4, 4, 4], [6, 6])) is None
    # 12 of 12, but 4 + 4 does not fit into 7, nor 3 x 4 into 5 and 7.
    assert place(ring([0, 4, 4, 4], [7, 5])) is None


def test_given_up(monkeypatch) -> None:
    monkeypatch.setattr(placement, "MOST_LABELS", 3)
    with pytest.raises(UndecidedError, match="given up after 3 placements"):
        place(ring([1, 2, 3, 4, 5, 6, 7], [10, 10, 10]))


@st.composite
def rings(draw):
    count, slrs, resources = draw(st.integers(2, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    largest = draw(st.sampled_from([1, 2, 9]))  # equal items make placements whose future is the same
    amount = st.integers(0, largest)
    capacity = st.one_of(st.none(), st.integers(0, 3 * largest))
    pin = st.one_of(st.none(), st.none(), st.none(), st.integers(0, slrs - 1))
    row = st.tuples(*[amount] * resources)
    items = tuple(Item(f"b{i}", draw(row), draw(st.integers(0, 5)), draw(pin)) for i in range(count))
    homes = st.lists(st.integers(0, slrs - 1), min_size=1, max_size=slrs, unique=True).map(tuple)
    ports = draw(st.lists(st.builds(MemoryPort, homes, st.integers(0, 4)), max_size=3).map(tuple))
    capacities = tuple(draw(st.tuples(*[capacity] * resources)) for _ in range(slrs))
    slls = tuple(draw(st.one_of(st.none(), st.integers(0, 30))) for _ in range(slrs - 1))
    return Ring(items, tuple(draw(st.lists(st.integers(0, 5), max_size=2))), ports, capacities, slls)


@st.composite
def tight_rings(draw):
    """Equal SLRs that are nearly full, with items of few sizes, some pinned and some larger than an SLR.

    Here placements of the first items agree in what they have used and differ in what they have crossed, and which SLR
    is which matters only to the pinned ones.
    """
    slrs, count = draw(st.integers(2, 3)), draw(st.integers(3, 7))
    sizes = [draw(st.integers(0, 2)) for _ in range(count)]
    capacity = max(1, -(-sum(sizes) // slrs) + draw(st.integers(0, 1)))
    large = draw(st.sampled_from([None, None, *range(1, count)]))
    if large is not None:
        sizes[large] = draw(st.integers(capacity + 1, 2 * capacity))
        capacity = max(capacity, -(-sum(sizes) // slrs))
    pin = st.one_of(st.none(), st.none(), st.integers(0, slrs - 1))
    items = tuple(Item(f"b{i}", (size,), 1, draw(pin) if i != large else None) for i, size in enumerate(sizes))
    ports = tuple(MemoryPort((draw(st.integers(0, slrs - 1)),), 1) for _ in range(draw(st.integers(0, 2))))
    return Ring(items, (1,) * draw(st.integers(0, 2)), ports, ((capacity,),) * slrs, (None,) * (slrs - 1))


def places(asked: Ring, item: Item) -> list[tuple[int, int]]:
    """Where an item may be, by definition: in an SLR that holds it, or, if none does, in two neighbours by halves."""
    slrs = range(len(asked.capacities))

    def fits(slr: int, needs) -> bool:
        return all(have is None or have >= need for need, have in zip(needs, asked.capacities[slr], strict=True))

    alone = [(slr, slr) for slr in slrs if fits(slr, item.needs)]
    if item.pinned is not None:
        return [site for site in alone if site[0] == item.pinned]
    half = [(need + 1) // 2 for need in item.needs]
    return alone or [(low, high) for low, high in pairwise(slrs) if fits(low, half) and fits(high, half)]


def judged(asked: Ring, sites) -> tuple[int, float] | None:
    """Crossings and peak by the definition, None where a limit is broken; shares no code with the solver."""
    used = [[0] * len(asked.items[0].needs) for _ in asked.capacities]
    wires = [0] * len(asked.slls)
    crossings = sum(last - first for first, last in sites)

    def join(one, other, width) -> None:
        nonlocal crossings
        low, high = (one[1], other[0]) if one[1] < other[0] else (other[1], one[0])
        for boundary in range(low, high):
            crossings += 1
            wires[boundary] += width

    for item, (first, last) in zip(asked.items, sites, strict=True):
        for slr in range(first, last + 1):
            for at, need in enumerate(item.needs):
                used[slr][at] += need if first == last else (need + 1) // 2
    for (before, after), item in zip(pairwise(sites), asked.items[1:], strict=True):
        join(before, after, item.wires)
    for width in asked.closing:
        join(sites[-1], sites[0], width)
    for port in asked.ports:
        away = {home: max(0, sites[0][0] - home, home - sites[0][1]) for home in port.homes}
        home = min(away, key=away.get)
        join(sites[0], (home, home), port.wires)
    full = [
        (need, have)
        for row, limits in zip(used, asked.capacities, strict=True)
        for need, have in zip(row, limits, strict=True)
    ]
    if any(have is not None and need > have for need, have in full):
        return None
    if any(most is not None and width > most for width, most in zip(wires, asked.slls, strict=True)):
        return None
    return crossings, max((need / have for need, have in full if have), default=0.0)


@settings(max_examples=600, deadline=None)
@given(st.one_of(rings(), tight_rings()))
@pytest.mark.slow
def test_as_good_as_the_best_of_all(asked: Ring) -> None:
    verdicts = [judged(asked, sites) for sites in product(*(places(asked, item) for item in asked.items))]
    best = min((verdict for verdict in verdicts if verdict is not None), default=None)
    found = place(asked)
    assert (found is None) == (best is None)
    assert fits(asked) == (best is not None)
    if found is not None:
        assert (found.crossings, found.peak) == best
        assert judged(asked, found.sites) == best
        assert found.evenest


@pytest.mark.parametrize("seed", range(4))
def test_as_few_crossings_as_another_solver(seed: int) -> None:
    """Sizes that nobody can try out: 16 blocks, 4 SLRs, three resources."""
    cp_model = pytest.importorskip("ortools.sat.python.cp_model", reason="OR-tools (extra bench) is not installed")
    import random

    draw = random.Random(seed)
    needs = [(draw.randint(5, 60), draw.randint(0, 40), draw.randint(0, 20)) for _ in range(16)]
    room = [int(sum(each) / 4 * draw.uniform(1.1, 1.4)) for each in zip(*needs, strict=True)]
    items = tuple(Item(f"b{i}", each) for i, each in enumerate(needs))
    found = place(Ring(items, (0, 0), (MemoryPort((1,)),) * 3, (tuple(room),) * 4, (None,) * 3))

    model = cp_model.CpModel()
    there = [[model.new_bool_var("") for _ in range(4)] for _ in needs]
    where = [model.new_int_var(0, 3, "") for _ in needs]
    for row, slr in zip(there, where, strict=True):
        model.add_exactly_one(row)
        model.add(slr == sum(i * each for i, each in enumerate(row)))
    for slr in range(4):
        for at, most in enumerate(room):
            model.add(sum(row[slr] * need[at] for row, need in zip(there, needs, strict=True)) <= most)
    apart = []
    for one, other in [*pairwise(where), (where[0], where[-1]), (where[0], where[-1])]:
        apart.append(model.new_int_var(0, 3, ""))
        model.add_abs_equality(apart[-1], one - other)
    memory = model.new_int_var(0, 3, "")
    model.add_abs_equality(memory, where[0] - 1)
    model.minimize(sum(apart) + 3 * memory)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = 60
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    assert (found is None) == (status == cp_model.INFEASIBLE)
    if found is not None:
        assert found.crossings == solver.objective_value
