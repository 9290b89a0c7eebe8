"""Trim, exactly: the unchanged tensor [N, H, W, C]. The lanes that it drops are in no tensor, only on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype
from blocks.operators.trim import Trim


def apply(shape: Trim, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The same elements."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    values = check_lanes("input", given, given.shape, shape.bits, signed=shape.signed)
    return (values.astype(lane_dtype(shape.bits, signed=shape.signed)),)
