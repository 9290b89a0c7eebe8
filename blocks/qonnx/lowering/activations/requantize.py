"""Replaces thresholds by a multiplication, if both give the same code for every possible integer."""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.qonnx.lowering.flow import Flow, Layer

Array = np.ndarray[Any, Any]

MULTIPLIER_BITS = (18, 25, 32)
"""Those of the factors of a DSP, and the most that the layer has."""
MOST_ADDEND_BITS = 62
MOST_SHIFT = 40
_ROOM = 1 << 61
"""Products and sums of the search stay below: it counts in 64 bits."""


def requantized(flow: Flow, thresholds: Array, falling: Array, keys: dict[str, Any], node: str) -> Layer | None:
    """A requantize layer with the same codes as thresholds; None if no multiplier and addend of a channel have them.

    For the codes k of a channel whose least integer is t_k, `(m * S + A) >> shift` has them all if and only if
    `m * t_k + A >= k << shift` and `m * (t_k - 1) + A < k << shift`, as far as t_k and t_k - 1 occur.

    Args:
        flow: What is quantized: its integers from `low` to `high`, and the `constant` that zero points add to them.
        thresholds: int64 [C, 2^bits - 1] as `bisect` gives them.
        falling: bool [C].
        keys: Of the threshold layer.
        node: The name of the quantizer.
    """
    low, high = np.where(falling, -flow.high, flow.low), np.where(falling, -flow.low, flow.high)
    first = np.where(falling[:, None], -thresholds[:, ::-1], thresholds)
    first = np.clip(first, low[:, None], high[:, None] + 1)
    bits = keys["bits"]
    zero = {"signed": 2 ** (bits - 1)}.get(keys.get("values", ""), keys.get("zero_point", 0))
    for multiplier_bits in MULTIPLIER_BITS:
        found = _search(first, low, high, multiplier_bits)
        if found is None:
            continue
        multipliers, addends, shift = found
        multipliers = np.where(falling, -multipliers, multipliers)
        stored = np.abs(addends) + np.abs(multipliers * flow.constant)
        addend_bits = int(stored.max()).bit_length() + 1
        if addend_bits > MOST_ADDEND_BITS:
            continue
        made = {**keys, "shift": shift, "multiplier_bits": multiplier_bits, "addend_bits": max(2, addend_bits)}
        made.pop("descending", None)
        arrays = {"multipliers": multipliers, "addends": addends - (zero << shift)}
        return Layer(node, "requantize", made, arrays)
    return None


def _search(first: Array, low: Array, high: Array, multiplier_bits: int) -> tuple[Array, Array, int] | None:
    """Multipliers and addends [C], and the shift, for staircases that rise."""
    slopes, spans = _slopes(first, low, high)
    most = 2 ** (multiplier_bits - 1) - 1
    if slopes.max() * 1.01 >= most:
        return None
    reach = int(max(np.abs(low).max(), np.abs(high).max())) + 1
    shift = min(MOST_SHIFT, int(np.floor(np.log2(most / max(slopes.max(), 2.0**-MOST_SHIFT) / 1.01))))
    if shift < 0 or most * reach >= _ROOM or first.shape[1] << shift >= _ROOM:
        return None
    estimate = np.rint(slopes * 2.0**shift)
    window = np.ceil(2 * estimate / spans) + 2
    left = np.clip(estimate - window, 0, most).astype(np.int64)
    right = np.clip(estimate + window, 0, most).astype(np.int64)
    # The room for the addend is the least of lines less the greatest of lines, so it rises to its maximum and falls.
    while (left < right).any():
        middle = (left + right) >> 1
        rises = _room(first, low, high, middle + 1, shift)[0] > _room(first, low, high, middle, shift)[0]
        open_ = left < right
        left, right = np.where(open_ & rises, middle + 1, left), np.where(open_ & ~rises, middle, right)
    room, least = _room(first, low, high, left, shift)
    return (left, least + (room >> 1), shift) if (room >= 0).all() else None


def _slopes(first: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Codes per integer of each channel, roughly, and between how many integers that was taken."""
    occurs = (first > low[:, None]) & (first <= high[:, None])
    count = first.shape[1]
    begin = np.argmax(occurs, axis=1)
    end = count - 1 - np.argmax(occurs[:, ::-1], axis=1)
    rows = np.arange(len(first))
    spans = np.where(occurs.any(axis=1), first[rows, end] - first[rows, begin], 0)
    # One step, or none: so flat that no other is reached.
    slopes = np.where(spans > 0, (end - begin) / np.maximum(spans, 1), 0.5 / np.maximum(high - low + 1, 1))
    return slopes, np.maximum(spans, 1)


def _room(first: Array, low: Array, high: Array, multipliers: Array, shift: int) -> tuple[Array, Array]:
    """The least addend [C] that has all codes, and how far above it the greatest is (negative: none has them)."""
    edges = np.arange(1, first.shape[1] + 1, dtype=np.int64)[None, :] << shift
    lines = edges - multipliers[:, None] * first
    least = np.where(first <= high[:, None], lines, -_ROOM).max(axis=1)
    greatest = np.where(first > low[:, None], lines + multipliers[:, None] - 1, _ROOM).min(axis=1)
    least = np.where(least == -_ROOM, greatest, least)
    return np.where(greatest == _ROOM, 0, greatest - least), least
