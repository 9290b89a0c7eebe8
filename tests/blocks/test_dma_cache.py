"""The cache of the last layer's weights: how many UltraRAMs, what they cost, and boards that have none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.dma import Dma
from blocks.dma.cache import WeightsCache
from blocks.network import NETWORKS, Network, find_network, read_network
from blocks.operators.base import Stream
from config.fpga_resources import UNKNOWN, Resources
from config.problem import ConfigError
from config.settings import load_settings
from integration.fit.needs import needs_of
from integration.platform import find_platform
from toolchains.choose import SECTIONS, find_toolchain


@pytest.mark.parametrize(
    ("simd", "width_bits", "depth", "urams"),
    [
        # 2,048 x 1,000 weights of 8 bits are 16,384,000 bits; an UltraRAM has 72 x 4,096. 8 columns of 8.
        (64, 512, 32_000, 64),
        # Twice as wide, half as deep: ceil(1024 / 72) = 15 columns of ceil(16,000 / 4,096) = 4.
        (128, 1024, 16_000, 60),
        # Narrow beats are kept as words of 64 bytes.
        (1, 512, 32_000, 64),
        (256, 2048, 8_000, 58),
    ],
)
def test_ultraram_of_resnet50s_last_layer(simd: int, width_bits: int, depth: int, urams: int) -> None:
    cache = WeightsCache(64, Stream(simd, 8, 2_048_000 // simd, signed=True))
    assert (cache.width_bits, cache.depth, cache.area.urams) == (width_bits, depth, urams)
    assert cache.holds_beats == (simd > 64)


def with_cache(name: str) -> Network:
    network = find_network(name)
    return replace(network, blocks=(*network.blocks[:-1], replace(network.last, fc_cache="uram")))


def test_the_fit_counts_them_for_the_dma() -> None:
    needs = {each.block: each for each in needs_of(with_cache("resnet50"))}
    assert needs["inoutdma"].resources.urams == 64
    # Of the rest of the DMA no formula says anything.
    assert needs["inoutdma"].logic == Resources(urams=64)
    assert not any(each.resources.urams for block, each in needs.items() if block != "inoutdma")
    assert needs_of(find_network("resnet50"))[0].logic == UNKNOWN


def test_each_further_image_costs_its_beats_only() -> None:
    """With SIMD 128 the weights come in 16,000 beats, but in 32,000 words of card memory."""
    weights = Stream(128, 8, 16_000, signed=True)
    dma = replace(find_network("resnet50").dma, weights=weights)
    assert dma.cycles()["read_weights"] == 32_000
    assert replace(dma, keeps_weights=True).cycles()["read_weights"] == 16_000


@pytest.mark.parametrize("target", ["sw_emu", "hw_emu", "hw"])
@pytest.mark.parametrize("urams", [0, None])
def test_a_board_without_ultraram_is_refused(tmp_path: Path, target: str, urams: int | None) -> None:
    (tmp_path / "farm.yaml").write_text("")
    settings = load_settings(tmp_path, SECTIONS, ["network=digits", "toolchain=auto", f"target={target}"])
    board = find_platform("u250")
    budget = replace(board.budget, total=replace(board.budget.total, urams=urams))
    bare = replace(board, budget=budget)
    with pytest.raises(ConfigError, match="fc_cache: uram needs 8 UltraRAMs, but the board u250 has none") as error:
        find_toolchain(tmp_path, settings, with_cache("digits"), bare)
    assert error.value.problems[0].file == "digits.yaml"
    find_toolchain(tmp_path, settings, find_network("digits"), bare)
    find_toolchain(tmp_path, settings, with_cache("digits"), board)


DIGITS = (NETWORKS / "digits.yaml").read_text()


def read(folder: Path, before: str, after: str) -> Network:
    assert before in DIGITS
    (folder / "digits.yaml").write_text(DIGITS.replace(before, after, 1))
    return read_network(folder / "digits.yaml")


def test_the_cache_changes_the_dma_only(tmp_path: Path) -> None:
    plain, kept = find_network("digits"), read(tmp_path, "top: 3", "top: 3\n    fc_cache: uram")
    named = [{block: core.name for block, core in network.cores().items()} for network in (plain, kept)]
    assert {block for block, name in named[0].items() if named[1][block] != name} == {"inoutdma"}
    assert read(tmp_path, "top: 3", "top: 3\n    fc_cache: none").cores() == plain.cores()
    core = kept.dma.core()
    assert type(core).from_description(core.describe()) == core  # type: ignore[arg-type]
    # The simulation of the block alone gets its core only.
    assert [Dma.of(dma.core(), dma.name) for dma in (kept.dma, plain.dma)] == [kept.dma, plain.dma]
    assert [dma.weight_reads(4) for dma in (kept.dma, plain.dma)] == [1, 4]
    assert [dma.weight_reads(0) for dma in (kept.dma, plain.dma)] == [0, 0]


MISTAKES = {
    "cache that does not exist": ("top: 3", "urams", "'fc_cache' cannot be 'urams'; did you mean 'uram'"),
    "cache that is no word": ("top: 3", "true", "'fc_cache' must be a text"),
    "cache of a residual block": ("branches: 1", "uram", "a residual block has no weights that are streamed"),
    "cache of the stem": ("kind: stem", "uram", "a stem block has no weights that are streamed"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_cache_that_cannot_be_is_one_mistake_with_its_line(tmp_path: Path, name: str) -> None:
    before, value, what = MISTAKES[name]
    with pytest.raises(ConfigError) as error:
        read(tmp_path, before, f"{before}\n    fc_cache: {value}")
    (problem,) = error.value.problems
    assert what in f"{problem.what}; {problem.remedy}"
    assert problem.line == 2 + DIGITS[: DIGITS.index(before)].count("\n")
