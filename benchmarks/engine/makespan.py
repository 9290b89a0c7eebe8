"""Compares the engine's order of steps with the best possible order, in virtual time.

`python -m benchmarks.engine.makespan` runs the real admission and ordering code with a simulated executor and clock.
For 2 to 16 slots and a memory limit it compares the engine's makespan with the best schedule that a constraint solver
finds in a given time (OR-tools CP-SAT, the extra `bench`), the lower bound, longest path first without variation, and
definition order.

Sets: the network of the checkout with the durations in this user's ledger (build it first), and a SYNTHETIC vendor set
with hours per step. The hours are invented from the published order of magnitude of such runs; nobody measured them.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.engine.graphs import ROOT
from farm.machine import ledger_path
from farm.planning.admission import Candidate, Capacity
from farm.planning.forecast import Forecast
from farm.planning.graph import order, step_of
from farm.planning.makespan import bound, ranked, simulate
from farm.results.ledger import Ledger
from farm.settings import FarmSettings
from farm.step import Resources

SLOTS = (2, 3, 4, 6, 8, 12, 16)
_NO_LIMIT = 1 << 20
_TICKS_PER_S = 100


@dataclass(frozen=True)
class Case:
    """A graph with durations; `memory_gib` is the limit of the machine."""

    name: str
    needs: Mapping[str, tuple[str, ...]]
    candidates: Mapping[str, Candidate]
    memory_gib: float
    unit_s: float
    unit: str

    def capacity(self, slots: int) -> Capacity:
        """A machine with that many slots and unlimited cores."""
        return Capacity(slots, _NO_LIMIT, self.memory_gib, {})


def main() -> int:
    """Measure and print; the status is 1 if a ratio is above `--wanted`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="time for the solver, per line of the table")
    parser.add_argument("--slots", type=int, nargs="+", default=SLOTS)
    parser.add_argument("--networks", nargs="*", default=["digits"], help="networks whose durations the ledger knows")
    parser.add_argument("--wanted", type=float, default=1.05)
    words = parser.parse_args()
    cases = [case for network in words.networks for case in (ledger_case(network),) if case is not None]
    cases += [vendor_case(1, networks=1), vendor_case(2, networks=4)]
    say(f"best: CP-SAT, at most {words.seconds:g} s per line; '=' proven optimal. bound: no schedule ends before, the")
    say("largest of critical path, work / slots, memory and the solver's proof. SYNTHETIC: made up, not measured\n")
    columns = (
        f"{'engine':>9}",
        f"{'best':>10}",
        f"{'ratio':>6}",
        f"{'bound':>9}",
        f"{'to it':>6}",
        f"{'longest':>9}",
        f"{'in order':>9}",
    )
    say(f"{'set':<26} {'steps':>5} {'slots':>5} {' '.join(columns)}  time to order")
    worst = 0.0
    for case in cases:
        # A schedule for fewer slots is also valid for more, so keep the best one found so far.
        shortest_s = float("inf")
        for slots in sorted(words.slots):
            ratio, shortest_s = line(case, slots, words.seconds, shortest_s)
            worst = max(worst, ratio)
    say(f"\nworst ratio {worst:.3f}, wanted at most {words.wanted}")
    return 1 if worst > words.wanted else 0


def line(case: Case, slots: int, seconds: float, shortest_s: float) -> tuple[float, float]:
    """Print one line of the table; return the ratio (0 without a solver) and the shortest known schedule in seconds."""
    capacity = case.capacity(slots)
    durations_s = {name: one.duration_s or 0.0 for name, one in case.candidates.items()}
    begun_s = time.perf_counter()
    rank = ranked(case.needs, case.candidates, capacity)
    ranked_s = time.perf_counter() - begun_s
    ours = simulate(case.needs, case.candidates, capacity, importance=rank)
    longest_s = _end_s(simulate(case.needs, case.candidates, capacity))
    ours_s = _end_s(ours)
    first = {name: -float(place) for place, name in enumerate(case.needs)}
    in_order = simulate(case.needs, case.candidates, capacity, importance=first)
    in_order_s = _end_s(in_order)
    area_s = sum(durations_s[name] * one.resources.memory_gib for name, one in case.candidates.items())
    least_s = max(bound(case.needs, durations_s, slots).lower_s, area_s / case.memory_gib)
    best = solve(case, slots, seconds, hint=min(ours, in_order, key=_end_s))
    shown, ratio = "no solver", 0.0
    if best is not None:
        shortest_s = min(shortest_s, best.found_s)
        shown = f"{shortest_s / case.unit_s:.2f}{'=' if best.proven else ' '}"
        ratio, least_s = ours_s / shortest_s, max(least_s, best.bound_s)

    def column(seconds: float) -> str:
        return f"{seconds / case.unit_s:>7.2f} {case.unit}"

    say(
        f"{case.name:<26} {len(case.needs):>5} {slots:>5} {column(ours_s)} {shown:>10} {ratio:>6.3f} {column(least_s)} "
        f"{ours_s / least_s:>6.3f} {column(longest_s)} {column(in_order_s)}  {ranked_s:.2f} s"
    )
    return ratio, shortest_s


def ledger_case(network: str) -> Case | None:
    """Return the graph of a network with durations from the ledger; None if a step has never run."""
    from doit.loader import load_tasks  # noqa: PLC0415

    sys.argv = [sys.argv[0], f"network={network}"]
    sys.path.insert(0, str(ROOT))
    module = importlib.reload(importlib.import_module("dodo"))
    tasks: dict[str, Any] = {task.name: task for task in load_tasks(vars(module))}
    from doit.control import TaskControl  # noqa: PLC0415

    control = TaskControl(list(tasks.values()))
    names = order(control.tasks, ["build"])
    forecast = Forecast(control.tasks, names, Ledger(ledger_path(FarmSettings())))
    candidates = {}
    for name in forecast.needs:
        step = step_of(control.tasks[name])
        wall_s = forecast.of(name).wall_s
        if step is None or wall_s is None:
            say(f"{network}: '{name}' is not in the ledger; run 'doit build network={network}' first")
            return None
        candidates[name] = Candidate(name, step.resources, wall_s.median)
    return Case(f"{network} (ledger)", forecast.needs, candidates, 4.0, 1.0, "s")


def vendor_case(seed: int, *, networks: int) -> Case:
    """Return an invented set: residual networks of 19 blocks and 11 cores, with some cores shared between networks."""
    chance = random.Random(seed)
    needs: dict[str, tuple[str, ...]] = {}
    hours: dict[str, tuple[float, float]] = {}
    for network in range(networks):
        cores = [
            f"{chance.randrange(networks * 6)}" if core < 4 and networks > 1 else f"{network}_{core}"
            for core in range(11)
        ]
        for core in dict.fromkeys(cores):
            if f"ooc:{core}" not in needs:
                needs[f"hls:{core}"] = ()
                hours[f"hls:{core}"] = (chance.uniform(0.1, 1.2), chance.uniform(3, 12))
                needs[f"ooc:{core}"] = (f"hls:{core}",)
                hours[f"ooc:{core}"] = (chance.lognormvariate(0.3, 0.6), chance.uniform(6, 24))
        for block in range(19):
            needs[f"weights:{network}_{block}"] = ()
            hours[f"weights:{network}_{block}"] = (chance.uniform(0.001, 0.02), 1.0)
        needs[f"stitch:{network}"] = tuple(f"ooc:{core}" for core in dict.fromkeys(cores))
        hours[f"stitch:{network}"] = (chance.uniform(0.3, 0.8), 24.0)
        blocks = (f"weights:{network}_{block}" for block in range(19))
        needs[f"link:{network}"] = (f"stitch:{network}", *blocks)
        hours[f"link:{network}"] = (chance.uniform(5, 10), 48.0)
    candidates = {
        name: Candidate(name, Resources(memory_gib=memory), 3600 * time) for name, (time, memory) in hours.items()
    }
    return Case(f"SYNTHETIC vendor x{networks}", needs, candidates, 128.0, 3600.0, "h")


@dataclass(frozen=True)
class Best:
    """The best makespan that a solver found, whether it is proven optimal, and a lower bound; in seconds."""

    found_s: float
    proven: bool
    bound_s: float


def solve(case: Case, slots: int, seconds: float, *, hint: Mapping[str, tuple[float, float]]) -> Best | None:
    """Return the best schedule that the solver finds in `seconds`; None without OR-tools.

    The solver starts from the schedule `hint`, so its result is never worse.
    """
    try:
        from ortools.sat.python import cp_model  # noqa: PLC0415 - the extra `bench`
    except ImportError:
        return None
    scale = _TICKS_PER_S / (1.0 if case.unit_s == 1.0 else 36.0)
    ticks = {name: max(0, round((one.duration_s or 0.0) * scale)) for name, one in case.candidates.items()}
    horizon = sum(ticks.values()) + 1
    model = cp_model.CpModel()
    starts, intervals, memories = {}, [], []
    end = model.NewIntVar(0, horizon, "end")
    for name, one in case.candidates.items():
        starts[name] = model.NewIntVar(0, horizon, name)
        intervals.append(model.NewFixedSizeIntervalVar(starts[name], ticks[name], name))
        memories.append(round(one.resources.memory_gib * 1000))
        model.Add(end >= starts[name] + ticks[name])
        model.AddHint(starts[name], round(hint[name][0] * scale))
    for name, needed in case.needs.items():
        for one_needed in needed:
            model.Add(starts[name] >= starts[one_needed] + ticks[one_needed])
    model.AddCumulative(intervals, [1] * len(intervals), slots)
    model.AddCumulative(intervals, memories, int(case.memory_gib * 1000))
    model.Minimize(end)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    # Compare by name, because the type of the status number differs between releases.
    status = solver.StatusName(solver.Solve(model))
    hint_s = _end_s(hint)
    if status not in ("OPTIMAL", "FEASIBLE"):
        return Best(hint_s, False, 0.0)
    # Rounding to ticks may make the solver's schedule a little longer than the hint.
    found_s = min(hint_s, solver.ObjectiveValue() / scale)
    # Rounding also moves the bound, by at most half a tick for each step of a path.
    bound_s = (solver.BestObjectiveBound() - len(ticks) / 2) / scale
    return Best(found_s, status == "OPTIMAL", min(bound_s, found_s))


def _end_s(spans: Mapping[str, tuple[float, float]]) -> float:
    return max(end_s for _, end_s in spans.values())


def say(text: str) -> None:
    """Print a line and flush it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
