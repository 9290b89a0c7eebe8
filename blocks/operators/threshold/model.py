"""Threshold activation, exactly: values [N, H, W, C], thresholds [C, T] -> counts [N, H, W, C].

With `inverts` the parameter is [C, T + 1]: the last column holds the channels' flags, 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.tensor import Tensor, beats, check, exactly, in_range, lane_dtype, no_memory
from blocks.operators.threshold import Threshold


def apply(shape: Threshold, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """For each value, the number of its channel's thresholds that are at most the value, inverted where flagged."""
    (given,) = exactly("inputs", inputs, 1)
    (parameter,) = exactly("parameters", parameters, 1)
    thresholds, flags = split(shape, parameter)
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
    return (counts ^ (flags.astype(np.uint8) * np.uint8(shape.steps)),)


def split(shape: Threshold, parameter: Tensor) -> tuple[Tensor, Tensor]:
    """The thresholds [C, T] of a parameter, and its flags [C]: zeros without `inverts`. Raises ValueError."""
    if not shape.inverts:
        return parameter, np.zeros(shape.channels, np.uint8)
    array = check("thresholds", parameter, (shape.channels, shape.steps + 1))
    in_range("flags", array[:, -1], 0, 1)
    return array[:, :-1], array[:, -1]


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
    """Saturated thresholds in stream order, [channels / pe, pe * T]: PE 0 lowest, ascending within each PE.

    With `inverts` the flags follow: lane pe * T + i holds those of the PEs from i * B on, B bits of a threshold.
    """
    if index != 0:
        raise no_memory(1, index)
    thresholds, flags = split(shape, values)
    spare = shape.folds * shape.pe - shape.channels
    limits = np.pad(saturated(shape, thresholds), ((0, spare), (0, 0)))
    if not shape.inverts:
        return beats(shape.parameters[0], limits)
    rows = limits.reshape(shape.folds, shape.pe * shape.steps)
    return beats(shape.parameters[0], np.hstack([rows, _packed(shape, np.pad(flags, (0, spare))).astype(rows.dtype)]))


def _packed(shape: Threshold, flags: Tensor) -> Tensor:
    """Flags [folds * pe] as lanes [folds, lanes] of `threshold_bits`, in two's complement if thresholds are."""
    port, bits = shape.parameters[0], shape.threshold_bits
    lanes = port.lanes - shape.pe * shape.steps
    rows = np.pad(flags.reshape(shape.folds, shape.pe), ((0, 0), (0, lanes * bits - shape.pe))).astype(np.uint64)
    words: Tensor = np.bitwise_or.reduce(
        rows.reshape(shape.folds, lanes, bits) << np.arange(bits, dtype=np.uint64), axis=2
    )
    if not shape.signed:
        return words
    unused = np.uint64(64 - bits)
    signed: Tensor = (words << unused).view(np.int64) >> np.int64(64 - bits)
    return signed
