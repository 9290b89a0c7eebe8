"""Where the figures of a fit are from: one source for all cores, of the toolchain and view that is linked, named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blocks.network import find_network
from config.problem import ConfigError
from config.settings import Settings, load_settings
from integration.context import BuildContext
from integration.fit.command import asked
from integration.fit.needs import LUT_NOTE, best, needs_of, synthesised
from integration.fit.result import FORMULA, Fit
from integration.fit.settings import FitSettings
from integration.fit.solve import fit_of
from integration.fit.text import fit_lines, misfit_lines
from integration.platform import find_platform

DIGITS = find_network("digits")
CORES = sorted({core.name for core in DIGITS.cores().values()})
VIVADO = {"format": 1, "tool": "Vivado 2022.2", "luts": 777, "registers": 888, "bram_tiles": 1, "urams": 0, "dsps": 2}


def leave(folder: Path, *cores: str, **more: object) -> None:
    for core in cores:
        (folder / "ooc" / core).mkdir(parents=True, exist_ok=True)
        (folder / "ooc" / core / "values.json").write_text(json.dumps({**VIVADO, **more}))


def context(settings: Settings, folder: Path, toolchain: str, view: str) -> BuildContext:
    return BuildContext(DIGITS, find_platform("u250"), settings, folder, toolchain, dict.fromkeys(CORES, view))


def lines_of(folder: Path, *words: str, view: str = "rtl", toolchain: str = "vitis") -> list[str]:
    (folder / "farm.yaml").write_text("")
    settings = load_settings(folder, {"fit": FitSettings}, ["network=digits", *words])
    problem = asked(context(settings, folder, toolchain, view))
    fit = fit_of(problem)
    return fit_lines(fit) if isinstance(fit, Fit) else misfit_lines(fit)


def test_synthesis_is_the_default_once_all_cores_have_it(tmp_path: Path) -> None:
    leave(tmp_path, *CORES, view="rtl")
    lines = lines_of(tmp_path)
    assert lines[0].endswith(" with vitis")
    assert lines[1] == "figures of the cores: view rtl, ooc, Vivado 2022.2"
    assert not any("~" in line or "doit ooc" in line for line in lines)


def test_never_formulas_beside_synthesis(tmp_path: Path) -> None:
    leave(tmp_path, *CORES[:-1], view="rtl")
    lines = lines_of(tmp_path)
    assert lines[1:3] == [
        "figures of the cores: formula",
        "  6 of 7 cores have figures of vitis's synthesis; run 'doit ooc': "
        f"the fit uses them once all cores have them. {LUT_NOTE}",
    ]
    assert not any("777" in line for line in lines)
    assert lines_of(tmp_path, "fit.source=formula")[1:3] == ["figures of the cores: formula", ""]


def test_figures_of_another_view_are_not_used(tmp_path: Path) -> None:
    leave(tmp_path, *CORES, view="hls")
    assert lines_of(tmp_path)[2] == (
        "  0 of 7 cores have figures of vitis's synthesis, 7 only for a view that is not linked; "
        f"run 'doit ooc': the fit uses them once all cores have them. {LUT_NOTE}"
    )
    with pytest.raises(ConfigError, match=r"values.json: these values are of view hls, but .* is linked with view rtl"):
        lines_of(tmp_path, "fit.source=ooc")
    assert lines_of(tmp_path, view="hls")[1] == "figures of the cores: view hls, ooc, Vivado 2022.2"


def test_views_that_differ_are_named_with_their_blocks(tmp_path: Path) -> None:
    cores = DIGITS.cores()
    leave(tmp_path, *CORES)
    leave(tmp_path, cores["res2b"].name, view="hls")
    leave(tmp_path, cores["preres"].name, view="rtl")
    views = {core: {cores["res2b"].name: "hls"}.get(core, "rtl") for core in CORES}
    values = {core: tmp_path / "ooc" / core / "values.json" for core in CORES}
    needs, better = best(needs_of(DIGITS, views), values, "vitis")
    assert (better, {each.block: each.view for each in needs}["res2b"]) == ("", "hls")
    found = [each.source for each in needs]
    assert found == ["ooc, Vivado 2022.2"] * 7


def test_a_stand_ins_figures_are_marked(tmp_path: Path) -> None:
    leave(tmp_path, *CORES, view="rtl", tool="Vivado 2022.2 (stand-in)")
    lines = lines_of(tmp_path)
    assert lines[1] == "STAND-IN: figures with ! are invented; no vendor's tool has made them"
    # Each of the seven blocks has at least the core's 777 LUT, and the SLR that holds them all seven times that.
    rows = [line.split() for line in lines if "!" in line][1:]
    assert len(rows) == 8
    assert all(cell.startswith("!") for row in rows for cell in row[-5:] if not cell.endswith("%"))
    small = lines_of(tmp_path, "fit.luts_percent=1")
    assert small[1].startswith("STAND-IN: ")


def test_the_source_goes_along_with_a_problem_and_a_fit(tmp_path: Path) -> None:
    leave(tmp_path, *CORES, view="rtl")
    (tmp_path / "farm.yaml").write_text("")
    settings = load_settings(tmp_path, {"fit": FitSettings}, ["network=digits"])
    problem = asked(context(settings, tmp_path, "vitis", "rtl"))
    assert type(problem).from_description(json.loads(json.dumps(problem.describe()))) == problem
    fit = fit_of(problem)
    assert isinstance(fit, Fit)
    assert Fit.from_description(json.loads(json.dumps(fit.describe()))) == fit
    assert {(each.view, each.source) for each in fit.blocks} == {("rtl", "ooc, Vivado 2022.2")}


def test_values_of_synthesis(tmp_path: Path) -> None:
    """The source is named per block; what the file leaves out is not known."""
    needs = needs_of(DIGITS)
    (tmp_path / "values.json").write_text('{"format": 1, "tool": "Yosys 0.33", "is_estimate": true, "luts": 77}')
    found = synthesised(needs, dict.fromkeys(CORES, tmp_path / "values.json"))
    assert (found[1].logic.luts, found[1].source, found[1].logic.unknown[0]) == (77, "ooc, Yosys 0.33", "registers")
    assert (needs[1].source, found[1].around) == (FORMULA, needs[1].around)
    with pytest.raises(ConfigError, match=r"synthesis values of .* are missing; run 'doit ooc:"):
        synthesised(needs, {needs[1].core: tmp_path / "values.json"})


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{\n"luts": "many"}', r"values.json:2: 'luts' must be a number"),
        ('{\n"luts": -1}', r"values.json:2: 'luts' is -1"),
        ('{\n"view": 3}', r"values.json:2: 'view' must be a text"),
        ('{"format": 2}', r"'format' cannot be 2"),
        ('{"luts": 1', r"values.json:1: not YAML"),
        ("", r"is empty"),
    ],
)
def test_values_that_are_none(tmp_path: Path, text: str, what: str) -> None:
    needs = needs_of(DIGITS)
    (tmp_path / "values.json").write_text(text)
    with pytest.raises(ConfigError, match=what):
        best(needs, {needs[1].core: tmp_path / "values.json"}, "open")
