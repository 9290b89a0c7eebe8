"""Quantizers, operation by operation in float32.

Sources: IntQuant (once Quant) version 1, BipolarQuant version 1, Trunc versions 1 and 2 of QONNX; QuantizeLinear and
DequantizeLinear of ONNX. Where QONNX's table of rounding modes leaves the arithmetic open, its sample implementation
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from blocks.qonnx.interpreter.traced import Array, InterpreterError, Traced, float32, whole

Attributes = Mapping[str, Any]
_HALF = np.float32(0.5)
_ROUNDINGS: Mapping[str, Callable[[Array], Array]] = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "DOWN": np.trunc,
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + _HALF),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - _HALF),
}
_MOST_BITS = 32


def int_quant(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """QONNX's Quant: scale, zero point, clamp, round, and back."""
    x, scale, zero, bits = (each.value for each in inputs)
    stored = float32(float32(x / scale) + zero)
    if bits.size == 1 and float(bits.reshape(())) == 1 and attributes.get("signed", 1):
        # The documents leave 1 bit to BipolarQuant; the sample implementation gives -1 and +1.
        stored = np.where(stored >= 0, np.float32(1), np.float32(-1))
    else:
        stored = _rounding(attributes, "ROUND")(np.clip(stored, *_bounds(bits, attributes)))
    less = float32(stored - zero)
    return _traced(float32(less * scale), less, scale, zero, inputs)


def bipolar_quant(inputs: Sequence[Traced], _attributes: Attributes) -> Traced:
    """QONNX's BipolarQuant: +scale from zero on, -scale below."""
    x, scale = (each.value for each in inputs)
    signs = np.where(x >= 0, np.float32(1), np.float32(-1))
    return _traced(float32(signs * scale), signs, scale, np.zeros((), np.float32), inputs)


def trunc(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """QONNX's Trunc. Version 1 has five inputs; version 2 has six: a scale of its output, and it clamps."""
    if len(inputs) not in (5, 6):
        raise InterpreterError(f"Trunc has {len(inputs)} inputs; its versions 1 and 2 have 5 and 6")
    x, scale, zero, bits_in = (each.value for each in inputs[:4])
    rounding = _rounding(attributes, "FLOOR")
    stored = np.rint(float32(float32(x / scale) + zero))
    if len(inputs) == 5:
        bits_out = inputs[4].value
        factor = float32(2.0 ** (np.asarray(bits_in, np.float64) - np.asarray(bits_out, np.float64)))
        less = float32(rounding(float32(stored / factor)) - zero)
        return _traced(float32(less * scale), less, scale, zero, inputs)
    scale_out, bits_out = inputs[4].value, inputs[5].value
    factor = float32(2.0 ** np.rint(np.log2(float32(scale_out / scale))))
    stored = rounding(np.clip(float32(stored / factor), *_bounds(bits_out, attributes)))
    zero_out = float32(zero / factor)
    less = float32(stored - zero_out)
    return _traced(float32(less * scale_out), less, scale_out, zero_out, inputs)


def quantize_linear(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """ONNX's QuantizeLinear: the stored numbers themselves, as float32."""
    x, scale = inputs[0].value, _along(inputs[1].value, inputs[0], attributes)
    if len(inputs) > 2:
        kind = np.asarray(inputs[2].value).dtype
        zero = _along(inputs[2].value, inputs[0], attributes)
    else:
        kind, zero = np.dtype(np.uint8), np.zeros((), np.uint8)
    if kind.kind not in "iu":
        raise InterpreterError(f"QuantizeLinear to {kind} is no quantizer to whole numbers")
    limits = np.iinfo(kind)
    rounded = np.rint(float32(x / scale)).astype(np.float64) + zero
    stored = np.clip(rounded, limits.min, limits.max)
    numbers = whole(stored)
    return Traced(float32(stored), numbers, np.ones(()), inputs[0].constant)


def dequantize_linear(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """ONNX's DequantizeLinear: `(stored - zero point) * scale`."""
    source = inputs[0]
    scale = _along(inputs[1].value, source, attributes)
    zero = _along(inputs[2].value, source, attributes) if len(inputs) > 2 else np.zeros((), np.int8)
    stored = source.numbers if source.numbers is not None else whole(source.value)
    if stored is None:
        raise InterpreterError("DequantizeLinear reads numbers that are not whole")
    numbers: Array = stored - np.asarray(zero, np.int64)
    value = float32(float32(numbers) * scale)
    return Traced(value, numbers, scale.astype(np.float64), source.constant, np.asarray(zero, np.int64))


def _along(given: Array, source: Traced, attributes: Attributes) -> Array:
    """A scale or zero point of one axis, with as many axes as the tensor."""
    if attributes.get("block_size"):
        raise InterpreterError("scales of blocks are not defined")
    if given.size == 1:
        return given.reshape(())
    # Constants lie in the graph as they are; all others have the batch in front in both.
    axis = attributes.get("axis", 1)
    shape = [1] * source.value.ndim
    if given.ndim != 1 or not -source.value.ndim <= axis < source.value.ndim:
        raise InterpreterError(f"a scale of the shape {list(given.shape)} along axis {axis} is not defined")
    shape[axis] = -1
    return given.reshape(shape)


def _bounds(bits: Array, attributes: Attributes) -> tuple[Array, Array]:
    """The lowest and the highest stored number."""
    found = whole(bits)
    if found is None or (found < 1).any() or (found > _MOST_BITS).any():
        raise InterpreterError(f"{bits} bits: a bit width is a whole number from 1 to {_MOST_BITS}")
    signed, narrow = bool(attributes.get("signed", 1)), bool(attributes.get("narrow", 0))
    if signed and (found == 1).any():
        raise InterpreterError("a signed quantizer of 1 bit is not defined; BipolarQuant is")
    half, full = 2.0 ** (found - 1), 2.0**found
    if signed:
        return float32(-half + narrow), float32(half - 1)
    return float32(0 * full), float32(full - 1 - narrow)


def _rounding(attributes: Attributes, default: str) -> Callable[[Array], Array]:
    mode = str(attributes.get("rounding_mode", default)).upper()
    if mode not in _ROUNDINGS:
        raise InterpreterError(f"the rounding mode {mode} is not defined; known: {', '.join(_ROUNDINGS)}")
    return _ROUNDINGS[mode]


def _traced(value: Array, less: Array, scale: Array, zero: Array, inputs: Sequence[Traced]) -> Traced:
    """The result of a quantizer; `less` is the stored number less the zero point."""
    numbers = whole(less) if whole(zero) is not None else None
    wide = np.asarray(scale, np.float64)
    if wide.size == 1:
        wide = wide.reshape(())
    return Traced(value, numbers, wide, inputs[0].constant, np.asarray(zero, np.float64))
