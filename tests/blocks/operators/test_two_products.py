"""Two products in one DSP48E2: drawn units of its primitives equal plain integers, with every field at its end too."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import needs
import pytest
from everyday import first

from blocks.operators.mvau import Mvau

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("operators/farm_stream.sv", "operators/mvau/mvau.sv", "operators/mvau/mvau_integer.sv")
MODELS = ("toolchains/open/netlist/models.v", "toolchains/open/netlist/block_models.v")
GROUPS = 7

BENCH = """
module bench;
    reg clk = 0, rst = 1;
    always #1 clk = ~clk;
    initial begin repeat (12) @(negedge clk); rst = 0; repeat ({cycles}) @(negedge clk); $finish; end
{units}
endmodule
"""
UNIT = """
    reg [{wide_a}-1:0] columns{at} [0:{beats}-1]; reg [{wide_w}-1:0] weights{at} [0:{depth}-1];
    integer a{at} = 0, w{at} = 0;
    wire a_ready{at}, w_ready{at}, valid{at}; wire [{wide_out}-1:0] out{at};
    initial begin $readmemh("columns{at}.hex", columns{at}); $readmemh("weights{at}.hex", weights{at}); end
    {module} #({parameters}) unit{at} (
        .clk(clk), .rst(rst), .in0_data(columns{at}[a{at} % {beats}]), .in0_valid(a{at} < {beats}),
        .in0_ready(a_ready{at}),
        .in1_data(weights{at}[w{at} % {depth}]), .in1_valid(1'b1), .in1_ready(w_ready{at}),
        .out0_data(out{at}), .out0_valid(valid{at}), .out0_ready(1'b1));
    always @(posedge clk) if (!rst) begin
        if (a_ready{at} && a{at} < {beats}) a{at} <= a{at} + 1;
        if (w_ready{at}) w{at} <= w{at} + 1;
        if (valid{at}) $display("{at} %h", out{at});
    end
"""


def packed(values: Sequence[int], bits: int) -> str:
    """Element 0 in the lowest bits, in hexadecimal."""
    return f"{sum((value % (1 << bits)) << (bits * at) for at, value in enumerate(values)):x}"


def drawn(draw: random.Random, lowest: int, highest: int, count: int, *, ends: bool) -> list[int]:
    return [draw.choice((lowest, highest)) if ends else draw.randint(lowest, highest) for _ in range(count)]


def units_of(seed: int, count: int) -> list[Mvau]:
    """Shapes that multiply in DSPs, most of them twice: widths around what the fields hold, odd pixels and channels."""
    draw, found = random.Random(seed), []
    while len(found) < count:
        simd, folds, pe, mmv = draw.randint(1, 9), draw.randint(1, 3), draw.randint(1, 5), draw.randint(1, 5)
        input_bits, weight_bits = draw.choice(
            [(8, 8)] * 4 + [(7, 8), (4, 12), (12, 4), (8, 9), (9, 8), (16, 3), (3, 16)]
        )
        shape = Mvau(
            simd * folds, pe * draw.choice((1, 2)), pe, simd, input_bits, weight_bits, GROUPS * mmv, mmv=mmv,
        )  # fmt: skip
        if not shape.adds_bits and not shape.mistakes():
            found.append(shape)
    return found


def case(shape: Mvau, draw: random.Random) -> tuple[list[str], list[str], list[str]]:
    """Columns, weights and sums as beats. The first groups have the highest activations only, or both ends."""
    low, high = -(1 << (shape.weight_bits - 1)), (1 << (shape.weight_bits - 1)) - 1
    # Whole rows of one end, and rows where each weight is one of both.
    rows = [
        [(low, high)[row]] * shape.synapses if row < 2 else drawn(draw, low, high, shape.synapses, ends=row % 2 == 0)
        for row in range(shape.channels)
    ]
    draw.shuffle(rows)
    most = (1 << shape.input_bits) - 1
    pixels = []
    for at in range(shape.pixels):
        group = at // shape.mmv
        if group == 0 or (group == 1 and at % 2):
            pixels.append([most] * shape.synapses)
        else:
            pixels.append(drawn(draw, 0, most, shape.synapses, ends=group < 5))
    columns, sums = [], []
    for start in range(0, shape.pixels, shape.mmv):
        now = pixels[start : start + shape.mmv]
        for fold in range(shape.synapse_folds):
            part = slice(fold * shape.simd, (fold + 1) * shape.simd)
            columns.append(packed([value for pixel in now for value in pixel[part]], shape.input_bits))
        for fold in range(shape.neuron_folds):
            part = slice(fold * shape.pe, (fold + 1) * shape.pe)
            beat = [sum(a * w for a, w in zip(pixel, row, strict=True)) for pixel in now for row in rows[part]]
            sums.append(packed(beat, shape.accumulator_bits))
    weights = [
        packed(
            [
                value
                for row in rows[neuron * shape.pe : (neuron + 1) * shape.pe]
                for value in row[synapse * shape.simd : (synapse + 1) * shape.simd]
            ],
            shape.weight_bits,
        )
        for neuron in range(shape.neuron_folds)
        for synapse in range(shape.synapse_folds)
    ]
    return columns, weights, sums


def differing(folder: Path, shapes: Sequence[Mvau], seed: int, unit: str = "") -> list[Mvau]:
    """The shapes of which a sum differs. `unit` is the text of `mvau_integer.sv` if not that in use."""
    needs.program("iverilog")
    draw, units, expected = random.Random(seed), [], []
    for at, shape in enumerate(shapes):
        columns, weights, sums = case(shape, draw)
        expected.append(sums)
        (folder / f"columns{at}.hex").write_text("\n".join(columns) + "\n")
        (folder / f"weights{at}.hex").write_text("\n".join(weights) + "\n")
        module = shape.sv_module
        units.append(
            UNIT.format(
                at=at, wide_a=shape.inputs[0].width_bits, beats=len(columns), wide_w=shape.parameters[0].width_bits,
                depth=len(weights), wide_out=shape.outputs[0].width_bits, module=module.name,
                parameters=", ".join(f".{key}({int(value)})" for key, value in module.parameters),
            )
        )  # fmt: skip
    (folder / "bench.sv").write_text(
        BENCH.format(units="".join(units), cycles=max(shape.cycles() for shape in shapes) + 60)
    )
    texts = {Path(name).name: (ROOT / "blocks" / name).read_text() for name in SOURCES}
    texts |= {Path(name).name: (ROOT / name).read_text() for name in MODELS}
    for name, text in (texts | ({"mvau_integer.sv": unit} if unit else {})).items():
        (folder / name).write_text(text)
    command = ["iverilog", "-g2012", "-DSYNTHESIS", "-o", "run", "-s", "bench", "bench.sv", *texts]
    made = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-3000:]
    done = subprocess.run(["vvp", "-n", "run"], cwd=folder, check=True, capture_output=True, text=True, timeout=300)
    found: list[list[str]] = [[] for _ in shapes]
    for line in done.stdout.splitlines():
        at, _, beat = line.partition(" ")
        if at.isdecimal():
            found[int(at)].append(beat.lstrip("0") or "0")
    assert all(len(beats) == len(sums) for beats, sums in zip(found, expected, strict=True)), done.stdout[:1000]
    return [shape for shape, beats, sums in zip(shapes, found, expected, strict=True) if beats != sums]


STEM = Mvau(12, 4, 4, 4, 8, 8, 4 * GROUPS, mmv=4)
WEIGHTS = Mvau(14, 6, 3, 7, 8, 8, GROUPS)
BOTH = Mvau(10, 4, 2, 5, 8, 8, 3 * GROUPS, mmv=3)


@pytest.mark.parametrize("seed", first(range(8), 1))
def test_drawn_units(tmp_path: Path, seed: int) -> None:
    assert differing(tmp_path, [STEM, WEIGHTS, BOTH, *units_of(seed, 5)], seed) == []


MISTAKES = {
    "what the low sum borrows is lost": ("48'd1 << (FIELD - 1)", "48'd0", STEM),
    "the low field is a bit too narrow": ("<< (WEIGHT_BITS - 1)) + 1;", "<< (WEIGHT_BITS - 1));", STEM),
    "the low sum's sign is not mended": ("{!both[FIELD-1]", "{both[FIELD-1]", STEM),
    "a lane of the chain is not delayed": ("DELAY = s < 2 ? s : 2", "DELAY = s < 2 ? s : 1", STEM),
    "a pixel in both fields": (".low(x[2*m*A_WIDTH", ".low(x[(2*m+1)*A_WIDTH", STEM),
    "the negative low weight is not subtracted": ("5'b00100", "5'b00000", WEIGHTS),
    "a weight comes before its activation": (".DREG(SIGNED ? FIRST : 0)", ".DREG(0)", WEIGHTS),
    "an odd pixel takes the first one": (".low(y[0+:W_WIDTH])", ".low(y[W_WIDTH+:W_WIDTH])", BOTH),
}


@pytest.mark.parametrize("name", first(MISTAKES))
def test_planted_mistakes_are_seen(tmp_path: Path, name: str) -> None:
    text = (ROOT / "blocks/operators/mvau/mvau_integer.sv").read_text()
    right, wrong, shape = MISTAKES[name]
    assert text.count(right) == 1
    assert differing(tmp_path, [shape], 3, text.replace(right, wrong)) == [shape]
