"""Thresholds by bisection against a table of every integer."""

from __future__ import annotations

import numpy as np
import pytest

from blocks.qonnx.lowering.activations.thresholds import quantize
from blocks.qonnx.lowering.flow import CHW, Flow, Trunk
from blocks.qonnx.lowering.quantizer import ROUNDING, Quantizer
from blocks.qonnx.lowering.steps import Arithmetic, Clamp, Normalization

CHANNELS = 12


@pytest.mark.parametrize("rounding", ROUNDING)
@pytest.mark.parametrize("coarse", [True, False], ids=["ties", "any"])
def test_every_integer_has_the_code_of_the_table(rounding: str, coarse: bool) -> None:
    rng = np.random.default_rng(len(rounding) + coarse)
    low, high = -rng.integers(0, 300, CHANNELS), rng.integers(0, 300, CHANNELS)

    def drawn(spread: float) -> np.ndarray:
        """Numbers by channel; coarse ones are multiples of 1/8, so that sums end on the edge of a step."""
        values = rng.normal(0, spread, (CHANNELS, 1))
        return np.float32(np.where(np.rint(values * 8) == 0, 1, np.rint(values * 8)) / 8 if coarse else values)

    steps = (
        Arithmetic("add", drawn(9)),
        Normalization(drawn(9), np.abs(drawn(4)), drawn(2), drawn(1)),
        Clamp(np.float32([[-20]]), np.float32([[20]])),
        Arithmetic("from", drawn(1)),
        Arithmetic("divide", drawn(1)),
        Arithmetic("subtract", drawn(1)),
        Arithmetic("multiply", drawn(1)),
    )
    scale = drawn(0.3).astype(np.float64)[:, 0]
    flow = Flow(CHANNELS, 1, 1, CHW, Trunk(), low, high, scale, sums=True, steps=steps)
    quantizer = Quantizer(np.abs(drawn(0.5)), 1, -8, 7, -7, 7, 4, rounding)
    layer = quantize(flow, quantizer, "act").trunk.layer
    assert layer is not None
    falling = layer.arrays.get("descending", np.zeros(CHANNELS))
    for channel in range(CHANNELS):
        every = np.arange(low[channel], high[channel] + 1)
        # The file's arithmetic, written out, one number at a time.
        value = (every * scale[channel]).astype(np.float32)
        value = value + steps[0].operand[channel]
        norm = steps[1]
        value = (value - norm.mean[channel]) / norm.root[channel] * norm.gain[channel] + norm.bias[channel]
        value = steps[3].operand[channel] - np.clip(value, np.float32(-20), np.float32(20))
        value = (value / steps[4].operand[channel] - steps[5].operand[channel]) * steps[6].operand[channel]
        scaled = np.clip(value / quantizer.scale[channel] + np.float32(1), np.float32(-7), np.float32(7))
        expected = ROUNDING[rounding](scaled).astype(int) + 8
        thresholds = layer.arrays["thresholds"][channel]
        reached = every[:, None] <= thresholds if falling[channel] else thresholds <= every[:, None]
        assert np.array_equal(reached.sum(axis=1), expected)
    assert 0 < falling.sum() < CHANNELS


@pytest.mark.parametrize("bits", [5, 8])
def test_a_multiplication_gives_each_integer_the_code_of_its_thresholds(bits: int) -> None:
    rng = np.random.default_rng(bits)
    low, high = -rng.integers(1, 3000, CHANNELS), rng.integers(1, 3000, CHANNELS)
    scale = rng.uniform(0.001, 0.1, CHANNELS) * rng.choice([-1, 1, 1], CHANNELS)
    # Constants of zero points are part of the integers, and not of the numbers that the layer multiplies.
    flow = Flow(CHANNELS, 1, 1, CHW, Trunk(), low, high, scale, sums=True, constant=rng.integers(-99, 99, CHANNELS))
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    quantizer = Quantizer(np.float32([[0.37]]), 2, lowest, highest, lowest, highest, bits)
    layer = quantize(flow, quantizer, "act").trunk.layer
    assert layer is not None
    assert layer.type == "requantize"
    for channel in range(CHANNELS):
        every = np.arange(low[channel], high[channel] + 1)
        value = (every * scale[channel]).astype(np.float32)
        scaled = np.clip(value / np.float32(0.37) + np.float32(2), np.float32(lowest), np.float32(highest))
        made = every * layer.arrays["multipliers"][channel] + layer.arrays["addends"][channel]
        zero = layer.keys["zero_point"]
        codes = np.clip((made >> layer.keys["shift"]) + zero, 0, 2**bits - 1)
        assert np.array_equal(codes, np.rint(scaled).astype(int) - lowest)


def test_a_staircase_that_is_no_line_keeps_its_thresholds() -> None:
    steps = (Clamp(np.float32([[-1]]), np.float32([[1]])),)
    ends = np.array([-99]), np.array([99])
    flow = Flow(1, 1, 1, CHW, Trunk(), *ends, np.array([0.25]), sums=True, steps=steps)
    layer = quantize(flow, Quantizer(np.float32([[0.125]]), 0, -16, 15, -16, 15, 5), "act").trunk.layer
    assert layer is not None
    assert layer.type == "threshold"
