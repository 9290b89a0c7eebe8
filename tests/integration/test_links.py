"""What stands between blocks, as one module to synthesise: each shape once, with all its ports outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from blocks.network import find_network
from integration.design import design_of
from integration.kernel_rtl.links import links_view
from toolchains.open.netlist.job import job_of
from toolchains.open.synthesis.yosys import run_script

BLOCKS = Path(__file__).resolve().parents[2] / "blocks"


@pytest.mark.parametrize("name", ["digits", "resnet50"])
def test_every_module_that_the_kernel_joins_is_there_once(name: str, tmp_path: Path) -> None:
    network = find_network(name)
    view = links_view("links", design_of(network).links)
    for file in view.files:
        shutil.copy(BLOCKS / file, tmp_path)
    (tmp_path / "links.sv").write_text(view.top)
    reads = "".join(f"read_verilog -sv {Path(file).name}\n" for file in (*view.files, "links.sv"))
    (tmp_path / "s.ys").write_text(f"{reads}hierarchy -check -top links\nproc\nwrite_json links.json\n")
    run_script(Path("s.ys"), tmp_path / "log", tmp_path)
    modules = json.loads((tmp_path / "links.json").read_text())["modules"]
    cells = modules["links"]["cells"].values()
    wanted = {link[kind] for link in job_of(network)["links"] for kind in ("module", "slice")}
    assert sorted(cell["type"] for cell in cells) == sorted(wanted)
    assert all(int(cell["attributes"]["keep_hierarchy"], 2) for cell in cells)
    # Every pin but clock and reset is joined to a port of its own, and those take all ports.
    clock_and_reset = {bit for pin in ("ap_clk", "ap_rst_n") for bit in modules["links"]["ports"][pin]["bits"]}
    for cell in cells:
        assert cell["connections"].keys() == modules[cell["type"]]["ports"].keys()
    pins = [bit for cell in cells for bits in cell["connections"].values() for bit in bits]
    joined = [bit for bit in pins if bit not in clock_and_reset]
    outside = [bit for port in modules["links"]["ports"].values() for bit in port["bits"]]
    assert sorted([*joined, *clock_and_reset]) == sorted(outside)
