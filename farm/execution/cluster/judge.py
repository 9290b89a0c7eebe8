"""The end of a job, from three witnesses: the status of its client, the record of its node, the engine's word.

None of them is enough alone. With Slurm 22.05, srun ends with status 0 after a node failure, and with 1 where the
kernel killed a child of a tool that itself ended well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from farm.execution.cluster.job import Sighting

#: How a job that brought no verdict of its tool has ended.
Trouble = Literal[
    "node failed",
    "preempted",
    "cancelled",
    "time limit",
    "out of memory",
    "refused",
    "unreachable",
    "lost",
    "unsound",
    "other modules",
    "no folder",
    "no program",
    "no disk",
    "elsewhere",
    "no store",
    "no object",
    "no secret",
    "store refuses",
]
#: "good" and "tool": the record counts. "ask": the engine has to be asked first. "wait": it is not over yet.
Verdict = Literal["good", "tool", "ask", "wait"] | Trouble

_CAUSES: dict[str, Trouble] = {
    "NODE_FAIL": "node failed",
    "BOOT_FAIL": "node failed",
    "PREEMPTED": "preempted",
    "TIMEOUT": "time limit",
    "DEADLINE": "time limit",
    "OUT_OF_MEMORY": "out of memory",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
}
#: Where the engine only says FAILED, its client may have said more.
_SAID: tuple[tuple[str, Trouble], ...] = (
    (r"exceeded (job |step )?memory limit|out[ -]of[ -]memory|oom[-_ ]kill", "out of memory"),
    (r"node failure|node_fail", "node failed"),
    (r"due to time limit", "time limit"),
    (r"due to preemption", "preempted"),
    (r"farm: \S+ does not see ", "no folder"),
    (r"farm: .*may not use the remote store", "store refuses"),
    (r"farm: .*remote store", "no store"),
    (r"farm: \S+ got no FARM_JOB_SECRET", "no secret"),
    (r"No module named '?farm", "other modules"),
)
_PROBLEMS: dict[str, Trouble] = {
    "modules": "other modules",
    "folder": "no folder",
    "program": "no program",
    "elsewhere": "elsewhere",
    "input": "no object",
    "output": "no object",
    "store": "no store",
    "disk": "no disk",
    "here": "no disk",
    "node": "node failed",
    "denied": "store refuses",
    "time": "time limit",
}
#: Ends of the program on a node, which nobody may hear of in another way (far/description.py).
_ENDS: dict[int, Trouble] = {122: "no store", 123: "no secret", 124: "store refuses"}
#: Troubles that the node itself has recorded: nobody has to explain them.
OF_THE_RECORD = frozenset(_PROBLEMS.values())
#: Such an end of a job ends its tool by a signal, which may reach the tool before the shim above it.
_FROM_OUTSIDE = frozenset({"node failed", "preempted", "cancelled", "time limit"})
#: With less than this left a tool that failed has failed for want of space.
_FULL_BYTES = 16 << 20


@dataclass(frozen=True)
class Ended:
    """The node's record. `problem` says why no tool was started, or why its outputs are not here, `detail` more of it;
    `free_bytes` was left where the tool wrote.
    """

    status: int
    stopped: bool = False
    problem: str = ""
    detail: str = ""
    free_bytes: int | None = None


@dataclass(frozen=True)
class Evidence:
    """`launcher` is the client's exit status, None if nobody waits for it or it waits still. `words` are the client's.

    `answered`: the engine was asked after the end, and has answered; `sighting` is its answer, None if it does not know
    the job. `started`: the job has begun on a node. `patient`: a record or a state may still come.
    """

    launcher: int | None
    record: Ended | None
    answered: bool = False
    sighting: Sighting | None = None
    words: str = ""
    started: bool = False
    patient: bool = False
    refusal: Literal["refused", "unreachable"] | None = None


def judge(found: Evidence) -> Verdict:
    """Return how a job has ended, or what is missing for a verdict."""
    record = found.record
    if record is not None and record.problem in _PROBLEMS:
        return _PROBLEMS[record.problem]
    whole = record is not None and not record.stopped
    if whole and record is not None and record.status == 0 and found.launcher == 0:
        return "good"
    if not found.answered:
        return "ask"
    alive = found.sighting is not None and found.sighting.phase != "ended"
    if alive and (record is None or found.patient):
        return "wait"
    cause = _cause(found)
    if whole and record is not None:
        return _of_record(record, found.launcher, cause)
    if cause is not None:
        return cause
    if record is None and found.launcher in _ENDS:
        return _ENDS[found.launcher]
    if record is None and found.patient:
        return "wait"
    if record is None and not found.started and found.launcher not in (0, None):
        return found.refusal or "lost"
    return "cancelled" if record is not None else "lost"


def _of_record(record: Ended, launcher: int | None, cause: Trouble | None) -> Verdict:
    """Judge a tool that came to its end before its shim heard of any other."""
    if cause == "out of memory":
        return cause
    if record.status != 0:
        if cause in _FROM_OUTSIDE:
            return cause
        full = record.free_bytes is not None and record.free_bytes < _FULL_BYTES
        return "no disk" if full else "tool"
    if launcher in (0, None):
        return "good"
    # The record says success, and the client does not: whatever the engine says, the outputs are not believed.
    return cause or "unsound"


def _cause(found: Evidence) -> Trouble | None:
    word = found.sighting.word if found.sighting is not None else ""
    if word in _CAUSES:
        return _CAUSES[word]
    return next((cause for pattern, cause in _SAID if re.search(pattern, found.words, re.IGNORECASE)), None)
