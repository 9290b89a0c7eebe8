"""Made-up cores joined: what fits gives a kernel that Yosys and an EDIF reader read, the rest is refused."""

from __future__ import annotations

import copy
import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_kernel import JOB, NETLISTS, SLRS, edited, kernel, written

from toolchains.open.netlist.cells import NetlistError, Part
from toolchains.open.netlist.check import Checks
from toolchains.open.netlist.files import FORMATS, fill
from toolchains.open.netlist.join import join, ports_of
from toolchains.open.netlist.merge import merge, read_parts, read_tops
from toolchains.open.synthesis import yosys
from toolchains.open.synthesis.netlist import Cell


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with all netlists, as the step has them."""
    return written(tmp_path)


# Registers: 16 of the mover, 8 of each layer, memory, link and slice. The last link and the one before it cross two
# boundaries each, with a slice on either side: 8 slices. A reset for each of 3 SLRs.
REGISTERS = 16 + 2 * 8 + 2 * 8 + 3 * 8 + 8 * 8 + 3


def test_every_format_has_every_register(place: Path) -> None:
    values = kernel(place)
    assert values["cells"] == {"FDRE": REGISTERS}
    assert values["total"]["registers"] == REGISTERS
    assert {name: one["registers"] for name, one in values["blocks"].items()} == {"dma": 16, "a": 16, "b": 16}
    assert {name: one["slr"] for name, one in values["blocks"].items()} == SLRS
    assert sum(one["registers"] for one in values["between"].values()) == 3 * 8 + 8 * 8
    for ending, read in (("json", "read_json small.json"), ("v", "read_verilog -noautowire small.v")):
        script = f"read_verilog -lib +/xilinx/cells_sim.v\n{read}\nhierarchy -check -top small\ncheck -assert\n"
        (place / "read.ys").write_text(script + "flatten\ntee -o count.txt select -count t:FDRE\n")
        yosys.run_script(Path("read.ys"), place / f"{ending}.log", place)
        assert (place / "count.txt").read_text().split()[0] == str(REGISTERS)


def test_the_edif_has_the_same_cells_and_nets_as_the_json(place: Path) -> None:
    spydrnet = edif_reader()
    kernel(place)
    modules = json.loads((place / "small.json").read_text())["modules"]
    cells: Counter[tuple[str, str]] = Counter()
    nets: dict[str, set[frozenset[tuple[str, str, int]]]] = {}
    netlist = spydrnet.parse(str(place / "small.edf"))
    for library in netlist.libraries:
        for definition in library.definitions if library.name == "work" else ():
            for instance in definition.children:
                cells[definition.name, instance.reference.name] += instance.reference.name not in ("GND", "VCC")
            nets[definition.name] = {_ends(wire) for cable in definition.cables for wire in cable.wires}
    assert netlist.top_instance.reference.name == "small"
    counted = Counter((name, cell["type"]) for name, module in modules.items() for cell in module["cells"].values())
    assert +cells == counted
    assert nets == {name: _nets(module) for name, module in modules.items()}


def edif_reader() -> Any:
    """The module spydrnet. One of its own log lines cannot be formatted, which pytest takes for an error."""
    logging.disable(logging.CRITICAL)
    try:
        return pytest.importorskip("spydrnet")
    finally:
        logging.disable(logging.NOTSET)


def _ends(wire: Any) -> frozenset[tuple[str, str, int]]:
    """The ends of a wire: instance or nothing, port, place from the lowest bit. Sources of constants are left out."""
    found = set()
    for pin in wire.pins:
        outer = getattr(pin, "instance", None)
        port = (pin.inner_pin if outer else pin).port
        at = port.pins.index(pin.inner_pin if outer else pin)
        # Members of an array count from the highest bit, and the reader keeps their order.
        place = len(port.pins) - 1 - at
        if not (outer and outer.reference.name in ("GND", "VCC")):
            found.add((outer.name if outer else "", port.name.partition("[")[0], place))
    return frozenset(found)


def _nets(module: dict[str, Any]) -> set[frozenset[tuple[str, str, int]]]:
    ends: dict[Any, set[tuple[str, str, int]]] = {}
    for port, entry in module["ports"].items():
        for place, bit in enumerate(entry["bits"]):
            ends.setdefault(bit, set()).add(("", port, place))
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            for place, bit in enumerate(bits):
                ends.setdefault(bit, set()).add((name, port, place))
    return {frozenset(each) for each in ends.values()}


def test_new_weights_change_initial_values_only(place: Path) -> None:
    kernel(place)
    before = {ending: (place / f"small.{ending}").read_text().splitlines() for ending in FORMATS}
    other = copy.deepcopy(NETLISTS["memories/memory"]["modules"]["memory"])
    filled = []
    for memory in ("a_weights", "b_weights"):
        (place / f"{memory}.json").write_text(json.dumps({"modules": {memory: other}}))
        filled += read_parts(place / f"{memory}.json", memory)
    fill(place, "small", filled)
    for ending, lines in before.items():
        after = (place / f"small.{ending}").read_text().splitlines()
        assert len(after) == len(lines)
        changed = [(old, new) for old, new in zip(lines, after, strict=True) if old != new]
        assert len(changed) == 2
        for old, new in changed:
            assert "INIT" in old
            assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


def narrower(port: str) -> Callable[[dict[str, Any]], None]:
    return lambda module: module["ports"][port]["bits"].pop()


def removed(port: str) -> Callable[[dict[str, Any]], None]:
    return lambda module: module["ports"].pop(port)


def turned(port: str) -> Callable[[dict[str, Any]], None]:
    return lambda module: module["ports"][port].update(direction="output")


def added(module: dict[str, Any]) -> None:
    module["ports"]["scan"] = {"direction": "input", "bits": [9_999]}


def gated(module: dict[str, Any]) -> None:
    """The clock of a register is another register's output."""
    names = list(module["cells"])
    module["cells"][names[0]]["connections"]["C"] = module["cells"][names[1]]["connections"]["Q"]


def twice(module: dict[str, Any]) -> None:
    names = list(module["cells"])
    module["cells"][names[0]]["connections"]["Q"] = module["cells"][names[1]]["connections"]["Q"]


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        (
            "cores/layer",
            narrower("input_r_TDATA"),
            r"a.input_r_TDATA has 7 bits .* of layer, but the stream a.input_r, which is joined to it, has 8",
        ),
        (
            "links/link",
            narrower("to_TDATA"),
            r"link0.to_TDATA has 7 bits .* of link, but a.input_r \(2 x 4 bit\), .* has 8",
        ),
        ("links/slice", narrower("from_TDATA"), r"link1_crossing0_source.from_TDATA has 7 bits .* link1.to, .* has 8"),
        ("memories/memory", narrower("out_TDATA"), r"a_weights_memory.out_TDATA has 7 bits .* but a.weights, .* has 8"),
        (
            "cores/layer",
            removed("output_r_TVALID"),
            r"a.output_r_TVALID: the netlist of layer has no such port; .*a.output_r is joined",
        ),
        (
            "cores/layer",
            removed("ap_rst_n"),
            r"a.ap_rst_n: the netlist of layer has no such port; the reset of slr0 is",
        ),
        (
            "cores/layer",
            turned("input_r_TVALID"),
            r"a.input_r_TVALID is an output in the netlist of layer, .* as an input",
        ),
        ("cores/layer", added, r"a.scan: the netlist of layer has this port, and nothing is"),
        ("cores/mover", removed("word"), r"dma.word: the netlist of mover has no such port; the kernel's port word"),
        ("cores/layer", gated, r"layer: \S+.Q drives \S+.C, a clock; only ap_clk may"),
        ("cores/layer", twice, r"layer: \S+.Q and \S+.Q drive the same net"),
    ],
)
def test_what_does_not_fit_names_both_ends(place: Path, name: str, edit: Any, message: str) -> None:
    edited(place, name, edit)
    with pytest.raises(NetlistError, match=message):
        merge(JOB, SLRS, place, "")
    assert [path.name for path in place.iterdir() if path.is_file()] == ["links.json"]


def test_the_netlist_of_another_core_under_a_cores_name(place: Path) -> None:
    (place / "cores/layer.json").write_text((place / "cores/mover.json").read_text())
    with pytest.raises(NetlistError, match=r"cores/layer.json: this is no netlist of layer; make it again: doit ooc"):
        merge(JOB, SLRS, place, "")


def test_elements_of_different_width_are_refused(place: Path) -> None:
    job = copy.deepcopy(JOB)
    job["links"][0]["sink"]["bits"] = 8
    with pytest.raises(NetlistError, match=r"dma.image \(2 x 4 bit\) cannot feed a.input_r \(2 x 8 bit\)"):
        merge(job, SLRS, place, "")


@pytest.mark.parametrize(
    ("cell", "pin", "value", "message"),
    [
        ("b", "ap_rst_n", "rst_n_slr0", "rst_n_slr0_reg resets b, expected rst_n_slr2_reg"),
        ("a", "ap_rst_n", "rst_n_slr1", "rst_n_slr1_reg resets a, expected rst_n_slr0_reg"),
        ("rst_n_slr2_reg", "D", "rst_n_slr0", "rst_n_slr2_reg, which resets b, does not follow from ap_rst_n"),
        ("a", "ap_clk", "rst_n_slr0", r"rst_n_slr0_reg.Q drives a.ap_clk, a clock"),
    ],
)
def test_a_crossed_reset_or_clock_in_the_top_is_found(
    place: Path, cell: str, pin: str, value: str, message: str
) -> None:
    tops = {path: tuple(json.loads(path.read_text())["modules"]) for path in sorted(place.rglob("*.json"))}
    parts = [part for path, names in tops.items() for (part,) in read_tops(path, names)]
    (memory,) = [part for part in parts if part.name == "memory"]
    memories = [Part(f"{name}_weights", memory.ports, memory.cells, {}) for name in "ab"]
    modules = {part.name: ports_of(part) for part in (*parts, *memories)}
    joined = join(JOB, SLRS, modules)
    bit = next(bit for bit, name in joined.part.nets.items() if name == value)
    cells = tuple(
        Cell(each.name, each.type, each.parameters, {**each.connections, pin: (bit,)}, each.outputs)
        if each.name == cell
        else each
        for each in joined.part.cells
    )
    for planted in (False, True):
        checks = Checks()
        for part in (*parts, *memories):
            checks.add(part)
        top = Part(joined.part.name, joined.part.ports, cells if planted else joined.part.cells, joined.part.nets)
        checks.add(top)
        checks.top(top, joined.slrs, "dma")
        assert bool(checks.faults) == planted
    assert any(message.replace("\\", "") in fault for fault in checks.faults)
