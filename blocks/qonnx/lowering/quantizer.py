"""Quantizers: from float32 to an integer, as the specifications of QONNX and of ONNX write them.

Quant, BipolarQuant and Trunc: the operator definitions of `qonnx` (Apache-2.0). QuantizeLinear: ONNX, opset 10 on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from blocks.qonnx.file import Node
from blocks.qonnx.lowering.refusal import RefusedError
from config.frozen import dataclass

Array = np.ndarray[Any, Any]


def _half_up(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.floor(np.abs(values) + np.float32(0.5)))


def _half_down(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.ceil(np.abs(values) - np.float32(0.5)))


def _up(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.ceil(np.abs(values)))


ROUNDING: Mapping[str, Callable[[Array], Array]] = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": _up,
    "DOWN": np.trunc,
    "HALF_UP": _half_up,
    "HALF_DOWN": _half_down,
}
"""By QONNX's `rounding_mode`; all are monotone, and half to even is that of ROUND."""


@dataclass(frozen=True)
class Quantizer:
    """`integer = round(clamp(x / scale + zero))`, which stands for `(integer - zero) * scale`.

    Arrays are float32 in whatever shape the values have, or broadcast to it.

    Attributes:
        lowest, highest: The integers of the type. `least` and `most` are those that it gives (narrow ranges).
        bits: Bits of the type.
        rounding: A key of `ROUNDING`.
        bipolar: It gives -1 and +1, by the sign of x.
        undivided: BipolarQuant's, which looks at x itself: with a negative scale its values fall where x rises.
        late: The zero point is added behind the rounding, as QuantizeLinear does.
        inner: Trunc's: the scale and the zero point of the integer that it takes apart, and by how much it divides it.
    """

    scale: Array
    zero: int
    lowest: int
    highest: int
    least: float
    most: float
    bits: int
    rounding: str = "ROUND"
    bipolar: bool = False
    late: bool = False
    undivided: bool = False
    inner: tuple[Array, int, float] | None = None

    def integers(self, values: Array) -> Array:
        """The integers of float32 values, as float32."""
        rounded = ROUNDING[self.rounding]
        least, most = np.float32(self.least), np.float32(self.most)
        with np.errstate(all="ignore"):
            if self.inner is not None:
                scale, zero, divisor = self.inner
                whole = np.rint(values / scale + np.float32(zero))
                return rounded(np.clip(whole / np.float32(divisor), least, most))
            if self.undivided:
                return np.where(values >= 0, np.float32(1), np.float32(-1))
            scaled = values / self.scale
            if self.late:
                return np.clip(rounded(scaled) + np.float32(self.zero), least, most)
            scaled = scaled + np.float32(self.zero)
            if self.bipolar:
                return np.where(scaled >= 0, np.float32(1), np.float32(-1))
            return rounded(np.clip(scaled, least, most))


MOST_BITS = 32
Given = Callable[[int], Array | None]
"""The constant that a node reads as its input of that number: float32 in the shape of the file, None if left out."""


def read_quantizer(node: Node, given: Given, place: Callable[[Array, bool], Array]) -> Quantizer:
    """The quantizer that a node is.

    Args:
        node: Of op Quant, BipolarQuant, Trunc or QuantizeLinear.
        given: Its constants.
        place: Brings a scale into the shape in which values come; the flag says that the node's `axis` holds.

    Raises:
        RefusedError: it is none that we know, or its parameters are none of an affine quantizer.
    """
    if node.op == "BipolarQuant":
        scale = place(_scale(given(1)), False)
        return Quantizer(scale, 0, -1, 1, -1, 1, 1, bipolar=True, undivided=True)
    rounding = str(node.attributes.get("rounding_mode", "FLOOR" if node.op == "Trunc" else "ROUND")).upper()
    if rounding not in ROUNDING:
        raise RefusedError(f"rounding mode {rounding[:20]}", f"one of {', '.join(ROUNDING)}")
    if node.op in ("Quant", "IntQuant"):
        return _quant(node, given, place, rounding)
    if node.op == "Trunc":
        return _trunc(node, given, place, rounding)
    return _linear(node, given, place)


def _quant(node: Node, given: Given, place: Callable[[Array, bool], Array], rounding: str) -> Quantizer:
    scale, zero, bits = place(_scale(given(1)), False), _zero(given(2)), _bits(given(3))
    signed, narrow = node.attributes.get("signed", 1), node.attributes.get("narrow", 0)
    if signed and bits == 1:
        if zero:
            raise RefusedError(f"bipolar values with zero point {zero}", "zero point 0")
        return Quantizer(scale, 0, -1, 1, -1, 1, 1, bipolar=True)
    lowest, highest = type_range(bits, signed=bool(signed))
    least, most = (lowest + bool(narrow), highest) if signed else (lowest, highest - bool(narrow))
    return Quantizer(scale, zero, lowest, highest, least, most, bits, rounding)


def _trunc(node: Node, given: Given, place: Callable[[Array, bool], Array], rounding: str) -> Quantizer:
    """Five inputs: the integer without its last bits keeps the scale. Six: it has a scale of its own, and limits."""
    inner, zero, bits_in = place(_scale(given(1)), False), _zero(given(2)), _bits(given(3))
    if len(node.inputs) == 5:
        bits = _bits(given(4))
        divisor = 2.0 ** (bits_in - bits)
        lowest, highest = type_range(bits, signed=True)
        return Quantizer(inner, zero, lowest, highest, -np.inf, np.inf, bits, rounding, inner=(inner, zero, divisor))
    scale, bits = place(_scale(given(4)), False), _bits(given(5))
    exponent = np.round(np.log2(scale / inner))
    if not np.isfinite(exponent).all() or (exponent != exponent.flat[0]).any():
        raise RefusedError("scales of input and output whose ratio differs by channel", "one ratio, a power of two")
    divisor = float(2.0 ** exponent.flat[0])
    if zero % divisor:
        raise RefusedError(f"zero point {zero}, divided by {divisor:g}, is no whole number", "zero point 0")
    signed, narrow = node.attributes.get("signed", 1), node.attributes.get("narrow", 0)
    lowest, highest = type_range(bits, signed=bool(signed))
    least, most = (lowest + bool(narrow), highest) if signed else (lowest, highest - bool(narrow))
    return Quantizer(
        scale, int(zero / divisor), lowest, highest, least, most, bits, rounding, inner=(inner, zero, divisor)
    )


def _linear(node: Node, given: Given, place: Callable[[Array, bool], Array]) -> Quantizer:
    point = given(2)
    wanted = {0: np.uint8, 2: np.uint8, 3: np.int8}.get(int(node.attributes.get("output_dtype", 0)), np.void)
    kind = np.dtype(wanted) if point is None else point.dtype
    if kind not in (np.dtype(np.int8), np.dtype(np.uint8)):
        raise RefusedError(f"integers of type {kind}", "int8 or uint8")
    scale = _scale(given(1))
    lowest, highest = type_range(8, signed=kind.kind == "i")
    return Quantizer(place(scale, True), _zero(point), lowest, highest, lowest, highest, 8, late=True)


def type_range(bits: int, *, signed: bool) -> tuple[int, int]:
    """The integers of a type."""
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def _scale(given: Array | None) -> Array:
    if given is None or not given.size or not np.isfinite(given).all() or (given == 0).any():
        raise RefusedError("a scale that is missing, not constant, or 0", "a constant scale above 0")
    return given.astype(np.float32)


def _zero(given: Array | None) -> int:
    """One whole number."""
    if given is None:
        return 0
    if not given.size or (given != given.flat[0]).any():
        raise RefusedError("zero points that differ by channel", "one zero point for the tensor")
    if given.flat[0] != np.rint(given.flat[0]) or abs(float(given.flat[0])) > 2**24:
        raise RefusedError(f"zero point {float(given.flat[0]):g}", "a whole number")
    return int(given.flat[0])


def _bits(given: Array | None) -> int:
    if given is None or given.size != 1 or given.flat[0] != np.rint(given.flat[0]):
        raise RefusedError("a bit width that is missing, not constant, or no whole number", "a constant whole number")
    bits = int(given.flat[0])
    if not 1 <= bits <= MOST_BITS:
        raise RefusedError(f"{bits} bits", f"1 to {MOST_BITS} bits")
    return bits
