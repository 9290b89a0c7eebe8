"""Thresholds by bisection against a table of every integer."""

from __future__ import annotations

import numpy as np
import pytest

from blocks.qonnx.lowering.flow import CHW, Flow, Trunk
from blocks.qonnx.lowering.quantizer import ROUNDING, Quantizer
from blocks.qonnx.lowering.steps import Arithmetic, Clamp, Normalization
from blocks.qonnx.lowering.thresholds import quantize

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
