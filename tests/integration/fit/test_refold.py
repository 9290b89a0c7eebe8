"""A design that does not fit names the folding of the slowest layer that would."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.network import find_network
from config.fpga_resources import NAMES, Resources
from config.settings import load_settings
from integration.fit.problem import FitProblem, SlrBudget, problem_of
from integration.fit.program import main
from integration.fit.refold import Refolding, refoldings
from integration.fit.result import Misfit
from integration.fit.solve import fit_of
from integration.platform import find_platform
from toolchains.choose import SECTIONS

NOTHING = Resources(**dict.fromkeys(NAMES, 0))


def luts(amount: float) -> Resources:
    return replace(NOTHING, luts=amount)


def refolding(pe: int, formula: float) -> Refolding:
    """Of a layer with 16 elements, whose block has 2,000 LUTs by formula."""
    return Refolding("res2b", "conv2b", pe, 16, 576 * 16 // pe, 576, luts(formula), luts(2000), NOTHING)


def problem(folder: Path, budget: float) -> FitProblem:
    """Seven blocks of digits with 1,000 LUTs each, and one SLR."""
    settings = load_settings(folder, SECTIONS, ["fit.luts_percent=100"])
    found = problem_of(find_network("digits"), find_platform("u250"), settings)
    assert len(found.blocks) == 7
    plenty = Resources(**dict.fromkeys(NAMES, 1e6))
    return replace(
        found,
        blocks=tuple(replace(each, logic=luts(1000), around=NOTHING) for each in found.blocks),
        slrs=(SlrBudget("slr0", replace(plenty, luts=budget)),),
        total=plenty,
        ports=tuple(replace(port, banks=tuple(replace(bank, slr=None) for bank in port.banks)) for port in found.ports),
        refoldings=(refolding(8, 1600), refolding(4, 800), refolding(2, 200)),
    )


@pytest.mark.parametrize(
    ("budget", "pe"),
    # By synthesis the block has 1,000 LUTs, half of what the formula says: 800, 400 and 100 with fewer elements.
    [(6799, 4), (6400, 4), (6399, 2), (6100, 2), (6099, None)],
)
def test_the_folding_that_gives_up_least(tmp_path: Path, capsys: Any, budget: int, pe: int | None) -> None:
    asked = problem(tmp_path, budget)
    assert FitProblem.from_description(json.loads(json.dumps(asked.describe()))) == asked
    misfit = fit_of(asked)
    assert isinstance(misfit, Misfit)
    assert (misfit.refolding and misfit.refolding.pe) == pe
    (tmp_path / "problem.json").write_text(json.dumps(asked.describe()))
    assert main(["--problem", str(tmp_path / "problem.json"), "--out", str(tmp_path / "fit.json")]) == 1
    said = capsys.readouterr().out
    assert not (tmp_path / "fit.json").exists()
    if pe:
        rate = f"an image then takes {576 * 16 // pe:,} cycles in place of 576"
        assert f"to make it fit: set pe: {pe} in place of 16 in res2b.conv2b, the slowest layer ({rate}); or " in said
    else:
        assert "  fewer processing elements in res2b.conv2b, the slowest layer, are not enough" in said


def test_fewer_elements_may_need_more_block_ram(tmp_path: Path) -> None:
    """As in resnet50's res5c.conv2b: 183 tiles with 16 elements, 197 with fewer. Here no more than 190 are left."""
    asked = problem(tmp_path, 6400)
    tiles = {8: 183, 4: 183, 2: 197}
    foldings = tuple(replace(each, around=replace(NOTHING, bram_tiles=tiles[each.pe])) for each in asked.refoldings)
    slr = replace(asked.slrs[0], budget=replace(asked.slrs[0].budget, bram_tiles=190))
    misfit = fit_of(replace(asked, slrs=(slr,), refoldings=foldings))
    assert isinstance(misfit, Misfit)
    assert misfit.refolding is not None
    assert misfit.refolding.pe == 4


def test_the_foldings_of_the_slowest_layer() -> None:
    """digits: conv2b has 4 x 4 pixels, 32 channels and 3 x 3 x 32 synapses, 16 of them at once."""
    found = refoldings(find_network("digits"))
    assert [(each.name, each.pe) for each in found] == [("res2b.conv2b", pe) for pe in (8, 4, 2, 1)]
    assert [each.interval for each in found] == [4 * 4 * (32 // pe) * (3 * 3 * 32 // 16) for pe in (8, 4, 2, 1)]
    assert {each.interval_before for each in found} == {4 * 4 * (32 // 16) * (3 * 3 * 32 // 16)}
    needs = [each.logic.luts or 0 for each in found]
    assert needs == sorted(needs, reverse=True)
    assert needs[0] < (found[0].before.luts or 0)


def test_foldings_that_cannot_be_built_are_left_out() -> None:
    """resnet50: with one element the weights of conv2b would be 36,864 beats, more than a parameter memory has."""
    assert [each.pe for each in refoldings(find_network("resnet50"))] == [16, 8, 4, 2]


def test_without_refoldings_the_description_is_that_of_before(tmp_path: Path) -> None:
    assert "refoldings" not in replace(problem(tmp_path, 1), refoldings=()).describe()
