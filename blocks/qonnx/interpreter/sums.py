"""Sums of products, averages and additions of affine tensors: exact in whole numbers, then one rounding.

A sum is the whole number S of (n - zero point) terms. Its value is `float32(float64(S) * scale)` with the float64
product of the file's scales, in the order activation, weight; an average divides the scale by its count, in float64.
A bias is added to that value as an operation of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from blocks.qonnx.interpreter.traced import Array, InterpreterError, Traced, float32, of_numbers
from blocks.qonnx.interpreter.windows import Windows, windows_of

Attributes = Mapping[str, Any]
_EXACT = 2.0**53
_MOST_FACTOR = 16


def conv(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Conv of two axes, in any number of groups. Padding is the value 0."""
    x, weights = inputs[0], inputs[1]
    numbers, scale = x.affine()
    kernels, weight_scale = weights.affine()
    if numbers.ndim != 4 or kernels.ndim != 4 or not weights.constant:
        raise InterpreterError("only convolutions of two axes with constant weights are defined")
    groups = int(attributes.get("group", 1))
    outputs, each, rows, columns = kernels.shape
    if groups < 1 or numbers.shape[1] != each * groups or outputs % groups:
        raise InterpreterError(f"{numbers.shape[1]} channels do not fit {each} of each of {groups} groups")
    windows = windows_of(numbers.shape[2:], attributes, (rows, columns))
    of_inputs = _one_each(scale, 1, numbers.shape[1], groups)
    of_outputs = _one_each(weight_scale, 0, outputs, outputs)
    sums = np.stack([_convolved(image, kernels, windows, groups) for image in numbers])
    scales = (np.repeat(of_inputs, outputs // groups) * of_outputs).reshape(1, -1, 1, 1)
    return _biased(of_numbers(sums, scales), inputs[2] if len(inputs) > 2 else None, (1, -1, 1, 1))


def matmul(inputs: Sequence[Traced], _attributes: Attributes) -> Traced:
    """MatMul by constant weights [inputs, outputs]."""
    if not inputs[1].constant or inputs[0].constant:
        raise InterpreterError("only products of a tensor and constant weights are defined")
    numbers, scale = inputs[0].affine()
    weights, weight_scale = inputs[1].affine()
    if weights.ndim != 2:
        raise InterpreterError(f"weights of {weights.ndim} axes are not defined")
    of_inputs = _one_each(scale, numbers.ndim - 1, numbers.shape[-1], 1)
    of_outputs = _one_each(weight_scale, 1, weights.shape[1], weights.shape[1])
    scales = (of_inputs * of_outputs).reshape(*[1] * (numbers.ndim - 1), -1)
    return of_numbers(_product(numbers, weights), scales)


def gemm(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Gemm without factors: `x @ w + bias`, with the weights as they are or transposed."""
    if attributes.get("transA") or attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
        raise InterpreterError("transA, alpha and beta are not defined")
    weights = transposed(inputs[1]) if attributes.get("transB") else inputs[1]
    return _biased(matmul((inputs[0], weights), {}), inputs[2] if len(inputs) > 2 else None, (1, -1))


def transposed(x: Traced) -> Traced:
    """A matrix the other way round."""
    numbers, scale = x.affine()
    return Traced(x.value.T, numbers.T, scale.T, x.constant)


def average_pool(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """AveragePool. A count that differs at the edges gives the pixels scales of their own."""
    numbers, scale = inputs[0].affine()
    if numbers.ndim != 4:
        raise InterpreterError("only averages of two axes are defined")
    windows = windows_of(numbers.shape[2:], attributes)
    scale = _without(scale, (2, 3), "pixels of different scales do not add") if scale.ndim else scale
    sums = windows.taken(numbers, 0).sum(axis=(-2, -1))
    count = windows.taken(np.ones((1, 1, *numbers.shape[2:]), np.int64), int(attributes.get("count_include_pad", 0)))
    return of_numbers(sums, scale / count.sum(axis=(-2, -1)).astype(np.float64))


def global_average_pool(inputs: Sequence[Traced], _attributes: Attributes) -> Traced:
    """GlobalAveragePool: the mean of all pixels of a channel."""
    return _mean(inputs[0], tuple(range(2, inputs[0].value.ndim)), keep=True)


def reduce_mean(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """ReduceMean over axes other than the batch."""
    given = attributes.get("axes") or (inputs[1].value.reshape(-1).tolist() if len(inputs) > 1 else ())
    axes = tuple(sorted({int(axis) % inputs[0].value.ndim for axis in given}))
    if not axes or 0 in axes:
        raise InterpreterError("a mean over the batch, or over no axis, is not defined")
    return _mean(inputs[0], axes, keep=bool(attributes.get("keepdims", 1)))


def addition(first: Traced, second: Traced) -> Traced:
    """Add of two affine tensors: of one scale in whole numbers, of others in float64; rounded once."""
    numbers, scale = first.affine()
    others, other_scale = second.affine()
    if numbers.shape != others.shape:
        raise InterpreterError(f"shapes {list(numbers.shape)} and {list(others.shape)} are added")
    if (np.asarray(scale) == np.asarray(other_scale)).all():
        return of_numbers(numbers + others, scale)
    value = float32(numbers.astype(np.float64) * scale + others.astype(np.float64) * other_scale)
    factors = _factors(scale, other_scale)
    if factors is None:
        return Traced(value)
    return Traced(value, factors[0] * numbers + factors[1] * others, scale / factors[0])


def _factors(scale: Array, other: Array) -> tuple[int, int] | None:
    """Whole numbers in the proportion of two scales; None if they are not small, or differ by channel."""
    ratios = {Fraction(float(a)) / Fraction(float(b)) for a, b in np.broadcast(scale, other) if a and b}
    if len(ratios) != 1 or (np.asarray(scale) == 0).any() or (np.asarray(other) == 0).any():
        return None
    ratio = ratios.pop()
    if not 0 < ratio.numerator <= _MOST_FACTOR or ratio.denominator > _MOST_FACTOR:
        return None
    return ratio.numerator, ratio.denominator


def _mean(x: Traced, axes: tuple[int, ...], *, keep: bool) -> Traced:
    numbers, scale = x.affine()
    count = np.prod([numbers.shape[axis] for axis in axes], dtype=np.float64)
    if scale.ndim:
        scale = _without(scale, axes, "pixels of different scales do not add")
        scale = scale if keep else scale.reshape([n for axis, n in enumerate(scale.shape) if axis not in axes])
    return of_numbers(numbers.sum(axis=axes, keepdims=keep), scale / count)


def _biased(sums: Traced, bias: Traced | None, shape: tuple[int, ...]) -> Traced:
    """The sums and their bias: nothing if all of it is zero, else an addition in float32."""
    if bias is None or not bias.value.any():
        return sums
    return Traced(float32(sums.value + float32(bias.value).reshape(shape)))


def _one_each(scale: Array, axis: int, extent: int, groups: int) -> Array:
    """The scale of each group along an axis. Raises InterpreterError if it differs within a group, or elsewhere."""
    if scale.size == 1:
        return np.full(groups, float(scale.reshape(())))
    others = [place for place in range(scale.ndim) if place != axis % scale.ndim]
    scale = _without(scale, others, "scales differ among the terms of one sum")
    each = np.broadcast_to(scale.reshape(-1), (extent,)).reshape(groups, -1)
    if (each != each[:, :1]).any():
        raise InterpreterError("scales differ among the terms of one sum")
    return np.asarray(each[:, 0])


def _without(scale: Array, axes: Sequence[int], otherwise: str) -> Array:
    """The scale with one entry along some axes: moves and averages may have written the same one out for each number.

    Raises InterpreterError, with the words `otherwise`, if it differs there.
    """
    for axis in axes:
        first = scale.take([0], axis)
        if (scale != first).any():
            raise InterpreterError(otherwise)
        scale = first
    return scale


def _convolved(image: Array, kernels: Array, windows: Windows, groups: int) -> Array:
    """Sums [outputs, rows, columns] of one image [inputs, rows, columns]."""
    taken = windows.taken(image[None], 0)[0]
    each = kernels.shape[1]
    found = []
    for index, weights in enumerate(np.split(kernels, groups)):
        part = taken[index * each : (index + 1) * each]
        columns = part.transpose(1, 2, 0, 3, 4).reshape(windows.rows * windows.columns, -1)
        found.append(_product(columns, weights.reshape(len(weights), -1).T).T)
    return np.concatenate(found).reshape(-1, windows.rows, windows.columns)


def _product(left: Array, right: Array) -> Array:
    """An exact matrix product of whole numbers; in float64, which is fast, where all of its sums are exact there."""
    most = float(np.abs(left).max(initial=0)) * float(np.abs(right).sum(axis=0).max(initial=0))
    if most < _EXACT:
        return np.asarray(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
    if most >= 2.0**62:
        raise InterpreterError("its sums exceed 62 bits")
    return np.asarray(np.matmul(left, right))
