"""The crossings of a simulated kernel: at any clock, and never lost without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.network import find_network
from config.problem import ConfigError
from config.settings import load_settings
from farm.step import Step, Text
from integration.platform import Platform, find_platform
from toolchains.choose import SECTIONS, find_toolchain

ROOT = Path(__file__).resolve().parents[3]
U250 = find_platform("u250")


def placement(folder: Path, *words: str, board: Platform = U250, farm: str = "") -> Step:
    (folder / "farm.yaml").write_text(farm)
    settings = load_settings(folder, SECTIONS, ["network=digits", "target=hw_emu", *words])
    return find_toolchain(ROOT, settings, find_network("digits"), board).step("placement")


def problem(step: Step) -> dict | None:
    (text,) = [each for each in step.inputs if isinstance(each, Text) and each.path == "problem.json"]
    return json.loads(text.content)


@pytest.mark.parametrize("clock_mhz", [1, 500, 1000])
def test_a_clock_that_no_shell_gives_has_the_same_crossings(tmp_path: Path, clock_mhz: int) -> None:
    """The U250's shells give at most 650 MHz."""
    found, usual = (problem(placement(tmp_path, f"clock_mhz={clock}")) for clock in (clock_mhz, 250))
    assert found["blocks"] == usual["blocks"]
    assert found["slrs"] == usual["slrs"]


@pytest.mark.parametrize(("pin", "what"), [("res9z: slr0", "no block 'res9z'"), ("res2a: slr9", "no such SLR")])
def test_a_wrong_pin_is_an_error(tmp_path: Path, pin: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        placement(tmp_path, farm=f"fit: {{pin: {{{pin}}}}}\n")


def test_a_board_without_slrs_has_none(tmp_path: Path) -> None:
    assert problem(placement(tmp_path, board=replace(U250, budget=replace(U250.budget, slrs=())))) is None
