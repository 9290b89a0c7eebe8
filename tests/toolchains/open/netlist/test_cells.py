"""What a module has to look like before it is joined; each expected value is worked out by hand."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import needs
import pytest

from toolchains.open.netlist.cells import NetlistError, Part, legal, parts_of
from toolchains.open.synthesis import yosys
from toolchains.open.synthesis.netlist import read_netlist

OUTPUTS = {"CARRY4": {"CO", "O"}, "INV": {"O"}, "LUT2": {"O"}, "FDRE": {"Q"}, "inner": {"y"}, "CARRY8": {"CO", "O"}}


def cell(kind: str, connections: dict[str, list[Any]], **parameters: str) -> dict[str, Any]:
    directions = {port: "output" if port in OUTPUTS[kind] else "input" for port in connections}
    return {
        "hide_name": 1, "type": kind, "parameters": parameters, "attributes": {},
        "port_directions": directions, "connections": connections,
    }  # fmt: skip


def parts(folder: Path, cells: dict[str, Any], ports: dict[str, Any], **modules: Any) -> tuple[Part, ...]:
    """Modules read from a file of Yosys's format, with `top` made from cells and ports."""
    described = {
        name: {"attributes": {}, "ports": {}, "cells": {}, "netnames": {}, **module}
        for name, module in {**modules, "top": {"cells": cells, "ports": ports}}.items()
    }
    (folder / "n.json").write_text(json.dumps({"modules": described}))
    return parts_of(read_netlist(folder / "n.json", "top"))


def port(direction: str, *bits: Any) -> dict[str, Any]:
    return {"direction": direction, "bits": list(bits)}


def carry(entry: list[Any], first: int) -> dict[str, Any]:
    """A CARRY4: its DI, S, CO and O are nets from `first` on, four of each."""
    (di, s, co, o) = ([first + 4 * part + place for place in range(4)] for part in range(4))
    return cell("CARRY4", {"CI": entry[:1], "CYINIT": entry[1:], "DI": di, "S": s, "CO": co, "O": o})


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_carry4_in_a_row_become_two_carry8(tmp_path: Path, order: tuple[int, ...]) -> None:
    """The first begins with the net 9; the carries out of the first two are 111 and 211."""
    chain = [("$a", carry(["0", 9], 100)), ("$b", carry([111, "0"], 200)), ("$c", carry([211, "0"], 300))]
    given = dict(chain[place] for place in order)
    ports = {"a": port("input", 9, *(base + k for base in (100, 200, 300) for k in range(8))), "y": port("output", 315)}
    (top,) = parts(tmp_path, given, ports)
    low, high = sorted(top.cells, key=lambda each: each.connections["CI"][0] != 9)
    assert {each.type for each in top.cells} == {"CARRY8"}
    assert low.connections["CI"] == (9,)
    assert low.connections["DI"] == (100, 101, 102, 103, 200, 201, 202, 203)
    assert low.connections["S"] == (104, 105, 106, 107, 204, 205, 206, 207)
    assert low.connections["CO"] == (108, 109, 110, 111, 208, 209, 210, 211)
    assert low.connections["O"] == (112, 113, 114, 115, 212, 213, 214, 215)
    assert high.connections["CI"] == (211,)
    assert high.connections["DI"] == (300, 301, 302, 303, "0", "0", "0", "0")
    assert high.connections["O"][:4] == (312, 313, 314, 315)
    unused = high.connections["O"][4:] + high.connections["CO"][4:]
    assert len({*unused}) == 8
    assert not {*unused} & {bit for bits in low.connections.values() for bit in bits}
    assert low.parameters == high.parameters == {"CARRY_TYPE": "SINGLE_CY8"}


def test_two_chains_from_one_carry_lose_nothing(tmp_path: Path) -> None:
    given = {"$a": carry(["0", "1"], 100), "$b": carry([111, "0"], 200), "$c": carry([111, "0"], 300)}
    ports = {"a": port("input", *(base + k for base in (100, 200, 300) for k in range(8)))}
    (top,) = parts(tmp_path, given, ports)
    assert sorted(str(each.connections["CI"][0]) for each in top.cells) == ["1", "111"]
    assert {bit for each in top.cells for bit in each.connections["O"]} >= {112, 212, 312}


def test_a_carry_with_two_entries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="CI and CYINIT of a CARRY4 are both in use"):
        parts(tmp_path, {"$a": carry([8, 9], 100)}, {"a": port("input", 8, 9, *range(100, 108))})


def test_carries_in_a_ring_are_refused(tmp_path: Path) -> None:
    given = {"$a": carry([211, "0"], 100), "$b": carry([111, "0"], 200)}
    with pytest.raises(NetlistError, match="2 CARRY4 are in a chain without an end"):
        parts(tmp_path, given, {"a": port("input", *range(100, 108), *range(200, 208))})


def test_an_inverter_is_a_lut(tmp_path: Path) -> None:
    (top,) = parts(tmp_path, {"$i": cell("INV", {"I": [2], "O": [3]})}, {"a": port("input", 2), "y": port("output", 3)})
    (lut,) = top.cells
    assert (lut.type, lut.parameters, lut.connections) == ("LUT1", {"INIT": "01"}, {"I0": (2,), "O": (3,)})


def test_undefined_and_undriven_bits_are_tied_and_counted(tmp_path: Path) -> None:
    """An x at an input, an input whose net nothing drives, and an output port that nothing drives."""
    given = {
        "$l": cell("LUT2", {"I0": ["x"], "I1": [77], "O": [3]}, INIT="1x0z"),
        "$f": cell("FDRE", {"C": [2], "CE": ["1"], "D": [3], "R": ["0"], "Q": [4]}, INIT="x"),
    }
    (top,) = parts(tmp_path, given, {"clk": port("input", 2), "y": port("output", 4, 88)})
    lut, register = sorted(top.cells, key=lambda each: each.type, reverse=True)
    assert (lut.connections["I0"], lut.connections["I1"], lut.parameters) == (("0",), ("0",), {"INIT": "1000"})
    # No bit of INIT is defined: the primitive's own default stands.
    assert register.parameters == {}
    assert top.ports["y"] == ("output", (4, "0"))
    assert top.tied == 3


def test_names_are_legal_unique_and_ours(tmp_path: Path) -> None:
    inner = {"ports": {"y": port("output", 2)}, "cells": {"$l": cell("LUT2", {"I0": ["0"], "I1": ["0"], "O": [2]})}}
    modules = {"$paramod$0a\\pe": inner, "$paramod$0b\\pe": inner}
    instances = {
        name: {**cell("inner", {"y": [net]}), "type": kind}
        for name, net, kind in (
            ("u.a[0]", 3, "$paramod$0a\\pe"),
            ("u.a[0].", 4, "$paramod$0b\\pe"),
            ("input", 5, "$paramod$0b\\pe"),
        )
    }
    made = parts(tmp_path, instances, {"y": port("output", 3, 4, 5)}, **modules)
    assert [part.name for part in made] == ["top_pe", "top_pe_1", "top"]
    assert [(each.name, each.type) for each in made[-1].cells] == [
        ("u_a_0", "top_pe"), ("u_a_0_1", "top_pe_1"), ("u_input", "top_pe_1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a"), ("a.b[3].c", "a_b_3_c"), ("3a", "u_3a"), ("_a", "a"), ("$", "u"), ("wire", "u_wire"), ("ä", "u")],
)
def test_a_name_as_an_identifier(name: str, expected: str) -> None:
    assert legal(name) == expected


def test_a_cell_of_another_family_is_refused(tmp_path: Path) -> None:
    OUTPUTS["DSP48E1"] = {"P"}
    with pytest.raises(NetlistError, match=r"top: \$d is a DSP48E1, which is no primitive of UltraScale\+"):
        parts(tmp_path, {"$d": cell("DSP48E1", {"P": [2]})}, {"y": port("output", 2)})


def test_the_model_of_a_carry8_equals_that_of_yosys(tmp_path: Path, netlist_models: tuple[Path, ...]) -> None:
    """For every value of its inputs, by SAT."""
    text = "".join(path.read_text() for path in netlist_models)
    ours = re.search(r"^module CARRY8 .*?^endmodule", text, re.DOTALL | re.MULTILINE)
    assert ours
    (tmp_path / "ours.v").write_text(ours[0].replace("module CARRY8", "module OURS"))
    library = yosys.share() / "xilinx/cells_sim.v"
    (tmp_path / "s.ys").write_text(
        f"read_verilog {library}\ndelete =* CARRY8 %d\nread_verilog ours.v\nproc\n"
        "miter -equiv -make_outputs -flatten CARRY8 OURS both\n"
        "sat -verify -prove trigger 0 -set in_CI_TOP 0 both\n"
    )
    yosys.run_script(Path("s.ys"), tmp_path / "s.log", tmp_path)


@pytest.mark.parametrize("configured", [False, True])
def test_what_a_netlist_leaves_open(tmp_path: Path, netlist_models: tuple[Path, ...], configured: bool) -> None:
    """Undefined, or by UG974: INIT is 1'b1 for FDSE and FDPE, 0 for all other registers and memories."""
    needs.program("iverilog")
    ports = {
        **dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), ("Q", "")),
        "SRL16E": ("Q", ".A0(1'b0), .A1(1'b0), .A2(1'b0), .A3(1'b0)"), "SRLC32E": ("Q", ".A(5'd0)"),
        "RAM32M16": ("DOA", ".ADDRA(5'd0)"), "RAM64M8": ("DOA", ".ADDRA(6'd0)"), "RAM128X1D": ("SPO", ".A(7'd0)"),
        "DSP48E2": ("P", ""),
    }  # fmt: skip
    cells = "".join(f"wire w{i}; {cell} c{i} (.{out}(w{i}){pins and ', '}{pins});\n"
                    for i, (cell, (out, pins)) in enumerate(ports.items()))  # fmt: skip
    cells += "wire known, none; FDRE #(1'b1) d (.Q(known)); FDSE #(1'b0) s (.Q(none));\n"
    shown = "{" + ", ".join([*(f"w{i}" for i in range(len(ports))), "known", "none"]) + "}"
    (tmp_path / "b.v").write_text(f'module b;\n{cells}initial #1 $display("%b", {shown});\nendmodule\n')
    words = ["iverilog", "-g2012", *(["-DCONFIGURED"] if configured else []), "-o", "b", "-s", "b", "b.v"]
    subprocess.run([*words, *map(str, netlist_models)], cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "b"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["010100000010" if configured else "x" * len(ports) + "10"]
