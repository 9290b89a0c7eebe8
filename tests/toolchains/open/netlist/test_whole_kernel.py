"""The merged netlist of digits beside its RTL: the same beats at every pin in every cycle, on real images.

Both run on a card with stalls. The RTL is the text of `integration.kernel_rtl.top` around the sources of the cores;
only its parameter memories are netlists, those of step `memories`. The netlist is what `doit netlist` leaves.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import needs
import numpy as np
import pytest
from flow_checkout import copy_checkout

from blocks.core.graph import GraphCore
from blocks.core.rtl import render
from blocks.dataset import held_out
from blocks.network import Network, find_network
from blocks.network_model import run_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from integration.design import design_of
from integration.kernel_rtl.link import CONVERTER_FILES, FIFO_FILES, converter_core
from integration.kernel_rtl.top import kernel_top
from toolchains.open.simulation.compile_model import (
    VERILATOR_FLAGS,
    compile_sources,
    library_sources,
    run_compiler,
    verilate,
)
from toolchains.open.synthesis import yosys

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(7200)]

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
IMAGES = 2
BASE, WEIGHTS, RESULTS = 0x4_0000_0000, 0x10_000, 0x20_000
QUIET = ("-Wno-UNOPTFLAT", "-Wno-WIDTH", "-Wno-PINMISSING", "-Wno-CMPCONST", "-Wno-UNSIGNED")


@dataclass(frozen=True)
class Twins:
    """What `doit netlist` left, the RTL compiled, and how to compile a netlist beside it."""

    built: Path
    network: Network
    rtl: Path
    compile_netlist: Callable[[Path, str], Path]

    def run(self, program: Path, folder: Path) -> tuple[str, np.ndarray]:
        """What the bench says, and the classes that the netlist wrote."""
        network = self.network
        pictures = held_out(network.dataset)[0][:IMAGES]
        memory = bytearray(RESULTS + 4096)
        memory[: pictures.size] = pictures.astype(np.uint8).tobytes()
        weights = (self.built / "weights/postres/fc_weights.bin").read_bytes()
        memory[WEIGHTS : WEIGHTS + len(weights)] = weights
        (folder / "memory").write_bytes(bytes(memory))
        places = [hex(BASE), hex(BASE), hex(BASE + RESULTS), hex(BASE + WEIGHTS)]
        command = [program, folder / "memory", str(IMAGES), *places, "20", "200000"]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        after = (folder / "memory").read_bytes()[RESULTS : RESULTS + 4 * IMAGES * network.head.top]
        return done.stdout, np.frombuffer(after, np.uint32).reshape(IMAGES, -1)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, netlist_models: tuple[Path, ...]) -> Twins:
    verilator, network = needs.installed_verilator(), find_network("digits")
    checkout = copy_checkout(tmp_path_factory.mktemp("netlist") / "checkout")
    process = checkout.start("-m", "doit", "netlist", f"network={network.name}", "target=hw_emu")
    output, _ = process.communicate(timeout=3600)
    assert process.returncode == 0, output
    built = checkout.folder / "build/digits/open-hw_emu"
    dma = network.dma

    def verilated(name: str, top: str, files: list[Path], folder: Path) -> Path:
        """An object with the function make_<name>."""
        folder.mkdir()
        for file in (*files, HERE / "twins.hpp", ROOT / "toolchains/open/simulation/dma/axi_memory.hpp"):
            shutil.copy(file, folder)
        words = f"make_{name}, V{name}, {dma.image_word_bytes}, {dma.weights_word_bytes}"
        (folder / "joint.cpp").write_text(f'#include "V{name}.h"\n#include "twins.hpp"\nKERNEL_PINS({words})\n')
        given = [file.name for file in files]
        flags = ["unique" if flag == "fast" else flag for flag in VERILATOR_FLAGS]
        made = verilate(f"V{name}", top, given, folder, verilator, [*flags, *QUIET])
        compile_sources(["joint.cpp", *made], f"{name}.o", folder, verilator)
        return folder / f"{name}.o"

    place = tmp_path_factory.mktemp("twins")
    rtl = verilated("rtl", "kernel", rtl_files(network, built, place, netlist_models), place / "rtl")

    def compile_netlist(text: Path, name: str) -> Path:
        folder = place / name
        made = verilated("netlist", network.name, [text, *netlist_models], folder)
        shutil.copy(HERE / "twins.cpp", folder)
        compile_sources(["twins.cpp", *library_sources(verilator)], "bench.o", folder, verilator)
        run_compiler(("-pthread", "-o", "twins", "bench.o", str(rtl), str(made)), folder, "twins")
        return folder / "twins"

    return Twins(built, network, rtl, compile_netlist)


def rtl_files(network: Network, built: Path, place: Path, models: tuple[Path, ...]) -> list[Path]:
    """The sources of the kernel's RTL. Its memories, one module a shape, become those of each block."""
    top = re.sub(r"farm_memory_w\d+_d\d+ (\w+)_memory \(", r"\1 \1_memory (", kernel_top(network, "kernel"))
    texts, files = {"kernel": top}, {*CONVERTER_FILES, *FIFO_FILES}
    converters = [core for link in design_of(network).links if (core := converter_core(link))]
    for core in (*network.cores().values(), *converters):
        files |= set(core.sv_files())
        texts[core.name] = render(core).top
    for name, text in texts.items():
        (place / f"{name}.sv").write_text(text)
    filled = []
    for block in network.blocks:
        if isinstance(block.core(), GraphCore) and (built / f"memories/{block.name}/filled.v").exists():
            filled.append(place / f"filled_{block.name}.v")
            shutil.copy(built / f"memories/{block.name}/filled.v", filled[-1])
    return [
        *(ROOT / "blocks" / file for file in sorted(files)), *models, *filled, *(place / f"{name}.sv" for name in texts)
    ]  # fmt: skip


def model_classes(twins: Twins) -> np.ndarray:
    network = twins.network
    values = {
        block.name: values_of(block.core().graph, block.name, parameter_file(network, block))
        for block in network.blocks
    }
    weights = np.frombuffer((twins.built / "weights/postres/fc_weights.bin").read_bytes(), np.int8)
    pictures = held_out(network.dataset)[0][:IMAGES]
    return run_network(network, values, pictures, weights.reshape(network.head.classes, -1))["postres"]


def test_the_netlist_equals_the_rtl_in_every_cycle(twins: Twins, tmp_path: Path) -> None:
    said, classes = twins.run(twins.compile_netlist(twins.built / "netlist/digits.v", "same"), tmp_path)
    assert re.fullmatch(r"\d+ cycles\n", said)
    np.testing.assert_array_equal(classes, model_classes(twins))


def swapped(text: str) -> str:
    """Bits 0 and 1 of the data that link1 takes."""
    link = re.search(r"^  \w+ link1 \(.*$", text, re.MULTILINE)
    assert link
    data = re.search(r"\.from_TDATA\(\{(.*?)\}\)", link[0])
    assert data
    bits = data[1].split(", ")
    bits[-1], bits[-2] = bits[-2], bits[-1]
    return text.replace(link[0], link[0].replace(data[1], ", ".join(bits)))


def lost(text: str) -> str:
    """The first contents of a parameter memory that are not all zero."""
    begin = text.index("module res2a_conv1_weights ")
    found = re.compile(r"\.INIT_A\(64'h(?!0{16})[0-9A-F]{16}\)").search(text, begin)
    assert found
    return f"{text[: found.start()]}.INIT_A(64'h{'0' * 16}){text[found.end() :]}"


def inverted(text: str) -> str:
    """The valid that link1 gives to the next block."""
    changed, count = re.subn(r"(\n  \w+ link1 \(.*?\.to_TVALID\()(\w+)\)", r"\1not_\2)", text, count=1)
    assert count == 1
    name = re.search(r"\.to_TVALID\(not_(\w+)\)", changed)
    assert name
    extra = f"  wire not_{name[1]};\n  assign {name[1]} = !not_{name[1]};\n"
    end = changed.rindex("endmodule")
    return changed[:end] + extra + changed[end:]


PLANTED: dict[str, Callable[[str], str]] = {
    "two nets swapped": swapped,
    "an INIT lost": lost,
    "a valid inverted": inverted,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_seen(twins: Twins, tmp_path: Path, name: str) -> None:
    text = (twins.built / "netlist/digits.v").read_text()
    planted = PLANTED[name](text)
    assert planted != text
    (tmp_path / "digits.v").write_text(planted)
    said, classes = twins.run(twins.compile_netlist(tmp_path / "digits.v", name.replace(" ", "_")), tmp_path)
    assert "differs" in said or "no end" in said or not np.array_equal(classes, model_classes(twins))


def test_the_documents_design_around_the_kernel(twins: Twins, tmp_path: Path) -> None:
    """docs/netlist.md, word for word: Yosys compiles the design, Verilator simulates it."""
    text = (ROOT / "docs/netlist.md").read_text()
    written = dict(re.findall(r"<!-- ([\w.]+) -->\n```\w*\n(.*?)```", text, re.DOTALL))
    assert set(written) == {"own.sv", "bench.sv", "own.ys", "commands"}
    for name, content in written.items():
        (tmp_path / name).write_text(content)
    for name in ("digits.v", "models.v"):
        shutil.copy(twins.built / "netlist" / name, tmp_path)
    yosys.run_script(Path("own.ys"), tmp_path / "own.log", tmp_path)
    verilator = needs.installed_verilator()
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator.root)}
    for line in written["commands"].splitlines():
        program, *words = line.split()
        command = [str(verilator.program) if program == "verilator" else program, *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    promised = re.search(r"It prints `(.*?)`", text)
    assert promised
    assert promised[1] in done.stdout
