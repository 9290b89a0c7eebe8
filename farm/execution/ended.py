"""The record that the shim leaves of a tool that has ended, read into its run."""

from __future__ import annotations

import json
import os
from typing import Any

from farm.beneath import open_beneath
from farm.execution.run import Run
from farm.results.record import Cost

_GIB = 2**30
_MOST_RECORD = 1 << 16


def read_document(run: Run, name: str) -> dict[str, Any] | None:
    """Return a JSON file of a run's scratch folder; None if it is not there, or is no document."""
    try:
        with os.fdopen(open_beneath(run.scratch, name), "rb") as stream:
            found = json.loads(stream.read(_MOST_RECORD))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_record(run: Run, name: str) -> bool:
    """Read the record of a shim into the run; False if the shim was killed before it wrote one."""
    found = read_document(run, name)
    try:
        return found is not None and _take(run, found)
    except (ValueError, KeyError, TypeError, OverflowError):
        return False


def _take(run: Run, found: dict[str, Any]) -> bool:
    memory_bytes = max(int(found["largest_process_bytes"]), int(found["sampled_tree_bytes"]))
    cost = Cost(float(found["wall_s"]), float(found["cpu_s"]), memory_bytes / _GIB)
    errno, oom_kills, log_bytes = int(found["errno"]), int(found["oom_kills"]), int(found["log_bytes"])
    run.status, run.cost = int(found["status"]), cost
    run.errno, run.oom_kills, run.log_bytes = errno, oom_kills, log_bytes
    return True
