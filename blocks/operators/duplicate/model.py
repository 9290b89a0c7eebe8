"""Duplicate, exactly: the same tensor twice."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.operators.duplicate import Duplicate
from blocks.operators.tensor import Tensor, check_stream, exactly, lane_dtype


def apply(shape: Duplicate, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Two copies."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_stream("input", given, shape.inputs[0]).astype(lane_dtype(shape.bits, shape.signed))
    return (values, values.copy())
