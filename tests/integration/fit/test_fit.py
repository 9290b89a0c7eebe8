"""The fit of a network on a board: arithmetic by hand, sources of the figures, what is missing, bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from everyday import only

from blocks.network import find_network
from config.fpga_resources import Resources
from config.problem import ConfigError
from config.settings import load_settings
from integration.context import BuildContext
from integration.fit import program as fit_program
from integration.fit.command import asked, show
from integration.fit.needs import BlockNeeds
from integration.fit.problem import (
    Bank,
    FitProblem,
    PortBanks,
    SlrBudget,
    StreamWires,
    memory_wires,
    problem_of,
    stream_wires,
)
from integration.fit.result import ClockRequest, Fit, Misfit
from integration.fit.settings import FitSettings
from integration.fit.solve import fit_of
from integration.fit.text import fit_lines, misfit_lines
from integration.platform import find_platform

NOTHING = Resources(0, 0, 0, 0, 0)
EVERYTHING = (100.0,) * 5


def block(name: str, luts: float, tiles: float = 0) -> BlockNeeds:
    return BlockNeeds(name, f"core_{name}", Resources(luts, 0, tiles, 0, 0), NOTHING, "ooc, T", is_estimate=False)


def problem(*blocks: BlockNeeds, luts: float = 100, tiles: float = 10, ceilings=EVERYTHING, **more) -> FitProblem:
    """Two SLRs of so many LUTs and tiles, the memory in slr1; streams of 10 wires in the chain, 100 closing it."""
    names = [each.block for each in blocks]
    chain = [StreamWires(f"{a}.out", f"{b}.in", 10) for a, b in pairwise(names)]
    closing = [StreamWires(f"{names[-1]}.out", "dma.result", 100), StreamWires("dma.weights", f"{names[-1]}.w", 100)]
    bank = Bank("bank1", "DDR[1]", "slr1")
    given = {
        "network": "small",
        "compute_unit": "small_1",
        "platform": "board",
        "vbnv": "v_board_xdma_1_1",
        "part": "part",
        "blocks": blocks,
        "streams": (*chain, *closing),
        "ports": (PortBanks("in_r", "M_AXI_GMEM0", 500, (bank,)),),
        "slrs": tuple(SlrBudget(slr, Resources(luts, 100, tiles, 0, 0)) for slr in ("slr0", "slr1")),
        "total": Resources(),
        "slls": 1000,
        "clock": ClockRequest("DATA_CLK", 250.0, 300.0, 650.0),
        "ceilings": ceilings,
    }
    return FitProblem(**{**given, **more})


def test_by_hand() -> None:
    """40, 50, 50, 40 of 100 LUTs: the DMA and the last block (80) with the memory, two blocks (100) apart."""
    fit = fit_of(problem(block("dma", 40), block("a", 50), block("b", 50), block("c", 40)))
    assert isinstance(fit, Fit)
    assert [each.slrs for each in fit.blocks] == [("slr1",), ("slr0",), ("slr0",), ("slr1",)]
    assert fit.boundaries_crossed == 2
    assert [(each.source, each.sink, each.path, each.wires) for each in fit.crossings] == [
        ("dma.out", "a.in", ("slr1", "slr0"), 10),
        ("b.out", "c.in", ("slr0", "slr1"), 10),
    ]
    assert [(each.slr, each.used.luts) for each in fit.slrs] == [("slr0", 100), ("slr1", 80)]
    assert [(each.used, each.slls) for each in fit.boundaries] == [(20, 1000)]
    assert (fit.banks[0].sp, fit.banks[0].slr, fit.peak_of_ceiling) == ("DDR[1]", "slr1", 1.0)
    assert fit.above_guideline == (
        "slr0: 100 % of the LUT, FINN's guideline is 70 %",
        "slr1: 80 % of the LUT, FINN's guideline is 70 %",
    )
    assert fit.single_slr is None
    assert Fit.from_description(json.loads(json.dumps(fit.describe()))) == fit


def test_in_one_slr() -> None:
    """70 of 100 are allowed by the guideline: 69 stay together, with the memory."""
    fit = fit_of(problem(block("dma", 9), block("a", 30), block("b", 30), ceilings=(None,) * 5))
    assert (fit.single_slr, fit.boundaries_crossed, fit.crossings) == ("slr1", 0, ())
    assert (fit.ceilings_percent["luts"], fit.above_guideline) == (70, ())


def test_the_guideline_is_exceeded_only_as_far_as_needed() -> None:
    """60 and 82: above 70 and 80, below 85. A ceiling of the user stays."""
    blocks = (block("dma", 0), block("a", 60), block("b", 82))
    assert fit_of(problem(*blocks, ceilings=(None,) * 5)).ceilings_percent["luts"] == 85
    assert isinstance(fit_of(problem(*blocks, ceilings=(80.0, None, None, None, None))), Misfit)


def test_shortfall_of_an_slr() -> None:
    """70, 70 and 60 are the 200 that there are, and still 30 too many for one SLR."""
    misfit = fit_of(problem(block("dma", 0), block("a", 70), block("b", 70), block("c", 60)))
    assert isinstance(misfit, Misfit)
    (one,) = misfit.shortfalls
    assert (one.missing, one.needed, one.allowed) == (30, 130, 100)
    assert misfit_lines(misfit)[:3] == [
        "small does not fit board (v_board_xdma_1_1):",
        "figures of the cores: ooc, T",
        f"  {one.slr}: 30 LUT more than the 100 that the shell leaves; the largest block there is {one.largest} with "
        f"{one.largest_needs:.0f}",
    ]


def test_shortfall_of_the_whole_board() -> None:
    """12.5 + 12.5 tiles of 2 x 10, of which 90 % are allowed: 7 too many in all.

    No SLR holds 12.5, so that each is divided into 6.5 and 6.5 (a tile has halves): 13 in each SLR, 4 too many.
    """
    blocks = (block("dma", 0), block("a", 1, 12.5), block("b", 1, 12.5))
    lines = misfit_lines(fit_of(problem(*blocks, ceilings=(100.0, 100.0, 90.0, 100.0, 100.0))))
    assert lines[2] == (
        "  all SLRs together: 7 BRAM tiles more than the 18 that are allowed (90 % of the 20 that the shell leaves); "
        "the largest block is a with 12.5"
    )
    assert any(line.startswith("  slr0: 4 BRAM tiles more than the 9 that are allowed") for line in lines)


def test_a_total_below_the_sum_of_the_slrs_counts() -> None:
    blocks = (block("dma", 0), block("a", 60), block("b", 60))
    assert isinstance(fit_of(problem(*blocks)), Fit)
    assert isinstance(fit_of(problem(*blocks, total=Resources(luts=119))), Misfit)


def test_wires_of_ports() -> None:
    """AXI4-Stream of 128 bits: data, valid, ready. AXI4 of 512: 98 wires each for AW and AR, 579 W, 518 R, 5 B."""
    assert (stream_wires(128), stream_wires(3)) == (130, 10)
    # AW, AR: 64+8+3+2+1+4+3+4+4 = 93, ID 1, valid, ready: 96. W: 512+64+1+2 = 579. R: 512+2+1+1+2 = 518. B: 2+1+2 = 5.
    assert memory_wires(512) == 96 * 2 + 579 + 518 + 5


def context(network, platform, settings, folder):
    return BuildContext(network, platform, settings, folder, "open", {})


def solve(network, platform, settings, folder):
    return fit_of(asked(context(network, platform, settings, folder)))


def settings_of(tmp_path, *words: str, text: str = ""):
    (tmp_path / "farm.yaml").write_text(text)
    return load_settings(tmp_path, {"fit": FitSettings}, ["network=digits", *words])


def test_digits_fits_one_slr_of_every_board(tmp_path) -> None:
    network = find_network("digits")
    for board in ("u50", "u55c", "u200", "u250", "u280"):
        fit = solve(network, find_platform(board), settings_of(tmp_path), tmp_path)
        assert isinstance(fit, Fit)
        home = find_platform(board).bank(fit.banks[0].tag).slr
        assert (fit.boundaries_crossed, fit.single_slr) == (0, home)


@pytest.mark.slow
def test_resnet50_on_the_boards(tmp_path) -> None:
    """By formula: too large for U50 (BRAM). On U250 the stem's 1,536 DSP are more than 40 % of an SLR's 2,877."""
    network, settings = find_network("resnet50"), settings_of(tmp_path)
    small = solve(network, find_platform("u50"), settings, tmp_path)
    assert isinstance(small, Misfit)
    assert {each.resource for each in small.shortfalls if each.slr is None} == {"bram_tiles"}
    fit = solve(network, find_platform("u250"), settings_of(tmp_path, "fit.dsps_percent=40"), tmp_path)
    assert isinstance(fit, Fit)
    assert [each.block for each in fit.blocks if len(each.slrs) > 1] == ["preres"]
    assert all(each.is_estimate and each.source == "formula" for each in fit.blocks)
    text = "\n".join(fit_lines(fit))
    why = "its 1,536 DSP are more than the 1,150 that an SLR may hold"
    over = " and ".join(next(each.slrs for each in fit.blocks if each.block == "preres"))
    assert f"  within preres: {why}; the placer divides it over {over}" in text
    assert "FF of the logic of all 19 blocks ('doit ooc' gives them)" in text
    assert sum("and those within preres" in line for line in text.splitlines()) == 1


def test_a_block_that_can_be_nowhere(tmp_path) -> None:
    """U200: 2,265 DSP in slr0 and slr2, 1,317 in slr1. Of 30 % (679 and 395) neither holds 1,536, no pair twice 768."""
    network, board = find_network("resnet50"), find_platform("u200")
    lines = misfit_lines(solve(network, board, settings_of(tmp_path, "fit.dsps_percent=30"), tmp_path))
    assert (
        lines[3] == "  preres: 1,536 DSP, but no SLR may hold more than 679, and no two neighbours can hold half each"
    )
    allowed = "373 DSP more than the 395 that are allowed (30 % of the 1,317 that the shell leaves)"
    assert f"  slr1: {allowed}; the largest block there is preres with 768, half of it" in lines
    helps = next(line for line in lines if line.startswith("to make it fit: "))
    assert helps.startswith("to make it fit: lower pe or simd in preres, ")
    lines = misfit_lines(solve(network, board, settings_of(tmp_path, "fit.luts_percent=10"), tmp_path))
    helps = next(line for line in lines if line.startswith("to make it fit: "))
    ooc = "run 'doit ooc' for better figures, because LUTs by formula are too high"
    assert helps.endswith(f"; or {ooc}; or take another board (platform=...)")


def test_what_helps_names_what_the_user_has_set(tmp_path) -> None:
    words = ("fit.dsps_percent=1", "fit.pin=preres:slr1")
    misfit = solve(find_network("digits"), find_platform("u250"), settings_of(tmp_path, *words), tmp_path)
    lines = misfit_lines(misfit)
    # 64 DSP, 1 % of 2,877 are 28.
    assert "  preres: 64 DSP, but it is pinned to slr1, which may hold 28" in lines
    assert "raise fit.dsps_percent; or remove the pin (fit.pin) of preres; or " in lines[-1]


@pytest.mark.parametrize("board", only(["u50", "u55c", "u200", "u250", "u280"], ["u250"]))
@pytest.mark.parametrize("name", ["digits", "resnet50"])
@pytest.mark.slow
def test_tables_fit_into_80_columns(tmp_path, name, board) -> None:
    fit = solve(find_network(name), find_platform(board), settings_of(tmp_path), tmp_path)
    if isinstance(fit, Fit):
        rows = [line for line in fit_lines(fit) if "  ~" in line or "  ?" in line or "of  " in line]
        assert len(rows) > len(fit.blocks)
        assert max(map(len, rows)) <= 80


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("fit:\n  pin:\n    res2b: slr1\n    res9a: slr1\n", r"farm.yaml:4: there is no block 'res9a' to pin"),
        ("fit:\n  pin: {res2b: slr9}\n", r"farm.yaml:2: res2b is pinned to 'slr9'"),
        ("clock_mhz: 700\n", r"farm.yaml:1: 700 MHz is more than the 650 MHz"),
        ("fit: {luts_percent: 101}\n", r"farm.yaml:1: 'luts_percent' is 101"),
        ("fit: {source: vivado}\n", r"farm.yaml:1: 'source' cannot be 'vivado'"),
        ("fit: {pin: [res2b]}\n", r"farm.yaml:1: 'pin' must be a mapping"),
        ("fit: {pin: {res2b: 1}}\n", r"farm.yaml:1: 'res2b' must be a text"),
    ],
)
def test_bad_settings(tmp_path, text, what) -> None:
    with pytest.raises(ConfigError, match=what):
        problem_of(find_network("digits"), find_platform("u250"), settings_of(tmp_path, text=text))


def test_a_word_of_the_command_line_replaces_the_pins_of_the_file(tmp_path) -> None:
    settings = settings_of(tmp_path, "fit.pin=res9a:slr1", text="fit:\n  pin: {res9a: slr0}\n")
    with pytest.raises(ConfigError, match=r"command line: there is no block 'res9a'"):
        problem_of(find_network("digits"), find_platform("u250"), settings)


def test_a_board_without_slrs(tmp_path) -> None:
    board = replace(find_platform("u250"), budget=replace(find_platform("u250").budget, slrs=()))
    with pytest.raises(ConfigError, match=r"u250 has no budget per SLR; add budget\.slrs to platform/u250\.yaml"):
        problem_of(find_network("digits"), board, settings_of(tmp_path))


def test_pins_are_kept(tmp_path) -> None:
    settings = settings_of(tmp_path, "fit.pin=res2b:slr2")
    fit = solve(find_network("digits"), find_platform("u250"), settings, tmp_path)
    assert {each.block: each.slrs for each in fit.blocks}["res2b"] == ("slr2",)
    # Two boundaries there, two back.
    assert fit.boundaries_crossed == 4


def test_as_a_step(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = problem(block("dma", 10), block("a", 20))
    (tmp_path / "problem.json").write_text(json.dumps(asked.describe()))
    assert fit_program.main(["--problem", "problem.json", "--out", "fit.json"]) == 0
    assert Fit.from_description(json.loads((tmp_path / "fit.json").read_text())) == fit_of(asked)
    capsys.readouterr()
    values = []
    for core, luts in (("core_dma", 10), ("core_a", 300)):
        (tmp_path / f"{core}.json").write_text(json.dumps({"luts": luts}))
        values.append(f"{core}={core}.json")
    assert fit_program.main(["--problem", "problem.json", "--out", "other.json", "--values", *values]) == 1
    assert "ERROR:   all SLRs together: 110 LUT more than the 200" in capsys.readouterr().out
    assert not (tmp_path / "other.json").exists()


def test_what_the_command_prints(tmp_path, capsys) -> None:
    settings = settings_of(tmp_path)
    board = find_platform("u50")
    assert show(context(find_network("resnet50"), board, settings, tmp_path)) == "resnet50 does not fit u50"
    printed = capsys.readouterr().out
    # 1,128 is twice the 564 tiles that U50's SLRs have.
    assert "BRAM tiles more than the 1,128 that the shell leaves; the largest block is res5a with" in printed
    assert show(context(find_network("digits"), board, settings, tmp_path)) is None
    assert "0 crossings of SLR boundaries" in capsys.readouterr().out
    wanting = settings_of(tmp_path, "fit.source=ooc")
    assert "synthesis values of" in str(show(context(find_network("digits"), board, wanting, tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["farm.yaml"]
