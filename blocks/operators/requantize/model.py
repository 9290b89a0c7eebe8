"""Requantize, exactly: values [N, H, W, C], multipliers [C], addends [C] -> codes [N, H, W, C]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.requantize import Requantize
from blocks.operators.tensor import Tensor, beats, check, check_lanes, exactly, in_range, lane_dtype, no_memory


def apply(shape: Requantize, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """clamp((value * multiplier + addend) >> shift): rounded down, clamped to 0..2^output_bits - 1."""
    (given,) = exactly("inputs", inputs, 1)
    exactly("parameters", parameters, 2)
    values = check("input", given, (None, None, None, shape.channels))
    if values.shape[1] * values.shape[2] != shape.pixels:
        raise ValueError(f"input has {values.shape[1]} x {values.shape[2]} pixels, expected {shape.pixels}")
    in_range("input", values, shape.lowest, shape.highest)
    multipliers, addends = (_checked(shape, index, each).astype(np.int64) for index, each in enumerate(parameters))
    # `sum_bits` is at most 64, so int64 holds every intermediate value.
    scaled = (values.astype(np.int64) * multipliers + addends) >> np.int64(shape.shift)
    codes = np.clip(scaled, 0, (1 << shape.output_bits) - 1)
    return (codes.astype(lane_dtype(shape.output_bits, signed=False)),)


def _checked(shape: Requantize, index: int, values: Tensor) -> Tensor:
    port = shape.parameters[index]
    return check_lanes(port.role, values, (shape.channels,), port.bits, signed=True)


def memory(shape: Requantize, index: int, values: Tensor) -> Tensor:
    """Multipliers (0) or addends (1) in the order of the channels, [channels / pe, pe]."""
    if index not in (0, 1):
        raise no_memory(2, index)
    return beats(shape.parameters[index], _checked(shape, index, values))
