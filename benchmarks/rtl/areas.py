"""LUTs, DSPs and block RAM by formula beside synthesis, of the operators whose formulas were fitted to it.

    python -m benchmarks.rtl.areas [--fitted] [PART_OF_A_NAME ...]

Synthesises each operator alone. The formulas were not fitted to these shapes; `--fitted` takes those that they were
fitted to. Both sides are estimates. Fails if LUTs are more than a tenth apart, or if DSPs or block RAM differ.
`benchmarks.rtl.units` does this for matrix-vector units. Formulas of Pad, SlidingWindow, MaxPool and Threshold, and of
an Add that only saturates, are not fitted.
"""

from __future__ import annotations

import argparse
import re
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.rtl.sums import ROOT, synthesise
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.depthwise import Depthwise
from blocks.operators.requantize import Requantize
from blocks.operators.room import sv_files
from blocks.operators.sum_pool import SumPool
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
)  # fmt: skip
OTHERS: tuple[Operator, ...] = (
    Depthwise(40, 9, 10, 4, 4, 64), Depthwise(64, 9, 32, 3, 4, 64), Depthwise(24, 9, 3, 7, 1, 64),
    Depthwise(128, 49, 8, 6, 8, 64),
    Requantize(48, 64, 6, -400000, 400000, 16, 32, 18, 8), Requantize(20, 64, 10, -900, 900, 8, 18, 6, 5),
    SumPool(24, 10, 10, 3, 3, 24, 6), SumPool(128, 16, 16, 2, 2, 4, 4), SumPool(16, 16, 16, (3, 1), 1, 16, 8),
    SumPool(32, 12, 12, (1, 3), (1, 2), 16, 4),
    Add(24, 64, 5, True, 4, True, 8, True, 0, b_factor=3), Add(6, 64, 6, False, 6, False, 10, False, 0, a_factor=11),
)  # fmt: skip


def measured(shape: Operator) -> Resources:
    """What synthesis makes of the operator alone."""
    module = shape.sv_module
    texts = {file.replace("/", "_"): (ROOT / "blocks" / file).read_text() for file in sv_files([shape])}
    values = synthesise(module.name, texts, {name: int(value) for name, value in module.parameters})
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
