"""The fit in a build's report: blocks to SLRs, crossings, and use against budget, all of it marked as an estimate."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reports.summary.build import read_build
from reports.summary.gates import parse_gate
from reports.summary.page import document, page, table

FOLDER = "build/toy/open-sw_emu"
BLOCKS = ("inoutdma", "preres", "postres")
ESTIMATE: dict[str, Any] = {
    "format": 1, "network": "toy", "toolchain": "open", "target": "sw_emu", "clock_mhz": 250.0,
    "platform": {"name": "u250", "part": "xcu250-figd2104-2L-e"},
    "budget": {"total": {"luts": 2000}, "slrs": {"SLR0": {"luts": 1000, "dsps": 10}, "SLR1": {"luts": 500}}},
    "blocks": [
        {"block": name, "core": f"c_{name}", "kind": "k", "interval_cycles": 4, "bottleneck": "b", "area": None,
         "parameter_bits": None, "view": "rtl"} for name in BLOCKS
    ],
}  # fmt: skip
FIT: dict[str, Any] = {
    "format": 1, "asked": "0" * 64, "fits": True, "source": "view rtl, ooc, Yosys 0.70", "better": "",
    "blocks": {"inoutdma": ["slr0"], "preres": ["slr0", "slr1"], "postres": ["slr1"]},
    "slrs": {"slr0": {"used": {"luts": 620.0, "dsps": 4.0}}, "slr1": {"used": {"luts": 45.0}}},
    "boundaries_crossed": 3,
    "boundaries": [{"below": "slr0", "above": "slr1", "used": 260, "slls": 23040}],
    "says": ["within preres: it is too large"],
}  # fmt: skip


def leave(root: Path, fit: Any) -> None:
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    (root / FOLDER / "estimate.json").write_text(json.dumps(ESTIMATE))
    (root / FOLDER / "fit.json").write_text(json.dumps(fit))


def shown(root: Path, width: int = 120) -> str:
    out = Console(file=io.StringIO(), width=width)
    out.print(page(read_build(root, FOLDER)))
    return out.file.getvalue()  # type: ignore[attr-defined]


def test_a_fit(tmp_path: Path) -> None:
    leave(tmp_path, FIT)
    text = shown(tmp_path)
    rows = [line.split() for line in text.splitlines()]
    # 620 of 1,000 and 45 of 500; nobody knows a budget of DSP in slr1, or the use.
    assert ["slr0", "~620", "(62", "%)", "-", "-", "-", "~4", "(40", "%)"] in rows
    assert ["slr1", "~45", "(9", "%)", "-", "-", "-", "-"] in rows
    for line in (
        "of what u250 leaves to a kernel, before any link; figures of the cores: view rtl, ooc, Yosys 0.70",
        "slr0: inoutdma",
        "slr0+slr1: preres",
        "3 boundaries are crossed: slr0/slr1 260 of 23,040 wires",
        "within preres: it is too large",
    ):
        assert line in text.splitlines()
    report = read_build(tmp_path, FOLDER)
    assert [row["slr_fit"] for row in csv.DictReader(io.StringIO(table(report)))] == ["slr0", "slr0+slr1", "slr1"]
    assert document(report)["fit"]["blocks"]["preres"] == ["slr0", "slr1"]


def test_a_fit_is_no_measurement(tmp_path: Path) -> None:
    leave(tmp_path, FIT)
    (gate,) = read_build(tmp_path, FOLDER, [parse_gate("slr0.lut <= 75 %")]).gates
    assert str(gate) == "slr0.lut <= 75 %: failed, no value: `doit link toolchain=auto target=hw` supplies it"


def test_a_stand_ins_figures_are_marked(tmp_path: Path) -> None:
    leave(tmp_path, {**FIT, "source": "view rtl, ooc, Vivado 2022.2 (stand-in)"})
    assert ["slr1", "!~45", "(9", "%)", "-", "-", "-", "-"] in [line.split() for line in shown(tmp_path).splitlines()]


def test_what_does_not_fit_and_what_is_not_decided(tmp_path: Path) -> None:
    nothing = {
        "format": 1,
        "asked": "0" * 64,
        "source": "formula",
        "better": "",
        "says": ["slr0: 5 LUT more", "a board"],
    }
    leave(tmp_path, {**nothing, "fits": False})
    lines = shown(tmp_path).splitlines()
    at = lines.index("Fit: it does not fit")
    assert lines[at + 1 : at + 3] == ["slr0: 5 LUT more", "a board"]
    leave(tmp_path, {**nothing, "fits": None})
    assert "Fit: not decided" in shown(tmp_path).splitlines()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fits": "yes"}, "'fits' is a text; expected true, false or null"),
        ({"blocks": {"preres": "slr0"}}, "'blocks.preres' is a text; expected a list"),
        ({"blocks": {"preres": [0]}}, "'blocks.preres' is a list; expected a list of texts"),
        ({"slrs": {"slr0": {}}}, "no member 'slrs.slr0.used'"),
        ({"slrs": {"slr0": {"used": {"luts": "many"}}}}, "'slrs.slr0.used.luts' is a text"),
        ({"boundaries": [3]}, "boundaries is a number; expected an object"),
    ],
)
def test_a_file_that_is_no_fit_is_said(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    leave(tmp_path, {**FIT, **wrong})
    text = shown(tmp_path, 200)
    assert words in text
    assert "Fit:" not in text
