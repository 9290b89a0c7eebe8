"""Threshold activation, exactly: values [N, H, W, C], thresholds [C, T] -> counts [N, H, W, C]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.tensor import Tensor, beats, check, exactly, in_range, lane_dtype, no_memory
from blocks.operators.threshold import Threshold


def apply(shape: Threshold, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """For each value, the number of its channel's thresholds that are at most the value."""
    (given,) = exactly("inputs", inputs, 1)
    (thresholds,) = exactly("parameters", parameters, 1)
    values = check("input", given, (None, None, None, shape.channels))
    if values.shape[1] * values.shape[2] != shape.pixels:
        raise ValueError(f"input has {values.shape[1]} x {values.shape[2]} pixels, expected {shape.pixels}")
    in_range("input", values, shape.lowest, shape.highest)
    # Saturated as in the hardware. Both sides then have one type, and numpy compares without widening to float.
    limits = saturated(shape, thresholds)
    kind = lane_dtype(shape.threshold_bits, shape.signed)
    wide, limits = values.astype(kind), limits.astype(kind)
    counts = np.zeros(values.shape, np.uint8)
    for step in range(shape.steps):
        counts += limits[:, step] <= wide
    return (counts,)


def saturated(shape: Threshold, thresholds: Tensor) -> Tensor:
    """Clip thresholds [C, T] to lowest..highest + 1 and sort them, which changes no count.

    A threshold at or below `lowest` counts for every value and one above `highest` for none. The order is irrelevant.
    """
    array = check("thresholds", thresholds, (shape.channels, shape.steps))
    kind = np.int64 if shape.signed else np.uint64
    if array.dtype != np.uint64 and shape.highest < np.iinfo(np.int64).max:
        return np.sort(np.clip(array.astype(np.int64), shape.lowest, shape.highest + 1), axis=1).astype(kind)
    # numpy would compare int64 with uint64 as floating point numbers; Python's integers are exact.
    clipped = [[min(max(int(t), shape.lowest), shape.highest + 1) for t in row] for row in array.tolist()]
    return np.sort(np.array(clipped, kind), axis=1)


def memory(shape: Threshold, index: int, values: Tensor) -> Tensor:
    """Saturated thresholds in stream order, [channels / pe, pe * T]: PE 0 lowest, ascending within each PE."""
    if index != 0:
        raise no_memory(1, index)
    limits = saturated(shape, values)
    return beats(shape.parameters[0], np.pad(limits, ((0, shape.folds * shape.pe - shape.channels), (0, 0))))
