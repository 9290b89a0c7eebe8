"""The straightforward modules compute what the real ones do: a comparison of areas is worth nothing otherwise."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import needs
import pytest
from everyday import first

from toolchains.open.synthesis.yosys import run_script

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
VARIANT = ROOT / "benchmarks" / "rtl" / "straightforward.sv"
OPERATORS = ROOT / "blocks" / "operators"
FILES = tuple(
    OPERATORS / name
    for name in (
        "farm_stream.sv",
        "mvau/mvau.sv",
        "mvau/sum.sv",
        "mvau/mvau_binary.sv",
        "width_converter/width_converter.sv",
    )
)

# Each runs alone with inputs that are a function of the beat's number, and prints what leaves.
ALONE = """
module bench;
    reg clk = 0, rst = 1, stall_a = 0, stall_w = 1, ready = 0;
    reg [31:0] na = 0, nw = 0; integer seed = SEED, beats = 0;
    wire [OUT-1:0] out; wire a_ready, w_ready, valid;
    function [BITS-1:0] mix(input [31:0] n, input [31:0] salt);
        integer i; reg [31:0] x;
        begin
            x = n * 32'd2654435761 + salt;
            for (i = 0; i < BITS; i = i + 1) begin
                x = x ^ (x << 13); x = x ^ (x >> 17); x = x ^ (x << 5);
                mix[i] = x[7];
            end
        end
    endfunction
    wire [BITS-1:0] a = mix(na, 7), w = mix(nw, 99);
    always #1 clk = ~clk;
    TOP dut (.clk(clk), .rst(rst), .in0_data(a[IN-1:0]), .in0_valid(!stall_a), .in0_ready(a_ready),
        .in1_data(w[W-1:0]), .in1_valid(!stall_w), .in1_ready(w_ready),
        .out0_data(out), .out0_valid(valid), .out0_ready(ready));
    always @(posedge clk) begin
        if (!rst && !stall_a && a_ready) na <= na + 1;
        if (!rst && !stall_w && w_ready) nw <= nw + 1;
        if (!rst && valid && ready) begin $display("%h", out); beats = beats + 1; end
        if (beats >= BEATS) $finish;
    end
    initial begin
        repeat (4) @(negedge clk);
        rst = 0;
        forever begin
            @(negedge clk);
            // A valid that waits stays: it only falls where the beat has moved.
            if (a_ready || stall_a) stall_a = $urandom(seed) % 4 == 0;
            // Weights start at any time and never pause after that.
            if (stall_w) stall_w = $urandom(seed) % 4 == 0;
            ready = $urandom(seed) % 3 != 0;
        end
    end
endmodule
"""


def elaborate(folder: Path, module: str, parameters: dict[str, int]) -> None:
    """Write `real.v` and `plain.v`: the module flat, in plain Verilog, for a simulator that knows little of the new."""
    needs.program("iverilog")
    given = "".join(f" -set {name} {value}" for name, value in parameters.items())
    for name, over in (("real", ()), ("plain", (VARIANT,))):
        # Without SYNTHESIS: the behavioural twin of the sums, which needs no compressor. What streams share would only
        # have a check more, by a task that Yosys does not know.
        lines = [f"read_verilog -sv {'' if file.name == 'farm_stream.sv' else '-nosynthesis'} {file}" for file in FILES]
        lines += [f"read_verilog -sv -overwrite {file}" for file in over]
        lines += [
            f"chparam{given} {module}",
            f"hierarchy -top {module}",
            "proc",
            "setattr -mod -unset keep_hierarchy *",
            "flatten",
        ]
        lines += [f"rename -top {name}_top", "delete t:$scopeinfo", f"write_verilog -noattr {name}.v"]
        (folder / f"{name}.ys").write_text("\n".join(lines) + "\n")
        run_script(Path(f"{name}.ys"), folder / f"{name}.log", folder)


def simulate(folder: Path, bench: str, names: dict[str, object], *files: str) -> list[str]:
    for name, value in names.items():
        bench = re.sub(rf"\b{name}\b", str(value), bench)
    (folder / "bench.v").write_text(bench)
    subprocess.run(["iverilog", "-g2012", "-o", "run", "-s", "bench", "bench.v", *files], cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "run"], cwd=folder, check=True, capture_output=True, text=True, timeout=60)
    return [line for line in done.stdout.split("\n") if line and "$finish" not in line]


@pytest.mark.parametrize(
    ("simd", "folds", "neurons", "pe", "bits"), first([(20, 3, 2, 2, 2), (33, 1, 1, 1, 2), (4, 5, 1, 3, 4)], 1)
)
def test_the_plain_matrix_vector_unit(tmp_path: Path, simd: int, folds: int, neurons: int, pe: int, bits: int) -> None:
    highest = simd * folds * (2**bits - 1)
    sizes = {
        "SYNAPSE_FOLDS": folds, "NEURON_FOLDS": neurons, "PE": pe, "SIMD": simd, "INPUT_BITS": bits,
        "SUM_BITS": highest.bit_length(), "ACCUMULATOR_BITS": highest.bit_length() + 1, "MMV": 1,
    }  # fmt: skip
    elaborate(tmp_path, "farm_mvau_binary", sizes)
    out = pe * sizes["ACCUMULATOR_BITS"]
    beats = 60
    names = {"IN": simd * bits, "W": pe * simd, "OUT": out, "BITS": max(simd * bits, pe * simd), "BEATS": beats}
    found = [
        simulate(tmp_path, ALONE, {**names, "TOP": top, "SEED": seed}, f"{top.removesuffix('_top')}.v")
        for top, seed in (("real_top", 1), ("plain_top", 2))
    ]
    assert len(found[0]) == beats
    assert len(set(found[0])) > beats // 4
    assert found[0] == found[1]
