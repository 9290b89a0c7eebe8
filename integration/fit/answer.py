"""Solves a problem for `fit.json`; `integration.fit.file` describes its members."""

from __future__ import annotations

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
