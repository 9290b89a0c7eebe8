"""Constants: values of the file, and what its nodes make of them. Quantized ones keep their integers and scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from blocks.qonnx.file import MOST_VALUES, Node
from blocks.qonnx.lowering.quantizer import Quantizer, read_quantizer
from blocks.qonnx.lowering.refusal import RefusedError
from config.frozen import dataclass

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Fixed:
    """A constant tensor. With `integers` it is `integers * scale`; their zero point is taken off already.

    Attributes:
        given: Its numbers, if it has no integers.
        integers: Of the tensor's shape.
        scale: float32, of the tensor's rank, extents 1 where it does not differ.
        bits: Bits of the integers, signed (two's complement); 1 for -1 and +1.
        zero: The zero point that was taken off.
        raw: Integers of QuantizeLinear or of the file, before DequantizeLinear gives them a scale.
    """

    given: Array | None
    integers: Array | None = None
    scale: Array | None = None
    bits: int = 0
    zero: int = 0

    @property
    def values(self) -> Array:
        """The numbers of the file's arithmetic."""
        if self.given is not None:
            return self.given
        assert self.integers is not None and self.scale is not None  # noqa: S101  one of both is there
        return self.integers.astype(np.float32) * self.scale

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's."""
        held = self.given if self.given is not None else self.integers
        return held.shape if held is not None else ()

    def moved(self, move: Callable[[Array], Array]) -> Fixed:
        """The same numbers in another order of axes."""
        if self.integers is None or self.scale is None:
            return Fixed(move(self.values))
        return Fixed(None, move(self.integers), move(self.scale), self.bits, self.zero)


def along(values: Array, axis: int, rank: int) -> Array:
    """A list of numbers, as `axis` of a tensor of that rank."""
    if values.ndim != 1 or values.size == 1:
        return values.reshape((1,) * rank) if values.size == 1 else values
    if not -rank <= axis < rank:
        raise RefusedError(f"axis {axis} of a tensor of {rank} axes", "an axis that is there")
    shape = [1] * rank
    shape[axis] = values.size
    return values.reshape(shape)


def evaluate(node: Node, inputs: Mapping[int, Fixed]) -> Fixed:
    """What a node makes of constants only. Raises RefusedError for what is not computed ahead."""
    first = inputs[0]
    if node.op in ("Quant", "IntQuant", "BipolarQuant", "QuantizeLinear"):
        return _quantized(node, inputs)
    if node.op == "DequantizeLinear":
        return _dequantized(node, inputs)
    if node.op in ("Identity", "Dropout"):
        return first
    if node.op == "Transpose":
        rank = len(first.shape)
        order = tuple(node.attributes.get("perm") or range(rank)[::-1])
        if sorted(order) != list(range(rank)):
            raise RefusedError(f"an order of axes {list(order)[:10]} that is none", "a permutation")
        return first.moved(lambda values: values.transpose(order))
    if node.op in ("Reshape", "Flatten", "Unsqueeze", "Squeeze"):
        return _reshaped(node, inputs)
    if node.op in ("Add", "Sub", "Mul", "Div"):
        if int(np.prod(np.broadcast_shapes(first.shape, inputs[1].shape), dtype=float)) > MOST_VALUES:
            raise RefusedError("a constant of more numbers than are read", "a smaller network")
        with np.errstate(all="ignore"):
            made = _BINARY[node.op](first.values.astype(np.float32), inputs[1].values.astype(np.float32))
        if not np.isfinite(made).all():
            raise RefusedError("a constant that is NaN or infinite", "finite numbers")
        return Fixed(np.asarray(made, np.float32))
    raise RefusedError("an operation on constants that is not computed ahead", "simplify the file before the import")


_BINARY: Mapping[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}


def _reshaped(node: Node, inputs: Mapping[int, Fixed]) -> Fixed:
    first = inputs[0]
    shape = list(first.shape)
    if node.op == "Reshape" and 1 in inputs:
        shape = [shape[at] if extent == 0 and at < len(shape) else int(extent)
                 for at, extent in enumerate(inputs[1].values.reshape(-1))]  # fmt: skip
    elif node.op == "Flatten":
        axis = int(node.attributes.get("axis", 1))
        shape = [int(np.prod(shape[:axis])), -1]
    else:
        axes = node.attributes.get("axes") or (tuple(inputs[1].values.reshape(-1).tolist()) if 1 in inputs else ())
        if node.op == "Unsqueeze":
            for axis in sorted(int(each) % (len(shape) + len(axes)) for each in axes):
                shape.insert(axis, 1)
        else:
            gone = {int(each) % max(1, len(shape)) for each in axes} or {at for at, n in enumerate(shape) if n == 1}
            shape = [extent for at, extent in enumerate(shape) if at not in gone]
    if first.scale is not None and first.scale.size > 1:
        raise RefusedError("another shape of quantized weights whose scale differs by channel", "Transpose")
    held = first.values if first.integers is None else first.integers
    try:
        held = held.reshape(shape)
    except ValueError:
        raise RefusedError(f"a shape {shape[:10]} that its numbers do not fill", "the shape that they have") from None
    if first.integers is None or first.scale is None:
        return Fixed(held)
    return Fixed(None, held, first.scale.reshape((1,) * held.ndim), first.bits, first.zero)


def _quantized(node: Node, inputs: Mapping[int, Fixed]) -> Fixed:
    values = inputs[0].values.astype(np.float32, copy=False)
    axis = int(node.attributes.get("axis", 1))

    def given(at: int) -> Array | None:
        return inputs[at].values if at in inputs else None

    def place(scale: Array, by_axis: bool) -> Array:
        return _fitting(along(scale, axis, values.ndim) if by_axis else scale, values.shape)

    quantizer = read_quantizer(node, given, place)
    return fixed_by(quantizer, values, raw=node.op == "QuantizeLinear")


def fixed_by(quantizer: Quantizer, values: Array, *, raw: bool) -> Fixed:
    """What a quantizer makes of constants. `raw`: the integers themselves, which have no scale yet."""
    integers = quantizer.integers(values)
    if raw:
        return Fixed(integers.astype(np.uint8 if quantizer.lowest == 0 else np.int8))
    integers = (integers - np.float32(quantizer.zero)).astype(np.int32)
    bits = quantizer.bits + (quantizer.lowest == 0)
    if bits <= 8:
        integers = integers.astype(np.int8)
    return Fixed(None, integers, quantizer.scale, bits, quantizer.zero)


def _dequantized(node: Node, inputs: Mapping[int, Fixed]) -> Fixed:
    """`(x - zero point) * scale`, and for bytes the integers with it."""
    given, axis = inputs[0].values, int(node.attributes.get("axis", 1))
    if given.dtype.kind not in "iu" or node.attributes.get("block_size", 0):
        raise RefusedError("numbers that are no integers, or scales of blocks", "int8 with one scale per output")
    scale = _fitting(along(inputs[1].values.astype(np.float32), axis, given.ndim), given.shape)
    point = inputs[2].values if 2 in inputs else np.zeros(1, given.dtype)
    zero = _fitting(along(point, axis, given.ndim), given.shape).astype(np.int64)
    if not np.isfinite(scale).all() or (scale == 0).any():
        raise RefusedError("a scale that is 0", "a scale above 0")
    moved = given - zero
    if given.dtype not in (np.dtype(np.int8), np.dtype(np.uint8)):
        return Fixed(np.asarray(moved.astype(np.float32) * scale, np.float32))
    bits, worst = 8 + (given.dtype.kind == "u"), int(np.abs(zero).max(initial=0))
    return Fixed(None, moved.astype(np.int8 if bits == 8 and not worst else np.int32), scale, bits, worst)


def _fitting(scale: Array, shape: tuple[int, ...]) -> Array:
    """A scale with as many axes as its tensor. Raises RefusedError if it does not fit."""
    made = scale.reshape((1,) * max(0, len(shape) - scale.ndim) + scale.shape)
    if made.ndim != len(shape) or any(a not in (1, b) for a, b in zip(made.shape, shape, strict=True)):
        raise RefusedError(f"a scale of shape {list(scale.shape)} for weights {list(shape)}", "one per output")
    return made
