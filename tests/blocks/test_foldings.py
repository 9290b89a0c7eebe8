"""Another folding of a topology: a file that gives only what differs, and mistakes in the file that they are in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blocks.core.graph import GraphCore
from blocks.network import NETWORKS, Network, find_network, read_network
from blocks.parameters.stand_in import stand_in_parameters
from config.problem import ConfigError

WIDER = """\
name: wider
folding_of: digits
blocks:
  preres: {conv0: {simd: 3, pixels_in: 4}}
  res2a:
    conv2b: {pe: 32, simd: 96}
    conv2c: {threshold_pe: 64}
  postres: {lanes: 32, simd: 64, fc_cache: uram}
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Network]:
    def reader(*changes: tuple[str, str], text: str = WIDER) -> Network:
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        (tmp_path / "digits.yaml").write_text((NETWORKS / "digits.yaml").read_text())
        (tmp_path / "wider.yaml").write_text(text)
        return read_network(tmp_path / "wider.yaml")

    return reader


def test_everything_but_the_folding_is_the_topology_s(read: Callable[..., Network]) -> None:
    found, digits = read(), find_network("digits")
    assert (found.name, found.image, found.labels, found.dataset) == (
        "wider",
        digits.image,
        digits.labels,
        digits.dataset,
    )
    assert found.parameters.name == "digits"
    assert [file.name for file in found.files] == ["wider.yaml", "digits.yaml"]
    assert [block.folding() for block in found.blocks[:2]] == [
        {"conv0": "32x3 mmv 4"},
        {"conv2a": "8x8", "conv2b": "32x96", "conv2c": "16x8", "conv1": "16x8"},
    ]
    assert found.blocks[2:5] == digits.blocks[2:5]
    assert (found.last.lanes, found.last.simd, found.last.fc_cache) == (32, 64, "uram")
    assert found.dma.image.lanes == 4


def test_parameters_are_those_of_the_topology(read: Callable[..., Network]) -> None:
    for one, other in zip(read().blocks, find_network("digits").blocks, strict=True):
        mine, its = (stand_in_parameters(block.core().graph, block.name) for block in (one, other))
        assert mine.keys() == its.keys()
        for name, values in mine.items():
            np.testing.assert_array_equal(values, its[name])


@pytest.mark.parametrize(
    ("before", "after", "file", "line", "what", "remedy"),
    [
        ("folding_of: digits", "folding_of: digit", "wider", 2, "no network called 'digit'", "'digits'"),
        ("folding_of: digits", "folding_of: ../digits", "wider", 2, "no network called", "digits"),
        ("folding_of: digits", "folding_of: wider", "wider", 2, "no network called 'wider'", "digits"),
        ("  res2a:\n", "  res9a:\n", "wider", 5, "no block called 'res9a'", "'res3a'"),
        ("pe: 32, simd: 96", "pe: 32, simd: 95", "wider", 6, "simd 95 does not divide 96", "48, 96"),
        ("pe: 32, simd: 96", "pe: 33, simd: 96", "wider", 6, "pe 33 is more than the 32", "at most 32"),
        ("threshold_pe: 64", "channels: 64", "wider", 7, "'channels' is no part of a folding", "pe, simd"),
        ("    conv2c:", "    conv2d:", "wider", 7, "no operator 'conv2d'", "conv2c"),
        ("lanes: 32, simd", "classes: 10, simd", "wider", 8, "'classes' is no part of a folding", "lanes, simd"),
        ("pixels_in: 4", "pixels_in: 3", "wider", 4, "pixels_in 3 does not divide 8", "1, 2, 4, 8"),
        ("blocks:", "image: {height: 8}\nblocks:", "wider", 3, "unknown key 'image'", "blocks"),
    ],
)
def test_a_mistake_names_file_line_and_remedy(read, before, after, file, line, what, remedy) -> None:
    with pytest.raises(ConfigError) as error:
        read((before, after))
    found = [(Path(each.file).stem, each.line, each.what, each.remedy) for each in error.value.problems]
    assert any((file, line) == each[:2] and what in each[2] and remedy in each[3] for each in found), found


def test_a_folding_of_a_folding_is_refused(read: Callable[..., Network], tmp_path: Path) -> None:
    read()
    (tmp_path / "again.yaml").write_text("name: again\nfolding_of: wider\nblocks: {}\n")
    with pytest.raises(ConfigError, match="wider is itself a folding"):
        read_network(tmp_path / "again.yaml")


def test_the_second_folding_of_resnet50() -> None:
    """Three times the lanes of the authors' folding, whose slowest convolutions take 56,448 cycles an image."""
    fast, authors = find_network("resnet50_18816"), find_network("resnet50")
    cycles = {name: core.cycles() for name, core in fast.cores().items()}
    convolutions = [
        count for of in cycles.values() for name, count in of.items() if name.startswith("conv") and "_" not in name
    ]
    assert max(convolutions) == 56448 // 3
    assert fast.interval()[0] <= 18999
    for one, other in zip(fast.blocks, authors.blocks, strict=True):
        if isinstance(one.core(), GraphCore) and one.name != "postres":
            assert one.output == other.output
