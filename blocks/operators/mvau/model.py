"""Matrix-vector unit, exactly: columns [N, OH, OW, S] times weights [channels, S] -> sums [N, OH, OW, channels]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.mvau import Mvau
from blocks.operators.tensor import (
    FLOAT32_EXACT,
    FLOAT64_EXACT,
    Tensor,
    beats,
    check,
    check_lanes,
    exactly,
    in_range,
    lane_dtype,
    no_memory,
)


def apply(shape: Mvau, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Sums of products. Weights are parameter 0, or input 1 if they are streamed.

    The floating point BLAS computes them where that is exact: every partial sum is a whole number of at most
    synapses * largest activation * largest weight. float32 holds all whole numbers to 2^24, float64 to 2^53.
    """
    if shape.streamed_weights:
        given, weights = exactly("inputs", inputs, 2)
        exactly("parameters", parameters, 0)
    else:
        (given,) = exactly("inputs", inputs, 1)
        (weights,) = exactly("parameters", parameters, 1)
    if shape.pixels == 1 and given.ndim == 4:
        given = given.reshape(len(given), 1, 1, -1)  # a whole map in the order of its elements
    columns = check_lanes("input", given, (None, None, None, shape.synapses), shape.input_bits, signed=False)
    if columns.shape[1] * columns.shape[2] != shape.pixels:
        raise ValueError(f"input has {columns.shape[1]} x {columns.shape[2]} pixels, expected {shape.pixels}")
    matrix = logical_weights(shape, weights)
    bound = max(-shape.lowest, shape.highest)
    flat = columns.reshape(-1, shape.synapses)
    kind = np.float32 if bound <= FLOAT32_EXACT else np.float64 if bound <= FLOAT64_EXACT else np.int64
    sums = flat.astype(kind) @ matrix.T.astype(kind)
    out = sums.astype(lane_dtype(shape.accumulator_bits, signed=True))
    return (out.reshape(*columns.shape[:3], shape.channels),)


def logical_weights(shape: Mvau, weights: Tensor) -> Tensor:
    """Check weights, [OFM, K, K, IFM] or [channels, synapses], and return the latter. Binary ones are +1 and -1."""
    array = np.asarray(weights)
    if array.ndim == 4:
        array = array.reshape(array.shape[0], -1)
    array = check("weights", array, (shape.channels, shape.synapses))
    if shape.weight_bits == 1:
        if not (np.abs(array) == 1).all():
            raise ValueError(f"weights hold {np.unique(array)[:8].tolist()}, expected only -1 and +1")
    else:
        in_range("weights", array, -(1 << (shape.weight_bits - 1)), (1 << (shape.weight_bits - 1)) - 1)
    return array


def memory(shape: Mvau, index: int, values: Tensor) -> Tensor:
    """The weights in the order in which they are streamed, [neuron folds * synapse folds, lanes].

    Row nf * pe + p and column sf * simd + s are in beat nf * SF + sf: binary ones as bit s of word p, others as lane
    p * simd + s. This also holds for `streamed_weights`. Above simd 64, bit s is bit s % W of the PE's word s // W.
    """
    if index != 0:
        raise no_memory(1, index)
    matrix = logical_weights(shape, values)
    matrix = np.pad(matrix, ((0, shape.neuron_folds * shape.pe - shape.channels), (0, 0)))
    tiles = matrix.reshape(shape.neuron_folds, shape.pe, shape.synapse_folds, shape.simd).transpose(0, 2, 1, 3)
    port = shape.inputs[1] if shape.streamed_weights else shape.parameters[0]
    if shape.weight_bits != 1:
        return beats(port, tiles)
    words = (tiles > 0).reshape(*tiles.shape[:-1], shape.weight_words, port.bits).astype(np.uint64)
    ones = words << np.arange(port.bits, dtype=np.uint64)
    return beats(port, np.bitwise_or.reduce(ones, axis=-1))
