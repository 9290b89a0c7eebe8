"""Every primitive has a count, a delay and a model; what lacks one stops the build."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import needs
import pytest

from reports.open_tools import yosys_stat
from toolchains.open.netlist.area import resources
from toolchains.open.synthesis import synthesise, yosys
from toolchains.open.synthesis.delays import is_lut, timing_of
from toolchains.open.synthesis.primitives import CONVERTED, PRIMITIVES, UnknownPrimitiveError, check_known
from toolchains.open.synthesis.utilization import utilization

FREE = {"MUXF7", "MUXF8", "MUXF9", "CARRY8", "CARRY4", "LUT1", "INV"}
"""They take none of the resources: they are part of a slice whose LUTs count, or are absorbed by what they feed."""
ESTIMATED = {"LUT2", "LUT3", "LUT4", "LUT5", "LUT6"}
"""The estimate of Yosys counts them."""


def counted(name: str) -> object:
    text = f"\n1. Printing statistics.\n\n=== top ===\n\n   Number of cells: 2\n     {name:<20}{2:>13}\n"
    return utilization(yosys_stat.parse(text + "\n   Estimated number of LCs:          0\n")).resources.known


@pytest.mark.parametrize("name", sorted((PRIMITIVES | CONVERTED) - FREE - ESTIMATED))
def test_every_primitive_takes_resources(name: str) -> None:
    """The step `ooc` and the merged netlist count it, and agree."""
    assert counted(name) == resources({name: 2}).known
    assert sum(resources({name: 2}).known.values()) > 0


def test_luts_are_counted_by_hand() -> None:
    """Two LUT6_2 and a LUT3, which leaves room for one of the two LUT2: four sites."""
    assert resources({"LUT6_2": 2, "LUT3": 1, "LUT2": 2}).luts == 4
    assert counted("LUT6_2") == resources({"LUT6_2": 2}).known
    assert resources({"LUT6_2": 2}).luts == 2
    assert {name: resources({name: 2}).luts for name in ESTIMATED} == {**dict.fromkeys(ESTIMATED, 2), "LUT2": 1}


@pytest.mark.parametrize("name", sorted(PRIMITIVES | CONVERTED))
def test_every_primitive_has_a_delay(name: str) -> None:
    timing = timing_of(name, {})
    assert is_lut(name) or (timing is not None and (timing.arcs or timing.launch))


def test_every_primitive_has_a_model(netlist_models: tuple[Path, ...]) -> None:
    modules = set(re.findall(r"^module (\w+)", "".join(path.read_text() for path in netlist_models), re.MULTILINE))
    assert modules >= PRIMITIVES | CONVERTED


def test_yosys_declares_every_primitive_in_what_a_synthesis_reads() -> None:
    read = (yosys.share() / "xilinx" / "cells_sim.v").read_text() + yosys.large_cells()
    declared = re.findall(r"^module (\w+)", read, re.MULTILINE)
    assert not (PRIMITIVES | CONVERTED) - set(declared)
    assert len(declared) == len(set(declared))


def test_a_cell_without_count_delay_or_model_is_one_error() -> None:
    check_known("core", ("LUT6_2", "CARRY8", "VCC"))
    with pytest.raises(UnknownPrimitiveError, match=r"^core: the netlist has CFGLUT5, DSP48E1, a primitive without"):
        check_known("core", ("CFGLUT5", "LUT6", "DSP48E1", "DSP48E1"))


def test_it_stops_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A netlist as Yosys leaves it, with a primitive that its library declares."""
    cell = {"hide_name": 0, "type": "CFGLUT5", "parameters": {}, "attributes": {}, "port_directions": {"O6": "output"},
            "connections": {"O6": [2]}}  # fmt: skip
    ports = {"q": {"direction": "output", "bits": [2]}}
    module = {"attributes": {}, "ports": ports, "cells": {"table": cell}, "netnames": {}}
    (tmp_path / "netlist.json").write_text(json.dumps({"modules": {"core": module}}))
    counts = "     CFGLUT5                        1\n\n   Estimated number of LCs:          0\n"
    (tmp_path / "statistics.txt").write_text(
        f"\n1. Printing statistics.\n\n=== core ===\n\n   Number of cells: 1\n{counts}"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(synthesise, "run_synthesis", lambda script, log: None)
    assert synthesise.main(["--core", "core", "--tool", "Yosys"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].startswith("ERROR: core: the netlist has CFGLUT5, a primitive without count, delay or model; write")
    assert not (tmp_path / "values.json").exists()


LOGIC = ["LUT6_2", "CARRY8", "RAM32X1S", "RAM64X1S", "RAM128X1S", "RAM256X1S", "RAM512X1S", "RAM32X1D", "RAM64X1D"]
LOGIC += ["RAM128X1D", "RAM256X1D", "RAM32M", "RAM64M", "SRLC32E", "SRL16E", "FDCE", "FDPE", "FDRE", "FDSE"]


@pytest.mark.slow
def test_models_equal_those_of_yosys(tmp_path: Path, netlist_models: tuple[Path, ...]) -> None:
    """Both with the same random inputs for 400 cycles; the library's model is the reference, with random contents."""
    needs.program("iverilog")
    share = yosys.share() / "xilinx"
    text = (share / "cells_sim.v").read_text()
    ours = "".join(path.read_text() for path in netlist_models)
    benches, theirs = [], []
    for name in LOGIC:
        found = re.search(rf"^module {name} ?\((.*?)\);(.*?)^endmodule", text, re.DOTALL | re.MULTILINE)
        assert found, name
        body = re.sub(r"`ifdef.*?`endif|specify.*?endspecify", "", found[2], flags=re.DOTALL)
        head = re.sub(r"\(\*.*?\*\)", "", re.sub(r"//.*", "", found[1]))
        theirs.append(f"module theirs_{name} ({head});{body}endmodule\n")
        benches.append(_bench(name, head, body))
    (tmp_path / "theirs.v").write_text("".join(theirs))
    (tmp_path / "ours.v").write_text(ours)
    ends = " ".join(f"wait (done_{name});" for name in LOGIC)
    (tmp_path / "bench.v").write_text(
        "module bench;\n" + "\n".join(benches) + f'\ninitial begin {ends} $display("ENDED"); $finish; end\nendmodule\n'
    )
    command = ["-g2012", "-o", "run", "-s", "bench", "bench.v", "ours.v", "theirs.v"]
    _run(["iverilog", *command], tmp_path)
    said = _run(["vvp", "-n", "run"], tmp_path)
    assert "ENDED" in said
    assert "DIFFER" not in said


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _bench(name: str, head: str, body: str) -> str:
    """Drives both models of one primitive; outputs are compared before and behind every edge."""
    ports: list[tuple[str, int, str]] = []
    direction, width = "", 1
    for item in re.split(r",(?![^\[]*\])", head):
        words = re.match(r"\s*(input|output)?\s*(?:reg|wire)?\s*(?:\[\s*(\d+)\s*:\s*0\s*\])?\s*(\w+)\s*$", item)
        assert words, (name, item)
        if words[1]:
            direction, width = words[1], 1
        if words[2]:
            width = int(words[2]) + 1
        ports.append((words[3], width, direction))
    clocks = [port for port, _, _ in ports if port in ("C", "CLK", "WCLK")]
    inputs = [(port, wide) for port, wide, way in ports if way == "input" and port not in clocks]
    outputs = [(port, wide) for port, wide, way in ports if way == "output"]
    given = re.findall(r"parameter\s*(?:\[(\d+):0\])?\s*(INIT\w*)\s*=\s*(\d*)", body)
    sizes = {key: int(top) + 1 if top else int(digits) for top, key, digits in given}
    contents = "a5c3960f1e2d4b78" * 8
    values = {key: f"{size}'h{contents[: size // 4] or 1}" for key, size in sizes.items()}
    parameters = ", ".join(f".{key}({value})" for key, value in values.items())
    parameters = f"#({parameters})" if parameters else ""
    lines = [f"reg done_{name} = 0;", f"reg clk_{name} = 0;"]
    lines += [f"reg [{wide - 1}:0] {name}_{port} = 0;" for port, wide in inputs]
    for port, wide in outputs:
        lines.append(f"wire [{wide - 1}:0] {name}_ours_{port}, {name}_theirs_{port};")
    for who, module in (("ours", name), ("theirs", f"theirs_{name}")):
        joined = [f".{port}({name}_{port})" for port, _ in inputs] + [f".{port}(clk_{name})" for port in clocks]
        joined += [f".{port}({name}_{who}_{port})" for port, _ in outputs]
        lines.append(f"{module} {parameters} {name}_{who} ({', '.join(joined)});")
    drive = " ".join(f"{name}_{port} = $urandom;" for port, _ in inputs)
    unequal = " || ".join(f"{name}_ours_{port} !== {name}_theirs_{port}" for port, _ in outputs)
    look = f'if ({unequal}) $display("DIFFER {name} %0t", $time);'
    edges = f"clk_{name} = 1; #1; {look} clk_{name} = 0; #1;"
    # Our shift registers begin without contents: 40 shifts fill them.
    filled = f"{drive} {name}_CE = 1; #1; {edges.replace(look, '')}" if name.startswith("SRL") else ""
    lines.append(f"initial begin repeat (40) begin {filled} end")
    lines.append(f"repeat (400) begin {drive} #1; {look} {edges} end done_{name} = 1; end")
    return "\n".join(lines)
