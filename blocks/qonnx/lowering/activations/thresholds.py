"""From a flow and a quantizer to an activation: every threshold by bisection, in the file's own arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from blocks.qonnx.lowering.activations.requantize import requantized
from blocks.qonnx.lowering.flow import Flow, Layer
from blocks.qonnx.lowering.quantizer import Quantizer, type_range
from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.steps import together

Array = np.ndarray[Any, Any]
Code = Callable[[Array], Array]

MOST_BITS = 8
"""Of an activation (`blocks/layers/activation.py`)."""
FEW_BITS = 4
"""Up to so many, thresholds cost less than a multiplication."""
_TABLE = 1 << 12
"""Integers of a channel up to which a quantizer is tried for one that changes nothing."""


def bisect(code: Code, low: Array, high: Array, steps: int, falling: Array) -> Array:
    """The integers at which a monotone staircase reaches its steps.

    Args:
        code: From integers [C, n] to codes [C, n], never falling in channels that are not `falling`.
        low: int64 [C]: the least integer that occurs.
        high: int64 [C]: the greatest.
        steps: The number of steps, of codes 1 to `steps`.
        falling: bool [C].

    Returns:
        int64 [C, steps], ascending. Rising: the least integer that reaches a code, high + 1 if none does. Falling: the
        greatest integer that reaches a code, low - 1 if none does. The codes descend from left to right.
    """
    sign = np.where(falling, np.int64(-1), np.int64(1))[:, None]
    wanted = np.arange(1, steps + 1, dtype=np.int64)[None, :]
    shape = len(low), steps
    left = np.broadcast_to(np.where(falling, -high, low)[:, None], shape)
    right = np.broadcast_to(np.where(falling, -low, high)[:, None] + 1, shape)
    while (left < right).any():
        middle = (left + right) >> 1
        reached = code(sign * middle) >= wanted
        open_ = left < right
        left, right = np.where(open_ & ~reached, middle + 1, left), np.where(open_ & reached, middle, right)
    return np.asarray(np.where(falling[:, None], -left[:, ::-1], left))


@dataclasses.dataclass(frozen=True)
class Type:
    """Codes of an activation, in the order of the values that they stand for: code less `zero`, times `scale`.

    A negative scale turns the order of the file's integers around.
    """

    bits: int
    zero: int
    bipolar: bool
    scale: Array

    @property
    def keys(self) -> dict[str, Any]:
        """As the network file says it."""
        keys: dict[str, Any] = {"bits": self.bits}
        if self.bipolar:
            keys["values"] = "bipolar"
        elif self.zero and self.zero == 2 ** (self.bits - 1):
            keys["values"] = "signed"
        elif self.zero:
            keys["zero_point"] = self.zero
        if (self.scale == self.scale[0]).all():
            keys["scale"] = float(self.scale[0])
        return keys


def quantize(flow: Flow, quantizer: Quantizer, node: str) -> Flow:
    """The flow behind a quantizer. A layer is made unless each integer stays as it is.

    The integers may stay and stand for other values, as 0 and 1 do behind a quantizer of few codes. Then they have two
    scales, one for each of those who read them, and the network file says none.

    Raises:
        RefusedError: more than 8 bits, or what is still to be done has no such form.
    """
    quantizer = _limited(flow, quantizer)
    made, code = _type(flow, quantizer)
    low_code, high_code = _ends(flow, code)
    step = 2 if made.bipolar else 1
    low, high = (step * each - made.zero for each in (low_code, high_code))
    behind = dataclasses.replace(
        flow,
        low=np.minimum(low, high),
        high=np.maximum(low, high),
        scale=made.scale,
        sums=False,
        steps=(),
        pools=(),
    )
    if not flow.sums and not flow.pools and _changes_nothing(flow, code, made.zero, step):
        if (behind.scale.astype(np.float32) != flow.scale.astype(np.float32)).any():
            flow.trunk.without_scale()
        return behind
    if made.bits > MOST_BITS:
        raise RefusedError(f"activations of {made.bits} bits", f"a quantizer of at most {MOST_BITS} bits")
    turned = np.sign(quantizer.scale) if quantizer.undivided else np.ones((1, 1))
    falling = np.asarray((together(flow.steps, flow.channels) * turned)[:, 0] * np.sign(flow.scale) < 0)
    for before, pool in flow.pools:
        if (together(flow.steps[before:], flow.channels) * turned < 0).any():
            what = f"a max pool ('{pool.node}') and behind it arithmetic that turns values around, as a negative gain"
            raise RefusedError(what, "the pool behind the quantizer")
    thresholds = _thresholds(flow, quantizer, 2**made.bits - 1, falling)
    many = made.bits > FEW_BITS
    layer = (requantized(flow, thresholds, falling, made.keys, node) if many else None) or Layer(
        node, "threshold", made.keys, {"thresholds": thresholds}
    )
    if falling.any() and layer.type == "threshold":
        layer.keys["descending"] = True
        layer.arrays["descending"] = falling.astype(np.int8)
    trunk = flow.trunk.then(layer)
    for _, pool in flow.pools:
        trunk = trunk.then(dataclasses.replace(pool))  # of its own for each path of a fork
    return dataclasses.replace(behind, trunk=trunk, constant=-made.zero, step=step)


def _limited(flow: Flow, quantizer: Quantizer) -> Quantizer:
    """A quantizer without limits (Trunc) gets the type that holds what it gives."""
    if np.isfinite(quantizer.least):
        return quantizer
    ends = quantizer.integers(flow.values(np.stack([flow.low, flow.high], axis=1)))
    signed = bool((ends < 0).any())
    lowest, highest = type_range(quantizer.bits, signed=signed)
    if ends.min() < lowest or ends.max() > highest:
        what = f"Trunc to {quantizer.bits} bits of numbers that may become {ends.min():g} to {ends.max():g}"
        raise RefusedError(what, "more bits of its output, or fewer of its input")
    return dataclasses.replace(quantizer, lowest=lowest, highest=highest, least=lowest, most=highest)


def _type(flow: Flow, quantizer: Quantizer) -> tuple[Type, Code]:
    """The codes of a quantizer's integers, and how they follow from those of the flow."""
    scale = np.broadcast_to(quantizer.scale.reshape(-1), flow.channels).astype(np.float64)
    turned = scale < 0
    lowest, highest, zero = quantizer.lowest, quantizer.highest, quantizer.zero
    if turned.any() and not turned.all() and zero - lowest != highest - zero:
        raise RefusedError("scales of both signs", "scales above 0")
    offset = 1 if quantizer.bipolar else highest - zero if turned.all() else zero - lowest
    if not quantizer.bipolar and not 0 <= offset < 2**quantizer.bits:
        raise RefusedError(f"zero point {zero} of {quantizer.bits} bits", f"one from {lowest} to {highest}")
    sign = np.where(turned, np.int64(-1), np.int64(1))[:, None]
    divisor = 2 if quantizer.bipolar else 1

    def code(integers: Array) -> Array:
        found = quantizer.integers(flow.values(integers)).astype(np.int64) - zero
        return np.asarray((sign * found + offset) // divisor)

    return Type(quantizer.bits, offset, quantizer.bipolar, np.abs(scale)), code


def _ends(flow: Flow, code: Code) -> tuple[Array, Array]:
    found = code(np.stack([flow.low, flow.high], axis=1))
    return found[:, 0], found[:, 1]


def _changes_nothing(flow: Flow, code: Code, zero: int, step: int) -> bool:
    low, high = int(flow.low.min()), int(flow.high.max())
    if high - low >= _TABLE:
        return False
    integers = np.broadcast_to(np.arange(low, high + 1, dtype=np.int64), (flow.channels, high - low + 1))
    integers = np.clip(integers, flow.low[:, None], flow.high[:, None])
    return bool((step * code(integers) - zero == integers).all())


def _thresholds(flow: Flow, quantizer: Quantizer, steps: int, falling: Array) -> Array:
    """Of each channel; once only if all channels compute the same."""
    alike = quantizer.scale.size == 1 and (flow.scale == flow.scale[0]).all() and all(s.shared for s in flow.steps)
    if not alike or (quantizer.inner and quantizer.inner[0].size > 1):
        return bisect(_type(flow, quantizer)[1], flow.low, flow.high, steps, falling)
    low, high = flow.low.min(keepdims=True), flow.high.max(keepdims=True)
    one = dataclasses.replace(flow, channels=1, low=low, high=high, scale=flow.scale[:1])
    found = bisect(_type(one, quantizer)[1], low, high, steps, falling[:1])
    return np.repeat(found, flow.channels, axis=0)
