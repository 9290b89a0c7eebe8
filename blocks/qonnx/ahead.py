"""What a file computes from shapes and constants alone: exporters write whole shapes and small powers as nodes.

Semantics: ONNX's operator definitions. Quantizers of constants are not computed here, because their integers and
scales are wanted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_MOST = 1 << 16
"""Numbers of a result: shapes have a few, and nothing here is to take much memory."""


def computed(op: str, attributes: Mapping[str, Any], given: Sequence[Array]) -> Array | None:
    """What an operation makes of constants; None if it is none of these, or its inputs are none that it takes."""
    work = _OPERATIONS.get(op)
    if work is None or not given or sum(each.size for each in given) > _MOST:
        return None
    try:
        with np.errstate(all="ignore"):
            made = work(attributes, given)
    except (IndexError, KeyError, OverflowError, TypeError, ValueError):
        return None
    return made if made is not None and made.size <= _MOST else None


def shape_of(shape: tuple[int, ...], attributes: Mapping[str, Any]) -> Array:
    """What Shape gives of a tensor, with a batch of one: an image goes through alone."""
    return np.asarray((1, *shape)[attributes.get("start", 0) : attributes.get("end")], np.int64)


def _axes(attributes: Mapping[str, Any], given: Sequence[Array]) -> tuple[int, ...]:
    """An attribute up to opset 12, an input from 13 on."""
    return tuple(attributes["axes"]) if "axes" in attributes else tuple(int(each) for each in given[1].reshape(-1))


def _unsqueeze(attributes: Mapping[str, Any], given: Sequence[Array]) -> Array:
    return np.expand_dims(given[0], _axes(attributes, given))


def _squeeze(attributes: Mapping[str, Any], given: Sequence[Array]) -> Array:
    return np.squeeze(given[0], _axes(attributes, given) if "axes" in attributes or len(given) > 1 else None)


def _gather(attributes: Mapping[str, Any], given: Sequence[Array]) -> Array | None:
    values, places = given
    return np.take(values, places, attributes.get("axis", 0)) if places.dtype.kind == "i" else None


def _slice(attributes: Mapping[str, Any], given: Sequence[Array]) -> Array | None:
    """Of a list; attributes up to opset 9, inputs from 10 on."""
    if given[0].ndim != 1 or (len(given) > 3 and given[3].any()):
        return None
    first, last = (attributes["starts"], attributes["ends"]) if len(given) == 1 else (given[1], given[2])
    step = int(given[4].reshape(-1)[0]) if len(given) > 4 else 1
    return given[0][int(np.reshape(first, -1)[0]) : int(np.reshape(last, -1)[0]) : step] if step > 0 else None


def _cast(attributes: Mapping[str, Any], given: Sequence[Array]) -> Array | None:
    kind = {1: np.float32, 6: np.int32, 7: np.int64}.get(attributes["to"])
    return given[0].astype(kind) if kind and np.isfinite(given[0]).all() else None


def _of_integers(work: Callable[[Array, Array], Array]) -> Callable[..., Array | None]:
    """Arithmetic of shapes. That of floats is the network's own, and is done where the image goes through."""

    def made(_: Mapping[str, Any], given: Sequence[Array]) -> Array | None:
        return work(given[0], given[1]) if all(each.dtype.kind == "i" for each in given) else None

    return made


def _of_floats(work: Callable[..., Array]) -> Callable[..., Array | None]:
    def made(_: Mapping[str, Any], given: Sequence[Array]) -> Array | None:
        if any(each.dtype != np.float32 for each in given):
            return None
        result = np.asarray(work(*given), np.float32)
        return result if np.isfinite(result).all() else None

    return made


_OPERATIONS: Mapping[str, Callable[[Mapping[str, Any], Sequence[Array]], Array | None]] = {
    "Concat": lambda attributes, given: np.concatenate(given, attributes["axis"]),
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Gather": _gather,
    "Slice": _slice,
    "Cast": _cast,
    "Add": _of_integers(np.add),
    "Sub": _of_integers(np.subtract),
    "Mul": _of_integers(np.multiply),
    "Div": _of_integers(lambda a, b: np.trunc(a / b).astype(np.int64)),
    "Pow": _of_floats(np.power),
    "Sqrt": _of_floats(np.sqrt),
    "Neg": _of_floats(np.negative),
    "Reciprocal": _of_floats(np.reciprocal),
}
