"""The numpy models against naive loops, hand arithmetic and their own promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.operators.acc_pool import AccPool
from blocks.operators.acc_pool import model as acc_pool
from blocks.operators.add import Add
from blocks.operators.add import model as add
from blocks.operators.depthwise import Depthwise
from blocks.operators.depthwise import model as depthwise
from blocks.operators.duplicate import Duplicate
from blocks.operators.duplicate import model as duplicate
from blocks.operators.label_select import LabelSelect
from blocks.operators.label_select import model as label_select
from blocks.operators.max_pool import MaxPool
from blocks.operators.max_pool import model as max_pool
from blocks.operators.mvau import Mvau
from blocks.operators.mvau import model as mvau
from blocks.operators.pad import Pad
from blocks.operators.pad import model as pad
from blocks.operators.requantize import Requantize
from blocks.operators.requantize import model as requantize
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sliding_window import model as sliding_window
from blocks.operators.sum_pool import SumPool
from blocks.operators.sum_pool import model as sum_pool
from blocks.operators.threshold import Threshold
from blocks.operators.threshold import model as threshold

small = st.integers(1, 4)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))  # rows, columns
seeds = st.integers(0, 2**32 - 1)


def ints(seed: int, lowest: int, highest: int, *size: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(lowest, highest, size, endpoint=True)


@settings(max_examples=40, deadline=None)
@given(small, small, small, st.tuples(*[st.integers(0, 3)] * 4), seeds)
def test_pad_is_zero_outside_and_the_map_inside(c: int, h: int, w: int, frame: tuple, seed: int) -> None:
    top, left, bottom, right = frame
    x = ints(seed, 0, 15, 2, h, w, c)
    (y,) = pad.apply(Pad(c, h, w, top, left, bottom, right, 1, 4), [x], [])
    assert y.shape == (2, h + top + bottom, w + left + right, c)
    for n, yy, xx, cc in itertools.product(*map(range, y.shape)):
        inside = top <= yy < top + h and left <= xx < left + w
        assert y[n, yy, xx, cc] == (x[n, yy - top, xx - left, cc] if inside else 0)


@settings(max_examples=40, deadline=None)
@given(small, st.integers(3, 7), st.integers(3, 7), pairs, pairs, seeds)
def test_convolution_by_its_definition(
    c: int, h: int, w: int, k: tuple[int, int], s: tuple[int, int], seed: int
) -> None:
    """acc[y, x, o] = sum of w[o, ky, kx, c] * in[y * stride + ky, x * stride + kx, c]: the kernel is not flipped."""
    window = SlidingWindow(c, h, w, k, s, 1, 3)
    oh, ow = window.out_height, window.out_width
    x = ints(seed, 0, 7, 1, h, w, c)
    weights = ints(seed + 1, 0, 1, 2, *k, c) * 2 - 1
    (columns,) = sliding_window.apply(window, [x], [])
    unit = Mvau(k[0] * k[1] * c, 2, 1, 1, 3, 1, oh * ow)
    (sums,) = mvau.apply(unit, [columns], [weights])
    assert sums.shape == (1, oh, ow, 2)
    for yy, xx, o in itertools.product(range(oh), range(ow), range(2)):
        total = 0
        for ky, kx, cc in itertools.product(range(k[0]), range(k[1]), range(c)):
            total += int(weights[o, ky, kx, cc]) * int(x[0, yy * s[0] + ky, xx * s[1] + kx, cc])
        assert sums[0, yy, xx, o] == total


@settings(max_examples=40, deadline=None)
@given(small, st.integers(3, 6), st.integers(3, 6), pairs, pairs, seeds)
def test_max_pool_by_its_definition(c: int, h: int, w: int, k: tuple[int, int], s: tuple[int, int], seed: int) -> None:
    shape = MaxPool(c, h, w, k, s, 1, 5)
    x = ints(seed, 0, 31, 2, h, w, c)
    (y,) = max_pool.apply(shape, [x], [])
    for n, yy, xx, cc in itertools.product(range(2), range(shape.out_height), range(shape.out_width), range(c)):
        window = [x[n, yy * s[0] + i, xx * s[1] + j, cc] for i in range(k[0]) for j in range(k[1])]
        assert y[n, yy, xx, cc] == max(window)


def test_window_beats_of_several_pixels_by_hand(window_beats) -> None:
    """A 1 x 4 map of two channels, 1 x 1 windows, two pixels at once, one channel a lane."""
    shape = SlidingWindow(2, 1, 4, 1, 1, 1, 4, mmv=2)
    columns = np.array([[[[10, 11], [20, 21], [30, 31], [40, 41]]]]) % 16
    beats = window_beats(shape, columns)
    assert beats.tolist() == [[10, 4], [11, 5], [14, 8], [15, 9]]


@settings(max_examples=60, deadline=None)
@given(st.integers(-300, 300), st.integers(0, 300), st.integers(1, 4), seeds)
def test_threshold_counts_and_saturation_changes_none(low: int, span: int, bits: int, seed: int) -> None:
    shape = Threshold(3, 20, 3, low, low + span, bits)
    values = ints(seed, low, low + span, 1, 4, 5, 3)
    limits = ints(seed + 1, -700, 700, 3, 2**bits - 1)
    (counts,) = threshold.apply(shape, [values], [limits])
    saturated = threshold.memory(shape, 0, limits).reshape(3, -1).astype(np.int64)
    for y, x, c in itertools.product(range(4), range(5), range(3)):
        assert counts[0, y, x, c] == sum(1 for t in limits[c] if t <= values[0, y, x, c])
        assert counts[0, y, x, c] == sum(1 for t in saturated[c] if t <= values[0, y, x, c])
    port = shape.parameters[0]
    assert saturated.min() >= low
    assert saturated.max() <= low + span + 1
    assert (np.diff(saturated, axis=1) >= 0).all()
    lowest, highest = (-(1 << port.bits - 1), (1 << port.bits - 1) - 1) if port.signed else (0, (1 << port.bits) - 1)
    assert lowest <= saturated.min()
    assert saturated.max() <= highest


def test_threshold_memory_by_hand() -> None:
    shape = Threshold(4, 1, 2, -10, 10, 2)
    limits = np.array([[-99, 0, 1], [2, 3, 99], [4, 5, 6], [9, 8, 7]])
    assert threshold.memory(shape, 0, limits).tolist() == [[-10, 0, 1, 2, 3, 11], [4, 5, 6, 7, 8, 9]]


def test_binary_weights_by_hand() -> None:
    """Two neuron folds of two PEs, two synapse folds of three: bit s of word p is weight (nf * 2 + p, sf * 3 + s)."""
    shape = Mvau(6, 4, 2, 3, 2, 1, 1)
    bits = np.array([[1, 0, 0, 0, 1, 1], [0, 1, 0, 1, 1, 1], [0, 0, 1, 0, 0, 0], [1, 1, 0, 1, 0, 1]])
    assert mvau.memory(shape, 0, bits * 2 - 1).tolist() == [[1, 2], [6, 7], [4, 3], [0, 5]]


def test_integer_weights_by_hand() -> None:
    shape = Mvau(4, 2, 1, 2, 2, 4, 1)
    beats = mvau.memory(shape, 0, np.array([[1, -2, 3, -4], [5, -6, 7, -8]]))
    assert beats.tolist() == [[1, -2], [3, -4], [5, -6], [7, -8]]


def test_streamed_weights_of_one_pe_travel_row_by_row() -> None:
    shape = Mvau(6, 3, 1, 2, 9, 8, 1, streamed_weights=True)
    weights = np.arange(-9, 9).reshape(3, 6)
    assert mvau.memory(shape, 0, weights).reshape(3, 6).tolist() == weights.tolist()
    (sums,) = mvau.apply(shape, [np.array([[[[1, 2, 3, 0, 0, 511]]]]), weights], [])
    assert sums.reshape(-1).tolist() == [-9 - 16 - 21 - 4 * 511, -3 - 4 - 3 + 2 * 511, 3 + 8 + 15 + 8 * 511]


@pytest.mark.parametrize(("input_bits", "weight_bits"), [(2, 1), (16, 12), (24, 20), (30, 30)])
def test_sums_are_exact_at_the_ends_of_the_range(input_bits: int, weight_bits: int) -> None:
    shape = Mvau(12, 2, 1, 1, input_bits, weight_bits, 1)
    top = (1 << input_bits) - 1
    low, high = (-1, 1) if weight_bits == 1 else (-(1 << weight_bits - 1), (1 << weight_bits - 1) - 1)
    (sums,) = mvau.apply(shape, [np.full((1, 1, 1, 12), top)], [np.array([[low] * 12, [high] * 12])])
    assert sums.reshape(-1).tolist() == [12 * top * low, 12 * top * high] == [shape.lowest, shape.highest]


@settings(max_examples=60, deadline=None)
@given(st.integers(-20, 20), st.booleans(), st.booleans(), st.booleans(), seeds)
def test_add_by_its_definition(offset: int, a_signed: bool, b_signed: bool, out_signed: bool, seed: int) -> None:
    shape = Add(2, 8, 5, a_signed, 4, b_signed, 4, out_signed, offset)
    a = ints(seed, *((-16, 15) if a_signed else (0, 31)), 2, 2, 4, 2)
    b = ints(seed + 1, *((-8, 7) if b_signed else (0, 15)), 2, 2, 4, 2)
    (y,) = add.apply(shape, [a, b], [])
    lowest, highest = (-8, 7) if out_signed else (0, 15)
    for got, aa, bb in zip(y.ravel(), a.ravel(), b.ravel(), strict=True):
        assert got == min(max(int(aa) + int(bb) - offset, lowest), highest)


def test_offset_eight_saturates_to_both_ends() -> None:
    shape = Add(1, 4, 4, False, 4, False, 4, False, 8)
    a, b = np.array([[[[15], [0], [8], [7]]]]), np.array([[[[15], [0], [8], [2]]]])
    assert add.apply(shape, [a, b], [])[0].reshape(-1).tolist() == [15, 0, 8, 1]


def test_acc_pool_by_hand() -> None:
    shape = AccPool(2, 4, 1, 4, 8)
    x = np.array([[[[15, 0], [8, 9]], [[7, 10], [15, 15]]]])
    assert acc_pool.apply(shape, [x], [])[0].tolist() == [[[[14, 10]]]]
    assert AccPool(2048, 49, 32, 4, 8).outputs[0].bits == 9  # 49 * 7 = 343


def test_pad_with_a_value_by_hand() -> None:
    x = np.array([[[[1], [2]]]])
    (y,) = pad.apply(Pad(1, 1, 2, 1, 0, 0, 1, 1, 4, value=8), [x], [])
    assert y[..., 0].tolist() == [[[8, 8, 8], [1, 2, 8]]]


def test_add_with_factors_by_hand() -> None:
    shape = Add(1, 4, 4, False, 4, True, 6, False, 2, a_factor=3, b_factor=2)
    a, b = np.array([[[[15], [0], [7], [1]]]]), np.array([[[[7], [-8], [-4], [0]]]])
    # 45 + 14 - 2; 0 - 16 - 2, below 0; 21 - 8 - 2; 3 + 0 - 2
    assert add.apply(shape, [a, b], [])[0].reshape(-1).tolist() == [57, 0, 11, 1]


def test_descending_thresholds_by_hand() -> None:
    """A channel that descends counts its thresholds t with value <= t: -1, 3, 5 are written as 0, 4, 6 and a flag."""
    shape = Threshold(2, 3, 2, -10, 10, 2, inverts=True)
    limits = np.array([[0, 4, 6, 1], [-1, 3, 5, 0]])
    x = np.array([[[[3, 3], [4, 2], [-1, -2]]]])
    assert threshold.apply(shape, [x], [limits])[0].tolist() == [[[[2, 2], [1, 1], [3, 0]]]]


def test_flags_lie_behind_the_thresholds_of_their_beat() -> None:
    shape = Threshold(4, 1, 2, -10, 10, 2, inverts=True)
    limits = np.array([[1, 2, 3, 1], [4, 5, 6, 1], [7, 8, 9, 0], [-3, -2, -1, 1]])
    assert threshold.memory(shape, 0, limits).tolist() == [[1, 2, 3, 4, 5, 6, 0b11], [7, 8, 9, -3, -2, -1, 0b10]]


def test_sum_pool_by_hand() -> None:
    x = np.arange(1, 10).reshape(1, 3, 3, 1)
    assert sum_pool.apply(SumPool(1, 3, 3, 2, 1, 1, 4), [x], [])[0][0, ..., 0].tolist() == [[12, 16], [24, 28]]
    assert SumPool(1, 3, 3, 3, 1, 1, 4).outputs[0].bits == 8  # 9 * 15 = 135


def test_depthwise_by_hand() -> None:
    """A column is position by position, and so is the memory: both channels of the first position come first."""
    shape, weights = Depthwise(2, 2, 1, 4, 4, 1), np.array([[2, -1], [-3, 5]])
    (sums,) = depthwise.apply(shape, [np.array([[[[1, 2, 3, 4]]]])], [weights])
    assert sums.tolist() == [[[[2 * 1 - 3, -3 * 2 + 5 * 4]]]]
    assert depthwise.memory(shape, 0, weights).tolist() == [[2], [-3], [-1], [5]]


def test_binary_depthwise_weights_by_hand() -> None:
    shape, weights = Depthwise(2, 2, 2, 4, 1, 1), np.array([[1, -1], [1, 1]])
    assert depthwise.memory(shape, 0, weights).tolist() == [[1, 1], [0, 1]]
    assert depthwise.apply(shape, [np.array([[[[9, 2, 5, 4]]]])], [weights])[0].tolist() == [[[[4, 6]]]]


def test_requantize_by_hand() -> None:
    shape = Requantize(1, 5, 1, -100, 100, 8, 16, 4, 4)
    x = np.array([[[[10], [-10], [100], [7], [8]]]])
    # (50 + 8) / 16 = 3.6; -42 / 16, below 0; 508 / 16 = 31.75, above 15
    assert requantize.apply(shape, [x], [np.array([5]), np.array([8])])[0].reshape(-1).tolist() == [3, 0, 15, 2, 3]
    # With an addend of half a step 7 / 16 is nearest to 0, and 8 / 16 rounds up.
    assert requantize.apply(shape, [x], [np.array([1]), np.array([8])])[0].reshape(-1).tolist() == [1, 0, 6, 0, 1]


def test_requantize_memories_by_hand() -> None:
    shape = Requantize(4, 1, 2, -9, 9, 4, 6, 2, 4)
    assert requantize.memory(shape, 0, np.array([1, -2, 3, -4])).tolist() == [[1, -2], [3, -4]]
    assert requantize.memory(shape, 1, np.array([-32, 31, 0, 5])).tolist() == [[-32, 31], [0, 5]]


def test_label_select_by_hand() -> None:
    shape = LabelSelect(6, 2, 8, 4)
    scores = np.array([3, 7, -128, 7, 127, 3]).reshape(1, 1, 1, 6)
    assert label_select.apply(shape, [scores], [])[0].tolist() == [[4, 1, 3, 0]]
    lowest = np.full((1, 1, 1, 6), -128)
    assert label_select.apply(shape, [lowest], [])[0].tolist() == [[0, 1, 2, 3]]


def test_duplicate_gives_two_tensors_of_their_own() -> None:
    first, second = duplicate.apply(Duplicate(1, 3, 4), [np.array([[1, 2, 3, 4]])], [])
    first[0, 0] = 9
    assert second.tolist() == [[1, 2, 3, 4]]


def zeros(*size: int) -> np.ndarray:
    return np.zeros(size, np.int64)


PIXEL = Pad(1, 1, 1, 0, 0, 0, 0, 1, 2)
BIASED = Add(1, 2, 4, True, 4, True, 4, True, 0, b_parameter=True)
SCALED = Requantize(2, 1, 1, 0, 15, 4, 6, 2, 4)
ONE = zeros(1, 1, 1, 2)
WRONG = {
    "shape": (pad, Pad(2, 3, 3, 0, 0, 0, 0, 1, 2), [zeros(1, 3, 4, 2)], [], r"3, 4, 2\], expected \[any, 3, 3, 2\]"),
    "range": (pad, PIXEL, [np.array([[[[4]]]])], [], r"4\.\.4, expected 0\.\.3"),
    "type": (pad, PIXEL, [np.zeros((1, 1, 1, 1))], [], "float64, expected integers"),
    "count": (pad, PIXEL, [], [], "0 inputs given, expected 1"),
    "not binary": (mvau, Mvau(2, 1, 1, 1, 1, 1, 1), [ONE], [np.array([[0, 1]])], "expected only -1 and"),
    "weights": (mvau, Mvau(2, 1, 1, 1, 1, 2, 1), [ONE], [np.array([[2, 0]])], r"0\.\.2, expected -2\.\.1"),
    "pixels": (mvau, Mvau(2, 1, 1, 1, 1, 2, 3), [zeros(1, 2, 2, 2)], [zeros(1, 2)], "2 x 2 pixels, expected 3"),
    "thresholds": (threshold, Threshold(2, 1, 1, 0, 3, 2), [ONE], [zeros(2, 4)], r"expected \[2, 3\]"),
    "values": (threshold, Threshold(2, 1, 1, 0, 2, 1), [ONE + 3], [zeros(2, 1)], r"3\.\.3, expected 0\.\.2"),
    "depthwise weights": (depthwise, Depthwise(2, 1, 1, 2, 1, 1), [ONE], [zeros(2, 1)], "expected only -1 and"),
    "depthwise pixels": (depthwise, Depthwise(2, 1, 1, 2, 2, 3), [zeros(1, 2, 2, 2)], [zeros(2, 1)], "2 x 2 pixels"),
    "multipliers": (requantize, SCALED, [ONE], [zeros(2) + 8, zeros(2)], r"8\.\.8, expected -8\.\.7"),
    "addends": (requantize, SCALED, [ONE], [zeros(2), zeros(3)], r"addends .*expected \[2\]"),
    "bias": (add, BIASED, [zeros(1, 2)], [zeros(3)], r"expected \[2\]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_tensors_are_named(name: str) -> None:
    model, shape, inputs, parameters, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        model.apply(shape, inputs, parameters)


def test_memory_of_a_stream_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no parameter stream 1"):
        threshold.memory(Threshold(1, 1, 1, 0, 2, 1), 1, np.zeros((1, 1), int))
    with pytest.raises(ValueError, match="no parameter stream 0"):
        add.memory(Add(1, 1, 4, True, 4, True, 4, True, 0), 0, np.zeros(1, int))
