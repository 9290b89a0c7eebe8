"""The fit as the reports read it: `fit.json` in a build's folder, made anew only where the question has changed.

    asked               SHA-256 of the problem and of what solves it
    fits                true, false, or null where the search was given up
    source, better      where the figures of the cores are from; how better ones are had
    blocks              block to SLRs
    slrs                SLR to `used`, by resource, a resource that is not known left out
    boundaries_crossed, boundaries   how many; per boundary `used` and `slls`, wires
    says                lines of text: why a block is divided, why nothing fits

It is an estimate whatever the figures are: nothing is placed yet. Large networks take seconds, hence the file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from integration.fit.problem import FitProblem

FORMAT = 1
FILE = "fit.json"
_SOLVER = ("result.py", "solve.py", "text.py", "answer.py", "placement.py", "ring.py", "shortfall.py")


def leave_fit(folder: Path, problem: FitProblem) -> None:
    """Write the fit of a problem into a build's folder, unless the file there answers this very problem."""
    file, digest = folder / FILE, _digest(problem)
    try:
        if json.loads(file.read_text("utf-8"))["asked"] == digest:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or no such file: it is written now
    from integration.fit.answer import answer  # noqa: PLC0415  the solver, only where it is needed

    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"format": FORMAT, "asked": digest, **answer(problem)}, indent=1) + "\n", "utf-8")


def leave_no_fit(folder: Path, why: str) -> None:
    """Write that there is no fit of the present settings."""
    folder.mkdir(parents=True, exist_ok=True)
    nothing = {"format": FORMAT, "asked": None, "fits": None, "source": "", "better": "", "says": why.splitlines()}
    (folder / FILE).write_text(json.dumps(nothing, indent=1) + "\n", "utf-8")


def _digest(problem: FitProblem) -> str:
    found = hashlib.sha256(json.dumps(problem.describe(), sort_keys=True).encode())
    for name in _SOLVER:
        found.update(Path(__file__).with_name(name).read_bytes())
    return found.hexdigest()
