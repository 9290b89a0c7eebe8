"""FINN's `build_dataflow.log`: the steps in the order in which they began. Layout from a public file.

Each run appends to the file. A run that is killed leaves no error, so the last step of the last run has begun but may
not have finished.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.vivado.table import Lines

_STEP = re.compile(
    r"\[[0-9 :,-]{10,40}\] Running step: (?P<step>\w{1,200}) \[(?P<index>[0-9]{1,6})/(?P<count>[0-9]{1,6})\]"
)
_STAMP = re.compile(r"\[[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8},[0-9]{3}\] ")


@dataclass(frozen=True)
class FinnRun:
    """A run: the steps that began, the total number of steps, and whether the log shows an error."""

    steps: tuple[str, ...]
    planned_steps: int
    has_error: bool


@dataclass(frozen=True)
class FinnLog:
    """All runs in a log, the latest last."""

    runs: tuple[FinnRun, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a log of a FINN build."""
    return any(_STEP.fullmatch(line.rstrip()) for line in head.split("\n")[:200])


def parse(text: str, file: str = "") -> FinnLog:
    """Return the value of a log. Raises ReportError."""
    expect(text, file, matches, "a log of a FINN build")
    runs: list[tuple[list[str], int]] = []
    errors: set[int] = set()
    for raw in Lines(text, file):
        line = raw.rstrip()
        found = _STEP.fullmatch(line)
        if found:
            if not runs or int(found["index"]) == 1:
                runs.append(([], int(found["count"])))
            runs[-1][0].append(found["step"])
        elif runs and _STAMP.sub("", line, count=1).startswith(("Traceback", "ERROR")):
            errors.add(len(runs) - 1)
    if not runs:
        raise TruncatedReportError(file, 1, "no step", "expected 'Running step: …'")
    return FinnLog(tuple(FinnRun(tuple(steps), count, at in errors) for at, (steps, count) in enumerate(runs)))


KIND = Kind("finn_log", Precedence.LINES, matches, parse)
