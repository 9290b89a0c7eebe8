"""Bounds, the simulated schedule, and the forecast, compared with independent arithmetic."""

from __future__ import annotations

import itertools
import random

import pytest

from farm.planning.admission import Candidate, Capacity
from farm.planning.makespan import bound, ranked, remaining_s, simulate
from farm.step import Resources

LICENCES: dict[str, int] = {}


def random_graph(seed: int, size: int) -> tuple[dict[str, tuple[str, ...]], dict[str, Candidate]]:
    chance = random.Random(seed)
    names = [f"n{number}" for number in range(size)]
    needs = {name: tuple(other for other in names[:place] if chance.random() < 0.3) for place, name in enumerate(names)}
    return needs, {
        name: Candidate(name, Resources(memory_gib=chance.choice([1, 2, 3])), float(chance.randint(0, 5)))
        for name in names
    }


def chains(needs: dict[str, tuple[str, ...]], name: str) -> list[tuple[str, ...]]:
    """All paths from `name` to an end of the build."""
    followers = [other for other, needed in needs.items() if name in needed]
    return [(name,)] if not followers else [(name, *rest) for other in followers for rest in chains(needs, other)]


@pytest.mark.parametrize("seed", range(20))
def test_longest_path_and_bound(seed: int) -> None:
    needs, candidates = random_graph(seed, 8)
    durations = {name: one.duration_s or 0.0 for name, one in candidates.items()}
    longest = {name: max(sum(durations[one] for one in chain) for chain in chains(needs, name)) for name in needs}
    assert remaining_s(needs, durations) == longest
    found = bound(needs, durations, 3)
    assert found.critical_s == max(longest.values())
    assert found.work_s == pytest.approx(sum(durations.values()) / 3)
    assert sum(durations[name] for name in found.path) == found.critical_s
    for before, after in itertools.pairwise(found.path):
        assert any(before in chain and after in chain for chain in chains(needs, before))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("slots", [1, 2, 4])
def test_a_simulated_schedule_is_possible(seed: int, slots: int) -> None:
    needs, candidates = random_graph(seed, 12)
    spans = simulate(needs, candidates, Capacity(slots, 99, 4.0, LICENCES))
    assert set(spans) == set(needs)
    for name, (start, end) in spans.items():
        assert end - start == candidates[name].duration_s
        assert all(spans[needed][1] <= start for needed in needs[name])
    for moment in {start for start, _ in spans.values()}:
        busy = [name for name, (start, end) in spans.items() if start <= moment < end]
        assert len(busy) <= slots
        assert sum(candidates[name].resources.memory_gib for name in busy) <= 4.0
    if slots == 1:
        assert max(end for _, end in spans.values()) == sum(one.duration_s or 0 for one in candidates.values())


def test_the_longest_path_goes_first() -> None:
    needs = {"short1": (), "short2": (), "long": (), "last": ("long",)}
    times = {"short1": 4.0, "short2": 4.0, "long": 4.0, "last": 4.0}
    candidates = {name: Candidate(name, Resources(), time) for name, time in times.items()}
    spans = simulate(needs, candidates, Capacity(2, 99, 99.0, LICENCES))
    assert max(end for _, end in spans.values()) == 8.0


def test_what_runs_already_is_not_started_again() -> None:
    needs = {"a": (), "b": ("a",), "c": ()}
    candidates = {name: Candidate(name, Resources(), 10.0) for name in needs}
    spans = simulate(needs, candidates, Capacity(1, 99, 99.0, LICENCES), running={"a": 3.0})
    assert spans["a"] == (0.0, 3.0)
    assert sorted(spans.values())[1:] == [(3.0, 13.0), (13.0, 23.0)]


def end_s(spans: dict[str, tuple[float, float]]) -> float:
    return max(end for _, end in spans.values())


@pytest.mark.parametrize("seed", range(10))
def test_the_ranking_is_never_worse_than_the_longest_path_or_the_given_order(seed: int) -> None:
    needs, candidates = random_graph(seed, 12)
    candidates = {
        name: Candidate(name, one.resources, 100 * (one.duration_s or 0.0)) for name, one in candidates.items()
    }
    capacity = Capacity(2, 99, 4.0, LICENCES)
    rank = ranked(needs, candidates, capacity)
    assert ranked(needs, candidates, capacity) == rank
    found = end_s(simulate(needs, candidates, capacity, importance=rank))
    in_order = {name: -float(place) for place, name in enumerate(needs)}
    assert found <= end_s(simulate(needs, candidates, capacity))
    assert found <= end_s(simulate(needs, candidates, capacity, importance=in_order))


def test_the_ranking_finds_what_the_longest_first_misses() -> None:
    # Two places, steps of 3 3 2 2 2: longest first takes 7, 3 3 | 2 2 2 takes 6.
    times = [3, 3, 2, 2, 2]
    candidates = {f"n{place}": Candidate(f"n{place}", Resources(), 100.0 * time) for place, time in enumerate(times)}
    needs: dict[str, tuple[str, ...]] = dict.fromkeys(candidates, ())
    capacity = Capacity(2, 99, 99.0, LICENCES)
    assert end_s(simulate(needs, candidates, capacity)) == 700.0
    assert end_s(simulate(needs, candidates, capacity, importance=ranked(needs, candidates, capacity))) == 600.0
