"""What a stand-in of a tool has invented is marked wherever it is shown, and passes no gate."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from config.fpga_resources import Resources
from reports import folder
from reports.reading import stand_in
from reports.reading.source import read
from reports.summary import show
from reports.summary.build import read_build
from reports.summary.gates import parse_gate
from reports.summary.page import document, page, table
from reports.summary.rollup import roll_up
from reports.summary.step_values import Linked, Simulation, Synthesis

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
FOLDER = "build/toy/vitis-hw"
VIVADO, VPP = "Vivado 2022.2 (stand-in)", "v++ 2022.2 (stand-in)"
RESOURCES = ("luts", "registers", "bram_tiles", "urams", "dsps")
GATES = ("wns_ns >= 0", "luts <= 9999", "slr0.lut <= 75 %", "slr0.dsp <= 9999", "res2a.luts <= 99999", "fps >= 1")


def left(root: Path, name: str, values: Synthesis | Simulation | Linked) -> None:
    path = root / FOLDER / name / "values.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    values.write(path)


def build(root: Path, vivado: str, vpp: str) -> None:
    """A build whose tools have left nothing but figures with four equal digits, so that each is seen again."""
    budget = dict.fromkeys(RESOURCES, 20000)
    block = {"block": "res2a", "core": "residual_1", "kind": "residual", "interval_cycles": 40, "bottleneck": "conv2b"}
    estimate = {
        "format": 1, "network": "toy", "toolchain": "vitis", "target": "hw", "clock_mhz": 250.0,
        "platform": {"name": "u250", "part": "xcu250-figd2104-2L-e"},
        "budget": {"total": budget, "slrs": {"slr0": budget}},
        "blocks": [{**block, "area": None, "parameter_bits": None, "view": "rtl"}],
    }  # fmt: skip
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / "estimate.json").write_text(json.dumps(estimate))
    core = Resources(1111, 2222, 3333, 4444, 5555)
    left(root, "ooc/residual_1", Synthesis(core, logic_ns=6.666, tool=vivado, view="rtl"))
    left(root, "cosim/res2a", Simulation(40, 80, 4, 16, 0, "Verilator 5"))
    linked = Linked(core, {"slr0": core}, 7.777, 8.888, clock_mhz=99.99, tool=vpp, requested_mhz=250.0)
    left(root, "link", linked)


def shown(root: Path, width: int) -> str:
    out = Console(file=io.StringIO(), width=width)
    out.print(page(read_build(root, FOLDER, [parse_gate(gate) for gate in GATES])))
    return out.file.getvalue()  # type: ignore[attr-defined]


FIGURE = re.compile(r"(?<![\d.])(?P<mark>[!~]*)(?P<figure>(\d)(?:,\3{3}|[.]\3{3})|99[.]99)(?![\d.])")


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_figure_of_a_page_is_marked(tmp_path: Path, width: int) -> None:
    build(tmp_path, VIVADO, VPP)
    text = shown(tmp_path, width)
    before_gates = text.partition("\nGates")[0].replace("budget", "")
    found = [(each["mark"], each["figure"]) for each in FIGURE.finditer(before_gates)]
    # Synthesis stands in the list of blocks (LUT), per core and in all; the link in all and per SLR.
    assert sum(figure == "1,111" for _, figure in found) == 5
    assert sum(figure == "5,555" for _, figure in found) == 4
    assert {"6.666", "7.777", "8.888", "99.99"} <= {figure for _, figure in found}
    # The words about the clock in the line of the link name the stand-in instead.
    line = next(line for line in text.splitlines() if line.startswith("Linked: "))
    assert "99.99 MHz instead of the 250 requested, by" in line
    assert [figure for mark, figure in found if mark != "!"] == ["99.99"]
    assert f"STAND-IN: figures with ! are invented by {VIVADO}, {VPP}" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= width


def test_nothing_is_marked_where_the_tools_are_real(tmp_path: Path) -> None:
    build(tmp_path, "Vivado 2022.2", "v++ 2022.2")
    text = shown(tmp_path, 120)
    assert "!" not in text
    assert "stand-in" not in text.lower()
    assert all(gate.passed for gate in read_build(tmp_path, FOLDER, [parse_gate(gate) for gate in GATES]).gates)


def test_no_gate_passes_on_invented_figures(tmp_path: Path) -> None:
    build(tmp_path, VIVADO, VPP)
    gates = read_build(tmp_path, FOLDER, [parse_gate(gate) for gate in GATES]).gates
    assert [gate.passed for gate in gates] == [False] * len(GATES)
    says = f"7.777 is invented by a stand-in ({FOLDER}/link/values.json): only the tool itself can pass it"
    assert str(gates[0]) == f"wns_ns >= 0: failed, {says}"
    # The clock is invented and lower, so that the rate at it is too: 250 MHz / 40 cycles, at 99.99 of 250.
    assert "2499750 is invented" in str(gates[5])
    # Cycles are simulated: the stand-in has nothing to do with them.
    (cycles,) = read_build(tmp_path, FOLDER, [parse_gate("ii_cycles <= 40")]).gates
    assert cycles.passed


def test_files_say_so_too(tmp_path: Path) -> None:
    build(tmp_path, VIVADO, VPP)
    report = read_build(tmp_path, FOLDER, [parse_gate(gate) for gate in GATES])
    (row,) = csv.DictReader(io.StringIO(table(report)))
    assert (row["luts"], row["synthesis_tool"], row["view"]) == ("1111", VIVADO, "rtl")
    written = document(report)
    assert written["stand_ins"] == [VIVADO, VPP]
    assert all(gate["stand_in"] for gate in written["gates"])

    def cells(value: object) -> list[dict[str, object]]:
        if isinstance(value, dict):
            own = [value] if {"value", "task", "stand_in"} <= set(value) else []
            return own + [cell for part in value.values() for cell in cells(part)]
        return [cell for part in value for cell in cells(part)] if isinstance(value, list) else []

    # Verilator's cycles are nobody's invention.
    given = [cell for cell in cells(written) if "/cosim/" not in str(cell["source"])]
    numbers = [cell for cell in given if type(cell["value"]) in (int, float)]
    assert len(numbers) > 15
    assert all(cell["stand_in"] for cell in numbers)


def test_a_view_and_a_tool_per_core(tmp_path: Path) -> None:
    build(tmp_path, "Vivado 2022.2", "v++ 2022.2")
    assert "source: view rtl, Vivado 2022.2" in shown(tmp_path, 80)
    values = json.loads((tmp_path / FOLDER / "ooc/residual_1/values.json").read_text())
    (tmp_path / FOLDER / "ooc/residual_1/values.json").write_text(json.dumps({**values, "view": "hls"}))
    # What was synthesised, not what the settings ask for now.
    assert "source: view hls, Vivado 2022.2, but view rtl is linked" in shown(tmp_path, 80)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of reports (../shared/reports_corpus) is not here")
def test_no_public_report_is_taken_for_a_stand_ins() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file() and file.suffix in (".rpt", ".log", ".xml", ".txt")]
    assert len(files) > 100
    assert [file.name for file in files if stand_in.wrote(file.read_text("utf-8", errors="replace"))] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("| Tool Version : Vivado v.2022.2 (lin64) Build 0 (stand-in)", True),
        ("* Version:        2022.2 (stand-in: nothing was synthesised)", True),
        ("x\n" * 50_000 + "This text was written by a stand-in of the tool, which synthesises nothing.\n\n", True),
        ("x\n" * 50_000 + "This text was written by a stand-in of the tool.\n" + "x\n" * 50_000, False),
        ("/home/eva/stand-in/top.v:3: error in module stand_in", False),
    ],
)
def test_what_a_text_says_of_itself(text: str, *, says: bool) -> None:
    assert stand_in.wrote(text) == says


REPORT = """\
Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
-----------------------------------------------------
| Tool Version : Vivado v.2022.2 (lin64) Build 0{mark}
| Command      : report_utilization -hierarchical
| Design       : top
| Device       : xcu250-figd2104-2L-e
| Design State : Synthesized
-----------------------------------------------------

Utilization Design Information

Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

+----------+--------+------------+
| Instance | Module | Total LUTs |
+----------+--------+------------+
| top      |  (top) |       4321 |
+----------+--------+------------+
"""


@pytest.mark.parametrize(("mark", "expected"), [("", "4,321"), (" (stand-in)", "!4,321")])
def test_a_report_by_itself(tmp_path: Path, mark: str, expected: str) -> None:
    (tmp_path / "a.rpt").write_text(REPORT.format(mark=mark))
    assert read(tmp_path / "a.rpt").count("stand-in") == bool(mark)
    found = folder.read_paths([tmp_path])
    assert [report.stand_in for report in found.reports] == [bool(mark)]
    (design,) = roll_up(found.reports)
    out = Console(file=io.StringIO(), width=80)
    out.print(show.design(design))
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert expected in text.split()
    assert ("STAND-IN: no tool has written this" in text) == bool(mark)


def test_cycles_of_a_stand_ins_co_simulation(tmp_path: Path) -> None:
    build(tmp_path, VIVADO, VPP)
    left(tmp_path, "cosim/res2a", Simulation(40, 80, 4, 16, 0, "vitis_hls 2022.2 (stand-in)"))
    gates = [parse_gate(text) for text in ("ii_cycles <= 40", "res2a.latency_cycles <= 80", "fps >= 1")]
    report = read_build(tmp_path, FOLDER, gates)
    assert [gate.passed for gate in report.gates] == [False] * 3
    assert report.stand_ins == (VIVADO, VPP, "vitis_hls 2022.2 (stand-in)")
    text = shown(tmp_path, 200)
    assert "Slowest core, simulated alone: !40 cycles an image, res2a" in text
    assert "Whole kernel" not in text
    assert "The link has lowered the clock to !99.99 MHz: !" in text


def test_slacks_are_of_the_clock_that_was_asked_for(tmp_path: Path) -> None:
    build(tmp_path, "Vivado 2022.2", "v++ 2022.2")
    line = "Timing: wns_ns 7.777; whs_ns 8.888 (at 250 MHz, the clock asked for)"
    assert line in shown(tmp_path, 120).splitlines()
