"""Compares the speed of the authors' own C++ with ours, per image: `python -m benchmarks.authors_cpp CLONE`.

CLONE is a clone of Xilinx/ResNet50-PYNQ with its submodules (`git submodule update --init`); none of it is part of this
project. For each block it compiles the authors' unchanged source with g++ and the open HLS headers instead of Vivado
HLS, and runs it once on a random tensor with the parameters of its headers. Our side is the compiled core of the last
`doit build`, with the same tensor and parameters. Both must give the same numbers. Times are CPU time of one core,
measured around the block alone, without reading and writing its tensors. The authors' DMA and test benches are not
compiled. Compiling takes tens of minutes and, for the largest block, 5 GiB.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.sw_emu import machine
from blocks.core.graph import GraphCore
from blocks.kinds.block import Block
from blocks.kinds.residual import Residual
from blocks.kinds.stem import Stem
from blocks.memories import images
from blocks.network import Network, find_network
from blocks.parameters.authors import FOLDERS, read_authors
from blocks.parameters.headers import HeaderError
from blocks.parameters.importing import AUTHORS_FOLDER
from blocks.parameters.stand_in import stand_in_fc_weights
from toolchains.open.emulation.compile_core import CoreError, draw_inputs, open_headers, run_native

Tensor = np.ndarray[Any, Any]
SEED = 2020
#: Our run is short, so take the best of a few: this excludes other load on the machine.
OUR_RUNS = 3
#: Our flags, but without exceptions, which neither side uses: they cost the compiler 8 GiB for the largest headers.
FLAGS = ("-std=c++14", "-O3", "-march=x86-64-v2", "-fno-exceptions", "-w")

_DRIVER = """\
#include <cstdio>
#include <cstdint>
#include <ctime>
#include <vector>
#include "{source}"

// Reads elements as bytes, runs the block once, and writes the seconds that it took and its elements as 32 bit numbers.
template <int LANES, int BITS>
static void fill(hls::stream<ap_uint<LANES * BITS> >& to, const char* path) {{
    std::vector<unsigned char> elements;
    std::FILE* file = std::fopen(path, "rb");
    for (int next; file && (next = std::fgetc(file)) != EOF;) elements.push_back((unsigned char)next);
    if (file) std::fclose(file);
    for (std::size_t at = 0; at + LANES <= elements.size(); at += LANES) {{
        ap_uint<LANES * BITS> word = 0;
        for (int lane = 0; lane < LANES; lane++)
            word((lane + 1) * BITS - 1, lane * BITS) = elements[at + lane];
        to.write(word);
    }}
}}

int main(int, char** argv) {{
    hls::stream<ap_uint<({in_lanes}) * ({in_bits})> > in("in");
    hls::stream<ap_uint<({out_lanes}) * ({out_bits})> > out("out");
    fill<{in_lanes}, {in_bits}>(in, argv[1]);
{weights}
    const std::clock_t begin = std::clock();
    {call};
    const double seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
    std::FILE* file = std::fopen("output", "wb");
    std::fwrite(&seconds, sizeof seconds, 1, file);
    while (!out.empty()) {{
        ap_uint<({out_lanes}) * ({out_bits})> word = out.read();
        for (int lane = 0; lane < {out_lanes}; lane++) {{
            const std::uint32_t element = word((lane + 1) * ({out_bits}) - 1, lane * ({out_bits})).to_uint();
            std::fwrite(&element, sizeof element, 1, file);
        }}
    }}
    return std::fclose(file);
}}
"""

_WEIGHTS = """\
    hls::stream<ap_uint<L53_SIMD * L53_PE * L53_WBITS> > weights("weights");
    fill<L53_SIMD * L53_PE, L53_WBITS>(weights, argv[2]);"""


class NotCompiledError(Exception):
    """A block of the clone could not be compiled or run."""


@dataclass(frozen=True)
class Top:
    """The authors' function for a kind of block: its file, (lanes, bits) of its ports as macros, include folders."""

    source: str
    call: str
    in_ports: tuple[str, str]
    out_ports: tuple[str, str]
    folders: tuple[str, ...]
    flags: tuple[str, ...] = ()
    weights: str = ""


@dataclass(frozen=True)
class Timed:
    """CPU seconds per image through a block, theirs and ours, and the number of different elements."""

    block: str
    theirs_s: float
    ours_s: float
    differences: int


def top_of(block: Block, own: str) -> Top:
    """The build of a block as in the authors' compile/*.tcl. `own` is the folder of its headers."""
    if isinstance(block, Residual):
        branches = f"-DRES{1 if block.conv1 is None else 2}BR"
        ports = ("RES_2A_SIMD", "RES_BYPINBITS"), ("RES_2C_PE", "RES_2C_ACTBITS")
        return Top("resblock.cpp", "resblock(in, out)", *ports, (own, "src/hls", "src/hls/finn-hls"), (branches,))
    if isinstance(block, Stem):
        folders = (own, "src/hls", "src/hls/finn/FINN/backend/fpga/hls")
        ports = ("L0_IFMC", "L0_INBITS"), ("pool0_CHANNELS", "pool0_PRECISION")
        return Top("preres.cpp", "preres(in, out)", *ports, folders)
    folders = (AUTHORS_FOLDER, "src/hls", "src/hls/finn-hls")
    ports = ("RES_2C_PE", "RES_2C_ACTBITS"), ("1", "32")
    return Top("postres.cpp", "postres(in, out, weights)", *ports, folders, weights=_WEIGHTS)


def compile_theirs(clone: Path, top: Top, work: Path) -> None:
    """Compile a block into `work`/theirs. Raises NotCompiledError with the compiler's first error."""
    (in_lanes, in_bits), (out_lanes, out_bits) = top.in_ports, top.out_ports
    text = _DRIVER.format(
        source=top.source, call=top.call, weights=top.weights,
        in_lanes=in_lanes, in_bits=in_bits, out_lanes=out_lanes, out_bits=out_bits,
    )  # fmt: skip
    (work / "driver.cpp").write_text(text, "utf-8")
    included = [word for folder in ("src", *top.folders) for word in ("-I", str(clone / folder))]
    defines = ("-DOFFLOAD", "-DRAWHLS", *top.flags)
    words = ["g++", *FLAGS, *defines, *included, "-isystem", str(open_headers()), "-o", "theirs", "driver.cpp"]
    try:
        done = subprocess.run(words, cwd=work, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotCompiledError("there is no g++; install it, e.g. apt-get install g++") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()[:1]
        raise NotCompiledError(errors[0] if errors else f"g++ ended with status {done.returncode}")


def run_theirs(work: Path, inputs: list[Tensor]) -> tuple[float, Tensor]:
    """Run the authors' program; returns CPU seconds per image and the output elements. Raises NotCompiledError."""
    names = [f"input{number}" for number in range(len(inputs))]
    for name, values in zip(names, inputs, strict=True):
        (work / name).write_bytes(values.reshape(-1).astype(np.int64).astype(np.uint8).tobytes())
    done = subprocess.run([work / "theirs", *names], cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotCompiledError(f"the program ended with status {done.returncode}")
    data = (work / "output").read_bytes()
    return float(np.frombuffer(data[:8], "<f8")[0]), np.frombuffer(data[8:], "<u4")


def run_ours(library: ctypes.CDLL, core: GraphCore, memory: bytes, inputs: list[Tensor]) -> tuple[float, Tensor]:
    """The same for our compiled core. The time includes loading its memories, so it is slightly too long."""
    best_s = float("inf")
    for _ in range(OUR_RUNS):
        begin = time.process_time()
        (output,) = run_native(library, core.name, "body", core.graph, memory, inputs)
        best_s = min(best_s, time.process_time() - begin)
    return best_s, output


def timed(clone: Path, block: Block, folder: Path, work: Path) -> Timed:
    """Time a block, theirs and ours. Raises NotCompiledError, CoreError, HeaderError."""
    core = block.core()
    work.mkdir()
    parameters = read_authors(clone / AUTHORS_FOLDER, block)
    compile_theirs(clone, top_of(block, f"{AUTHORS_FOLDER}/{FOLDERS.get(block.name, block.name)}"), work)
    drawn = draw_inputs(core, np.random.default_rng(SEED))
    if core.graph.streamed:
        # The authors did not publish these weights.
        drawn["fc_weights"] = stand_in_fc_weights(core.graph, block.name)
    inputs = [drawn[port.name] for port in core.graph.inputs]
    theirs_s, theirs = run_theirs(work, inputs)
    built = folder / "hls" / core.name / "core.o"
    subprocess.run(["g++", "-shared", "-o", str(work / "ours.so"), str(built)], check=True)
    _, memory = images(core.graph, parameters.logical(core.graph))
    ours_s, ours = run_ours(ctypes.CDLL(str(work / "ours.so")), core, memory, inputs)
    same = theirs.size == ours.size
    differences = int((theirs.astype(np.int64) != ours.astype(np.int64)).sum()) if same else max(theirs.size, ours.size)
    return Timed(block.name, theirs_s, ours_s, differences)


def chosen(network: Network, names: list[str]) -> Iterator[Block]:
    """The blocks with these names, or all blocks if `names` is empty. Raises SystemExit for an unknown name."""
    known = {block.name: block for block in network.blocks}
    for name in names or known:
        if name not in known:
            raise SystemExit(f"there is no block {name!r}; known: {', '.join(known)}")
        yield known[name]


def checked(clone: Path) -> None:
    """Raise SystemExit if the folder is not such a clone, or its submodules are missing."""
    if not (clone / AUTHORS_FOLDER).is_dir():
        raise SystemExit(f"{clone}: no {AUTHORS_FOLDER} in it; give a clone of Xilinx/ResNet50-PYNQ")
    if not (clone / "src/hls/finn-hls/bnn-library.h").exists():
        raise SystemExit(f"{clone}: src/hls/finn-hls is empty; run there: git submodule update --init")


def main(arguments: list[str] | None = None) -> int:
    """Print the figures.

    Returns:
        0, or 1 if a block could not be compared or its numbers differ.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.authors_cpp", description=__doc__)
    parser.add_argument("clone", type=Path, help="a clone of Xilinx/ResNet50-PYNQ with its submodules")
    parser.add_argument("--blocks", nargs="+", default=[], metavar="BLOCK", help="only these blocks [default: all]")
    given = parser.parse_args(arguments)
    clone = given.clone.resolve()
    checked(clone)
    network = find_network("resnet50")
    blocks = tuple(chosen(network, given.blocks))
    folder = Path("build/resnet50/open-sw_emu")
    if missing := [block.name for block in blocks if not (folder / "hls" / block.core().name / "core.o").exists()]:
        raise SystemExit(f"not built yet: {', '.join(missing)}; run: doit build network=resnet50")
    console, done, failed = Console(highlight=False), [], []
    console.print(f"one image on {machine()}")
    console.print(f"theirs: their sources with g++ {' '.join(FLAGS)} and the open HLS headers", soft_wrap=True)
    with tempfile.TemporaryDirectory() as work, Progress(transient=True, console=console) as progress:
        task = progress.add_task("", total=len(blocks))
        for block in blocks:
            progress.update(task, description=block.name)
            try:
                done.append(timed(clone, block, folder, Path(work, block.name)))
            except (NotCompiledError, CoreError, HeaderError) as error:
                failed.append(f"{block.name}: not compared: {error}")
            progress.advance(task)
    show(console, done, len(network.blocks))
    for line in failed:
        console.print(line, soft_wrap=True)
    return 1 if failed or any(one.differences for one in done) else 0


def show(console: Console, done: list[Timed], all_blocks: int) -> None:
    """Print a row for each block and the sums."""
    table = Table("block", "theirs, CPU s", "ours, CPU s", "ratio", "elements", box=None, pad_edge=False)
    for one in done:
        verdict = "equal" if not one.differences else f"{one.differences:,} DIFFER"
        table.add_row(
            one.block, f"{one.theirs_s:.2f}", f"{one.ours_s:.4f}", f"{one.theirs_s / one.ours_s:.0f}", verdict
        )
    console.print(table)
    if done:
        theirs_s, ours_s = sum(one.theirs_s for one in done), sum(one.ours_s for one in done)
        what = f"{len(done)} of {all_blocks} blocks"
        console.print(f"{what}: theirs {theirs_s:.1f} s, ours {ours_s:.3f} s an image; ratio {theirs_s / ours_s:.0f}")


if __name__ == "__main__":
    sys.exit(main())
