"""Sliding window, exactly: [N, H, W, C] -> [N, OH, OW, K * K * C] in the order kernel row, kernel column, channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype


def apply(shape: SlidingWindow, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """One column of `kernel * kernel * channels` values per output pixel."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_lanes("input", given, (None, shape.height, shape.width, shape.channels), shape.bits, signed=False)
    rows, columns, step = shape.out_height, shape.out_width, shape.stride
    size = shape.kernel * shape.kernel * shape.channels
    out = np.empty((values.shape[0], rows, columns, size), lane_dtype(shape.bits, signed=False))
    for ky in range(shape.kernel):
        for kx in range(shape.kernel):
            first = (ky * shape.kernel + kx) * shape.channels
            out[..., first : first + shape.channels] = values[
                :, ky : ky + (rows - 1) * step + 1 : step, kx : kx + (columns - 1) * step + 1 : step
            ]
    return (out,)
