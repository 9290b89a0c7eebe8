"""The fit for the reports: `fit.json` in a build's folder, computed again only if the problem has changed.

    asked               SHA-256 of the problem and of the solver's code
    fits                true, false, or null if the search was given up
    source, better      the origin of the cores' figures; how to get better ones
    blocks              block to SLRs
    slrs                SLR to `used`, by resource, without unknown resources
    boundaries_crossed, boundaries   the number of crossings; per boundary `used` and `slls`, in wires
    says                lines of text: why a block is divided, why nothing fits

The fit is always an estimate, because nothing is placed yet. The file saves the seconds that large networks take.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from config.bounded.regular_file import open_regular
from config.whole_file import write_whole
from integration.fit.problem import FitProblem

FORMAT = 1
FILE = "fit.json"
_MOST_BYTES = 64 << 20


def leave_fit(folder: Path, problem: FitProblem) -> None:
    """Write the fit of a problem to a build's folder, unless the file there already answers this problem."""
    if is_answered(folder, problem):
        return
    from integration.fit.answer import answer  # noqa: PLC0415  imports the solver only if needed

    folder.mkdir(parents=True, exist_ok=True)
    found = {"format": FORMAT, "asked": _digest(problem), **answer(problem)}
    write_whole(folder / FILE, json.dumps(found, indent=1) + "\n")


def is_answered(folder: Path, problem: FitProblem) -> bool:
    """Whether the file in a build's folder answers this problem."""
    try:
        with open_regular(folder / FILE, most_bytes=_MOST_BYTES, follow=False) as stream:
            return bool(json.loads(stream.read())["asked"] == _digest(problem))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False  # missing or unreadable


def leave_no_fit(folder: Path, why: str) -> None:
    """Write `fits: null` with the reason why the current settings allow no fit."""
    folder.mkdir(parents=True, exist_ok=True)
    nothing = {"format": FORMAT, "asked": None, "fits": None, "source": "", "better": "", "says": why.splitlines()}
    write_whole(folder / FILE, json.dumps(nothing, indent=1) + "\n")


def _digest(problem: FitProblem) -> str:
    found = hashlib.sha256(json.dumps(problem.describe(), sort_keys=True).encode())
    # All of this folder: which of its files the solver uses changes with the solver.
    for file in sorted(Path(__file__).parent.glob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()
