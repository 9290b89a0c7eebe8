"""General blocks in network files: what they become, and every mistake with its line and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.kinds.general import General
from blocks.network import Network, read_network
from config.problem import ConfigError

CHAIN = """\
name: chain
image: {height: 8, width: 8, channels: 1}
blocks:
  - name: front
    kind: block
    layers:
      - {name: conv0, type: convolution, channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 4, pe: 4, simd: 3}
      - {name: act0, type: threshold, bits: 4}
      - {name: pool0, type: max_pool, kernel: 2, stride: 2}
  - name: middle
    kind: block
    main:
      - {name: conv1, type: convolution, channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 2, pe: 2, simd: 8}
      - {name: act1, type: threshold, bits: 3, values: signed, scale: 0.5}
    side:
      - {name: act2, type: threshold, bits: 4, scale: 0.5}
    join: {factors: [1, 1]}
    after:
      - {name: act3, type: threshold, bits: 4}
  - name: basic
    kind: basic
    channels: 16
    stride: 2
    conv_a: {pe: 4, simd: 8}
  - name: back
    kind: block
    layers:
      - {name: fc, type: fully_connected, channels: 10, weights: card_memory, simd: 16}
      - {name: best, type: top_k, k: 3}
"""


@pytest.fixture
def read(tmp_path: Path):
    """Return a function that reads the chain with some texts replaced."""

    def reader(*changes: tuple[str, str]) -> Network:
        text = CHAIN
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after, 1)
        path = tmp_path / "chain.yaml"
        path.write_text(text)
        return read_network(path)

    return reader


def test_the_blocks_of_a_chain(read) -> None:
    network = read()
    assert all(isinstance(block, General) for block in network.blocks)
    front, middle, basic, back = network.blocks
    assert str(front.output) == "4x4x8 of 4 bit"
    # (0..7, zero point 4) + (0..15): 0..22, zero point 4.
    assert (middle.join.output.highest, middle.join.output.zero) == (22, 4)
    assert [layer.name for layer in basic.layers] == [
        "conv_a", "act_a", "conv_b", "act_b", "conv_side", "act_side", "act",
    ]  # fmt: skip
    assert str(basic.output) == "2x2x16 of 4 bit"
    assert network.streaming is back
    assert (network.results.indices, network.results.count) == (True, 3)


def test_two_equal_numbers_are_one(read) -> None:
    """The same core, by name; with others it is another."""
    cores = [
        read(("kernel: 2, stride: 2", f"kernel: {kernel}, stride: {stride}")).blocks[0].core().name
        for kernel, stride in ((2, 2), ([2, 2], [2, 2]), ([2, 1], [2, 2]), (2, [2, 2]))
    ]
    assert cores == [cores[0], cores[0], cores[2], cores[0]]
    assert cores[2] != cores[0]


#: what is replaced, by what, the line's number, words of the message, words of the remedy
MISTAKES = {
    "grouped": ("channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 2",
                "groups: 4, channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 2", 13,
                "not supported: grouped convolution (groups: 4)", "depthwise"),
    "dilation": ("kernel: 3, ", "dilation: 2, kernel: 3, ", 7, "not supported: dilated convolution (dilation: 2)", "1"),
    "concat": ("type: max_pool, kernel: 2, stride: 2", "type: Concat", 9, "not supported: Concat", "join"),
    "type": ("type: max_pool", "type: max_pol", 9, "there is no layer type 'max_pol'", "'max_pool'"),
    "zero point": ("bits: 4}", "bits: 4, zero_point: 16}", 8, "zero_point 16 is no code of 4 bit", "0 to 15"),
    "bipolar bits": ("bits: 4}", "bits: 4, values: bipolar}", 8, "bipolar activations of 4 bits", "1 bit"),
    "bipolar padding": ("bits: 4}\n      - {name: pool0", "bits: 1, values: bipolar}\n      - {name: pool0", 13,
                        "bipolar activations (-1, +1) are padded, but no code stands for 0", "padding out"),
    "scales": ("scale: 0.5}\n    join", "scale: 0.25}\n    join", 17,
               "unlike scales: 0.5 / 1 of main, 0.25 / 1", "[2, 1]"),
    "scales that never fit": ("scale: 0.5}\n    join", "scale: 0.29}\n    join", 17,
                              "unlike scales", "end side with a threshold"),
    "shapes of a join": ("channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 2, pe: 2, simd: 8",
                         "channels: 4, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 2, pe: 2, simd: 8", 17,
                         "main gives 4x4x4 and side 4x4x8", "the same rows"),
    "factor": ("factors: [1, 1]", "factors: [2, 17]", 17, "factors [2, 17]", "1 to 16"),
    "pe": ("weight_bits: 4, pe: 4", "weight_bits: 4, pe: 9", 7, "pe 9 is more than the 8 output channels", "at most 8"),
    "simd": ("pe: 4, simd: 3", "pe: 4, simd: 2", 7, "simd 2 does not divide 3 inputs of a kernel row", "1, 3"),
    "weights": ("weight_bits: 4", "weight_bits: 9", 7, "'weight_bits' is 9", "at most 8"),
    "sums into a pool": ("      - {name: act0, type: threshold, bits: 4}\n", "", 8,
                         "it reads the sums of conv0", "threshold or requantize"),
    "sums at the end": ("      - {name: act3, type: threshold, bits: 4}\n",
                        "      - {name: act3, type: convolution, channels: 8, kernel: 1}\n", 10,
                        "ends with the sums of act3", "threshold or requantize"),
    "name": ("name: act0", "name: conv0", 8, "a layer called 'conv0' is already there (line 7)", "another name"),
    "made name": ("name: act0", "name: conv0_pad", 8, "conv0_pad would be the name of two", "another name"),
    "word": ("name: act0", "name: wire", 8, "'wire' is a word of the hardware", "another name"),
    "key": ("type: max_pool, kernel", "type: max_pool, kernal: 2, kernel", 9, "unknown key 'kernal'", "'kernel'"),
    "window": ("kernel: 2, stride: 2", "kernel: 9", 9, "9x9 window does not fit a padded map of 8x8", "smaller"),
    "rows of a window": ("kernel: 2, stride: 2", "kernel: [9, 2]", 9, "9x2 window does not fit a padded map of 8x8",
                         "smaller"),
    "columns of a window": ("kernel: 2, stride: 2", "kernel: [2, 9]", 9, "2x9 window does not fit a padded map of 8x8",
                            "smaller"),
    "three numbers": ("kernel: 2, stride: 2", "kernel: [2, 2, 1]", 9, "'kernel' has 3 values", "give 2"),
    "no rows": ("kernel: 2, stride: 2", "kernel: [0, 2]", 9, "item 1 of 'kernel' is 0", "at least 1"),
    "too many columns": ("stride: 2}", "stride: [2, 256]}", 9, "item 2 of 'stride' is 256", "at most 255"),
    "padded rows": ("kernel: 3, ", "kernel: [1, 3], ", 7,
                    "with padding [1, 1, 1, 1] some 1x3 windows hold nothing but padding", "0 rows and 2 columns"),
    "simd of a column": ("kernel: 3, pad: [1, 1, 1, 1], weight_bits: 2, pe: 2, simd: 8",
                         "kernel: [3, 1], pad: [1, 0, 1, 0], weight_bits: 2, pe: 2, simd: 24", 13,
                         "simd 24 does not divide 8 input channels", "1, 2, 4, 8"),
    "zero of streamed": ("conv_a: {pe: 4, simd: 8}", "conv_a: {pe: 4, simd: 8}\n    act: {values: signed}", 29,
                         "card memory with activations of zero point 8", "on_chip"),
    "act_side alone": ("channels: 16\n    stride: 2\n    conv_a: {pe: 4, simd: 8}",
                       "channels: 8\n    conv_a: {pe: 4, simd: 8}\n    act_side: {pe: 2}", 24,
                       "act_side follows conv_side, but the side path is the input itself", "remove act_side"),
    "cache on chip": ("weights: card_memory", "fc_cache: uram", 28,
                      "fc_cache uram with weights on chip", "card_memory"),
    "top_k": ("k: 3", "k: 11", 29, "k is 11, but there are 10", "lower k"),
    "top_k too early": ("stride: 2}\n", "stride: 2}\n      - {name: early, type: top_k}\n", 10,
                        "top_k ends a network, but blocks follow", "last"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_one_mistake_is_one_problem(read, name) -> None:
    before, after, line, what, remedy = MISTAKES[name]
    with pytest.raises(ConfigError) as error:
        read((before, after))
    (problem,) = error.value.problems
    assert what in problem.what
    assert remedy in problem.remedy
    if name not in ("zero of streamed", "top_k"):
        assert problem.line == line


def test_a_mistake_behind_a_block_that_ends_with_its_join(read) -> None:
    """The block with the mistake is left out, so the join looked like the network's end: an IndexError."""
    with pytest.raises(ConfigError) as error:
        read(
            ("    after:\n      - {name: act3, type: threshold, bits: 4}\n", ""),
            ("  - name: basic\n    kind: basic\n    channels: 16\n    stride: 2\n    conv_a: {pe: 4, simd: 8}\n", ""),
            ("type: fully_connected, channels: 10", "type: max_pool, kernel: 9"),
        )
    assert any("unknown key 'weights'" in problem.what for problem in error.value.problems)


def test_all_mistakes_at_once(read) -> None:
    changes = [MISTAKES[name][:2] for name in ("grouped", "zero point", "pe", "made name", "top_k")]
    with pytest.raises(ConfigError) as error:
        read(*changes)
    words = ["pe 9", "conv0_pad", "grouped", "k is 11"]
    text = [problem.what for problem in error.value.problems]
    assert all(any(word in what for what in text) for word in words[:3]), text
    assert [p.line for p in error.value.problems] == sorted(p.line for p in error.value.problems)
