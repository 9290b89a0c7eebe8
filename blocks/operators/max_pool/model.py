"""Max pool, exactly: [N, H, W, C] -> [N, OH, OW, C]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.max_pool import MaxPool
from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype


def apply(shape: MaxPool, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The largest value of each window, per channel."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_lanes("input", given, (None, shape.height, shape.width, shape.channels), shape.bits, signed=False)
    rows, columns, down, right = shape.out_height, shape.out_width, shape.stride_rows, shape.stride_columns
    out = np.zeros((values.shape[0], rows, columns, shape.channels), lane_dtype(shape.bits, signed=False))
    for ky in range(shape.kernel_rows):
        for kx in range(shape.kernel_columns):
            part = values[:, ky : ky + (rows - 1) * down + 1 : down, kx : kx + (columns - 1) * right + 1 : right]
            np.maximum(out, part.astype(out.dtype), out=out)
    return (out,)
