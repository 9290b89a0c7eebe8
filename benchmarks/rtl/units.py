"""LUTs and DSPs of whole matrix-vector units beside the formula of `Mvau.area`, which `doit fit` uses without `ooc`.

    python -m benchmarks.rtl.units [NETWORK ...]

Synthesises each unit that the networks have (with none given: a selection), alone and as it stands in a core: with
binary weights the sum of the activations leaves beside the sums, and the converter behind subtracts it. "LC" is what
`ooc` reports: Yosys' estimated LCs, one for each LUT6_2, and LUTs as memory. Fails if a unit whose sums compressors add
is further than 10 % from the formula, or if a unit takes another number of DSPs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rtl.sums import synthesise, wrapped
from blocks.core.graph import GraphCore
from blocks.network import find_network
from blocks.operators import room
from blocks.operators.base import SvModule
from blocks.operators.mvau import Mvau
from config.problem import ConfigError

ROOT = Path(__file__).resolve().parents[2]
FARTHEST = 0.10
UNITS = (
    Mvau(64, 64, 8, 32, 2, 1, 3136), Mvau(64, 64, 32, 32, 2, 1, 3136), Mvau(576, 64, 32, 64, 2, 1, 3136),
    Mvau(576, 64, 32, 192, 2, 1, 3136), Mvau(256, 64, 64, 64, 2, 1, 3136), Mvau(512, 128, 32, 128, 2, 1, 784),
    Mvau(64, 32, 8, 8, 2, 1, 16), Mvau(288, 32, 16, 16, 2, 1, 16), Mvau(64, 16, 16, 16, 4, 1, 16, mmv=2),
    Mvau(64, 16, 8, 16, 3, 2, 16), Mvau(64, 16, 16, 32, 4, 4, 16),
    Mvau(147, 64, 64, 3, 8, 8, 12544, mmv=16), Mvau(28, 8, 8, 7, 8, 8, 8, mmv=2), Mvau(27, 8, 8, 3, 8, 8, 9, mmv=3),
    Mvau(24, 6, 1, 8, 9, 8, 1, streamed_weights=True),
)  # fmt: skip


def units_of(name: str) -> list[Mvau]:
    """The distinct units of a network."""
    cores = find_network(name).cores().values()
    nodes = (node.operator for core in cores if isinstance(core, GraphCore) for node in core.graph.nodes)
    return list(dict.fromkeys(each for each in nodes if isinstance(each, Mvau)))


def measured(unit: Mvau) -> tuple[int, int]:
    """LC and DSPs of a unit."""
    texts = {Path(name).name: (ROOT / "blocks" / name).read_text() for name in room.sv_files([unit])}
    texts["made.sv"] = "\n".join(unit.sv_made([unit])) + "\n"
    texts["unit.sv"] = in_a_core(unit)
    values = synthesise("unit", texts, {})
    return values["luts"], values["dsps"]


def in_a_core(unit: Mvau) -> str:
    """A module with a unit in it, whose sums a converter subtracts."""
    module, sums = unit.sv_module, unit.outputs[0].width_bits
    keys = dict(module.parameters)
    if unit.weight_bits == 1:
        keys["APART"], sums = 1, unit.mmv * (unit.pe + 1) * keys["SUM_BITS"]
    weights = unit.inputs[1] if unit.streamed_weights else unit.parameters[0]
    made = SvModule(module.name, tuple(keys.items()))
    return wrapped(made, (unit.inputs[0].width_bits, weights.width_bits), (sums,))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark.

    Returns:
        0, or 1 if the formula is too far from a unit.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    given = parser.parse_args(arguments)
    try:
        units = list(dict.fromkeys(unit for name in given.networks for unit in units_of(name))) or list(UNITS)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    table = Table(title="matrix-vector units alone; Yosys, estimates")
    for column in ("weights", "inputs", "synapses", "channels", "PE", "SIMD", "MMV"):
        table.add_column(column, justify="right")
    for column in ("LC", "formula", "off by", "DSP", "formula"):
        table.add_column(column, justify="right")
    missed = 0
    for unit in units:
        luts, dsps = measured(unit)
        area = unit.area()
        off = (area.luts or 0) / luts - 1
        missed += (unit.adds_bits and abs(off) > FARTHEST) or dsps != area.dsps
        shape = (unit.weight_bits, unit.input_bits, unit.synapses, unit.channels, unit.pe, unit.simd, unit.mmv)
        table.add_row(*map(str, shape), f"{luts}", f"{area.luts or 0:.0f}", f"{off:+.0%}", f"{dsps}", f"{area.dsps:g}")
    console = Console(width=120)
    console.print(table)
    console.print(f"{missed} units are further from the formula" if missed else "the formula holds")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
