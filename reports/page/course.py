"""The course of a build: which step ran when, beside which others, and what set the pace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """A run or a restore. `lane` counts from 0; places are in percent of the whole time."""

    name: str
    lane: int
    x: float
    width: float
    how: str
    critical: bool
    begun_s: float
    took_s: float
    why: str


@dataclass(frozen=True)
class Course:
    """The steps of a build; `least_s` is the time that no order of them could have beaten, `bound` its reason.

    The reason is empty if no step ran.
    """

    steps: tuple[Step, ...]
    lanes: int
    whole_s: float
    least_s: float
    least_percent: float
    bound: str


def course_of(build: Mapping[str, Any] | None) -> Course | None:
    """Return the course of the build of an entry; None if nothing is known of it."""
    runs = (build or {}).get("runs") or []
    if build is None or not runs:
        return None
    bound = build["bound"]
    whole_s = max([float(build["wall_s"]), *(float(run["begun_s"]) + float(run["took_s"]) for run in runs), 0.001])
    free_s: list[float] = []
    steps = []
    for run in sorted(runs, key=lambda one: (one["begun_s"], one["name"])):
        begun_s, took_s = float(run["begun_s"]), float(run["took_s"])
        # Times are rounded to milliseconds: a step may seem to begin just before the one before it has ended.
        lane = next((number for number, ends_s in enumerate(free_s) if ends_s <= begun_s + 0.002), len(free_s))
        if lane == len(free_s):
            free_s.append(0.0)
        free_s[lane] = begun_s + took_s
        steps.append(
            Step(
                name=str(run["name"]),
                lane=lane,
                x=round(100 * begun_s / whole_s, 3),
                width=round(max(100 * took_s / whole_s, 0.1), 3),
                how=str(run["how"]),
                critical=run["name"] in bound["path"],
                begun_s=begun_s,
                took_s=took_s,
                why=str(run["why"]),
            )
        )
    critical_s, work_s = float(bound["critical_s"]), float(bound["work_s"])
    least_s = max(critical_s, work_s)
    path = " → ".join(str(name) for name in bound["path"])
    why = f"the longest path, {path}" if critical_s >= work_s else f"all work on {bound['slots']} slots"
    if not bound["path"]:
        why = ""  # everything came from the store
    return Course(tuple(steps), len(free_s), whole_s, least_s, round(100 * min(least_s / whole_s, 1), 3), why)
