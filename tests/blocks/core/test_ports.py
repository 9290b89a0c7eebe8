"""Both views of a core have the same ports, called alike, and no port is called by a word of Verilog."""

from __future__ import annotations

import re
from pathlib import Path

import needs
import pytest

from blocks.core import hls, rtl
from blocks.core.ports import port_name
from blocks.dma import DmaCore
from blocks.network import find_network

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
