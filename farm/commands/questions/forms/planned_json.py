"""A planned task as plain values for `json.dumps`: what `doit plan --json` and `doit why --json` print of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from farm.planning.planner import Planned
from farm.results.ledger import UNKNOWN, Expectation


def planned_document(
    planned: Planned, groups: Sequence[str], expected: Expectation = UNKNOWN, *, place: str = ""
) -> dict[str, Any]:
    """Return a task with its state, its reasons, its place, and the time that its run is expected to take."""
    time = expected.wall_s
    return {
        "name": planned.name,
        "groups": list(groups),
        "state": planned.state,
        "fetch_bytes": planned.fetch_bytes,
        **({"place": place} if place else {}),
        "after": list(planned.after),
        "compared_with": None if planned.before is None else planned.before.name,
        "reasons": [asdict(reason) for reason in planned.reasons],
        "expected_s": None
        if time is None
        else {"low": time.low, "median": time.median, "high": time.high, "basis": expected.basis},
    }
