from __future__ import annotations

import random

import pytest

from farm.planning.admission import (
    Candidate,
    Capacity,
    Elsewhere,
    Occupant,
    Shortage,
    admit,
    never_fits,
    shortages_now,
    with_memory,
)
from farm.step import Resources

MACHINE = Capacity(slots=4, cores=8, memory_gib=16.0, licences={"synth": 1})


def step(name: str, cores: int = 1, memory_gib: float = 1.0, *licences: str, takes_s: float | None = None) -> Candidate:
    return Candidate(name, Resources(cores, memory_gib, licences), takes_s)


def names(waiting: list[Candidate], running: list[Occupant] | None = None, capacity: Capacity = MACHINE) -> str:
    return " ".join(one.name for one in admit(waiting, running or [], capacity, 0.0))


def test_slots() -> None:
    assert names([step(name) for name in "abcdef"]) == "a b c d"
    assert names([step("a"), step("b")], [Occupant(step(name)) for name in "wxy"]) == "a"


@pytest.mark.parametrize(
    ("first", "second"), [((5,), (4,)), ((1, 9.0), (1, 8.0)), ((1, 1.0, "synth"), (1, 1.0, "synth"))]
)
def test_cores_memory_and_licences(first: tuple[object, ...], second: tuple[object, ...]) -> None:
    assert names([step("a", *first), step("b", *second)]) == "a"  # type: ignore[arg-type]


def test_a_sum_of_fractions_fits() -> None:
    assert names([step(name, memory_gib=0.1) for name in "abc"], capacity=Capacity(9, 9, 0.3, {})) == "a b c"


def test_others_may_pass_only_if_they_do_not_delay_the_first() -> None:
    running = [Occupant(step("r", memory_gib=10.0), 100.0)]
    big = step("big", memory_gib=15.0)
    # Ends before `big` can start.
    assert names([big, step("short", memory_gib=6.0, takes_s=90.0)], running) == "short"
    # Would still hold memory at that time.
    assert names([big, step("long", memory_gib=6.0, takes_s=110.0)], running) == ""
    # Needs only the memory that `big` leaves.
    assert names([big, step("small", memory_gib=1.0, takes_s=1000.0)], running) == "small"
    # There is room for only one of two small ones.
    assert names([big, step("s1", takes_s=1000.0), step("s2", takes_s=1000.0)], running) == "s1"
    # Its time is unknown, so it may take arbitrarily long.
    assert names([big, step("unknown", memory_gib=6.0)], running) == ""


def test_nothing_passes_a_first_whose_start_is_unknown_unless_it_leaves_room() -> None:
    running = [Occupant(step("r", memory_gib=10.0), None)]
    big = step("big", memory_gib=15.0)
    assert names([big, step("short", memory_gib=6.0, takes_s=0.1), step("small")], running) == "small"


def test_what_can_never_fit() -> None:
    assert never_fits(Resources(9, 17.0, ("synth", "other")), MACHINE) == (
        Shortage("cores", 9, 8),
        Shortage("memory_gib", 17.0, 16.0),
        Shortage("licence other", 1, 0),
    )
    assert never_fits(Resources(8, 16.0, ("synth",)), MACHINE) == ()


def test_what_a_waiting_step_lacks() -> None:
    running = [Occupant(step("r", 1, 1.0, "synth"))]
    assert shortages_now(step("a", 1, 1.0, "synth"), running, MACHINE) == (Shortage("licence synth", 1, 0),)


def test_learned_memory() -> None:
    declared = Resources(2, 4.0, ("synth",))
    assert with_memory(declared, None, MACHINE.memory_gib) == declared
    assert with_memory(declared, 3.0, MACHINE.memory_gib) == declared
    assert with_memory(declared, 6.0, MACHINE.memory_gib) == Resources(2, 6.0, ("synth",))
    assert with_memory(declared, 99.0, MACHINE.memory_gib) == Resources(2, 16.0, ("synth",))


@pytest.mark.parametrize("seed", range(20))
def test_never_more_than_there_is_and_everything_ends(seed: int) -> None:
    """A whole run in virtual time; sums are computed independently of the code under test."""
    chance = random.Random(seed)
    waiting = [
        step(
            str(number),
            chance.randint(1, 8),
            chance.choice([0.5, 1.0, 6.0, 16.0]),
            *(["synth"] if chance.random() < 0.3 else []),
            takes_s=chance.choice([None, 1.0, 5.0, 20.0]),
        )
        for number in range(40)
    ]
    running: list[tuple[float, Candidate]] = []
    now_s = 0.0
    begun = 0
    while waiting or running:
        expected = [Occupant(one, None if one.duration_s is None else end_s) for end_s, one in running]
        for one in admit(waiting, expected, MACHINE, now_s):
            waiting.remove(one)
            running.append((now_s + (one.duration_s or chance.uniform(0.1, 30.0)), one))
            begun += 1
        assert len(running) <= 4
        assert sum(one.resources.cores for _, one in running) <= 8
        assert sum(one.resources.memory_gib for _, one in running) <= 16
        assert sum(len(one.resources.licences) for _, one in running) <= 1
        assert running, "something always fits a machine on which nothing runs"
        now_s = min(end_s for end_s, _ in running)
        running = [(end_s, one) for end_s, one in running if end_s > now_s]
    assert begun == 40


CLUSTER = Capacity(1, 2, 4.0, {"synth": 1}, Elsewhere(3, False, {"hls": True}, cores=8, memory_gib=64.0, licences={}))


def test_a_cluster_counts_its_jobs_and_this_machine_its_own_steps() -> None:
    waiting = [step(name, 8, 60.0) for name in ("hls:a", "hls:b", "hls:c", "hls:d")] + [step("link:x"), step("link:y")]
    # Three jobs may be in flight and one step run here; neither waits for the other, and no memory of here is taken.
    assert names(waiting, capacity=CLUSTER) == "hls:a hls:b hls:c link:x"
    running = [Occupant(step("hls:z", 8, 60.0)), Occupant(step("link:z"))]
    assert names(waiting, running, CLUSTER) == "hls:a hls:b"
    # A first in line that does not fit here holds up no job.
    assert names([step("link:big", 2, 4.0), step("hls:a")], [Occupant(step("link:z"))], CLUSTER) == "hls:a"


def test_what_no_node_has() -> None:
    assert never_fits(Resources(8, 64.0), CLUSTER, "hls:a") == ()
    assert never_fits(Resources(9, 64.0, ("synth",)), CLUSTER, "hls:a") == (
        Shortage("cores", 9, 8, elsewhere=True),
        Shortage("licence synth", 1, 0, elsewhere=True),
    )
    assert never_fits(Resources(2, 4.0, ("synth",)), CLUSTER, "link:x") == ()
    # What the cluster has is not known: then it decides itself.
    assert never_fits(Resources(999, 999.0, ("x",)), Capacity(1, 1, 1.0, {}, Elsewhere(1, True, {})), "a") == ()
