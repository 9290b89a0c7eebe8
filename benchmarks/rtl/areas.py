"""LUTs, DSPs and block RAM by formula beside synthesis, of every operator but matrix-vector units and trims.

    python -m benchmarks.rtl.areas [--fitted] [PART_OF_A_NAME ...]

Synthesises each operator alone in a module, as it stands in a core. The formulas were not fitted to these shapes;
`--fitted` takes those that they were fitted to. Both sides are estimates. Fails if LUTs are more than a tenth apart, or
if DSPs or block RAM differ. `benchmarks.rtl.units` does this for matrix-vector units. Trims, whose formula is within a
seventh, and operators below 50 LUTs are left out.
"""

from __future__ import annotations

import argparse
import re
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.rtl.sums import ROOT, synthesise, wrapped
from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.depthwise import Depthwise
from blocks.operators.fifo import Fifo
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.pad import Pad
from blocks.operators.requantize import Requantize
from blocks.operators.room import sv_files
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sum_pool import SumPool
from blocks.operators.threshold import Threshold
from blocks.operators.width_converter import WidthConverter
from config.fpga_resources import Resources

FARTHEST = 0.10
FITTED: tuple[Operator, ...] = (
    Depthwise(64, 9, 16, 4, 4, 64), Depthwise(64, 9, 4, 4, 4, 64), Depthwise(32, 9, 8, 4, 1, 64),
    Depthwise(32, 9, 8, 4, 2, 64), Depthwise(32, 9, 8, 4, 3, 64), Depthwise(32, 9, 8, 2, 4, 64),
    Depthwise(64, 9, 8, 8, 8, 64), Depthwise(16, 25, 16, 3, 2, 64), Depthwise(512, 9, 4, 4, 4, 64),
    Requantize(64, 64, 8, -70000, 70000, 16, 32, 16, 8), Requantize(64, 64, 1, -70000, 70000, 16, 32, 16, 8),
    Requantize(32, 64, 16, -2000, 2000, 12, 24, 10, 6), Requantize(32, 64, 4, -100000, 100000, 18, 44, 8, 5),
    Requantize(16, 64, 4, -(2**29), 2**29 - 1, 28, 40, 16, 8), Requantize(16, 64, 4, -2000, 2000, 12, 50, 16, 8),
    SumPool(32, 8, 8, 2, 2, 16, 4), SumPool(16, 16, 16, 3, 1, 16, 8), SumPool(64, 8, 8, 2, 2, 8, 8),
    SumPool(64, 32, 32, 2, 2, 8, 4), SumPool(64, 32, 32, 1, 2, 8, 4), SumPool(16, 8, 8, 2, 1, 4, 1),
    Add(16, 64, 4, False, 4, False, 5, False, 0), Add(32, 64, 8, False, 8, False, 11, False, 0, b_factor=5),
    Add(8, 64, 12, True, 12, True, 17, True, 0, a_factor=15, b_factor=16),
    Add(32, 25088, 4, False, 4, False, 4, False, 8), Add(8, 64, 8, True, 8, True, 8, True, 0),
    Add(1, 1000, 28, True, 32, True, 32, True, 0, True), Add(16, 64, 5, False, 4, False, 4, False, 0),
    Add(16, 64, 4, False, 4, False, 4, False, 5, a_factor=2, b_factor=3),
    Pad(64, 112, 112, 0, 0, 1, 1, 64, 2), Pad(32, 4, 4, 1, 1, 1, 1, 16, 2), Pad(3, 224, 224, 3, 3, 2, 5, 24, 8, 8),
    Threshold(256, 3136, 16, -192, 192, 4), Threshold(256, 3136, 32, 0, 15, 2), Threshold(16, 64, 1, 0, 30, 4),
    Threshold(40, 64, 8, 0, 62, 3), Threshold(40, 64, 8, 0, 14, 2, inverts=True), Threshold(32, 16, 2, -2000, 2000, 6),
    WidthConverter(32, 4, 11, 1024), WidthConverter(32, 1, 14, 1024), WidthConverter(16, 1, 12, 256),
    WidthConverter(10, 4, 8, 80), WidthConverter(12, 8, 6, 96),
    AccPool(2048, 49, 32, 4, 8), AccPool(32, 16, 32, 4, 0), AccPool(96, 25, 12, 6, 20),
    LabelSelect(1000, 1, 32, 5), LabelSelect(100, 4, 16, 5), Fifo(16, 4, 64, 64), Fifo(1, 4, 512, 512),
    Deinterleave(64, 64, 16, 4, 12), Deinterleave(24, 30, 6, 5, 9),
    SlidingWindow(64, 58, 58, 3, 1, 64, 2), SlidingWindow(16, 10, 10, 3, 1, 16, 4),
    SlidingWindow(64, 58, 58, 3, 1, 192, 2), SlidingWindow(8, 12, 12, 5, 1, 40, 4),
    SlidingWindow(3, 20, 20, 3, 1, 3, 8, 3), MaxPool(64, 113, 113, 3, 2, 64, 2), MaxPool(32, 9, 9, 3, 2, 32, 2),
    MaxPool(64, 113, 113, 3, 2, 64, 2, beatwise=True), MaxPool(16, 21, 21, 3, 2, 16, 4, beatwise=True),
)  # fmt: skip
OTHERS: tuple[Operator, ...] = (
    Depthwise(40, 9, 10, 4, 4, 64), Depthwise(64, 9, 32, 3, 4, 64), Depthwise(24, 9, 3, 7, 1, 64),
    Depthwise(128, 49, 8, 6, 8, 64),
    Requantize(48, 64, 6, -400000, 400000, 16, 32, 18, 8), Requantize(20, 64, 10, -900, 900, 8, 18, 6, 5),
    SumPool(24, 10, 10, 3, 3, 24, 6), SumPool(128, 16, 16, 2, 2, 4, 4), SumPool(16, 16, 16, (3, 1), 1, 16, 8),
    SumPool(32, 12, 12, (1, 3), (1, 2), 16, 4),
    Add(24, 64, 5, True, 4, True, 8, True, 0, b_factor=3), Add(6, 64, 6, False, 6, False, 10, False, 0, a_factor=11),
    Add(12, 64, 6, True, 5, True, 6, True, 0), Add(10, 64, 5, False, 5, False, 5, False, 16),
    Pad(24, 20, 20, 1, 1, 1, 1, 24, 6), Threshold(100, 64, 10, -3000, 3000, 3), Threshold(24, 64, 3, -70, 40, 5),
    WidthConverter(48, 4, 5, 96), LabelSelect(43, 1, 24, 4), Fifo(8, 5, 64, 128),
    SlidingWindow(24, 20, 20, 3, 1, 12, 3), SlidingWindow(3, 229, 229, 7, 2, 3, 8, 16),
    MaxPool(24, 14, 14, 2, 2, 12, 3),
)  # fmt: skip


def measured(shape: Operator) -> Resources:
    """What synthesis makes of the operator, the only one in a module as in a core."""
    texts = {file.replace("/", "_"): (ROOT / "blocks" / file).read_text() for file in sv_files([shape])}
    inputs = [stream.width_bits for stream in shape.inputs] + [stream.width_bits for stream in shape.parameters]
    texts["unit.sv"] = wrapped(shape.sv_module, inputs, [stream.width_bits for stream in shape.outputs])
    values = synthesise("unit", texts, {})
    return Resources(luts=values["luts"], dsps=values["dsps"], bram_tiles=values["bram_tiles"])


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark.

    Returns:
        0, or 1 if a formula is too far away.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PART_OF_A_NAME", help="operators to measure [default: all]")
    parser.add_argument("--fitted", action="store_true", help="the shapes that the formulas were fitted to")
    given = parser.parse_args(arguments)
    shapes = [each for each in (FITTED if given.fitted else OTHERS)
              if not given.names or any(name in str(each) for name in given.names)]  # fmt: skip
    table = Table(title="operators alone; Yosys, estimates")
    table.add_column("operator")
    for column in ("LC", "formula", "off by", "DSP", "formula", "BRAM", "formula"):
        table.add_column(column, justify="right")
    missed = 0
    for shape in shapes:
        found, said = measured(shape), shape.area()
        off = (said.luts or 0) / (found.luts or 1) - 1
        missed += abs(off) > FARTHEST or (found.dsps, found.bram_tiles) != (said.dsps, said.bram_tiles)
        counts = f"{found.luts}", f"{said.luts:.0f}", f"{off:+.0%}", f"{found.dsps}", f"{said.dsps:g}"
        table.add_row(re.sub(r"\w+=", "", str(shape)), *counts, f"{found.bram_tiles:g}", f"{said.bram_tiles:g}")
    console = Console(width=120)
    console.print(table)
    console.print(f"{missed} operators are further from the formula" if missed else "the formula holds")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
