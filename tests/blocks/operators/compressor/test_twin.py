"""The primitives add what their behavioural twin adds, which Verilator simulates, and both what Python adds."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import needs
import pytest
from compressors import in_use
from everyday import first

from blocks.operators.mvau.compressor.plan import offset
from blocks.operators.mvau.compressor.text import Compressor, modules

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
MVAU = ROOT / "blocks/operators/mvau"
ROWS, BEATS = 24, 5

BENCH = """
module bench;
    reg clk = 0, rst = 1, add = 0, last = 0;
    reg [A-1:0] a; reg [W-1:0] w;
    reg [A+W-1:0] beats [0:COUNT-1];
    wire [SUM-1:0] made, twin;
    integer at, age;
    farm_mvau_sum #(SIZES) one (.clk(clk), .rst(rst), .a(a), .w(w), .add(add), .last(last), .total(made));
    twin_sum #(SIZES) two (.clk(clk), .rst(rst), .a(a), .w(w), .add(add), .last(last), .total(twin));
    always #1 clk = ~clk;
    initial begin
        $readmemh("beats.hex", beats);
        repeat (STAGES + 2) @(negedge clk);
        rst = 0;
        for (at = 0; at < COUNT + STAGES + 1; at = at + 1) begin
            {w, a} = beats[at % COUNT];
            age = at - STAGES;
            add = age >= 0 && age < COUNT;
            last = add && age % ROW == ROW - 1;
            @(negedge clk);
            if (last) $display("%h %h", made, twin);
        end
        $finish;
    end
endmodule
"""


def simulate(folder: Path, compressor: Compressor, seed: int, text: str = "") -> tuple[list[str], list[str], list[int]]:
    """The totals of the primitives, those of the twin, and the sums of products, row by row."""
    needs.program("iverilog")
    lanes, weight_bits, input_bits = compressor.lanes, compressor.weight_bits, compressor.input_bits
    weights = max(weight_bits, 1)
    sum_bits = compressor.plan.beat_bits + 4
    draw = random.Random(seed)
    beats, sums = [], []
    for row in range(ROWS):
        total = 0
        for _ in range(BEATS):
            # The first rows have the largest and the smallest values: the carries run furthest.
            a = [draw.randrange(1 << input_bits) if row > 3 else (1 << input_bits) - 1 for _ in range(lanes)]
            w = [
                draw.randrange(1 << weights) if row > 2 else (0, (1 << weights) - 1, 1 << (weights - 1))[row] for _ in a
            ]
            planes = "".join(str(value >> bit & 1) for bit in reversed(range(input_bits)) for value in reversed(a))
            gates = "".join(str(value >> bit & 1) for bit in reversed(range(weights)) for value in reversed(w))
            beats.append(f"{int(gates + planes, 2):x}")
            signed = [value - (value >> (weights - 1) << weights) if weight_bits > 1 else value for value in w]
            total += sum(a) if not weight_bits else sum(x * y for x, y in zip(signed, a, strict=True))
        sums.append(total % (1 << sum_bits))
    start = -offset(lanes, weight_bits, input_bits) * BEATS % (1 << sum_bits)
    sizes = f".LANES({lanes}), .WEIGHT_BITS({weight_bits}), .INPUT_BITS({input_bits}), .SUM_BITS({sum_bits}), "
    sizes += f".STAGES({compressor.stages}), .START(64'd{start})"
    names = {"A": lanes * input_bits, "W": lanes * weights, "SUM": sum_bits, "COUNT": ROWS * BEATS, "ROW": BEATS,
             "SIZES": sizes}  # fmt: skip
    bench = BENCH.replace("STAGES", str(compressor.stages))
    for name, value in names.items():
        bench = re.sub(rf"\b{name}\b(?=[^(]|$)" if name != "SIZES" else r"\bSIZES\b", str(value), bench)
    source = (MVAU / "sum.sv").read_text()
    twin = source.replace("farm_mvau_sum", "twin_sum").replace("`ifdef SYNTHESIS", "`ifdef NEVER")
    cells = (ROOT / "toolchains/open/netlist/models.v").read_text()
    written = {
        "bench.sv": bench, "twin.sv": twin, "sum.sv": source, "cells.v": cells,
        "counters.sv": (MVAU / "counters.sv").read_text(), "made.sv": text or "\n".join(modules([compressor])) + "\n",
        "beats.hex": "\n".join(beats) + "\n",
    }  # fmt: skip
    for name, content in written.items():
        (folder / name).write_text(content)
    files = [name for name in written if not name.endswith(".hex")]
    command = ["iverilog", "-g2012", "-DSYNTHESIS", "-o", "run", "-s", "bench", *files]
    made = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-3000:]
    done = subprocess.run(["vvp", "-n", "run"], cwd=folder, check=True, capture_output=True, text=True, timeout=300)
    pairs = [line.split() for line in done.stdout.splitlines() if re.fullmatch(r"[0-9a-fxz]+ [0-9a-fxz]+", line, re.I)]
    assert len(pairs) == ROWS
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs], sums


SIZES = [Compressor(5, 3, 2, 2), Compressor(21, 1, 2, 2), Compressor(6, 2, 3, 4), Compressor(4, 4, 4, 1)]
SIZES += [Compressor(3, 0, 2, 3), Compressor(9, 1, 6, 2), Compressor(1, 1, 1, 2), Compressor(128, 1, 2, 6)]


@pytest.mark.parametrize("compressor", first([*SIZES, *in_use()], 3), ids=lambda each: each.name)
def test_random_rows(tmp_path: Path, compressor: Compressor) -> None:
    made, twin, sums = simulate(tmp_path, compressor, seed=compressor.lanes)
    assert [int(value, 16) for value in twin] == sums
    assert made == twin


MORE_THAN_A_LANE = [each for each in (*in_use(), *SIZES) if each.lanes > 1]


@pytest.mark.parametrize("compressor", first(MORE_THAN_A_LANE, 1), ids=lambda each: each.name)
def test_planted_mistakes_are_seen(tmp_path: Path, compressor: Compressor) -> None:
    """A wire in the place of another of its level, a carry that is lost: each changes a sum."""
    text = "\n".join(modules([compressor])) + "\n"
    draw = random.Random(compressor.lanes)
    places = list(re.finditer(r"\b([abw]\w*)\[(\d+)\](?=[,})])", text))
    for attempt in range(2):
        one = draw.choice(places)
        other = draw.choice([each for each in places if each[1] == one[1] and each[2] != one[2]])
        folder = tmp_path / str(attempt)
        folder.mkdir()
        made, twin, _ = simulate(folder, compressor, 5, text[: one.start()] + other[0] + text[one.end() :])
        assert made != twin, (one[0], other[0])
