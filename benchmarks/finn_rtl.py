"""Compares a matrix-vector unit and a thresholding unit with FINN's own RTL of equal parameters, in one run of Yosys.

    pip download --no-deps finn-plus && unzip finn_plus-*.whl -d FOLDER
    python -m benchmarks.finn_rtl FOLDER

FOLDER holds finn-rtllib (from FINN+, BSD-3-Clause), which is read unchanged. If it elaborates neither with Yosys' own
front end nor with the slang front end, the reasons are printed instead of a ratio.

The units differ in two ways that no setting removes: FINN's thresholding unit stores its thresholds inside, so our
memory's LUTs are added; and FINN's matrix-vector unit multiplies in DSPs and takes weights of two bits or more.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from blocks.operators.base import Operator
from blocks.operators.mvau import Mvau
from blocks.operators.room import sv_files
from blocks.operators.threshold import Threshold
from blocks.parameter_memory.plan import plan_memory
from reports.open_tools.yosys_stat import parse
from toolchains.open.synthesis.utilization import Utilization, utilization
from toolchains.open.synthesis.yosys import YosysError, run_script

ROOT = Path(__file__).resolve().parents[1]
MVAU = Mvau(synapses=576, channels=64, pe=8, simd=32, input_bits=2, weight_bits=1, pixels=1)
THRESHOLD = Threshold(channels=64, pixels=1, pe=4, lowest=-256, highest=255, output_bits=2)
_PATH = re.compile(r"\S*finn-rtllib/")
SYNTH = "synth_xilinx -family xcup -top {top} -noiopad -noclkbuf -flatten"


@dataclass(frozen=True)
class Unit:
    """A unit of FINN: its files below finn-rtllib, its top, its parameters, and our operator of equal shape."""

    name: str
    files: tuple[str, ...]
    top: str
    parameters: dict[str, int]
    ours: Operator


UNITS = (
    Unit(
        "thresholding",
        ("thresholding/hdl/thresholding.sv",),
        "thresholding",
        {"N": THRESHOLD.steps, "K": THRESHOLD.threshold_bits, "C": THRESHOLD.channels, "PE": THRESHOLD.pe, "SIGNED": 1},
        THRESHOLD,
    ),
    Unit(
        "matrix-vector unit",
        ("mvu/mvu_pkg.sv", "mvu/add_multi.sv", "mvu/mvu.sv"),
        "mvu",
        {
            "VERSION": 2, "PE": MVAU.pe, "SIMD": MVAU.simd, "WEIGHT_WIDTH": 2, "ACTIVATION_WIDTH": MVAU.input_bits,
            "ACCU_WIDTH": MVAU.accumulator_bits, "NARROW_WEIGHTS": 1,
        },
        MVAU,
    ),
)  # fmt: skip


def measure(folder: Path, reads: list[str], top: str) -> Utilization:
    """Synthesise the sources that the commands `reads` read. Raises YosysError."""
    script = [*reads, SYNTH.format(top=top), "tee -o statistics.txt stat -tech xilinx"]
    (folder / "unit.ys").write_text("\n".join(script) + "\n")
    run_script(Path("unit.ys"), folder / "unit.log", folder)
    return utilization(parse((folder / "statistics.txt").read_text(), "statistics.txt"))


def theirs(folder: Path, library: Path, unit: Unit) -> Utilization | list[str]:
    """Area of FINN's unit, or the reason of each front end for refusing it."""
    files = [str(library / file) for file in unit.files]
    values = unit.parameters.items()
    own = [f"read_verilog -sv {file}" for file in files]
    own.append(f"chparam {' '.join(f'-set {name} {value}' for name, value in values)} {unit.top}")
    slang = "read_slang --ignore-assertions --ignore-initial --top " + " ".join(
        (unit.top, *(f"-G{name}={value}" for name, value in values), *files)
    )
    reasons = []
    for front_end, reads in (("read_verilog -sv", own), ("read_slang", [slang])):
        try:
            return measure(folder, reads, unit.top)
        except YosysError as error:
            errors = [line for line in (folder / "unit.log").read_text().splitlines() if "ERROR: " in line]
            reasons.append(f"{front_end}: {_PATH.sub('', errors[0] if errors else str(error))}")
    return reasons


def ours(folder: Path, operator: Operator) -> Utilization:
    """Area of our unit with the same parameters. Raises YosysError."""
    module = operator.sv_module
    sources = [ROOT / "blocks" / name for name in sv_files([operator])]
    made = folder / "made.sv"
    made.write_text("\n".join(operator.sv_made([operator])) + "\n")
    sources.append(made)
    given = " ".join(f"-set {name} {int(value)}" for name, value in module.parameters)
    reads = [*(f"read_verilog -sv {source}" for source in sources), f"chparam {given} {module.name}"]
    return measure(folder, reads, module.name)


def main(arguments: list[str]) -> int:
    """Run the comparison.

    Returns:
        0 if both units of FINN were measured, 1 if one was not, 2 for wrong arguments.
    """
    found = sorted(Path(arguments[0]).rglob("finn-rtllib")) if len(arguments) == 1 else []
    if not found:
        sys.stderr.write("usage: python -m benchmarks.finn_rtl FOLDER, which holds a finn-rtllib\n")
        return 2
    missing = 0
    for unit in UNITS:
        with tempfile.TemporaryDirectory() as name:
            mine = ours(Path(name), unit.ours).resources
            stored = 0.0
            if isinstance(unit.ours, Threshold):
                stream = unit.ours.parameters[0]
                stored = plan_memory(stream.width_bits, stream.depth).area.luts or 0
            luts = (mine.luts or 0) + stored
            say(f"{unit.name}, ours: {luts:g} LUT, {mine.registers} FF, {mine.dsps} DSP")
            other = theirs(Path(name), found[0].resolve(), unit)
        if isinstance(other, Utilization):
            used = other.resources
            say(f"{unit.name}, FINN: {used.luts} LUT, {used.registers} FF, {used.dsps} DSP")
            say(f"  LUT ratio {luts / used.luts:.2f}" if used.luts else "  no LUT")
        else:
            missing += 1
            say(f"{unit.name}, FINN: does not elaborate")
            for reason in other:
                say(f"  {reason}")
    return int(missing > 0)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
