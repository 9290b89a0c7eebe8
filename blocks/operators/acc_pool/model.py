"""Accumulating pool, exactly: [N, H, W, C] -> [N, 1, 1, C]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.acc_pool import AccPool
from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype


def apply(shape: AccPool, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Sum over the pixels of max(v - zero_point, 0): [N, H, W, C] -> [N, 1, 1, C]."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_lanes("input", given, (None, None, None, shape.channels), shape.input_bits, signed=False)
    if values.shape[1] * values.shape[2] != shape.pixels:
        raise ValueError(f"input has {values.shape[1]} x {values.shape[2]} pixels, expected {shape.pixels}")
    zero = np.uint64(shape.zero_point)
    above = np.maximum(values.astype(np.uint64), zero) - zero
    return (above.sum(axis=(1, 2), keepdims=True).astype(lane_dtype(shape.output_bits, signed=False)),)
