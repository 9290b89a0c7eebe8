"""The RTL of a module beside its netlist: the RTL is verilated, the netlist is simulated cell by cell (`gates.hpp`)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import needs
import numpy as np
import pytest
from once import Once

from blocks.core.rtl import data_bits
from blocks.memories import Memory
from blocks.parameter_memory.contents import unpack_image
from blocks.parameter_memory.plan import plan_memory
from toolchains.open.simulation.compile_model import compile_sources, library_sources, run_compiler, verilate
from toolchains.open.simulation.verilator import Verilator

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
BENCH = ("twins.cpp", "twins.hpp", "gates.hpp", "primitives.hpp", "structural.hpp")
MEMORY_MODEL = ROOT / "toolchains/open/simulation/dma/axi_memory.hpp"
# Registers are random at power-on, which exposes a module that relies on their contents.
FLAGS = (
    "--cc", "-O3", "--x-assign", "unique", "--x-initial", "unique", "--noassert", "--output-split", "30000",
    "--output-split-cfuncs", "3000", "-Wno-fatal", "-MMD", "-Wno-WIDTH", "-Wno-PINMISSING",
)  # fmt: skip
BASE, WEIGHTS, RESULTS = 0x4_0000_0000, 0x10_000, 0x20_000


@dataclass(frozen=True)
class Program:
    """The bench around one RTL; netlists are its input."""

    path: Path

    def run(
        self, netlist: Path, top: str, card: Path | None = None, *, images: int = 0, stall: int = 20,
        cycles: int = 200_000, beats: int = 0, weights: int = WEIGHTS, results: int = RESULTS,
    ) -> str:  # fmt: skip
        """What the bench says.

        `card`: the memory of the card, written back, with images first; `weights` and `results` are places in it.
        `beats`: a module without registers ends after so many of each stream.
        """
        places = [hex(BASE), hex(BASE), hex(BASE + results), hex(BASE + weights)]
        words = [netlist, top, card or "/dev/null", images, *places, stall, cycles, beats]
        done = subprocess.run([self.path, *map(str, words)], capture_output=True, text=True, check=False)
        return done.stdout.strip() or f"ended with {done.returncode}: {done.stderr}"


@dataclass(frozen=True)
class SideBySide:
    """Compiles benches."""

    bench: Path
    verilator: Verilator
    memory: Callable[[Path, str, Memory, bytes], Path]
    """Writes a parameter memory as RTL."""

    def compile(
        self, folder: Path, top: str, files: Iterable[Path], netlist: str, netlist_top: str, fast: str = "-O0"
    ) -> Program:
        """A bench in an empty folder around the RTL `top`, whose ports are those of the netlist's top."""
        given = []
        for file in (*files, HERE / "twins.hpp"):
            shutil.copy(file, folder)
            given.append(file.name)
        (folder / "joint.cpp").write_text(joint(ports_of(netlist, netlist_top)))
        made = verilate("Vrtl", top, given[:-1], folder, self.verilator, FLAGS)
        compile_sources(["joint.cpp", *made], "rtl.o", folder, self.verilator, fast)
        run_compiler(("-pthread", "-o", "twins", str(self.bench), "rtl.o"), folder, "twins")
        return Program(folder / "twins")


def ports_of(netlist: str, top: str) -> list[tuple[str, bool, int]]:
    """Name, whether it is an input, and bits of the ports of a module in structural Verilog."""
    head = re.search(rf"^module {top} \((.*?)\);$", netlist, re.MULTILINE | re.DOTALL)
    assert head, top
    ports = re.findall(r"(input|output) wire (?:\[(\d+):0\] )?(\w+)", head[1])
    return [(name, way == "input", int(high or 0) + 1) for way, high, name in ports]


def joint(ports: Iterable[tuple[str, bool, int]]) -> str:
    """The verilated module as a `Twin`."""
    # Verilator renames what is a word of SystemC.
    pins = [
        f'{{"{name}", {{reinterpret_cast<unsigned char*>(&top.{"__SYM__" if name == "interrupt" else ""}{name}), '
        f"{bits}, {str(is_input).lower()}}}}},"
        for name, is_input, bits in ports
    ]
    listed = "\n            ".join(pins)
    return f"""#include "Vrtl.h"
#include "twins.hpp"
namespace {{
struct Model : VerilatedContext, Twin {{
    explicit Model(unsigned seed) : top((prepare(this, seed), this)) {{
        pins = {{
            {listed}
        }};
    }}
    ~Model() override {{ top.final(); }}
    void eval() override {{ top.eval(); }}
    static void prepare(VerilatedContext* context, unsigned seed) {{
        context->randReset(2);
        context->randSeed(static_cast<int>(seed));
    }}
    Vrtl top;
}};
}}
std::unique_ptr<Twin> make_rtl(unsigned seed) {{ return std::unique_ptr<Twin>(new Model(seed)); }}
"""


def beats_memory(folder: Path, block: str, memory: Memory, image: bytes) -> Path:
    """A parameter memory from its image, in words of its own: no netlist and no primitive is in it.

    It gives its first beat as late as the memory in the netlist does: a block RAM has one register more.
    """
    plan = plan_memory(memory.width_bits, memory.depth)
    bits = np.zeros((memory.depth, data_bits(memory.width_bits)), np.uint8)
    bits[:, : memory.width_bits] = unpack_image(image, memory.width_bits, memory.depth)
    name = f"{block}_{memory.port}"
    contents = folder / f"{name}.hex"
    lines = np.packbits(bits, axis=1, bitorder="little")[:, ::-1]
    contents.write_text("".join(f"{line.tobytes().hex()}\n" for line in lines))
    late = int(plan.shape.read_width > 0)
    width = bits.shape[1]
    file = folder / f"{name}.sv"
    file.write_text(f"""\
module {name} (
    input wire ap_clk, ap_rst_n, out_TREADY,
    output wire [{width - 1}:0] out_TDATA, output reg out_TVALID
);
    reg [{width - 1}:0] beats [0:{memory.depth - 1}];
    initial $readmemh("{contents}", beats);
    reg [{width - 1}:0] now, then;
    integer place;
    reg rst, first;
    always @(posedge ap_clk) begin
        rst <= !ap_rst_n;
        if (!out_TVALID || out_TREADY) begin
            now <= beats[place];
            then <= now;
            place <= place + 1 == {memory.depth} ? 0 : place + 1;
            first <= 0;
            out_TVALID <= {"!first" if late else "1"};
        end
        if (rst) begin
            place <= 0;
            first <= 1;
            out_TVALID <= 0;
        end
    end
    assign out_TDATA = {"then" if late else "now"};
endmodule
""")
    return file


@pytest.fixture(scope="session")
def side_by_side(once: Once) -> SideBySide:
    """Benches, whose own part is compiled once."""
    needs.compiler()
    verilator = needs.installed_verilator()

    def bench(folder: Path) -> None:
        for name in BENCH:
            shutil.copy(HERE / name, folder)
        shutil.copy(MEMORY_MODEL, folder)
        compile_sources(library_sources(verilator), "library.o", folder, verilator)
        # Not as models are compiled, which are C++14.
        run_compiler(("-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-c", "twins.cpp"), folder, "twins.cpp")
        run_compiler(("-r", "-nostdlib", "-o", "bench.o", "twins.o", "library.o"), folder, "bench.o")

    return SideBySide(once.make("twins", bench) / "bench.o", verilator, beats_memory)
