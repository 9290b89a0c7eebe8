"""The account of a build that ran or restored a step: plain values that the project's own hook gets when it is over.

folder           where the build's artefacts lie ("build/digits/open-sw_emu")
began_s, wall_s  seconds since 1970; seconds that it took
outcome          "passed", "failed", or "interrupted" by a signal
tasks            how many were `ran`, `restored`, `current`, `failed`
runs             each run or restore: `name`, `where` it ran (a node; empty for this machine), `begun_s` from the
                 build's begin, `took_s`, `how` it ended, `why` it ran
bound            `critical_s` of the longest path and its `path`; `work_s`, the work shared among the `slots`
results          each recorded step of the folder: `name`, `key`, `tools`, `facts`; one digest of all `outputs`
machine          `system`, `cpu`, `cores`, `memory_gib`, `python`: what kind it is, and not which one
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Any

from farm.display.build_log import QUEUE, UNFINISHED, NewerLogError, read_events, spans_of
from farm.display.reason_words import reason_words
from farm.planning.admission import Capacity
from farm.planning.makespan import Bound
from farm.reason import Reason
from farm.results.record import Record, Records
from farm.scheduler.outcome import Outcome

#: A step of a new release runs because a hundred inputs changed: the first of them tell enough.
_WHY_CHARACTERS = 200


def account_of(root: Path, folder: str, outcome: Outcome, bound: Bound, capacity: Capacity) -> dict[str, Any]:
    """Return the account of the build that has just ended."""
    try:
        events = read_events(root)
    except (OSError, NewerLogError):
        events = []  # a full disk: the build is remembered without its course
    return {
        "folder": folder,
        "began_s": next((float(event["began_s"]) for event in events if "began_s" in event), 0.0),
        "wall_s": round(outcome.wall_s, 3),
        "outcome": _words(outcome),
        "tasks": {name: len(getattr(outcome, name)) for name in ("ran", "restored", "current", "failed")},
        "runs": [
            {
                "name": span.name,
                "where": span.lane,
                "begun_s": round(span.begun_s, 3),
                "took_s": round(span.ended_s - span.begun_s, 3),
                "how": "interrupted" if span.args["ended"] == UNFINISHED else span.args["ended"],
                "why": first_reasons(str(span.args.get("why", ""))),
            }
            for span in spans_of(events, reason_words=lambda item: reason_words(Reason(**item)))  # type: ignore[arg-type]
            if span.lane != QUEUE
        ],
        "bound": {
            "critical_s": round(bound.critical_s, 3),
            "work_s": round(bound.work_s, 3),
            "path": list(bound.path),
            "slots": capacity.slots,
        },
        "results": [_result(record) for record in Records(root).below(folder)],
        "machine": _machine(capacity),
    }


def first_reasons(why: str) -> str:
    """Return the reasons, `a; b; c`, as long as they are short, and how many more there are."""
    reasons = why.split("; ")
    kept = len(reasons)
    while kept > 1 and len("; ".join(reasons[:kept])) > _WHY_CHARACTERS:
        kept -= 1
    told = "; ".join(reasons[:kept])
    if len(told) > _WHY_CHARACTERS:
        told = told[: _WHY_CHARACTERS - 1] + "…"
    return told + (f"; and {len(reasons) - kept} more" if kept < len(reasons) else "")


def _words(outcome: Outcome) -> str:
    if outcome.stopped_by:
        return "interrupted"
    return "failed" if outcome.failed or outcome.errors else "passed"


def _result(record: Record) -> dict[str, Any]:
    outputs = hashlib.sha256("".join(digest.meaning for digest in record.outputs.values()).encode()).hexdigest()
    return {
        "name": record.name,
        "key": record.key,
        "tools": dict(record.parts.tools),
        "facts": dict(record.facts),
        "outputs": outputs,
    }


def _machine(capacity: Capacity) -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": capacity.cores,
        "memory_gib": round(capacity.memory_gib, 1),
        "python": platform.python_version(),
    }


def _cpu() -> str:
    """Return the model of the processor as Linux names it; empty if it does not."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")
