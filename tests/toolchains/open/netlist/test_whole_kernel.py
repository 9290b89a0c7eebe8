"""The merged netlist of digits beside its RTL: the same beats at every pin in every cycle, on real images.

Both run on a card with stalls. The RTL is the text of `integration.kernel_rtl.top` around the sources of the cores,
with parameter memories in words of the test. The netlist is what `doit netlist` leaves.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import needs
import numpy as np
import pytest
from flow_checkout import copy_checkout

from blocks.core.rtl import render
from blocks.dataset import held_out
from blocks.memories import Memory
from blocks.network import Network, find_network
from blocks.network_model import run_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from integration.design import design_of
from integration.kernel_rtl.link import CONVERTER_FILES, FIFO_FILES, converter_core
from integration.kernel_rtl.top import kernel_top
from toolchains.open.netlist.merge import read_slrs
from toolchains.open.synthesis import yosys

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(7200)]

ROOT = Path(__file__).resolve().parents[4]
IMAGES = 3
WEIGHTS, RESULTS = 0x10_000, 0x20_000


@dataclass(frozen=True)
class Kernel:
    """What `doit netlist` left of digits, and the bench around its RTL."""

    built: Path
    network: Network
    program: Any

    @property
    def text(self) -> str:
        """The netlist in Verilog."""
        return (self.built / "netlist/digits.v").read_text()

    def run(self, netlist: Path, folder: Path) -> tuple[str, np.ndarray]:
        """What the bench says, and the classes that the netlist wrote."""
        network = self.network
        pictures = held_out(network.dataset)[0][:IMAGES]
        memory = bytearray(RESULTS + 4096)
        memory[: pictures.size] = pictures.astype(np.uint8).tobytes()
        weights = (self.built / "weights/postres/fc_weights.bin").read_bytes()
        memory[WEIGHTS : WEIGHTS + len(weights)] = weights
        (folder / "memory").write_bytes(bytes(memory))
        said = self.program.run(netlist, network.name, folder / "memory", images=IMAGES)
        after = (folder / "memory").read_bytes()[RESULTS : RESULTS + 4 * IMAGES * network.last.top]
        return said, np.frombuffer(after, np.uint32).reshape(IMAGES, -1)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, side_by_side: Any) -> Kernel:
    network = find_network("digits")
    checkout = copy_checkout(tmp_path_factory.mktemp("netlist") / "checkout")
    process = checkout.start("-m", "doit", "netlist", f"network={network.name}", "target=hw_emu")
    output, _ = process.communicate(timeout=3600)
    assert process.returncode == 0, output
    built = checkout.folder / "build/digits/open-hw_emu"
    place = tmp_path_factory.mktemp("sources")
    text = (built / "netlist/digits.v").read_text()
    files = rtl_files(network, built, place, side_by_side)
    program = side_by_side.compile(tmp_path_factory.mktemp("bench"), "kernel", files, text, network.name)
    return Kernel(built, network, program)


def rtl_files(network: Network, built: Path, place: Path, side_by_side: Any) -> list[Path]:
    """The sources of the kernel's RTL. Its memories, one module a shape, become those of each block."""
    slrs = read_slrs(built / "netlist/fit.json")
    top = re.sub(r"farm_memory_w\d+_d\d+ (\w+)_memory \(", r"\1 \1_memory (", kernel_top(network, "kernel", slrs))
    texts, files = {"kernel": top}, {*CONVERTER_FILES, *FIFO_FILES}
    converters = [core for link in design_of(network).links if (core := converter_core(link))]
    for core in (*network.cores().values(), *converters):
        files |= set(core.sv_files())
        texts[core.name] = render(core).top
    for name, text in texts.items():
        (place / f"{name}.sv").write_text(text)
    memories = []
    for block in network.blocks:
        weights = built / "weights" / block.name
        if (weights / "memories.json").exists():
            content = (weights / "memories.bin").read_bytes()
            for each in json.loads((weights / "memories.json").read_text())["memories"]:
                memory = Memory(**each)
                image = content[memory.offset : memory.offset + memory.bytes]
                memories.append(side_by_side.memory(place, block.name, memory, image))
    return [*(ROOT / "blocks" / file for file in sorted(files)), *memories, *(place / f"{name}.sv" for name in texts)]


def model_classes(kernel: Kernel) -> np.ndarray:
    network = kernel.network
    values = {
        block.name: values_of(block.core().graph, block.name, parameter_file(network, block))
        for block in network.blocks
    }
    weights = np.frombuffer((kernel.built / "weights/postres/fc_weights.bin").read_bytes(), np.int8)
    pictures = held_out(network.dataset)[0][:IMAGES]
    return run_network(network, values, pictures, weights.reshape(network.last.classes, -1))["postres"]


def test_the_netlist_equals_the_rtl_in_every_cycle(kernel: Kernel, tmp_path: Path) -> None:
    said, classes = kernel.run(kernel.built / "netlist/digits.v", tmp_path)
    assert re.fullmatch(r"\d+ cycles", said)
    np.testing.assert_array_equal(classes, model_classes(kernel))


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
    link = re.search(r"^  \w+ link1 \(.*?\.to_TVALID\((\w+)\)", text, re.MULTILINE)
    assert link
    name, instance = link[1], link[0].replace(f".to_TVALID({link[1]})", f".to_TVALID(not_{link[1]})")
    return text.replace(link[0], f"  wire not_{name};\n  assign {name} = !not_{name};\n{instance}")


def crossed(text: str) -> str:
    """A block is reset by the valid of its input."""
    block = re.search(r"^  \w+ res2b \(.*$", text, re.MULTILINE)
    assert block
    valid = re.search(r"\.input_r_TVALID\((\w+)\)", block[0])
    assert valid
    return text.replace(block[0], re.sub(r"\.ap_rst_n\(\w+\)", f".ap_rst_n({valid[1]})", block[0]))


PLANTED: dict[str, Callable[[str], str]] = {
    "two nets swapped": swapped,
    "an INIT lost": lost,
    "a valid inverted": inverted,
    "a reset crossed": crossed,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_seen(kernel: Kernel, tmp_path: Path, name: str) -> None:
    planted = PLANTED[name](kernel.text)
    assert planted != kernel.text
    (tmp_path / "digits.v").write_text(planted)
    said, _ = kernel.run(tmp_path / "digits.v", tmp_path)
    assert re.search(r"the netlist differs at|no end after|the memories differ", said), said


def test_the_documents_design_around_the_kernel(kernel: Kernel, tmp_path: Path) -> None:
    """docs/amd/netlist.md, word for word: Yosys compiles the design, Icarus Verilog simulates it."""
    text = (ROOT / "docs/amd/netlist.md").read_text()
    written = dict(re.findall(r"<!-- ([\w.]+) -->\n```\w*\n(.*?)```", text, re.DOTALL))
    assert set(written) == {"own.sv", "bench.sv", "own.ys", "commands"}
    for name, content in written.items():
        (tmp_path / name).write_text(content)
    for name in ("digits.v", "models.v"):
        shutil.copy(kernel.built / "netlist" / name, tmp_path)
    yosys.run_script(Path("own.ys"), tmp_path / "own.log", tmp_path)
    needs.program("iverilog")
    for line in written["commands"].splitlines():
        done = subprocess.run(line.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    promised = re.search(r"It prints `(.*?)`", text)
    assert promised
    assert promised[1] in done.stdout
