"""Both views of a core have the same ports, called alike, and no port is called by a word of Verilog."""

from __future__ import annotations

import re
from pathlib import Path

import needs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.core import hls, rtl
from blocks.core.graph import GraphCore
from blocks.core.model import random_parameters
from blocks.core.ports import parameter_ports, port_name
from blocks.dma import DmaCore
from blocks.memories import images, unpack_beats
from blocks.network import NETWORKS, find_network, read_network
from blocks.operators.base import ParameterStream

CORES = {core.name: core for name in ("digits", "resnet50") for core in find_network(name).cores().values()}
STREAMS = {name: core for name, core in CORES.items() if core.has_block_bench}


def arguments(top: str) -> list[str]:
    """Names of the C++ top's arguments, in order, read from its text."""
    head = top[top.index("void ") : top.index("{")]
    return re.findall(r"(\w+)\s*[,)]", head.split("(", 1)[1])


def streams(module: str) -> list[str]:
    """Names of the module's streams, in order, read from its text."""
    return re.findall(r"^    \w+ +wire \[\d+:0\] (\w+)_TDATA", module, re.MULTILINE)


@pytest.mark.parametrize("core", STREAMS.values(), ids=list(STREAMS))
def test_both_views_have_the_same_ports(core) -> None:
    cpp, sv = hls.render(core), rtl.render(core)
    assert arguments(cpp.top) == streams(sv.top) == [port.name for port in cpp.ports]
    assert cpp.ports == sv.ports


@pytest.mark.parametrize("core", CORES.values(), ids=list(CORES))
def test_the_top_calls_the_body_that_the_header_defines(core) -> None:
    view = hls.render(core)
    assert re.findall(r"(\w+)_body\(", view.body) == re.findall(r"(\w+)_body\(", view.top) == [core.name]


@pytest.mark.parametrize("core", STREAMS.values(), ids=list(STREAMS))
def test_the_stream_of_a_port_is_the_graph_s(core) -> None:
    inside = {port.name for port in (*core.graph.inputs, *core.graph.outputs, *core.graph.parameter_ports())}
    assert {port.stream for port in rtl.render(core).ports} == inside


@pytest.mark.parametrize("core", [core for core in CORES.values() if isinstance(core, DmaCore)], ids=lambda c: c.name)
def test_the_masters_of_the_dma_are_axi4_by_their_ports_alone(core: DmaCore) -> None:
    """Arm IHI 0022: AXI4 has no WID, one bit of AxLOCK, eight of AxLEN and four of AxQOS."""
    top = rtl.render(core).top
    widths = {
        name: int(high or 0) + 1
        for high, name in re.findall(r"^    \w+ +wire (?:\[(\d+):0\] )?m_axi_gmem\d_(\w+)", top, re.MULTILINE)
    }
    assert "WID" not in widths
    for channel in ("AW", "AR"):
        assert (widths[f"{channel}LOCK"], widths[f"{channel}LEN"], widths[f"{channel}QOS"]) == (1, 8, 4)


@pytest.mark.parametrize("word", ["input", "output", "reg", "signed", "wand"])
def test_words_of_verilog(word: str) -> None:
    assert port_name(word) == f"{word}_r"


@pytest.mark.parametrize("name", ["image", "in_r", "fc_weights", "Input", "conv2a_weights"])
def test_other_names_stay(name: str) -> None:
    assert port_name(name) == name


def test_a_verilog_compiler_takes_every_name_that_stays(tmp_path: Path) -> None:
    """Verilator in its Verilog-2005 mode knows the words independently."""
    names = "input output inout reg wire case forever supply0 library config uwire cell design unsigned tri trireg wor"
    named = [port_name(word) for word in (*names.split(), "image", "weights", "result")]
    text = "module m (" + ", ".join(f"input wire {name}" for name in named) + ");\nendmodule\n"
    (tmp_path / "m.v").write_text(text)
    words = ("--lint-only", "-Wno-fatal", "--default-language", "1364-2005", "m.v")
    assert needs.installed_verilator().run(words, tmp_path) == 0


@given(lanes=st.integers(1, 9000), bits=st.integers(1, 64))
def test_the_ports_of_a_parameter_are_narrow_and_carry_each_lane_once(lanes: int, bits: int) -> None:
    whole = ParameterStream(lanes, bits, 7, signed=False, role="weights")
    found = list(parameter_ports("w", whole, "unit", 0, 5))
    carried = [port.first_lane + lane for port in found for lane in range(port.stream.lanes)]
    assert carried == list(range(lanes))
    assert max(port.stream.width_bits for port in found) <= 4096  # AXI4-Stream infrastructure takes 512 bytes
    assert len({port.name for port in found}) == len(found)
    assert ([port.name for port in found] == ["w"]) is (lanes * bits <= 4096)
    assert {(port.stream.depth, port.stream.bits, port.reads, port.parameter) for port in found} == {(7, bits, 5, "w")}


def test_a_parameter_with_wide_beats_has_several_ports_in_both_views(tmp_path: Path) -> None:
    """128 channels of 15 thresholds for sums of 3 * 64 = -192..192: 128 * 15 * 9 bits = 17,280 bits, five ports."""
    text = (NETWORKS / "digits.yaml").read_text()
    few, many = (
        "conv2c: {channels: 128, pe: 16, simd: 16",
        "conv2c: {channels: 128, pe: 16, simd: 16, threshold_pe: 128",
    )
    (tmp_path / "digits.yaml").write_text(text.replace(few, many, 1))
    core = read_network(tmp_path / "digits.yaml").cores()["res3a"]
    assert isinstance(core, GraphCore)
    cpp, sv = hls.render(core), rtl.render(core)
    assert arguments(cpp.top) == streams(sv.top)
    parts = [port for port in core.parameter_ports() if port.parameter == "conv2c_thresholds"]
    assert [port.name for port in parts] == [f"conv2c_thresholds_{at}" for at in range(5)]
    values = random_parameters(core, np.random.default_rng(1))
    memories, content = images(core.graph, values)
    by_port = {memory.port: content[memory.offset :][: memory.bytes] for memory in memories}
    (depth,) = {port.stream.depth for port in parts}
    beats = [
        unpack_beats(np.frombuffer(by_port[port.name], np.uint8), port.stream.lanes, 9, signed=True) for port in parts
    ]
    assert depth == 1
    assert np.concatenate(beats, axis=1).reshape(128, 15).tolist() == [
        [min(max(t, -192), 193) for t in row] for row in values["conv2c_thresholds"].tolist()
    ]
