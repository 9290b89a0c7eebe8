"""What a step has found, in three lines: the figures, what they rest on, and where the files lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.fpga_resources import Resources
from reports.step_result import netlist_lines, simulation_lines, synthesis_lines
from reports.summary.step_values import DoubtfulPath, Simulation, Synthesis


def left(folder: Path, values: Synthesis | Simulation, **more: Any) -> tuple[Path, ...]:
    folder.mkdir()
    (folder / "values.json").write_text(json.dumps({**values.document(), **more}))
    return (folder / "netlist.json", folder / "values.json")


def test_synthesis_by_the_open_tools(tmp_path: Path) -> None:
    values = Synthesis(
        Resources(4512, 3998, 10.5, 0, 12), 1.4321, is_estimate=True, tool="Yosys 0.70", logic_levels=8, view="rtl"
    )
    core, path, files = synthesis_lines(left(tmp_path / "core_1", values))
    assert core == "core_1: ~4,512 LUT, ~3,998 FF, ~10.5 BRAM tiles, ~0 URAM, ~12 DSP (Yosys 0.70, view rtl)"
    assert path == "  longest path: ~1.43 ns of logic without wires, 8 levels; no path is doubtful at 250 MHz"
    assert files == f"  ~ is an estimate; files: {tmp_path}/core_1/"
    doubtful = Synthesis(Resources(1), 2.0, is_estimate=True, doubtful=(DoubtfulPath("a", "b", 2.0, 20),) * 3)
    assert "3 paths leave too little for wires at 250 MHz" in synthesis_lines(left(tmp_path / "core_2", doubtful))[1]


def test_a_netlist_and_the_synthesis_of_what_stands_between_its_blocks(tmp_path: Path) -> None:
    links = left(tmp_path / "links", Synthesis(Resources(1201, 2125), 0.56, is_estimate=True, tool="Yosys 0.70"))
    assert netlist_lines(links)[0] == "links: ~1,201 LUT, ~2,125 FF (Yosys 0.70)"
    whole = {"total": {"luts": 25259}, "between": {"link0": {"luts": 400}, "link1": {"luts": 45}}, "inverters": 7}
    links[1].write_text(json.dumps(whole))
    assert netlist_lines(links)[:2] == [
        "kernel: ~25,259 LUT", "  ~445 LUT of it stand between the blocks; 7 inverters not counted",
    ]  # fmt: skip


def test_synthesis_by_vivado_is_no_estimate_and_a_stand_ins_is_invented(tmp_path: Path) -> None:
    real = synthesis_lines(
        left(tmp_path / "one", Synthesis(Resources(11, 22), 3.456, tool="Vivado 2022.2", view="hls"))
    )
    assert real[0] == "one: 11 LUT, 22 FF (Vivado 2022.2, view hls)"
    assert real[1:] == ["  longest path: 3.46 ns", f"  files: {tmp_path}/one/"]
    invented = synthesis_lines(
        left(tmp_path / "two", Synthesis(Resources(11, 22), 3.456, tool="Vivado 2022.2 (stand-in)"))
    )
    assert invented[0].startswith("two: !11 LUT, !22 FF (Vivado")
    assert "! is invented by a stand-in; files" in invented[2]


def test_simulation(tmp_path: Path) -> None:
    values = Simulation(4100, 8200, 4, 1536, 0, "Verilator 5.48")
    more = {
        "predicted_interval_cycles": 4096,
        "inputs": "held-out images of the data set",
        "fifos": {"skip": {"depth": 2048, "mark": 577}},
    }
    assert simulation_lines(left(tmp_path / "res2a", values, **more), waveform="wave.fst") == [
        "res2a: 4,100 cycles an image (4,096 predicted), latency 8,200 cycles (Verilator 5.48)",
        "  1,536 elements equal to the model, input: held-out images of the data set; most in FIFOs: skip 577 of 2,048",
        f"  files: {tmp_path}/res2a/; waveform: wave.fst",
    ]
    # Of HLS' co-simulation: no FIFOs, no prediction.
    (first, second, third) = simulation_lines(
        left(tmp_path / "res2b", Simulation(40, None, 3, 10, 0, "vitis_hls 2022.2"))
    )
    assert first == "res2b: 40 cycles an image (vitis_hls 2022.2)"
    assert (second, third) == ("  10 elements equal to the model", f"  files: {tmp_path}/res2b/")


def test_damaged_values_are_said(tmp_path: Path) -> None:
    outputs = left(tmp_path / "core", Synthesis(Resources(1)))
    outputs[1].write_text('{"luts": "many"}')
    for lines in (synthesis_lines(outputs), simulation_lines(outputs)):
        assert lines
    assert "'luts' is a text; expected a number" in synthesis_lines(outputs)[0]
    outputs[1].write_text("{")
    assert len(simulation_lines(outputs)) == 1
    assert "values.json" in simulation_lines(outputs)[0]
