"""Every block of a general network equals an interpreter of values that was written apart from the models."""

from __future__ import annotations

import pytest
import topologies
from drawn_networks import drawn_network

HEAD = "name: drawn\nimage: {height: 6, width: 5, channels: 3}\nblocks:\n  - name: only\n    kind: block\n    layers:\n"

#: By what they show, the layers of one block.
ONE_BLOCK = {
    "raw sums": ["{name: fc, type: fully_connected, channels: 4, weight_bits: 3}"],
    "raw sums with a bias": ["{name: fc, type: fully_connected, channels: 4, weight_bits: 3, bias: true}"],
    "raw sums of folds that are not full": [
        "{name: fc, type: fully_connected, channels: 9, weight_bits: 3, bias: true, pe: 4}"],
    "binary folds that are not full, and an activation": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 3, values: signed}",
        "{name: fc, type: fully_connected, channels: 10, weight_bits: 1, pe: 7, simd: 4}",
        "{name: act2, type: threshold, bits: 2}",
        "{name: fc2, type: fully_connected, channels: 5, weight_bits: 5, pe: 3}"],
    "a map of sums": ["{name: conv, type: convolution, channels: 2, kernel: 3, weight_bits: 2, bias: true}"],
    "flattened as PyTorch does": ["{name: fc, type: fully_connected, channels: 4, weight_bits: 3, flatten: chw}"],
    "the best of a map": ["{name: conv, type: convolution, channels: 2, kernel: 3, weight_bits: 2}",
                          "{name: best, type: top_k, k: 5}"],
    "the best with a bias": ["{name: fc, type: fully_connected, channels: 9, bias: true}",
                             "{name: best, type: top_k, k: 3}"],
    "zero point": ["{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
                   "{name: act, type: threshold, bits: 3, zero_point: 5}",
                   "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "bipolar": ["{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 1}",
                "{name: act, type: threshold, bits: 1, values: bipolar}",
                "{name: conv2, type: convolution, channels: 4, kernel: 2, weight_bits: 1}",
                "{name: act2, type: threshold, bits: 2}"],
    "binary weights with a bias": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 1, bias: true}",
        "{name: act, type: threshold, bits: 4, values: signed}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 1, bias: true}"],
    "max pool of signed values, padded": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 4, values: signed}",
        "{name: pool, type: max_pool, kernel: 3, stride: 2, pad: [1, 1, 1, 1]}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "global average of signed values": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 4, values: signed}",
        "{name: pool, type: global_average_pool}",
        "{name: act2, type: threshold, bits: 5, values: signed}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "a convolution padded with a zero point": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 4, zero_point: 5}",
        "{name: conv2, type: convolution, channels: 4, kernel: 3, pad: [2, 1, 0, 1], weight_bits: 4, mmv: 2}",
        "{name: act2, type: threshold, bits: 4}"],
    "descending channels": ["{name: conv, type: convolution, channels: 7, kernel: 2, weight_bits: 4, bias: true}",
                            "{name: act, type: threshold, bits: 3, values: signed, descending: true}",
                            "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "descending channels of bipolar sums": [
        "{name: conv, type: convolution, channels: 7, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 1, values: bipolar, descending: true}",
        "{name: fc, type: fully_connected, channels: 5, weight_bits: 4, bias: true}",
        "{name: act2, type: threshold, bits: 3, descending: true}",
        "{name: fc2, type: fully_connected, channels: 3, weight_bits: 1}"],
    "bipolar results": ["{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 1}",
                        "{name: act, type: threshold, bits: 1, values: bipolar}",
                        "{name: fc, type: fully_connected, channels: 4, weight_bits: 3, bias: true}"],
    "depthwise of signed values, padded": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 4, values: signed}",
        "{name: deep, type: depthwise, kernel: 3, stride: 2, pad: [1, 1, 1, 1], weight_bits: 5, bias: true, pe: 2}",
        "{name: act2, type: threshold, bits: 4}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "average of signed values, padded": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 4}",
        "{name: act, type: threshold, bits: 4, values: signed}",
        "{name: pool, type: average_pool, kernel: 3, stride: 2, pad: [1, 1, 1, 1]}",
        "{name: act2, type: threshold, bits: 4, values: signed}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "requantized to signed bytes": [
        "{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 8, bias: true}",
        "{name: act, type: requantize, bits: 8, values: signed, shift: 16}",
        "{name: conv2, type: convolution, channels: 4, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 8}",
        "{name: act2, type: requantize, bits: 8, zero_point: 7, shift: 20, addend_bits: 40}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 8}"],
    "bipolar sums requantized": ["{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 1}",
                                 "{name: act, type: threshold, bits: 1, values: bipolar}",
                                 "{name: conv2, type: convolution, channels: 4, kernel: 2, weight_bits: 3}",
                                 "{name: act2, type: requantize, bits: 6, shift: 10}"],
    "a convolution of rows, one of columns": [
        "{name: conv, type: convolution, channels: 4, kernel: [3, 1], stride: [2, 1], weight_bits: 4, simd: 3}",
        "{name: act, type: threshold, bits: 4, zero_point: 5}",
        "{name: conv2, type: convolution, channels: 4, kernel: [1, 4], stride: [1, 2], pad: [0, 1, 0, 3],"
        " weight_bits: 4, simd: 8}",
        "{name: act2, type: threshold, bits: 4}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "pools and a depthwise one of rows or columns": [
        "{name: deep, type: depthwise, kernel: [1, 3], stride: [2, 1], pad: [0, 2, 0, 1], weight_bits: 5}",
        "{name: act, type: threshold, bits: 4, values: signed}",
        "{name: average, type: average_pool, kernel: [2, 1], pad: [1, 0, 0, 0]}",
        "{name: act2, type: threshold, bits: 4, values: signed}",
        "{name: most, type: max_pool, kernel: [1, 3], stride: [1, 2], pad: [0, 1, 0, 1]}",
        "{name: fc, type: fully_connected, channels: 3, weight_bits: 4}"],
    "activations of 8 bits": ["{name: conv, type: convolution, channels: 4, kernel: 2, weight_bits: 8}",
                              "{name: act, type: threshold, bits: 8, values: signed}",
                              "{name: fc, type: fully_connected, channels: 3, weight_bits: 8}"],
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_BLOCK)
def test_one_block(equal_to_the_interpreter, name) -> None:
    equal_to_the_interpreter(HEAD + "".join(f"      - {layer}\n" for layer in ONE_BLOCK[name]), seed=len(name))


def test_image_with_a_zero_point(equal_to_the_interpreter) -> None:
    text = HEAD.replace("channels: 3}", "channels: 3, zero_point: 128}")
    equal_to_the_interpreter(text + "      - {name: fc, type: fully_connected, channels: 4, bias: true}\n")


def test_a_network_in_one_dimension(equal_to_the_interpreter) -> None:
    """An image of one row; every window is a row."""
    network = equal_to_the_interpreter(
        HEAD.replace("height: 6, width: 5, channels: 3", "height: 1, width: 31, channels: 2")
        + "      - {name: conv, type: convolution, channels: 4, kernel: [1, 7], stride: [1, 2], pad: [0, 3, 0, 3]}\n"
        "      - {name: act, type: threshold, bits: 4}\n"
        "      - {name: deep, type: depthwise, kernel: [1, 3], pe: 2}\n"
        "      - {name: act2, type: threshold, bits: 4, values: signed}\n"
        "      - {name: most, type: max_pool, kernel: [1, 2], stride: [1, 2]}\n"
        "      - {name: fc, type: fully_connected, channels: 3, flatten: chw}\n"
    )
    assert [str(layer.output.width) for layer in network.blocks[0].layers[:5]] == ["16", "16", "14", "14", "7"]


def test_windows_of_any_rows_and_columns_between_blocks(equal_to_the_interpreter) -> None:
    network = equal_to_the_interpreter(topologies.oblong("drawn"))
    assert [str(block.output).partition(" ")[0] for block in network.blocks] == ["5x8x8", "5x8x8", "5x4x12", "1x1x5"]


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(n, marks=pytest.mark.nightly) for n in range(12, 300))])
def test_drawn_networks(equal_to_the_interpreter, seed) -> None:
    equal_to_the_interpreter(drawn_network(seed), seed)
