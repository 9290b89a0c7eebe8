"""Sliding window, exactly: [N, H, W, C] -> [N, OH, OW, KH * KW * C] in the order kernel row, kernel column, channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype


def apply(shape: SlidingWindow, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """One column of a window's values per output pixel."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_lanes("input", given, (None, shape.height, shape.width, shape.channels), shape.bits, signed=False)
    rows, columns, down, right = shape.out_height, shape.out_width, shape.stride_rows, shape.stride_columns
    size = shape.window_pixels * shape.channels
    out = np.empty((values.shape[0], rows, columns, size), lane_dtype(shape.bits, signed=False))
    for ky in range(shape.kernel_rows):
        for kx in range(shape.kernel_columns):
            first = (ky * shape.kernel_columns + kx) * shape.channels
            out[..., first : first + shape.channels] = values[
                :, ky : ky + (rows - 1) * down + 1 : down, kx : kx + (columns - 1) * right + 1 : right
            ]
    return (out,)
