"""The estimate of a build: plain values that the reports read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from blocks.core.graph import GraphCore
from blocks.network import find_network
from config.settings import Settings
from integration.context import BuildContext
from integration.estimate import estimate_of
from integration.fit.needs import FARTHEST_PERCENT, LUT_NOTE
from integration.platform import find_platform


def test_digits() -> None:
    network, platform = find_network("digits"), find_platform("u250")
    build = BuildContext(network, platform, Settings.defaults(), Path(), "open", {})
    estimate = json.loads(json.dumps(estimate_of(build), allow_nan=False))
    cycles, bottleneck = network.interval()
    slowest = max(estimate["blocks"], key=lambda block: block["interval_cycles"])
    assert slowest["interval_cycles"] == cycles
    # Of equals, the network names the last and the report the first.
    assert bottleneck.partition(".")[2] == slowest["bottleneck"]
    assert [block["block"] for block in estimate["blocks"]] == list(network.cores())
    assert estimate["blocks"][0]["area"] is None, "the DMA has no formulas"
    assert estimate["budget"]["total"]["luts"] == 1576074
    assert estimate["budget"]["slrs"]["slr0"]["urams"] == 320


def resnet50() -> dict[str, Any]:
    network, platform = find_network("resnet50"), find_platform("u250")
    return estimate_of(BuildContext(network, platform, Settings.defaults(), Path(), "open", {}))


def synthesised() -> dict[str, list[float]]:
    """The lines of the table in docs/figures.md that Yosys' run has printed, by core."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "figures.md").read_text("utf-8")
    rows = re.findall(r"(?m)^([a-z]+_[0-9a-f]{6})((?: +[\d.]+){10,})", text)
    return {core: [float(word) for word in words.split()] for core, words in rows}


def test_parameter_memories_are_counted_as_synthesis_finds_them() -> None:
    rows = synthesised()
    for block in resnet50()["blocks"]:
        if block["area"] is not None:
            _, _, _, _, _, _, _, memory_luts, _, tiles, *_ = rows[block["core"]]
            assert block["around"]["bram_tiles"] == tiles, block["block"]
            # Around a core there are converters and FIFOs too, some hundred LUTs.
            assert memory_luts - 20 <= block["around"]["luts"] <= memory_luts + 400, block["block"]


@pytest.mark.parametrize("name", ["resnet50", "resnet50_18816"])
def test_every_core_s_formula_is_as_far_from_synthesis_as_is_said(name: str) -> None:
    rows = synthesised()
    areas = {core.name: core.area() for core in find_network(name).cores().values() if isinstance(core, GraphCore)}
    assert len(areas) == 10
    for core, area in areas.items():
        luts, tiles, *rest = rows[core][1], rows[core][3], *rows[core][4:6]
        assert area.luts == pytest.approx(luts, rel=FARTHEST_PERCENT / 100), core
        assert area.bram_tiles == pytest.approx(tiles, abs=0.5), core
        assert area.dsps in rest, core  # a table with UltraRAM has them in front
    found = sum(rows[core][1] * rows[core][0] for core in areas)
    assert sum(area.luts * rows[core][0] for core, area in areas.items()) == pytest.approx(found, rel=0.05)


def test_how_far_the_formulas_are_is_said() -> None:
    assert resnet50()["formula_note"] == LUT_NOTE
    assert f"within {FARTHEST_PERCENT} %" in LUT_NOTE
