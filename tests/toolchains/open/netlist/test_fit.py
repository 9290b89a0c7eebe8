"""What the fit of a netlist cannot solve ends its step with one error, and no file is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.network import find_network
from config.settings import load_settings
from farm.step import File, Step, Text
from integration.platform import Platform, find_platform
from toolchains.choose import SECTIONS, find_toolchain
from toolchains.open.netlist.fit import main

ROOT = Path(__file__).resolve().parents[4]
U250 = find_platform("u250")


def fit_step(folder: Path, *words: str, board: Platform) -> Step:
    settings = load_settings(folder, SECTIONS, ["network=digits", "target=hw_emu", *words])
    toolchain = find_toolchain(ROOT, settings, find_network("digits"), board)
    (step,) = [each for each in toolchain.shared("netlist") if each.name == "netlist:fit"]
    return step


@pytest.mark.parametrize("farm", ["", "fit: {pin: {res2b: slr2}}\n"])
def test_a_board_without_budgets(tmp_path: Path, monkeypatch: Any, capsys: Any, farm: str) -> None:
    """The step needs no synthesis to say so."""
    (tmp_path / "farm.yaml").write_text(farm)
    step = fit_step(tmp_path, board=replace(U250, budget=replace(U250.budget, slrs=())))
    assert not [each for each in step.inputs if isinstance(each, File) and each.path.startswith("ooc/")]
    message = "board u250 has no budget per SLR; add budget.slrs to platform/u250.yaml"
    refused(step, tmp_path, monkeypatch, capsys, message)


def test_a_clock_that_the_board_cannot_give(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    step = fit_step(tmp_path, "clock_mhz=1000", board=U250)
    refused(step, tmp_path, monkeypatch, capsys, "1000 MHz is more than the 650 MHz")


def refused(step: Step, tmp_path: Path, monkeypatch: Any, capsys: Any, message: str) -> None:
    """The program prints one error with this message, and writes nothing."""
    place = tmp_path / "step"
    place.mkdir()
    monkeypatch.chdir(place)
    (problem,) = [each for each in step.inputs if isinstance(each, Text)]
    Path(problem.path).write_text(problem.content)
    assert step.argv[1:3] == ("-m", main.__module__)
    assert main(list(step.argv[3:])) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("ERROR: ")
    assert message in line
    assert [path.name for path in place.iterdir()] == [problem.path]
