"""Width converter, exactly: the unchanged tensor."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.operators.tensor import Tensor, check_stream, exactly, lane_dtype
from blocks.operators.width_converter import WidthConverter


def apply(shape: WidthConverter, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The same elements."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    return (check_stream("input", given, shape.inputs[0]).astype(lane_dtype(shape.bits, shape.signed)),)
