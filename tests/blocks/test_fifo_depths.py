"""Trimmed FIFO depths beside a network file: read into the cores' shapes, and every way in which they do not fit."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.core.graph import Graph
from blocks.fifo_depths import Trimmed, bounds, render_depths
from blocks.kinds.residual import Residual
from blocks.network import NETWORKS, available, find_network, read_network
from config.problem import ConfigError
from integration.design import design_of
from integration.fit.needs import needs_of
from integration.kernel_rtl.top import kernel_top
from toolchains.open.simulation.kernel.links import link_modules
from toolchains.vitis.stitch.block_design import design_script
from toolchains.vitis.stitch.job import StitchJob, job_of
from toolchains.vitis.tools.releases import Release


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(NETWORKS / "digits.yaml", tmp_path / "digits.yaml"))


def with_depths(network_file: Path, text: str):
    (network_file.parent / "digits.fifos.yaml").write_text(text)
    return read_network(network_file)


def vivado(network) -> StitchJob:
    return job_of(network, Release(2022, 2), "xcu250-figd2104-2L-e", 250, threads=4, jobs=4)


def depth(network, block: str) -> int:
    return bounds(network.cores()[block])["skip"]


def test_depths_are_part_of_the_shape(network_file) -> None:
    before = read_network(network_file)
    after = with_depths(network_file, "blocks:\n  res2a: {skip: 99}\n  res3b:\n    skip: 17\n")
    assert (depth(after, "res2a"), depth(after, "res3b")) == (99, 17)
    changed = {name for name, core in before.cores().items() if after.cores()[name].name != core.name}
    assert changed == {"res2a", "res3b"}
    # Nothing but the FIFO: the same operators otherwise.
    for name in changed:
        pairs = zip(before.cores()[name].graph.nodes, after.cores()[name].graph.nodes, strict=True)
        assert [one.name for one, other in pairs if one != other] == ["skip"]
    (network_file.parent / "digits.fifos.yaml").unlink()
    assert read_network(network_file) == before


def test_the_bound_itself_is_no_change(network_file) -> None:
    before = read_network(network_file)
    after = with_depths(network_file, f"blocks:\n  res2a: {{skip: {depth(before, 'res2a')}}}\n")
    assert after.cores() == before.cores()


def test_depths_between_blocks_change_no_core(network_file) -> None:
    before = read_network(network_file)
    after = with_depths(network_file, "links:\n  res2a.output_r: 16\n  inoutdma.weights: 64\n")
    assert after.cores() == before.cores()
    depths = {link.source.stream: link.depth for link in design_of(after).links}
    assert {name: depth for name, depth in depths.items() if depth != 32} == {
        "res2a.output_r": 16,
        "inoutdma.weights": 64,
    }
    assert after.blocks == before.blocks


def test_everything_that_joins_blocks_takes_the_depth(network_file) -> None:
    """Two depths of one width are two modules; the netlist for Vivado has both; the fit counts 64 beats of 128 bits."""
    before = read_network(network_file)
    after = with_depths(network_file, "links: {inoutdma.weights: 64}\n")
    assert "link_8b_16to16_d64" in link_modules(after)
    assert "farm_fifo #(.WIDTH(128), .DEPTH(64))" in kernel_top(after, "kernel")
    (stage,) = [stage for stage in vivado(after).stages if stage.source == ("inoutdma", "weights")]
    assert stage.depth == 64
    # 2 log2(depth), as FINN-R, and the memory: a RAM32M16 has 14 bits of 32 words, a RAM64M8 7 of 64; 8 LUTs each.
    luts = [next(each for each in needs_of(one) if each.block == "postres").around.luts for one in (before, after)]
    assert luts[1] - luts[0] == (12 + 8 * 19) - (10 + 8 * 10)


@pytest.mark.parametrize(("depth", "memory"), [(16, "distributed"), (512, "distributed"), (1024, "block")])
def test_vivado_gets_a_depth_and_a_memory_that_its_fifo_can_have(network_file, depth: int, memory: str) -> None:
    network = with_depths(network_file, f"links: {{res2a.output_r: {depth}}}\n")
    text = design_script(vivado(network))
    assert f"CONFIG.FIFO_DEPTH {depth} CONFIG.FIFO_MEMORY_TYPE {memory} " in text


MISTAKES = {
    "a depth that AMD's FIFO cannot have": ("links:\n  res2a.output_r: 24\n", 2, "24 beats deep, which AMD's"),
    "too shallow a link": ("links:\n  res2a.output_r: 8\n", 2, "8 beats deep"),
    "too deep a link": ("links: {res2a.output_r: 65536}\n", 1, "65536 beats deep"),
    "no such link": ("links:\n  res2a.output: 16\n", 2, "no stream between two blocks comes from 'res2a.output'"),
    "a link's depth that is no number": ("links:\n  res2a.output_r: deep\n", 2, "must be a whole number"),
    "links that are no mapping": ("links: 16\n", 1, "must be a mapping"),
    "deeper than the bound": ("blocks:\n  res2a:\n    skip: 9999\n", 3, "9999 beats deep, more than its bound of 384"),
    "no such block": ("blocks:\n  res2a: {skip: 9}\n  res9a: {skip: 9}\n", 3, "the network has no block 'res9a'"),
    "a block without FIFOs": ("blocks:\n  preres: {skip: 9}\n", 2, "preres has no FIFO 'skip'"),
    "no such FIFO": ("blocks:\n  res2a: {skp: 9}\n", 2, "res2a has no FIFO 'skp'"),
    "nothing": ("blocks:\n  res2a: {skip: 0}\n", 2, "'skip' is 0"),
    "no number": ("blocks:\n  res2a: {skip: deep}\n", 2, "must be a whole number"),
    "no mapping": ("blocks:\n  res2a: 9\n", 2, "must be a mapping"),
    "another key": ("block:\n  res2a: {skip: 9}\n", 1, "unknown key 'block'"),
    "no YAML": ("blocks: {res2a\n", None, ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_file_line_and_remedy(network_file, name) -> None:
    text, line, words = MISTAKES[name]
    with pytest.raises(ConfigError) as caught:
        with_depths(network_file, text)
    problems = caught.value.problems
    assert all(problem.file.endswith("digits.fifos.yaml") and problem.remedy for problem in problems)
    assert any(words in problem.what and line in (None, problem.line) for problem in problems), problems


def test_a_depth_with_which_the_core_would_stop_is_refused(network_file) -> None:
    """16 x 16 pixels: conv2b's first window needs 16 + 2, of which 4 may be elsewhere; 14 pixels of 4 beats less 32."""
    network_file.write_text(network_file.read_text().replace("height: 8, width: 8", "height: 32, width: 32"))
    assert depth(with_depths(network_file, "blocks:\n  res2b: {skip: 24}\n"), "res2b") == 24
    with pytest.raises(ConfigError) as caught:
        with_depths(network_file, "blocks:\n  res2b:\n    skip: 23\n")
    (problem,) = caught.value.problems
    assert problem.line == 3
    deadlock = "has to hold at least 24 before the first beat of the other path: the core deadlocks"
    assert f"res2b: skip is 23 beats deep, but {deadlock}" in problem.what
    assert "doit fifos" in problem.remedy


def test_measured_marks_are_not_below_what_has_to_wait() -> None:
    """Marks that cosim printed for the reference design at full speed."""
    marks = {"res2a": 969, "res2b": 500, "res3b": 520, "res4b": 577, "res5b": 695}
    blocks = {block.name: block for block in find_network("resnet50").blocks}
    for name, mark in marks.items():
        block = blocks[name]
        assert isinstance(block, Residual)
        assert 200 < block.least_depths()["skip"] <= mark


def test_a_core_without_a_fifo_between_fork_and_join_is_refused(network_file, monkeypatch) -> None:
    """No depth is safe where there is no FIFO: the block is named, with its line."""
    complete = Residual._graph

    def without_fifo(block: Residual) -> Graph:
        graph = complete(block)
        (fifo,) = [node for node in graph.nodes if node.name == "skip"]
        follow = {fifo.outputs[0]: fifo.inputs[0]}
        nodes = [node for node in graph.nodes if node is not fifo]
        joined = [replace(node, inputs=tuple(follow.get(name, name) for name in node.inputs)) for node in nodes]
        return replace(graph, nodes=tuple(joined))

    monkeypatch.setattr(Residual, "_graph", without_fifo)
    with pytest.raises(ConfigError) as caught:
        read_network(network_file)
    first = caught.value.problems[0]
    assert len(caught.value.problems) == 4
    assert first.line == network_file.read_text().splitlines().index("  - name: res2a") + 1
    assert "duplicate_out0 and duplicate_out1 meet in add without a FIFO on either path" in first.what
    assert "put a Fifo on the other path" in first.remedy


def test_all_mistakes_are_shown_together(network_file) -> None:
    with pytest.raises(ConfigError) as caught:
        with_depths(network_file, "blocks:\n  res2a: {skip: 9999}\n  res3c: {skip: 1}\n  res3b: {skip: x}\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_the_file_is_no_network(network_file) -> None:
    with_depths(network_file, "blocks: {}\n")
    assert available(network_file.parent) == ["digits"]
    with pytest.raises(ConfigError, match=r"did you mean 'digits'"):
        find_network("digits.fifos", network_file.parent)


def test_what_is_written_is_read(network_file) -> None:
    trimmed = [
        Trimmed("res2a", "skip", 100, 116, 384),
        Trimmed("res2b", "skip", 90, 96, 96),
        Trimmed("res3a", "skip", 500, 512, 512),
    ]
    text = render_depths("digits", trimmed, "the rule")
    assert "  # res2b: skip: mark 90, bound 96\n" in text
    network = with_depths(network_file, text)
    assert [depth(network, block) for block in ("res2a", "res2b", "res3a", "res3b")] == [116, 96, 512, 128]
    # All at their bounds: a file without entries.
    network = with_depths(network_file, render_depths("digits", trimmed[1:], "the rule"))
    assert network.cores() == find_network("digits").cores()
