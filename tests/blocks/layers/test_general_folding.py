"""Foldings of general blocks: other hardware, the same results; and the FIFOs between fork and join."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import topologies

from blocks.network import Network, read_network
from blocks.network_model import network_values, run_network
from config.problem import ConfigError

FAST = """\
name: fast
folding_of: small
blocks:
  front: {conv0: {pe: 8, simd: 9}}
  res1a: {conv_a: {pe: 8}}
  back: {fc: {simd: 4, fc_cache: uram}}
"""


@pytest.fixture
def read(tmp_path: Path):
    """Return a function that reads a folding of the small network, and the network itself."""
    (tmp_path / "small.yaml").write_text(topologies.small())

    def reader(text: str = FAST) -> tuple[Network, Network]:
        (tmp_path / "fast.yaml").write_text(text)
        return read_network(tmp_path / "fast.yaml"), read_network(tmp_path / "small.yaml")

    return reader


def test_other_cores_and_the_same_results(read) -> None:
    fast, small = read()
    assert [block.folding()["conv0" if at == 0 else "conv_a"] for at, block in enumerate(fast.blocks[:2])] == [
        "8x9",
        "8x8",
    ]
    assert fast.dma.keeps_weights
    assert not small.dma.keeps_weights
    changed = {a.name for a, b in zip(fast.blocks, small.blocks, strict=True) if a.core().name != b.core().name}
    assert changed == {"front", "res1a", "back"}
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    results = []
    for network in (fast, small):
        values = {block.name: network_values(network, block) for block in network.blocks}
        results.append(run_network(network, values, images, values["back"].streamed)["back"])
    assert results[0].tolist() == results[1].tolist()


@pytest.mark.parametrize(("pe", "folds", "lanes"), [(3, 3, 4), (5, 2, 8), (7, 2, 8)])
def test_a_pe_that_does_not_divide_ends_with_a_fold_that_is_not_full(read, pe: int, folds: int, lanes: int) -> None:
    """8 channels of 3 are folds of 3, 3 and 2; they leave in beats of 4, which divide the channels."""
    uneven, small = read(FAST.replace("pe: 8, simd: 9", f"pe: {pe}, simd: 9"))
    nodes = {node.name: node.operator for node in uneven.blocks[0].core().graph.nodes}
    assert nodes["conv0"].cycles() == folds * 27 // 9 * 64
    assert nodes["conv0_trim"].outputs[0].lanes == lanes
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    found = []
    for network in (uneven, small):
        values = {block.name: network_values(network, block) for block in network.blocks}
        found.append(run_network(network, values, images, values["back"].streamed)["front"])
    assert found[0].tolist() == found[1].tolist()


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        ("conv0", "conv9", 4, "there is no layer called 'conv9' in the topology"),
        ("simd: 9", "kernel: 9", 4, "'kernel' is no part of a folding"),
        ("{conv_a: {pe: 8}}", "{conv_a: {channels: 8}}", 5, "'channels' is no part of a folding"),
        ("pe: 8, simd: 9", "pe: 9, simd: 9", 4, "pe 9 is more than the 8 output channels"),
    ],
)
def test_mistakes_name_the_folding_s_line(read, before: str, after: str, line: int, what: str) -> None:
    assert before in FAST
    with pytest.raises(ConfigError) as error:
        read(FAST.replace(before, after, 1))
    (problem,) = error.value.problems
    assert what in problem.what
    assert (Path(problem.file).name, problem.line) == ("fast.yaml", line)


def test_a_depth_with_which_the_core_would_deadlock_is_refused(read, tmp_path: Path) -> None:
    """64x64 pixels: two 3x3 convolutions, padded by 1, need two rows and three pixels before their first output."""
    text = topologies.small().replace("height: 8, width: 8", "height: 64, width: 64")
    (tmp_path / "small.yaml").write_text(text)
    block = read_network(tmp_path / "small.yaml").blocks[1]
    (fifo,) = (fifo for _, fifo in block.core().graph.fifos())
    beats = 8 // fifo.lanes
    least = (2 * 64 + 2 + 1 - 4) * beats - 32
    assert block.least_depths() == {"side_fifo": least}
    assert fifo.depth > least
    depths = tmp_path / "small.fifos.yaml"
    depths.write_text(f"blocks:\n  res1a: {{side_fifo: {least}}}\n")
    assert dict(read_network(tmp_path / "small.yaml").blocks[1].fifo_depths) == {"side_fifo": least}
    depths.write_text(f"blocks:\n  res1a: {{side_fifo: {least - 1}}}\n")
    with pytest.raises(ConfigError, match="the core deadlocks"):
        read_network(tmp_path / "small.yaml")


def test_how_far_a_window_of_more_rows_than_columns_reads(tmp_path: Path) -> None:
    """Windows of 10x4, two rows and one column apart, on 20x8 pixels below 4 rows and behind 1 column of padding."""
    (tmp_path / "oblong.yaml").write_text(topologies.oblong())
    layer = read_network(tmp_path / "oblong.yaml").blocks[0].layers[0]
    # The first window ends in row 9 and column 3 of the padded map, the next one below it two rows further down.
    assert (layer.pixel_needed(0, 0), layer.pixel_needed(1, 0), layer.pixel_needed(0, 1)) == ((5, 2), (7, 2), (5, 3))
    # Its 6 rows of the map, and two more: those of the next windows come in before it has left.
    assert [layer.rows_needed(rows) for rows in (0, 1, 2, 10)] == [0, 8, 10, 20]
    assert [layer.rows_made(rows) for rows in (5, 6, 7, 8)] == [0, 1, 1, 2]
