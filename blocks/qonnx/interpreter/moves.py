"""Operations that choose or move values: pools of maxima, shapes, and the choice of the largest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from blocks.qonnx.interpreter.traced import Array, InterpreterError, Traced
from blocks.qonnx.interpreter.windows import windows_of

Attributes = Mapping[str, Any]


def max_pool(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """MaxPool; padding is minus infinity. The largest value decides which whole number comes out."""
    x = inputs[0]
    if x.value.ndim != 4 or attributes.get("storage_order"):
        raise InterpreterError("only pools of two axes, with one output, are defined")
    windows = windows_of(x.value.shape[2:], attributes)
    taken = windows.taken(x.value, -np.inf)
    flat = taken.reshape(*taken.shape[:4], -1)
    chosen = flat.argmax(axis=-1)[..., None]
    value = np.take_along_axis(flat, chosen, -1)[..., 0]
    if not np.isfinite(value).all():
        raise InterpreterError("a window holds nothing but padding")
    if x.numbers is None or (x.scale is not None and x.scale.ndim and any(n != 1 for n in x.scale.shape[2:])):
        return Traced(value)
    numbers = windows.taken(x.numbers, 0).reshape(flat.shape)
    return Traced(value, np.take_along_axis(numbers, chosen, -1)[..., 0], x.scale, x.constant, x.zero)


def flatten(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Flatten behind the batch."""
    x = inputs[0]
    if attributes.get("axis", 1) != 1 or x.constant:
        raise InterpreterError("only the flattening of everything but the batch is defined")
    return _moved(x, lambda values: values.reshape(len(values), -1))


def reshape(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Reshape, for each image alone: a batch of 1 in the shape then fits as well as one that is left open."""
    x, wanted = inputs[0], [int(n) for n in inputs[1].value.reshape(-1)]
    source = x.value.shape if x.constant else (1, *x.value.shape[1:])
    if not attributes.get("allowzero"):
        wanted = [source[axis] if n == 0 and axis < len(source) else n for axis, n in enumerate(wanted)]
    elements = int(np.prod(source))
    known = int(np.prod([n for n in wanted if n != -1]))
    if wanted.count(-1) > 1 or min(wanted, default=1) < -1 or known < 1 or elements % known:
        raise InterpreterError(f"{list(source)} does not become {wanted}")
    shape = [elements // known if n == -1 else n for n in wanted]
    if x.constant:
        return _moved(x, lambda values: values.reshape(shape))
    if not shape or shape[0] != 1:
        raise InterpreterError(f"the shape {wanted} mixes images of a batch")
    return _moved(x, lambda values: values.reshape(-1, *shape[1:]))


def squeeze(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Squeeze of axes of extent 1, all of them if none are named; never that of the batch."""
    x = inputs[0]
    axes = _axes(inputs, attributes, x.value.ndim)
    first = 0 if x.constant else 1
    axes = axes or [axis for axis in range(first, x.value.ndim) if x.value.shape[axis] == 1]
    if any(axis < first or x.value.shape[axis] != 1 for axis in axes):
        raise InterpreterError(f"the axes {axes} are not all of extent 1 behind the batch")
    return _moved(x, lambda values: values.squeeze(tuple(axes)))


def unsqueeze(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Unsqueeze behind the batch."""
    x = inputs[0]
    named = len(inputs[1].value.reshape(-1)) if len(inputs) > 1 else len(attributes.get("axes", ()))
    axes = _axes(inputs, attributes, x.value.ndim + named)
    if not axes or (min(axes) == 0 and not x.constant):
        raise InterpreterError("an axis in front of the batch, or none, is not defined")
    return _moved(x, lambda values: np.expand_dims(values, tuple(axes)))


def _axes(inputs: Sequence[Traced], attributes: Attributes, rank: int) -> list[int]:
    """Axes from an input or, in old files, an attribute."""
    given = inputs[1].value.reshape(-1).tolist() if len(inputs) > 1 else attributes.get("axes", ())
    if any(not -rank <= int(axis) < rank for axis in given):
        raise InterpreterError(f"axes {list(given)[:8]} of {rank}")
    return sorted({int(axis) % rank for axis in given})


def transpose(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """Transpose; the batch stays in front."""
    x = inputs[0]
    order = tuple(attributes.get("perm", range(x.value.ndim)[::-1]))
    if sorted(order) != list(range(x.value.ndim)) or (not x.constant and order[0] != 0):
        raise InterpreterError(f"the order {list(order)} is not defined")
    return _moved(x, lambda values: values.transpose(order))


def arg_max(inputs: Sequence[Traced], attributes: Attributes) -> Traced:
    """ArgMax; of equal values the lower index, unless the file asks for the last."""
    x = inputs[0].value
    axis = int(attributes.get("axis", 0)) % x.ndim
    if axis == 0 or attributes.get("select_last_index"):
        raise InterpreterError("the largest of a batch, or the last of equal ones, is not defined")
    found = x.argmax(axis=axis)
    found = np.expand_dims(found, axis) if attributes.get("keepdims", 1) else found
    return Traced(found, found, np.ones(()))


def top_k(inputs: Sequence[Traced], attributes: Attributes) -> tuple[Traced, Traced]:
    """TopK: values and indices, the largest first; of equal ones the lower index first."""
    x, k = inputs[0].value, int(inputs[1].value.reshape(-1)[0])
    axis = int(attributes.get("axis", -1)) % x.ndim
    if axis == 0 or not attributes.get("largest", 1) or not 1 <= k <= x.shape[axis]:
        raise InterpreterError(f"the smallest, those of a batch, or {k} of {x.shape[axis]} are not defined")
    order = np.take(np.argsort(-x, axis=axis, kind="stable"), range(k), axis=axis)
    return Traced(np.take_along_axis(x, order, axis)), Traced(order, order, np.ones(()))


def _moved(x: Traced, move: Any) -> Traced:
    def of(values: Array | None) -> Array | None:
        if values is None or values.ndim == 0:
            return values
        broadcast = np.broadcast_to(values, (1, *x.value.shape[1:]) if not x.constant else x.value.shape)
        return np.asarray(move(broadcast))

    moved = np.asarray(move(x.value))
    numbers = None if x.numbers is None else np.asarray(move(x.numbers))
    return Traced(moved, numbers, of(x.scale), x.constant, of(x.zero))
