"""slang elaborates every core: one more reader beside Yosys, Verilator and Icarus, since Vivado cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import topologies

from blocks.core.graph import Graph, GraphCore, Node, Port
from blocks.core.rtl import render
from blocks.network import NETWORKS, read_network
from blocks.operators.mvau import Mvau
from toolchains.open.netlist.names import MODEL_SOURCES

ROOT = Path(__file__).resolve().parents[4]
CELLS = [ROOT / "toolchains/open/netlist" / name for name in MODEL_SOURCES]


def errors(top: str, files: list[Path], *defines: str) -> list[str]:
    """The errors that slang finds, with file and line; skips where it is not installed."""
    # Not when the file is loaded: each worker would, and it takes half a second.
    pyslang = pytest.importorskip("pyslang", reason="there is no pyslang: pip install pyslang")
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    words = ["slang", *(f"-D{name}" for name in defines), "--top", top, *map(str, files)]
    assert driver.parseCommandLine(" ".join(words))
    assert driver.processOptions()
    driver.parseAllSources()
    manager = driver.sourceManager
    return [
        f"{manager.getFileName(each.location)}:{manager.getLineNumber(each.location)}: {each.code} {each.args}"
        for each in driver.createCompilation().getAllDiagnostics()
        if each.isError()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("network", ["digits", "resnet50"])
def test_every_core_elaborates(tmp_path: Path, network: str) -> None:
    assert elaborate_cores(tmp_path, NETWORKS / f"{network}.yaml") >= 7


def test_cores_with_every_type_of_layer_elaborate(tmp_path: Path) -> None:
    """Depthwise, requantize, average pool, descending channels, zero points, factors of a join."""
    (tmp_path / "every.yaml").write_text(topologies.every_layer())
    assert elaborate_cores(tmp_path, tmp_path / "every.yaml") >= 4


def elaborate_cores(tmp_path: Path, network: Path) -> int:
    """Elaborate each core as synthesis reads it, with the primitives' models, and as simulation does; count them."""
    cores = {core.name: core for core in read_network(network).cores().values()}
    for core in cores.values():
        view = render(core)
        top = tmp_path / f"{view.name}.sv"
        top.write_text(view.top)
        files = [*(ROOT / "blocks" / name for name in view.files), top]
        assert errors(view.name, files) == []
        assert errors(view.name, [*files, *CELLS], "SYNTHESIS") == []
    return len(cores)


def test_a_unit_of_narrow_weights_elaborates(tmp_path: Path) -> None:
    """No network of the project has one."""
    unit = Mvau(16, 6, 2, 4, 4, 3, 4)
    ends = (Port("columns", unit.inputs[0]),), (Port("sums", unit.outputs[0]),)
    core = GraphCore("narrow", Graph(*ends, (Node("unit", unit, ("columns",), ("sums",), ("weights",)),)))
    view = render(core)
    top = tmp_path / "top.sv"
    top.write_text(view.top)
    files = [*(ROOT / "blocks" / name for name in view.files), top]
    assert errors(view.name, files) == []
    assert errors(view.name, [*files, *CELLS], "SYNTHESIS") == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("farm_full_adder made (.in(a), .sum(b), .extra(a));", "PortDoesNotExist"),
        ("farm_no_such_module made ();", "UnknownModule"),
        ("assign b = nowhere;", "UndeclaredIdentifier"),
    ],
)
def test_an_error_is_seen(tmp_path: Path, line: str, code: str) -> None:
    counters = ROOT / "blocks/operators/mvau/counters.sv"
    (tmp_path / "top.sv").write_text(f"module top (input wire [2:0] a, output wire [1:0] b);\n{line}\nendmodule\n")
    found = errors("top", [tmp_path / "top.sv", counters, *CELLS], "SYNTHESIS")
    assert len(found) == 1
    assert "top.sv:2: " in found[0]
    assert code in found[0]
