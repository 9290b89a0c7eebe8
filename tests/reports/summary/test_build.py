"""The report of a build, from value files written here: every cell has a value or names the task that supplies it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from config.fpga_resources import Resources
from reports.github import build_summary
from reports.reading.document import Record
from reports.reading.errors import ReportError
from reports.summary.build import read_build
from reports.summary.gates import parse_gate
from reports.summary.page import document, make, page, table
from reports.summary.step_values import Linked, Simulation, Synthesis

FOLDER = "build/toy/open-sw_emu"
ESTIMATE: dict[str, Any] = {
    "format": 1,
    "network": "toy",
    "toolchain": "open",
    "target": "sw_emu",
    "clock_mhz": 200.0,
    "platform": {"name": "u250", "part": "xcu250-figd2104-2L-e", "vbnv": "xilinx_u250_xdma_201830_2"},
    "budget": {
        "total": {"luts": 1000, "registers": 2000, "bram_tiles": 40, "urams": None, "dsps": 10},
        "slrs": {"slr0": {"luts": 500, "registers": None, "bram_tiles": 20, "urams": None, "dsps": 5}},
    },
    "blocks": [
        {
            "block": "inoutdma",
            "core": "dma_1",
            "kind": "dma",
            "interval_cycles": 10,
            "bottleneck": "read_image",
            "area": None,
            "parameter_bits": None,
        },
        {
            "block": "res2a",
            "core": "residual_1",
            "kind": "residual",
            "interval_cycles": 4000,
            "bottleneck": "conv2b",
            "area": {"luts": 100.5, "bram_tiles": 2.0, "urams": 0, "dsps": 0},
            "parameter_bits": 512,
        },
        {
            "block": "res2b",
            "core": "residual_1",
            "kind": "residual",
            "interval_cycles": 4000,
            "bottleneck": "conv2b",
            "area": {"luts": 100.5, "bram_tiles": 2.0, "urams": 0, "dsps": 0},
            "parameter_bits": 512,
        },
    ],
}


def write(root: Path, name: str, value: Any) -> None:
    path = root / FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "estimate.json", ESTIMATE)
    return tmp_path


def shown(root: Path, *gates: str) -> str:
    out = Console(file=io.StringIO(), width=220)
    out.print(page(read_build(root, FOLDER, [parse_gate(gate) for gate in gates])))
    text = out.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


ESTIMATED = ["res2a", "residual_1", "~4,000", "~50,000", "conv2b", "~100", "~2", "~0", "~0"]


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_on_a_narrow_terminal(root: Path, width: int) -> None:
    long = {**ESTIMATE, "blocks": [{**one, "core": "residual_b32b36"} for one in ESTIMATE["blocks"]]}
    write(root, "estimate.json", long)
    out = Console(file=io.StringIO(), width=width)
    out.print(page(read_build(root, FOLDER)))
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert ["res2a", "residual_b32b36", *ESTIMATED[2:]] in rows(text)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_before_any_step(root: Path) -> None:
    report = read_build(root, FOLDER)
    row = report.blocks[1]
    assert [row.checked.task, row.parameters.task, row.logic_ns.task, row.interval_cycles.task] == [
        "hls:res2a",
        "weights:res2a",
        "ooc:res2a",
        "cosim:res2a",
    ]
    assert report.blocks[0].parameters.value == "none"
    assert (report.estimated_rate.fps, report.estimated_rate.bottleneck) == (50_000.0, "res2a.conv2b")
    assert report.simulated_rate is None
    luts, registers, _, urams, _ = report.totals
    assert (luts.estimate, luts.share_percent(luts.estimate)) == (201.0, pytest.approx(20.1))
    assert (registers.estimate, urams.budget, urams.share_percent(7)) == (None, None, None)
    assert (luts.synthesis.task, luts.linked.task) == ("ooc", "netlist")
    assert report.xclbin.task == "link"
    text = shown(root)
    for words in ("ooc:res2a", "cosim:res2b", "50,000.0 FPS at 200 MHz", "~201 (20.1 %)", "not known"):
        assert words in text
    assert ESTIMATED in rows(text)
    assert "no step has run yet" in text


def test_the_merged_netlist_gives_the_area_of_the_whole_kernel(root: Path) -> None:
    """Until a link knows better."""
    write(root, "netlist/values.json", {"format": 1, "is_estimate": True, "total": {"luts": 250, "registers": 300}})
    luts, registers, *_ = read_build(root, FOLDER).totals
    assert (luts.linked.value, luts.linked.is_estimate, registers.linked.value) == (250.0, True, 300.0)
    assert luts.linked.source is not None
    assert "netlist" in luts.linked.source
    assert "~250 (25.0 %)" in shown(root)
    write(root, "link/values.json", Linked(total=Resources(luts=260)).document())
    assert read_build(root, FOLDER).totals[0].linked.value == 260.0


def test_paths_that_are_doubtful_are_named_once_for_all_blocks_of_a_core(root: Path) -> None:
    path = {"start": "count[0]", "end": "ready", "logic_ns": 0.9, "levels": 9, "cells": ["LUT6"]}
    write(root, "ooc/residual_1/values.json", {"luts": 120, "doubtful_at_250_mhz": [path]})
    text = " ".join(shown(root).split())
    assert text.count("doubtful at 250 MHz: residual_1: count[0] -> ready: 0.900 ns, 9 levels") == 1
    write(root, "ooc/residual_1/values.json", {"luts": 120, "doubtful_at_250_mhz": [{"start": "a"}]})
    (error,) = read_build(root, FOLDER).errors
    assert "ooc/residual_1/values.json" in str(error)


def test_after_all_steps(root: Path) -> None:
    write(root, "hls/residual_1/csim.json", {"elements_compared": 1536, "differences": 0})
    write(root, "hls/dma_1/csim.json", {"elements_compared": 64, "differences": 3})
    for block in ("res2a", "res2b"):
        write(root, f"weights/{block}/memories.json", {"origins": ["trained"]})
    for core, luts in (("dma_1", 30), ("residual_1", 120)):
        write(root, f"ooc/{core}/values.json", {"luts": luts, "bram_tiles": 1.5, "logic_ns": 2.5, "is_estimate": True})
    for block, cycles in (("inoutdma", 12), ("res2a", 4100), ("res2b", 5000)):
        write(root, f"cosim/{block}/values.json", {"interval_cycles": cycles, "latency_cycles": 2 * cycles})
    linked = {"total": {"luts": 400, "dsps": 3}, "slrs": {"SLR0": {"luts": 400}}, "wns_ns": -0.25}
    write(root, "link/values.json", linked)
    report = read_build(root, FOLDER)
    assert report.errors == ()
    assert [(row.checked.value, row.checked.elements_compared, row.checked.differences) for row in report.blocks] == [
        ("differs", 64, 3),
        ("equal", 1536, 0),
        ("equal", 1536, 0),
    ]
    assert report.cores_rate is not None
    assert (report.cores_rate.interval_cycles, report.cores_rate.bottleneck) == (5000, "res2b")
    assert report.simulated_rate is None, "cores alone are not the kernel"
    luts, registers, bram, _, _ = report.totals
    # Two blocks have one core: their logic stands twice in the design.
    assert (luts.synthesis.value, luts.synthesis.is_estimate, bram.synthesis.value) == (270.0, True, 4.5)
    assert registers.synthesis.task == "ooc", "a step that leaves no registers is asked for them"
    assert (luts.linked.value, registers.linked.value) == (400.0, None)
    assert dict(report.timing)["wns_ns"].value == -0.25
    text = shown(root, "wns_ns >= 0", "slr0.lut <= 75 %", "fps >= 30000", "res2a.luts <= 100", "whs_ns >= 0")
    for words in (
        "wns_ns >= 0: failed, -0.25, 0.25 below",
        "slr0.lut <= 75 %: failed, 80 %, 5 % above",
        "fps >= 30000: failed, no value: `doit kernel` supplies it",
        "Slowest core, simulated alone: 5,000 cycles an image, res2b",
        "Whole kernel, simulated: no value until `doit kernel` has run",
        "res2a.luts <= 100: failed, 120, 20 above",
        "whs_ns >= 0: failed, no value: `doit link toolchain=auto target=hw` supplies it",
        "400 (40.0 %)",
        "1,536 equal",
        "3 of 64 differ",
    ):
        assert words in text


def test_written_by_a_step_and_read_here(root: Path) -> None:
    some = Resources(luts=120, bram_tiles=1.5)
    files: list[tuple[str, Synthesis | Simulation | Linked]] = [
        ("ooc/residual_1", Synthesis(some, logic_ns=2.5, is_estimate=True, tool="Yosys 0.33")),
        ("cosim/res2a", Simulation(4100, 8200, 4, 1536, 0, "Verilator 5")),
        ("link", Linked(some, {"slr0": some}, 0.1, None, True, 300.0, 12_345, 4000, "res2a.conv2b", "trained")),
        ("link", Linked()),
    ]
    for name, value in files:
        path = root / FOLDER / name / "values.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        value.write(path)
        document = json.loads(path.read_text())
        assert document["format"] == 1 and None not in document.values(), "what is not known is not there"
        assert type(value).read(Record(document, name)) == value
    write(root, "link/values.json", files[2][1].document())
    text = shown(root)
    for words in ("Linked: 12,345 bytes, 300 MHz, parameters trained", "~120 (24.0 %)", "wns_ns 0.1;"):
        assert words in text


def test_an_emulation_has_no_netlist_and_says_who_has(root: Path) -> None:
    write(root, "link/values.json", Linked(clock_mhz=200.0, xclbin_bytes=10).document())
    text = shown(root, "wns_ns >= 0", "slr0.lut <= 75 %")
    assert "wns_ns >= 0: failed, no value: `doit link toolchain=auto target=hw` supplies it" in text
    assert "slr0.lut <= 75 %: failed, no value: `doit link toolchain=auto target=hw` supplies it" in text
    write(root, "estimate.json", {**ESTIMATE, "toolchain": "vitis", "target": "hw"})
    assert "slr0.lut <= 75 %: failed, no value: `doit link` supplies it" in shown(root, "slr0.lut <= 75 %")


def test_cycles_of_a_core_that_computes_something_else_count_for_nothing(root: Path) -> None:
    for block in ("inoutdma", "res2a", "res2b"):
        values = {"interval_cycles": 4000, "differences": int(block == "res2b")}
        write(root, f"cosim/{block}/values.json", values)
    report = read_build(root, FOLDER, [parse_gate("fps >= 1")])
    assert report.cores_rate is None
    assert not report.gates[0].passed
    assert "1 differ" in shown(root)


KERNEL = {
    "format": 1,
    "clock_mhz": 200.0,
    "interval_cycles": 5500,
    "latency_cycles": 14_000,
    "images": 4,
    "differences": 0,
    "tool": "Verilator 5.48",
    "cores": {"res2a": "residual_1", "res2b": "residual_1"},
    "blocks": [{"name": "inoutdma", "busy": 9}, {"name": "res2a", "busy": 5400}, {"name": "res2b", "busy": 5200}],
}


def test_the_rate_is_that_of_the_whole_kernel(root: Path) -> None:
    """200 MHz / 5,500 cycles, although no core takes more than 5,000 by itself."""
    for block, cycles in (("inoutdma", 12), ("res2a", 4100), ("res2b", 5000)):
        write(root, f"cosim/{block}/values.json", {"interval_cycles": cycles, "latency_cycles": 2 * cycles})
    write(root, "kernel/values.json", KERNEL)
    text = shown(root, "fps >= 38000", "ii_cycles <= 5499", "latency_cycles <= 14000")
    for words in (
        "Whole kernel, simulated: 5,500 cycles an image, 36,363.6 FPS at 200 MHz, latency 14,000 cycles; "
        "the bottleneck is res2a",
        "Slowest core, simulated alone: 5,000 cycles an image, res2b",
        "fps >= 38000: failed, 36363.6",
        "ii_cycles <= 5499: failed, 5500, 1 above",
        "latency_cycles <= 14000: passed, 14000",
    ):
        assert words in text


@pytest.mark.parametrize(
    "changes",
    [
        {"cores": {"res2a": "residual_2", "res2b": "residual_1"}},
        {"cores": {"res2a": "residual_1"}},
        {"cores": {"res2a": "residual_1", "res2b": "residual_1", "res9": "residual_1"}},
        {"clock_mhz": 250.0},
        {"differences": 1},
    ],
)
def test_a_kernel_of_another_build_or_with_wrong_results_has_no_rate(root: Path, changes: dict[str, Any]) -> None:
    write(root, "kernel/values.json", {**KERNEL, **changes})
    report = read_build(root, FOLDER, [parse_gate("fps >= 1")])
    assert report.simulated_rate is None
    assert not report.gates[0].passed
    assert report.errors == ()


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("cosim/res2a", {"interval_cycles": 0}, "'interval_cycles' is 0; expected a whole number of at least 1"),
        ("cosim/res2a", {"interval_cycles": 4.5}, "'interval_cycles' is a number; expected a whole number"),
        ("ooc/residual_1", {"luts": -1}, "'luts' is -1; expected a number of at least 0"),
        ("ooc/residual_1", {"is_estimate": "no"}, "'is_estimate' is a text; expected true or false"),
        ("link", {"format": 2}, "the values are of format 2; expected format 1"),
        ("link", {"total": {"luts": True}}, "'total.luts' is a truth value"),
    ],
)
def test_values_that_cannot_be_are_said(root: Path, name: str, values: dict[str, Any], words: str) -> None:
    write(root, f"{name}/values.json", values)
    assert f"{FOLDER}/{name}/values.json: {words}" in shown(root)


def test_a_damaged_file_is_said_and_all_else_is_shown(root: Path) -> None:
    write(root, "hls/residual_1/csim.json", '{"elements_compared": 1536, "differ')
    write(root, "ooc/residual_1/values.json", {"luts": "many"})
    write(root, "link/values.json", {"slrs": 4})
    text = shown(root)
    for words in (
        "csim.json:1: the JSON document ends too early",
        "'luts' is a text; expected a number",
        "slrs is a number",
    ):
        assert words in text
    assert ESTIMATED in rows(text)


def test_without_an_estimate_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"estimate\.json: there is no such file; `doit reports`"):
        read_build(tmp_path, FOLDER)


def test_times_from_the_records_of_the_engine(root: Path) -> None:
    records = root / "build" / ".farm" / "records" / FOLDER / "hls" / "residual_1"
    records.mkdir(parents=True)
    record = {"format": 1, "name": "hls:residual_1", "wall_s": 12.5, "cpu_s": 20, "peak_memory_gib": 0.5, "ended_s": 1}
    (records / "core.o.json").write_text(json.dumps(record))
    (records / "damaged.json").write_text("{")
    report = read_build(root, FOLDER)
    assert [(cost.task, cost.wall_s) for cost in report.costs] == [("hls", 12.5)]
    assert "hls:residual_1" in shown(root)


def test_the_total_by_formula_holds_what_stands_around_the_cores(root: Path) -> None:
    around = {"luts": 8, "bram_tiles": 28.5, "urams": 0, "dsps": 0}
    blocks = [{**one, "around": around} for one in ESTIMATE["blocks"]]
    write(root, "estimate.json", {**ESTIMATE, "blocks": blocks, "formula_note": "LUTs by formula are 2.3 times those"})
    luts, _, bram, _, _ = read_build(root, FOLDER).totals
    # Two blocks of 100.5 and 8 LUTs, 2 and 28.5 tiles; the DMA block has no formula.
    assert (luts.estimate, bram.estimate) == (217.0, 61.0)
    text = shown(root)
    assert "LUTs by formula are 2.3 times those" in text
    assert "~61 (152.5 %)" in text


def numbers_of(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in numbers_of(each)]
    if isinstance(value, list):
        return [number for each in value for number in numbers_of(each)]
    return [value] if isinstance(value, float) else []


def test_files_hold_numbers_and_no_more_digits_than_mean_something(root: Path) -> None:
    # A third of a second, and a clock of 1/3 of 1,000 MHz: 16 digits if they are written as they are computed.
    write(root, "estimate.json", {**ESTIMATE, "clock_mhz": 1000 / 3})
    write(root, "hls/residual_1/csim.json", {"elements_compared": 1536, "differences": 0})
    write(root, "ooc/residual_1/values.json", {"luts": 120.0, "bram_tiles": 1.5, "logic_ns": 1 / 3})
    write(root, "link/values.json", Linked(clock_mhz=1000 / 3, xclbin_bytes=12_345, parameters="trained").document())
    make(root, FOLDER, [parse_gate("fps >= 2000")], Console(file=io.StringIO(), width=200))
    saved = json.loads((root / FOLDER / "report.json").read_text())
    assert saved["blocks"][1]["checked"]["elements_compared"] == 1536
    assert saved["blocks"][1]["checked"]["differences"] == 0
    assert (saved["xclbin"]["size_bytes"], saved["xclbin"]["parameters"]) == (12_345, "trained")
    found = numbers_of(saved)
    assert found and max(len(str(number)) for number in found) <= len("1234567.123")
    row = list(csv.DictReader(io.StringIO((root / FOLDER / "report.csv").read_text())))[1]
    assert (row["luts"], row["bram_tiles"], row["logic_ns"]) == ("120", "1.5", "0.3333")
    assert (row["checked"], row["elements_compared"], row["differences"]) == ("equal", "1536", "0")


def test_files(root: Path) -> None:
    out = Console(file=io.StringIO(), width=200)
    report = make(root, FOLDER, [parse_gate("fps >= 2000")], out)
    assert [str(gate.gate) for gate in report.gates if not gate.passed] == ["fps >= 2000"]
    saved = json.loads((root / FOLDER / "report.json").read_text())
    assert saved["rates"]["simulated"] is None
    assert saved["gates"][0]["passed"] is False
    assert saved["totals"][0]["share_percent"]["estimate"] == pytest.approx(20.1)
    assert saved == json.loads(json.dumps(document(read_build(root, FOLDER, [parse_gate("fps >= 2000")]))))
    rows = list(csv.DictReader(io.StringIO((root / FOLDER / "report.csv").read_text())))
    assert [row["block"] for row in rows] == ["inoutdma", "res2a", "res2b"]
    assert (rows[1]["luts_formula"], rows[1]["luts"], rows[1]["interval_cycles_estimate"]) == ("100.5", "", "4000")
    assert table(read_build(root, FOLDER)) == (root / FOLDER / "report.csv").read_text()


def test_a_pull_request_shows_gates_and_all_blocks(root: Path) -> None:
    write(root, "ooc/residual_1/values.json", {"luts": 120.0, "bram_tiles": 1.5, "logic_ns": 1.25})
    text = build_summary(read_build(root, FOLDER, [parse_gate("fps >= 2000"), parse_gate("res2a.lut <= 130")]))
    lines = [" ".join(line.replace("\\", "").split()) for line in text.splitlines()]
    assert any(line.startswith("| passed | res2a.lut &lt;= 130 |") for line in lines)
    assert any(line.startswith("| **failed** | fps &gt;= 2000 |") for line in lines)
    # 200 MHz by 4,000 cycles an image; 201 LUTs of 1,000 by formula, 1.5 tiles in each of two blocks.
    assert "| slowest operator, by formula | ~4,000 | ~50,000.0 | - | res2a.conv2b |" in lines
    assert any(line.startswith("| LUT | ~201 (20.1 %) | ") and line.endswith(" | 1,000 |") for line in lines)
    assert "| res2b | residual_1 | ~4,000 | - | 120 | - | 1.5 | - | - | 1.25 | - |" in lines
