"""Add, exactly: a_factor * a + b_factor * b - offset, saturated to the output range, for tensors [N, ...]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.add import Add
from blocks.operators.tensor import Tensor, beats, check_lanes, check_stream, exactly, lane_dtype, no_memory


def apply(shape: Add, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Saturated sums, in the shape of a. A bias has one value per element of an image."""
    exactly("inputs", inputs, 1 if shape.b_parameter else 2)
    exactly("parameters", parameters, 1 if shape.b_parameter else 0)
    a = check_stream("input a", inputs[0], shape.inputs[0])
    if shape.b_parameter:
        bias = check_lanes("bias", parameters[0], (shape.lanes * shape.beats,), shape.b_bits, shape.b_signed)
        b = np.broadcast_to(bias.reshape(a.shape[1:]), a.shape)
    else:
        b = check_stream("input b", inputs[1], shape.inputs[1])
        if b.shape != a.shape:
            raise ValueError(f"input b has shape {list(b.shape)}, expected that of a, {list(a.shape)}")
    lowest, highest = shape.output_range
    # A sum has at most 64 bits in two's complement, so int64 holds it and both ends of the range.
    sums = shape.a_factor * a.astype(np.int64) + shape.b_factor * b.astype(np.int64) - shape.offset
    return (np.clip(sums, lowest, highest).astype(lane_dtype(shape.output_bits, shape.output_signed)),)


def memory(shape: Add, index: int, values: Tensor) -> Tensor:
    """The bias in the order in which it is streamed, [beats, lanes]."""
    if index != 0 or not shape.b_parameter:
        raise no_memory(len(shape.parameters), index)
    bias = check_lanes("bias", values, (shape.lanes * shape.beats,), shape.b_bits, shape.b_signed)
    return beats(shape.parameters[0], bias)
