"""Pad, exactly: [N, H, W, C] -> [N, H + top + bottom, W + left + right, C]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.pad import Pad
from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype


def apply(shape: Pad, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """`value` around each image."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_lanes("input", given, (None, shape.height, shape.width, shape.channels), shape.bits, signed=False)
    frame = ((0, 0), (shape.top, shape.bottom), (shape.left, shape.right), (0, 0))
    return (np.pad(values, frame, constant_values=shape.value).astype(lane_dtype(shape.bits, signed=False)),)
