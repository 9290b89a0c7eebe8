"""A design that does not fit names the folding of the slowest layers that would."""

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
from integration.fit.refold import Changed, Refolding, Slowed, refoldings
from integration.fit.result import Misfit
from integration.fit.solve import fit_of
from integration.fit.text import misfit_lines
from integration.platform import find_platform
from toolchains.choose import SECTIONS

NOTHING = Resources(**dict.fromkeys(NAMES, 0))


def luts(amount: float) -> Resources:
    return replace(NOTHING, luts=amount)


def refolding(pe: int, logic: Resources, *blocks: str) -> Refolding:
    """Of conv2b with 16 elements in these blocks, each of which has 2,000 LUTs and 200 tiles by formula."""
    layers = tuple(Slowed(block, "conv2b", pe, 16) for block in blocks)
    before = replace(NOTHING, luts=2000, bram_tiles=200)
    changed = tuple(Changed(block, logic, before, NOTHING) for block in blocks)
    return Refolding(layers, 576 * 16 // pe, 576, changed)


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
        refoldings=tuple(refolding(pe, luts(left), "res2b") for pe, left in ((8, 1600), (4, 800), (2, 200))),
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
    assert (misfit.refolding and misfit.refolding.layers[0].pe) == pe
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
    foldings = tuple(
        replace(each, changed=(replace(changed, around=replace(NOTHING, bram_tiles=tiles[each.layers[0].pe])),))
        for each in asked.refoldings
        for changed in each.changed
    )
    slr = replace(asked.slrs[0], budget=replace(asked.slrs[0].budget, bram_tiles=190))
    misfit = fit_of(replace(asked, slrs=(slr,), refoldings=foldings))
    assert isinstance(misfit, Misfit)
    assert misfit.refolding is not None
    assert misfit.refolding.layers[0].pe == 4


def equally_slow(folder: Path, most_luts: float, most_tiles: float) -> Misfit:
    """With half the elements res2a has 100 tiles less, or 1 % of LUTs; res2b half its LUTs. Both have 100 tiles."""
    asked = problem(folder, most_luts)
    tiles = {"res2a": 100, "res2b": 100}
    blocks = tuple(
        replace(each, logic=replace(each.logic, bram_tiles=tiles.get(each.block, 0))) for each in asked.blocks
    )
    a, b = Resources(1980, 0, 100, 0, 0), Resources(1000, 0, 200, 0, 0)
    (in_a,), (in_b,) = refolding(8, a, "res2a").changed, refolding(8, b, "res2b").changed
    both = replace(refolding(8, a, "res2a", "res2b"), changed=(in_a, in_b))
    slr = replace(asked.slrs[0], budget=replace(asked.slrs[0].budget, bram_tiles=most_tiles))
    foldings = (refolding(8, a, "res2a"), refolding(8, b, "res2b"), both)
    misfit = fit_of(replace(asked, blocks=blocks, slrs=(slr,), refoldings=foldings))
    assert isinstance(misfit, Misfit)
    return misfit


@pytest.mark.parametrize(
    ("most_luts", "most_tiles", "said"),
    # 7,000 LUTs and 200 tiles are needed. One budget is short, or both are, by so much.
    [
        (6500, 1000, "set pe: 8 in place of 16 in res2b.conv2b, one of the 2 slowest layers, which are equally slow"),
        (7000, 190, "set pe: 8 in place of 16 in res2a.conv2b, one of the 2 slowest layers, which are equally slow"),
        (6500, 190, "set pe: 8 in place of 16 in res2a.conv2b, res2b.conv2b, the 2 slowest layers"),
        (6490, 1000, "set pe: 8 in place of 16 in res2a.conv2b, res2b.conv2b, the 2 slowest layers"),
        (6489, 1000, None),
    ],
)
def test_of_equally_slow_layers_what_is_short_decides(
    tmp_path: Path, most_luts: float, most_tiles: float, said: str | None
) -> None:
    text = "\n".join(misfit_lines(equally_slow(tmp_path, most_luts, most_tiles)))
    if said:
        assert f"to make it fit: {said} (an image then takes 1,152 cycles in place of 576); or " in text
        assert "not enough" not in text
    else:
        both = "res2a.conv2b, res2b.conv2b, the 2 slowest layers"
        assert f"\n  fewer processing elements in {both}, are not enough\n" in text
        assert "set pe" not in text


def test_the_foldings_of_the_slowest_layers() -> None:
    """digits: two conv2b with 4 x 4 pixels, 32 channels and 3 x 3 x 32 synapses, 16 of them at once."""
    found = refoldings(find_network("digits"))
    a, b = "res2a.conv2b", "res2b.conv2b"
    levels = (8, 4, 2, 1)
    assert [tuple((layer.name, layer.pe, layer.pe_before) for layer in each.layers) for each in found] == [
        layers for pe in levels for layers in (((a, pe, 16),), ((b, pe, 16),), ((a, pe, 16), (b, pe, 16)))
    ]
    assert [each.interval for each in found[::3]] == [4 * 4 * (32 // pe) * (3 * 3 * 32 // 16) for pe in levels]
    assert {each.interval_before for each in found} == {4 * 4 * (32 // 16) * (3 * 3 * 32 // 16)}
    needs = [each.changed[0].logic.luts or 0 for each in found[::3]]
    assert needs == sorted(needs, reverse=True)
    assert needs[0] < (found[0].changed[0].before.luts or 0)
    assert all(found[at + 2].changed == found[at].changed + found[at + 1].changed for at in (0, 3, 6, 9))


def test_slowest_layers_of_one_block_change_it_together() -> None:
    """digits_basic: conv_a and conv_b of res1, and conv_b of res2, have 2,304 cycles each."""
    a, b, other, together = refoldings(find_network("digits_basic"))[:4]
    assert [layer.name for layer in together.layers] == ["res1.conv_a", "res1.conv_b", "res2.conv_b"]
    assert [each.interval for each in (a, b, other, together)] == [4608] * 4
    assert [each.block for each in together.changed] == ["res1", "res2"]
    assert (together.changed[0].logic.luts or 0) < min(each.changed[0].logic.luts or 0 for each in (a, b))
    assert together.changed[1] == other.changed[0]


def test_foldings_that_cannot_be_built_are_left_out() -> None:
    """resnet50: with one element the weights of res5c.conv2b would be 36,864 beats, more than a memory has.

    Where all of the sixteen equally slow layers are slower, these keep the fewest that can be built.
    """
    found = refoldings(find_network("resnet50"))
    alone = [each.layers[0] for each in found if len(each.layers) == 1]
    assert [layer.pe for layer in alone if layer.block == "res5c"] == [16, 8, 4, 2]
    together = [each for each in found if len(each.layers) > 1]
    assert {len(each.layers) for each in together} == {16}
    assert [each.interval for each in together] == [56448 * factor for factor in (2, 4, 8, 16, 32)]
    assert {layer.block for layer in together[-1].layers if layer.pe != 1} == {"res5a", "res5b", "res5c"}


def test_without_refoldings_the_description_is_that_of_before(tmp_path: Path) -> None:
    assert "refoldings" not in replace(problem(tmp_path, 1), refoldings=()).describe()
