"""Operations on each value alone: float32, one rounding an operation, as ONNX defines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from blocks.qonnx.interpreter.traced import Array, InterpreterError, Traced, float32

Attributes = Mapping[str, Any]
_TWO: Mapping[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}


def of_two(op: str) -> Callable[[Sequence[Traced], Attributes], Traced]:
    """Add, Sub, Mul or Div of a tensor and a constant, or of two tensors that are not affine."""

    def apply(inputs: Sequence[Traced], _attributes: Attributes) -> Traced:
        first, second = inputs
        constant = first.constant and second.constant
        if not constant and (_axes_beyond(first, second) or _axes_beyond(second, first)):
            raise InterpreterError("a constant with more axes than the tensor changes its shape")
        return Traced(float32(_TWO[op](first.value, second.value)), constant=constant)

    return apply


def batch_normalization(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """`(x - mean) / sqrt(variance + epsilon) * gain + bias`, in this order."""
    if attributes.get("training_mode"):
        raise InterpreterError("it is in training mode")
    x = inputs[0]
    gain, bias, mean, variance = (float32(each.value).reshape(1, -1, *[1] * (x.value.ndim - 2)) for each in inputs[1:5])
    deviation = np.sqrt(float32(variance + np.float32(attributes.get("epsilon", 1e-5))))
    scaled = float32(float32(float32(x.value - mean) / deviation) * gain)
    return Traced(float32(scaled + bias), constant=x.constant)


def relu(inputs: Sequence[Traced], _attributes: Attributes) -> Traced:
    """`max(x, 0)`. Whole numbers stay whole: their zero is the value 0."""
    x = inputs[0]
    positive = x.value > 0
    numbers = None if x.numbers is None else np.where(positive, x.numbers, 0)
    return Traced(np.where(positive, x.value, np.float32(0)), numbers, x.scale, x.constant, x.zero)


def clip(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Clip; its bounds are inputs, or attributes in old files."""
    value = inputs[0].value
    for index, key, bound in ((1, "min", np.maximum), (2, "max", np.minimum)):
        if len(inputs) > index and inputs[index].value.size:
            value = bound(value, float32(inputs[index].value))
        elif key in attributes:
            value = bound(value, np.float32(attributes[key]))
    return Traced(float32(value), constant=inputs[0].constant)


def identity(inputs: Sequence[Traced], _attributes: Attributes) -> Traced:
    """The tensor itself."""
    return inputs[0]


def _axes_beyond(first: Traced, second: Traced) -> bool:
    """Whether a constant's broadcast would give the other tensor new axes, or extents."""
    if not first.constant:
        return False
    ndim = second.value.ndim
    shape = first.value.shape
    return len(shape) > ndim or any(
        mine not in (1, other) for mine, other in zip(shape[::-1], second.value.shape[::-1], strict=False)
    )
