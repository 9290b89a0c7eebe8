"""Parts of resnet50 as netlists beside their RTL, on random data: the DMA, the stem, and two blocks that are joined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from blocks.core.base import Core
from blocks.core.ports import InterfacePort
from blocks.core.rtl import RtlView, data_bits, render
from blocks.network import Network, find_network
from integration.design import Link, design_of
from integration.kernel_rtl.link import CONVERTER_FILES, FIFO_FILES, LinkModule, converter_core
from integration.kernel_rtl.slrs import NOWHERE
from integration.kernel_rtl.top import Cell, Joint, top_text
from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.formats import verilog
from toolchains.open.netlist.join import PARTS, join, ports_of
from toolchains.open.netlist.merge import read_parts
from toolchains.open.synthesis.script import NETLIST

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(7200)]

ROOT = Path(__file__).resolve().parents[4]
Synthesised = Callable[[RtlView], Path]
PAIR = ("res2a", "res2b")
OUTSIDE = "outside"


@pytest.fixture(scope="module")
def network() -> Network:
    return find_network("resnet50")


@pytest.fixture(scope="module")
def netlist_of(synthesise_view: Synthesised) -> Callable[[RtlView], tuple[Part, ...]]:
    """The parts of a module, synthesised as the steps do it."""
    return lambda view: read_parts(synthesise_view(view) / NETLIST, view.name)


def text_of(parts: Iterable[Part]) -> str:
    return "".join(f"{line}\n" for part in parts for line in verilog.module(part))


def sources(core: Core, place: Path) -> list[Path]:
    """The RTL of a core; the file of its top is written into a folder."""
    (place / f"{core.name}.sv").write_text(render(core).top)
    return [*(ROOT / "blocks" / file for file in core.sv_files()), place / f"{core.name}.sv"]


def without_a_register(text: str, module: str) -> str:
    """One register of a module that is never enabled: the first with an enable of its own that holds data.

    A counter's would be seen only when it has counted that far.
    """
    begin = f"\n{text}".index(f"\nmodule {module} ")
    data = r"(FDRE [^;]*?\.CE\()(?!1'b)\w+(?:\[\d+\])?(\)[^;]*\.Q\(\w*_data_\d+\))"
    found = re.compile(data).search(text, begin)
    assert found
    return f"{text[: found.start()]}{found[1]}1'b0{found[2]}{text[found.end() :]}"


def hold(program: Any, place: Path, text: str, top: str, broken: str, **given: Any) -> None:
    """The netlist equals the RTL, and a module of it with one register that keeps its value does not."""
    for name, content in (("same.v", text), ("broken.v", without_a_register(text, broken))):
        (place / name).write_text(content)
    assert re.fullmatch(r"\d+ cycles", said := program.run(place / "same.v", top, **given)), said
    said = program.run(place / "broken.v", top, **given)
    assert re.search(r"the netlist differs at|no end after|the memories differ|cycle \d+: ", said), said


def test_the_dma(network: Network, netlist_of: Any, side_by_side: Any, tmp_path: Path) -> None:
    """One image and the weights of the last layer from a card with stalls, and classes back to it."""
    dma = network.cores()[network.dma.name]
    text = text_of(netlist_of(render(dma)))
    (tmp_path / "bench").mkdir()
    program = side_by_side.compile(tmp_path / "bench", dma.name, sources(dma, tmp_path), text, dma.name)
    card = tmp_path / "card"
    card.write_bytes(bytes(place * 7 % 251 for place in range(4096)) * 1024)
    hold(program, tmp_path, text, dma.name, dma.name, card=card, images=1, weights=0x40_000, results=0x30_000)


def test_the_stem(network: Network, netlist_of: Any, side_by_side: Any, tmp_path: Path) -> None:
    """Its weights and thresholds are random, too."""
    stem = network.cores()[network.blocks[0].name]
    text = text_of(netlist_of(render(stem)))
    (tmp_path / "bench").mkdir()
    program = side_by_side.compile(tmp_path / "bench", stem.name, sources(stem, tmp_path), text, stem.name)
    hold(program, tmp_path, text, stem.name, stem.name, beats=200, stall=10)


def link_between(network: Network) -> Link:
    (found,) = (
        link for link in design_of(network).links if (link.source.instance, link.sink.instance) == PAIR
    )  # fmt: skip
    return found


def streams(network: Network, link: Link) -> list[tuple[str, InterfacePort]]:
    """The streams of both blocks that lead outside."""
    inside = {(end.instance, end.port) for end in (link.source, link.sink)}
    cores = network.cores()
    return [(name, port) for name in PAIR for port in cores[name].ports() if (name, port.name) not in inside]


def rtl_of_pair(network: Network, link: Link, place: Path) -> list[Path]:
    """Both blocks and the link between them, as the kernel's RTL has them, with streams at its ports."""
    cores, reset_n = network.cores(), f"rst_n_{NOWHERE}"
    cells = [Cell(name, cores[name].name, tuple(cores[name].ports()), reset_n) for name in PAIR]
    resets = [f"    logic {reset_n} = 1'b0;", f"    always_ff @(posedge ap_clk) {reset_n} <= ap_rst_n;"]
    (place / "pair.sv").write_text(top_text("pair", cells, [Joint("link0", link, reset_n)], resets=resets))
    needed = {cores[name].name: cores[name] for name in PAIR}
    converter = converter_core(link)
    if converter:
        needed[converter.name] = converter
    files = {ROOT / "blocks" / file for file in (*CONVERTER_FILES, *FIFO_FILES)}
    for core in needed.values():
        files |= set(sources(core, place))
    return [*sorted(files), place / "pair.sv"]


def outside(given: list[tuple[str, InterfacePort]]) -> tuple[dict[str, Any], list[dict[str, Any]], list[Part]]:
    """The block in the place of the DMA, its links, and their modules: nothing but wires to the kernel's ports."""
    ports: dict[str, Any] = {"ap_clk": ("input", (2,)), "ap_rst_n": ("input", (3,))}
    pins, own, links, modules, bit = [], [], [], {}, 4
    for block, port in given:
        bits = data_bits(port.width_bits)
        taken = port.direction == "in"
        own.append({"name": f"to_{block}_{port.name}", "direction": "out" if taken else "in", "bits": bits})
        for each in PARTS:
            width = bits if each == "TDATA" else 1
            comes = (each != "TREADY") == taken
            nets = tuple(range(bit, bit := bit + width))
            pins.append([f"{block}_{port.name}_{each}", "input" if comes else "output", width])
            ports[f"{block}_{port.name}_{each}"] = ("input" if comes else "output", nets)
            ports[f"to_{block}_{port.name}_{each}"] = ("output" if comes else "input", nets)
        ends = [
            {"block": OUTSIDE, "port": f"to_{block}_{port.name}", "lanes": 1, "bits": bits, "width": bits},
            {"block": block, "port": port.name, "lanes": 1, "bits": bits, "width": bits},
        ]
        source, sink = ends if taken else reversed(ends)
        name = f"wires_{bits}"
        links.append({"name": f"{block}_{port.name}", "module": name, "slice": "", "source": source, "sink": sink})
        modules[name] = wires(name, bits)
    block_ = {"name": OUTSIDE, "core": OUTSIDE, "pins": pins, "streams": own}
    return block_, links, [Part(OUTSIDE, ports, (), {}), *modules.values()]


def wires(name: str, bits: int) -> Part:
    data = tuple(range(10, 10 + bits))
    return Part(name, {
        "ap_clk": ("input", (2,)), "ap_rst_n": ("input", (3,)),
        "from_TDATA": ("input", data), "from_TVALID": ("input", (4,)), "from_TREADY": ("output", (5,)),
        "to_TDATA": ("output", data), "to_TVALID": ("output", (4,)), "to_TREADY": ("input", (5,)),
    }, (), {})  # fmt: skip


def netlist_of_pair(network: Network, link: Link, netlist_of: Any) -> str:
    """The same, joined as `doit netlist` joins a kernel."""
    cores, shape = network.cores(), LinkModule.of(link)
    block, links, modules = outside(streams(network, link))
    ends = {
        side: {
            "block": end.instance, "port": end.port, "lanes": end.lanes, "bits": end.bits,
            "width": data_bits(end.lanes * end.bits),
        }
        for side, end in (("source", link.source), ("sink", link.sink))
    }  # fmt: skip
    job = {
        "kernel": "pair_netlist", "dma": OUTSIDE, "memories": [],
        "blocks": [block, *(
            {"name": name, "core": cores[name].name, "pins": [], "streams": [
                {"name": port.name, "direction": port.direction, "bits": data_bits(port.width_bits)}
                for port in cores[name].ports()
            ]}
            for name in PAIR
        )],
        "links": [*links, {"name": "link0", "module": shape.name, "slice": "", **ends}],
    }  # fmt: skip
    for view in (
        *(render(core) for core in dict.fromkeys(cores[name] for name in PAIR)),
        RtlView(shape.name, lambda: shape.text(converter_core(link)), shape.files, ()),
    ):
        modules += netlist_of(view)
    return text_of([*modules, join(job, {}, {part.name: ports_of(part) for part in modules}).part])


def test_two_blocks_that_are_joined(network: Network, netlist_of: Any, side_by_side: Any, tmp_path: Path) -> None:
    link = link_between(network)
    text = netlist_of_pair(network, link, netlist_of)
    (tmp_path / "bench").mkdir()
    files = rtl_of_pair(network, link, tmp_path)
    program = side_by_side.compile(tmp_path / "bench", "pair", files, text, "pair_netlist")
    broken = network.cores()[PAIR[1]].name
    hold(program, tmp_path, text, "pair_netlist", broken, beats=300, stall=10)
