"""What the cheaper form of a part saves in LUTs, at every shape that a network has.

    python -m benchmarks.rtl.savings [NETWORK]

Each part is synthesised alone by Yosys in two forms: as the cores have it, and as they would have it otherwise
(`rtl/dearer.sv`, or the module that another place uses). Both are counted in the same run by the same rule: estimated
LCs with LUTs as memory, and LUT cells with LUTs as memory. The sums are over all uses in all blocks. In a core Yosys
also shares logic across the borders of parts, so the difference of whole cores (`benchmarks.synthesis`) may be another.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from blocks.core.graph import Graph, GraphCore
from blocks.network import find_network
from blocks.operators import room
from blocks.operators.mvau import Mvau
from blocks.operators.threshold import Threshold
from blocks.operators.width_converter import WidthConverter
from config.problem import ConfigError
from reports.open_tools.yosys_stat import YosysModule, YosysStat, parse
from toolchains.open.synthesis.script import DSP_MAP, STATISTICS, synthesis_script
from toolchains.open.synthesis.utilization import utilization
from toolchains.open.synthesis.yosys import run_synthesis

ROOT = Path(__file__).resolve().parents[2]
DEARER = "dearer.sv"
KEPT = '(* keep_hierarchy = "yes" *)'
PACKED = "localparam bit MULTIPLIED = INPUT_BITS + WEIGHT_BITS > 8;"
SLICES, SUMS, THRESHOLDS, PRODUCTS = SAVINGS = (
    "no slices at the ports of parameters",
    "sums picked, not shifted; common term subtracted behind",
    "thresholds compared at once, not searched",
    "two products in one DSP48E2",
)


@dataclass(frozen=True)
class Form:
    """A module with its parameters and ports (name, direction, bits); `delayed` bits are registered beside it."""

    module: str
    parameters: tuple[tuple[str, int], ...]
    ports: tuple[tuple[str, str, int], ...]
    delayed: int = 0

    def text(self, name: str) -> str:
        """A module around it that is synthesised on its own."""
        ports = [("clk", "input", 1), *self.ports]
        inner = ", ".join(f".{port}" for port, _, _ in ports)
        given = ", ".join(f".{key}({int(value)})" for key, value in self.parameters)
        if self.delayed:
            ports += [("now", "input", self.delayed), ("later", "output", self.delayed)]
        outer = ", ".join(
            f"{way} {'wire' if way == 'input' else 'logic'} [{bits - 1}:0] {port}" for port, way, bits in ports
        )
        line = "    always_ff @(posedge clk) later <= now;\n" if self.delayed else ""
        return f"{KEPT}\nmodule {name} ({outer});\n    {self.module} #({given}) part ({inner});\n{line}endmodule\n"


@dataclass(frozen=True)
class Part:
    """One saving at one shape: `ours` and the `dearer` form."""

    saving: str
    ours: Form
    dearer: Form


def parts(graph: Graph) -> Iterator[tuple[Part, int]]:
    """The parts of a graph with how often each stands in it."""
    converters = {node.inputs[0]: node.operator for node in graph.nodes if isinstance(node.operator, WidthConverter)}
    for node in graph.nodes:
        shape = node.operator
        if shape.steady_parameters:
            for port in shape.parameters:
                yield _slice(port.width_bits, shape.inputs[0].width_bits), 1
        if isinstance(shape, Threshold):
            yield _lane(shape), shape.pe
        converter = converters.get(node.outputs[0])
        if isinstance(shape, Mvau) and converter is not None and (part := _sums(shape, converter.lanes_out)):
            yield part, 1
        if isinstance(shape, Mvau) and shape.sv_module.name == "farm_mvau_integer":
            yield _products(shape), 1


def _slice(bits: int, delayed: int) -> Part:
    control = (("rst", "input", 1), ("in_valid", "input", 1), ("in_ready", "output", 1))
    steady = (*control, ("started", "output", 1), ("take", "input", 1))
    return Part(
        SLICES, Form("farm_steady", (), steady, delayed), Form("farm_skid", (("WIDTH", bits),), _stream(bits, bits))
    )


def _sums(shape: Mvau, lanes: int) -> Part | None:
    split = shape.sv_split(lanes)
    if split is None:
        return None
    ports = _stream(split.width_bits, lanes * shape.accumulator_bits)
    parameters = split.converter.parameters
    return Part(SUMS, Form(split.converter.name, parameters, ports), Form("dearer_narrow", parameters, ports))


def _lane(shape: Threshold) -> Part:
    parameters = tuple(item for item in shape.sv_module.parameters if item[0] != "LANES")
    ports = (
        ("value", "input", shape.input_bits),
        ("thresholds", "input", shape.steps * shape.threshold_bits),
        ("count", "output", shape.output_bits),
    )
    ours, dearer = (Form(f"{kind}_threshold_lane", parameters, ports) for kind in ("farm", "dearer"))
    return Part(THRESHOLDS, ours, dearer)


def _products(shape: Mvau) -> Part:
    weights = shape.pe * shape.simd * shape.weight_bits
    more = (("in1_data", "input", weights), ("in1_valid", "input", 1), ("in1_ready", "output", 1))
    ports = (*_stream(shape.inputs[0].width_bits, shape.outputs[0].width_bits), *more)
    ours, dearer = (Form(f"{kind}_mvau_integer", shape.sv_module.parameters, ports) for kind in ("farm", "dearer"))
    return Part(PRODUCTS, ours, dearer)


def _stream(bits_in: int, bits_out: int) -> tuple[tuple[str, str, int], ...]:
    return (
        ("rst", "input", 1), ("in0_data", "input", bits_in), ("in0_valid", "input", 1), ("in0_ready", "output", 1),
        ("out0_data", "output", bits_out), ("out0_valid", "output", 1), ("out0_ready", "input", 1),
    )  # fmt: skip


def synthesise(forms: Mapping[str, Form]) -> dict[str, tuple[int, int, int, int]]:
    """Estimated LCs, LUT cells, registers and DSPs of each form, by name: one run for all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        operators = [room.operator_class(kind).__module__.rpartition(".")[2] for kind in ("Mvau", "Threshold")]
        files = sorted(
            {ROOT / "blocks" / room.COMMON_SV, ROOT / "benchmarks/rtl" / DEARER}
            | {file for kind in (*operators, "width_converter") for file in (room.OPERATORS / kind).glob("*.sv")}
        )
        for file in files:
            # What is kept apart in a core would be counted apart from the form here.
            (folder / file.name).write_text(file.read_text().replace(KEPT, ""))
        alone = (room.OPERATORS / "mvau/mvau_integer.sv").read_text().replace(KEPT, "")
        if PACKED not in alone:
            raise SystemExit(f"mvau_integer.sv does not say {PACKED!r} any more, so this program cannot do without it")
        for module in re.findall(r"^module (\w+)", alone, re.MULTILINE):
            alone = re.sub(rf"\b{module}\b", module.replace("farm_", "dearer_", 1), alone)
        (folder / "dearer_integer.sv").write_text(alone.replace(PACKED, "localparam bit MULTIPLIED = 0;"))
        (folder / DSP_MAP).write_text((ROOT / "toolchains/open/synthesis" / DSP_MAP).read_text())
        (folder / "forms.sv").write_text("".join(form.text(name) for name, form in forms.items()) + _top(forms))
        (folder / "s.ys").write_text(
            synthesis_script("top", [*(file.name for file in files), "dearer_integer.sv", "forms.sv"])
        )
        run_synthesis(Path("s.ys"), folder / "yosys.log", folder)
        statistics = parse((folder / STATISTICS).read_text(), STATISTICS)
    return {module.name: _counts(module) for module in statistics.modules if module.name in forms}


def _top(forms: Mapping[str, Form]) -> str:
    ports, instances = ["input wire clk", "output logic beat"], []
    for name, form in forms.items():
        more = (("now", "input", form.delayed), ("later", "output", form.delayed)) if form.delayed else ()
        every = (*form.ports, *more)
        ports += [f"{way} wire [{bits - 1}:0] {name}_{port}" for port, way, bits in every]
        instances.append(f"    {name} i_{name} (.clk, {', '.join(f'.{port}({name}_{port})' for port, _, _ in every)});")
    # A register of its own: Yosys prints no counts for a module of nothing but instances.
    register = "    always_ff @(posedge clk) beat <= !beat;"
    return "module top (\n" + ",\n".join(ports) + "\n);\n" + "\n".join([*instances, register]) + "\nendmodule\n"


def _counts(module: YosysModule) -> tuple[int, int, int, int]:
    used = utilization(YosysStat(None, (module,), None, None))
    cells = sum(count for name, count in used.cells if name.startswith("LUT"))
    registers = sum(count for name, count in used.cells if name.startswith("FD"))
    return used.logic_luts + used.memory_luts, cells + used.memory_luts, registers, dict(used.cells).get("DSP48E2", 0)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark.

    Returns:
        0, or 1 if a form in use takes more LUTs than the other, over all blocks, and saves no DSP.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", nargs="?", default="resnet50")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    uses: Counter[Part] = Counter()
    for core in network.cores().values():
        if isinstance(core, GraphCore):
            for part, count in parts(core.graph):
                uses[part] += count
    forms = {f"form{at}": form for at, form in enumerate({form for part in uses for form in (part.ours, part.dearer)})}
    names = {form: name for name, form in forms.items()}
    counted = synthesise(forms)
    table = Table(title=f"{network.name}: Yosys, estimates, over all blocks")
    for column in (
        "saving",
        "uses",
        "LUT: otherwise",
        "ours",
        "saved",
        "LUT cells: otherwise",
        "ours",
        "FF: otherwise",
        "ours",
        "DSP: otherwise",
        "ours",
    ):
        table.add_column(column, justify="left" if column == "saving" else "right")
    gains = True
    for saving in SAVINGS:
        mine = {part: count for part, count in uses.items() if part.saving == saving}
        ours = [sum(count * counted[names[part.ours]][at] for part, count in mine.items()) for at in range(4)]
        dearer = [sum(count * counted[names[part.dearer]][at] for part, count in mine.items()) for at in range(4)]
        gains = gains and (ours[0] <= dearer[0] or ours[3] < dearer[3])
        pairs = (value for pair in zip(dearer[1:], ours[1:], strict=True) for value in pair)
        row = (sum(mine.values()), dearer[0], ours[0], dearer[0] - ours[0], *pairs)
        table.add_row(saving, *(f"{value:,}" for value in row))
    Console(width=180).print(table)
    if not gains:
        sys.stdout.write("a form in use takes more LUTs than the other, and saves no DSP\n")
    return int(not gains)


if __name__ == "__main__":
    sys.exit(main())
