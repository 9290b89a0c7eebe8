"""LUTs of a lane: the compressor with its accumulator beside the sum that it replaced, counted by the same rule.

    python -m benchmarks.rtl.sums [LANES ...] [--weights 1] [--inputs 2] [--stages N]

Each is synthesised alone, with an accumulator of 6 bits more than a beat. "LC" is what `ooc` reports: Yosys' estimated
LCs and one for each LUT6_2. "LUTs" are all LUT cells of the netlist, a LUT2 as one. The sum that it replaced takes
weights of 1 bit only. Fails if a lane of 1 x 2 bits takes more than 2.1 LC at 64 lanes or 1.95 at 128, or if a path is
doubtful. Places of a carry chain that only pass a bit on have no LUT in either netlist; a placer gives them one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from blocks.operators.base import SvModule
from blocks.operators.mvau import Mvau
from blocks.operators.mvau.compressor.plan import offset
from blocks.operators.mvau.compressor.text import DEFAULTS, Compressor, modules
from toolchains.open.synthesis.primitives import LUTS
from toolchains.open.synthesis.script import DSP_MAP, synthesis_script

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = ROOT / "blocks/operators/mvau"
BEFORE = "counted_sum"
MOST = {64: 2.1, 128: 1.95}
"""LC of a lane of 1 x 2 bits with its accumulator."""
BEATS = 64


def synthesise(top: str, texts: Mapping[str, str], sizes: Mapping[str, int]) -> dict[str, Any]:
    """The values of a module alone. Raises SystemExit with the step's output."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        head, rest = synthesis_script(top, texts).split("hierarchy", 1)
        given = " ".join(f"-set {key} {value}" for key, value in sizes.items())
        set_sizes = f"chparam {given} {top}\n" if sizes else ""
        script = f"{head}{set_sizes}hierarchy{rest}"
        techmap = (ROOT / "toolchains/open/synthesis" / DSP_MAP).read_text()
        for file, text in {**texts, DSP_MAP: techmap, "synthesis.ys": script}.items():
            (folder / file).write_text(text)
        command = [sys.executable, "-m", "toolchains.open.synthesis.synthesise", "--core", top, "--tool", "Yosys"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{top}: {done.stdout}{done.stderr}")
        values: dict[str, Any] = json.loads((folder / "values.json").read_text())
        return values


def wrapped(module: SvModule, inputs: Sequence[int], outputs: Sequence[int]) -> str:
    """A module `unit` with an operator's module in it, as it stands in a core. Widths of streams are in bits."""
    streams = [(f"in{at}", bits, True) for at, bits in enumerate(inputs)]
    streams += [(f"out{at}", bits, False) for at, bits in enumerate(outputs)]
    ports = [("input", 1, "clk"), ("input", 1, "rst")]
    for name, bits, inward in streams:
        there, back = ("input", "output") if inward else ("output", "input")
        ports += [(there, bits, f"{name}_data"), (there, 1, f"{name}_valid"), (back, 1, f"{name}_ready")]
    declared = ", ".join(f"{way} wire [{bits - 1}:0] {name}" for way, bits, name in ports)
    given = ", ".join(f".{key}({int(value)})" for key, value in module.parameters)
    joined = ", ".join(f".{name}" for _, _, name in ports)
    return f"module unit ({declared});\n    {module.name} #({given}) it ({joined});\nendmodule\n"


def compressed(lanes: int, weight_bits: int, input_bits: int, stages: int) -> dict[str, Any]:
    """The compressor and its accumulator."""
    compressor = Compressor(lanes, weight_bits, input_bits, stages)
    texts = {name: (OPERATOR / name).read_text() for name in ("counters.sv", "sum.sv")}
    texts["made.sv"] = "\n".join(modules((compressor, *DEFAULTS))) + "\n"
    sum_bits = compressor.plan.beat_bits + 6
    start = -offset(lanes, weight_bits, input_bits) * BEATS % (1 << sum_bits)
    sizes = {"LANES": lanes, "WEIGHT_BITS": weight_bits, "INPUT_BITS": input_bits, "SUM_BITS": sum_bits}
    return synthesise("farm_mvau_sum", texts, {**sizes, "STAGES": stages, "START": start})


def counted(lanes: int, input_bits: int) -> dict[str, Any]:
    """What was there before."""
    sum_bits = Compressor(lanes, 1, input_bits, 2).plan.beat_bits + 6
    texts = {f"{BEFORE}.sv": (ROOT / "benchmarks/rtl" / f"{BEFORE}.sv").read_text()}
    return synthesise(BEFORE, texts, {"SIMD": lanes, "INPUT_BITS": input_bits, "SUM_BITS": sum_bits})


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark.

    Returns:
        0, or 1 if a limit is missed.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lanes", nargs="*", type=int, default=[16, 32, 64, 128])
    parser.add_argument("--weights", type=int, default=1, metavar="BITS")
    parser.add_argument("--inputs", type=int, default=2, metavar="BITS")
    parser.add_argument("--stages", type=int, help="registers up to the accumulator; as in the core if not given")
    given = parser.parse_args(arguments)
    table = Table(title=f"W{given.weights}A{given.inputs}: a sum with its accumulator, alone; Yosys, estimates")
    for column in ("lanes", "sum", "stages", "LC", "a lane", "LUTs", "a lane", "CARRY8", "FF", "ns", "levels"):
        table.add_column(column, justify="right")
    missed = []
    for lanes in given.lanes:
        stages = given.stages or Mvau(lanes, 1, 1, lanes, given.inputs, given.weights, 1).sum_stages
        runs = [("compressor", stages, compressed(lanes, given.weights, given.inputs, stages))]
        runs += [("before", 2, counted(lanes, given.inputs))] if given.weights == 1 else []
        for name, registers, values in runs:
            cells = sum(values["cells"].get(kind, 0) for kind in LUTS)
            counts = values["luts"], f"{values['luts'] / lanes:.2f}", cells, f"{cells / lanes:.2f}"
            rest = values["carry8s_derived"], values["registers"], f"{values['logic_ns']:.2f}", values["logic_levels"]
            table.add_row(*map(str, (lanes, name, registers, *counts, *rest)))
        values = runs[0][2]
        most = MOST.get(lanes) if (given.weights, given.inputs) == (1, 2) and given.stages is None else None
        if values["doubtful_at_250_mhz"] or (most and values["luts"] > most * lanes):
            missed.append(f"{lanes} lanes")
    console = Console(width=120)
    console.print(table)
    console.print(f"limits missed: {', '.join(missed)}" if missed else "every limit is kept")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
