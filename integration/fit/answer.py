"""Solves a problem for `fit.json`; `integration.fit.file` describes its members.

`python -m integration.fit.answer --problem FILE --out FILE` writes it. That nothing fits is an answer, too.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from integration.fit.placement import UndecidedError
from integration.fit.problem import FitProblem
from integration.fit.result import Fit, Misfit, sources_of
from integration.fit.solve import fit_of
from integration.fit.text import divided_lines, misfit_lines


def answer(problem: FitProblem) -> dict[str, Any]:
    """Solve a problem; returns members of `fit.json`. `fits` is None if the search was given up."""
    common = {"source": sources_of(problem.blocks), "better": problem.better}
    try:
        found = fit_of(problem)
    except UndecidedError as error:
        return {"fits": None, **common, "says": [str(error)]}
    if isinstance(found, Misfit):
        return {"fits": False, **common, "says": misfit_lines(found)}
    return {"fits": True, **common, **_placed(found)}


def _placed(found: Fit) -> dict[str, Any]:
    return {
        "blocks": {block.block: list(block.slrs) for block in found.blocks},
        "slrs": {
            each.slr: {"used": {name: used for name, used in each.used.by_name.items() if used is not None}}
            for each in found.slrs
        },
        "boundaries_crossed": found.boundaries_crossed,
        "boundaries": [
            {"below": each.below, "above": each.above, "used": each.used, "slls": each.slls}
            for each in found.boundaries
        ],
        "says": [line.strip() for line in divided_lines(found)],
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    given = parser.parse_args(arguments)
    problem = json.loads(given.problem.read_text("utf-8"))
    nothing = {"fits": None, "says": ["the board has no budget per SLR"]}
    found = answer(FitProblem.from_description(problem)) if problem else nothing
    given.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
