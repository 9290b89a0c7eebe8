"""Depthwise products, exactly: columns [N, OH, OW, P * C] and weights [C, P] -> sums [N, OH, OW, C]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.depthwise import Depthwise
from blocks.operators.tensor import Tensor, beats, check, check_lanes, exactly, in_range, lane_dtype, no_memory


def apply(shape: Depthwise, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """For each channel the sum over the kernel positions. A column is in the order position, channel."""
    (given,) = exactly("inputs", inputs, 1)
    (weights,) = exactly("parameters", parameters, 1)
    size = shape.positions * shape.channels
    columns = check_lanes("input", given, (None, None, None, size), shape.input_bits, signed=False)
    if columns.shape[1] * columns.shape[2] != shape.pixels:
        raise ValueError(f"input has {columns.shape[1]} x {columns.shape[2]} pixels, expected {shape.pixels}")
    matrix = logical_weights(shape, weights).astype(np.int64)
    # A sum has at most 64 bits in two's complement, so int64 holds it.
    sums = np.zeros((*columns.shape[:3], shape.channels), np.int64)
    for position in range(shape.positions):
        part = columns[..., position * shape.channels : (position + 1) * shape.channels]
        sums += part.astype(np.int64) * matrix[:, position]
    return (sums.astype(lane_dtype(shape.accumulator_bits, signed=True)),)


def logical_weights(shape: Depthwise, weights: Tensor) -> Tensor:
    """Check weights, [C, K, K], [C, K, K, 1] or [C, positions], and return the latter. Binary ones are +1 and -1."""
    array = np.asarray(weights)
    if array.ndim > 2:
        array = array.reshape(array.shape[0], -1)
    array = check("weights", array, (shape.channels, shape.positions))
    if shape.weight_bits == 1:
        if not (np.abs(array) == 1).all():
            raise ValueError(f"weights hold {np.unique(array)[:8].tolist()}, expected only -1 and +1")
    else:
        in_range("weights", array, -(1 << (shape.weight_bits - 1)), (1 << (shape.weight_bits - 1)) - 1)
    return array


def memory(shape: Depthwise, index: int, values: Tensor) -> Tensor:
    """The weights in the order in which they are streamed, [positions * folds, pe].

    Channel fold * pe + p at a position is lane p of beat position * folds + fold; binary ones are 1 for +1, 0 for -1.
    """
    if index != 0:
        raise no_memory(1, index)
    matrix = logical_weights(shape, values)
    if shape.weight_bits == 1:
        matrix = matrix > 0
    return beats(shape.parameters[0], np.ascontiguousarray(matrix.T))
