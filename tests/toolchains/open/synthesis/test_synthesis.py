"""The Yosys script: what it refuses, what it leaves alone, and DSPs that take their neighbours in."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import needs
import pytest

from blocks.core.builder import GraphBuilder
from blocks.core.graph import GraphCore
from blocks.network import find_network
from blocks.operators.threshold import Threshold
from config.settings import Settings
from farm.step import Text
from integration.platform import find_platform
from reports.open_tools import yosys_stat
from toolchains.common.build import Build
from toolchains.open.stages.ooc import ooc
from toolchains.open.synthesis.script import DSP_MAP, NETLIST, STATISTICS, VERILOG, synthesis_script
from toolchains.open.synthesis.utilization import utilization
from toolchains.open.synthesis.yosys import YosysError, reason, run_script, run_synthesis

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
MVAU = ("operators/farm_stream.sv", "operators/mvau/mvau.sv", "operators/mvau/mvau_integer.sv")


def synthesise(folder: Path, top: str, sources: dict[str, str], parameters: dict[str, int] | None = None) -> None:
    for name, text in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shutil.copy(ROOT / "toolchains/open/synthesis" / DSP_MAP, folder)
    reads, rest = synthesis_script(top, sources).split("hierarchy", 1)
    given = "".join(f"chparam -set {name} {value} {top}\n" for name, value in (parameters or {}).items())
    (folder / "s.ys").write_text(f"{reads}{given}hierarchy{rest}")
    run_synthesis(Path("s.ys"), folder / "yosys.log", folder)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("assign q = = d;", r"core\.sv:6: syntax error"),
        ("always_latch if (e) q = d;", "the source describes a latch"),
        ("logic t; always_comb if (e) t = d; assign q = t;", r"Latch inferred for signal `\\core.\\t' .*core\.sv:6"),
        ("assign q = d; assign q = e;", "multiple conflicting drivers"),
        ("wire t; assign q = t & d;", r"core\.sv:6: Wire core\.\\t is used but has no driver"),
        ("no_such_module x (.a(d), .b(q));", r"core\.sv:6: Module `\\no_such_module' referenced in module `\\core'"),
        ("wire a, b; assign a = ~b & d; assign b = ~a | e; assign q = a;", r"logic loop in module core.*core\.sv:6"),
        ("wire [3:0] t = {d, e, d, e}; assign q = t[9];", r"core\.sv:6: Range select out of bounds"),
    ],
)
def test_what_cannot_be_built_is_one_error_with_its_place(tmp_path: Path, body: str, what: str) -> None:
    head = "`default_nettype none\nmodule core (\n    input wire d, e,\n    output logic q\n);\n"
    with pytest.raises(YosysError, match=what) as raised:
        synthesise(tmp_path, "core", {"core.sv": f"{head}    {body}\nendmodule\n"})
    assert "\n" not in str(raised.value)
    assert not (tmp_path / NETLIST).exists()


def test_a_memory_in_a_source_that_is_said_to_have_none_ends_the_script(tmp_path: Path) -> None:
    """It would become registers without a word."""
    (tmp_path / "core.sv").write_text(
        "module core (input wire clk, input wire [4:0] place, input wire d, output wire q);\n"
        "    logic kept [0:31];\n"
        "    always_ff @(posedge clk) kept[place] <= d;\n    assign q = kept[place];\nendmodule\n"
    )
    shutil.copy(ROOT / "toolchains/open/synthesis" / DSP_MAP, tmp_path)
    (tmp_path / "s.ys").write_text(synthesis_script("core", ("core.sv",), infers=False))
    with pytest.raises(YosysError, match=r"selection is not empty: t:\$mem_v2"):
        run_synthesis(Path("s.ys"), tmp_path / "yosys.log", tmp_path)
    assert not (tmp_path / NETLIST).exists()


def test_a_yosys_that_is_not_there_is_said() -> None:
    log = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'pyosys'\n"
    assert reason(log, 1) == (
        "ModuleNotFoundError: No module named 'pyosys'; install the project's dependencies again: pip install -e ."
    )


def small_core() -> GraphCore:
    builder = GraphBuilder()
    operator = Threshold(channels=4, pixels=4, pe=2, lowest=-8, highest=7, output_bits=2)
    entry = builder.port("input", operator.inputs[0], 2, 2, 4)
    return GraphCore("small", builder.build(output=builder.add("count", operator, entry, parameters=("thresholds",))))


def test_the_step_leaves_the_same_bytes_wherever_and_beside_whatever_it_runs(tmp_path: Path) -> None:
    """No trained value is an input; two runs, each beside other weights, leave one netlist byte for byte."""
    build = Build("open", ROOT, find_network("digits"), find_platform("u250"), "sw_emu", 250.0, Settings.defaults())
    step = ooc(build, small_core())
    assert not any("weights" in source or "parameters" in source for source in step.sources)
    found = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        for item in step.inputs:
            place = folder / item.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(item.content if isinstance(item, Text) else (ROOT / item.source).read_text())
        (folder / "memories.bin").write_bytes(random.Random(seed).randbytes(64))
        command = [sys.executable, *step.argv[1:]]
        subprocess.run(command, cwd=folder, check=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"})
        found.append([(folder / name).read_bytes() for name in (NETLIST, VERILOG, STATISTICS, "values.json")])
    assert found[0] == found[1]
    values = json.loads(found[0][3])
    cells = Counter(values["cells"])
    assert values["registers"] == sum(cells[name] for name in cells if name.startswith("FD"))
    assert values["luts"] == values["logic_luts"] + values["memory_luts"]
    assert values["is_estimate"] is True
    assert "RapidWright" in values["delay_source"]
    assert values["dsps"] == 0
    assert 0 < values["logic_ns"] < 2.4


def test_lut_count_is_that_of_the_issuing_statistics() -> None:
    """Logic is Yosys' figure for the whole hierarchy; memory by hand: 3 x 8, 2 x 8, 5 x 1, 1 x 2; tiles 2 + 3 / 2."""
    cells = {
        "CARRY4": 3, "DSP48E2": 4, "FDRE": 9, "RAM32M16": 3, "RAM64M8": 2, "RAM64X1D": 1,
        "RAMB18E2": 3, "RAMB36E2": 2, "SRL16E": 5,
    }  # fmt: skip
    listed = "".join(f"     {name:<20}{count:>13}\n" for name, count in cells.items())
    text = f"\n1. Printing statistics.\n\n=== top ===\n\n   Number of cells: {sum(cells.values())}\n{listed}"
    text += "\n   Estimated number of LCs:        120\n"
    used = utilization(yosys_stat.parse(text))
    assert (used.logic_luts, used.memory_luts, used.resources.luts) == (120, 47, 167)
    assert (used.resources.registers, used.resources.dsps, used.resources.bram_tiles, used.carry8s) == (9, 4, 3.5, 2)


@pytest.mark.parametrize(("twice", "count"), [({}, 6), ({"TWICE": 1, "PIXEL_PAIRS": 1}, 3)])
def test_a_pe_of_the_stem_puts_registers_and_sums_into_its_dsps(
    tmp_path: Path, netlist_models, twice: dict[str, int], count: int
) -> None:
    """A DSP has its products and its sum registered; from the second on the sum comes from the first."""
    sizes = {"SIMD": 3, "CHAIN": 3, "TREE": 0, "INPUT_BITS": 8, "WEIGHT_BITS": 8, "ACCUMULATOR_BITS": 24, "MMV": 2}
    sizes |= twice
    sources = {file: (ROOT / "blocks" / file).read_text() for file in MVAU}
    synthesise(tmp_path, "farm_mvau_integer_pe", sources, sizes)
    cells = json.loads((tmp_path / NETLIST).read_text())["modules"]["farm_mvau_integer_pe"]["cells"].values()
    dsps = [cell for cell in cells if cell["type"] == "DSP48E2"]
    assert len(dsps) == count
    assert all(int(cell["parameters"][name], 2) == 1 for cell in dsps for name in ("MREG", "PREG"))
    chained = [cell for cell in dsps if any(isinstance(bit, int) for bit in cell["connections"]["PCIN"])]
    assert len(chained) == count * 2 // 3
    # A DSP that multiplies twice delays the lanes of its chain itself: the RTL gets them as late as that.
    late = "{a2[47:40], a1[39:32], a[31:24], a2[23:16], a1[15:8], a[7:0]}" if twice else "a"
    compare_with_rtl(tmp_path, late, sizes, netlist_models)


BENCH = """
module bench;
    reg clk = 0, rst = 1, add = 0, last = 0; reg [47:0] a = 0, a1 = 0, a2 = 0; reg [23:0] w = 0;
    wire [47:0] real_sums, sums;
    always #1 clk = ~clk;
    always @(posedge clk) begin a1 <= a; a2 <= a1; end
    reference expected (.clk(clk), .rst(rst), .a(ACTIVATIONS), .w(w), .add(add), .last(last), .sums(real_sums));
    farm_mvau_integer_pe found (.clk(clk), .rst(rst), .a(a), .w(w), .add(add), .last(last), .sums(sums));
    integer cycle, seed = 7, compared = 0;
    initial begin
        for (cycle = 0; cycle < 3000; cycle = cycle + 1) begin
            @(negedge clk);
            rst = cycle < 12;
            a = {$urandom(seed), $urandom(seed)};
            w = $urandom(seed);
            add = $urandom(seed) % 4 != 0;
            last = $urandom(seed) % 5 == 0;
            #0.5;
            if (cycle > 60) begin
                if (sums !== real_sums) $display("DIFFER %0d %h %h", cycle, sums, real_sums);
                if (^real_sums !== 1'bx) compared = compared + 1;
            end
        end
        $display("COMPARED %0d", compared);
        $finish;
    end
endmodule
"""


def compare_with_rtl(folder: Path, activations: str, sizes: dict[str, int], models: tuple[Path, ...]) -> None:
    """Simulate the netlist beside the RTL that simulators read, as Yosys has it before any mapping.

    `activations`: those of the RTL, from `a` of this cycle, `a1` of the last one and `a2` of the one before.
    """
    needs.program("iverilog")
    given = "".join(f" -chparam {name} {value}" for name, value in sizes.items())
    lines = [f"read_verilog -sv -nosynthesis {MVAU[-1]}"]
    lines += [f"hierarchy -top farm_mvau_integer_pe{given}"]
    lines += ["proc", "flatten", "rename -top reference", "delete t:$scopeinfo", "write_verilog -noattr reference.v"]
    (folder / "r.ys").write_text("\n".join(lines) + "\n")
    run_script(Path("r.ys"), folder / "r.log", folder)
    (folder / "bench.v").write_text(BENCH.replace("ACTIVATIONS", activations))
    files = ["bench.v", VERILOG, "reference.v", *map(str, models)]
    subprocess.run(["iverilog", "-g2012", "-o", "run", "-s", "bench", *files], cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "run"], cwd=folder, check=True, capture_output=True, text=True)
    assert "DIFFER" not in done.stdout
    compared = re.search(r"COMPARED (\d+)", done.stdout)
    assert compared
    assert int(compared[1]) > 2000
