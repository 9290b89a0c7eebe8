"""Deinterleave, exactly: the unchanged tensor [N, H, W, C]; only the order of the wire changes."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.operators.deinterleave import Deinterleave
from blocks.operators.tensor import Tensor, check_lanes, exactly, lane_dtype


def apply(shape: Deinterleave, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The same elements."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    return (
        check_lanes("input", given, given.shape, shape.bits, shape.signed).astype(lane_dtype(shape.bits, shape.signed)),
    )
