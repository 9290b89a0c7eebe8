"""Integer tensors: the checks and types that the operators' numpy models share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from blocks.operators.base import ParameterStream, Stream

Tensor = npt.NDArray[Any]
"""An integer array; the checks below name the types and ranges."""

FLOAT32_EXACT = 1 << 24
"""float32 holds all whole numbers up to this one exactly, so sums within it are exact too."""
FLOAT64_EXACT = 1 << 53


def lane_dtype(bits: int, signed: bool) -> np.dtype[Any]:
    """The smallest native integer that holds a lane, in tensors as in the C++ of the host."""
    width = next(size for size in (8, 16, 32, 64) if bits <= size)
    return np.dtype(f"{'int' if signed else 'uint'}{width}")


def in_range(name: str, values: Tensor, lowest: int, highest: int) -> None:
    """Raise ValueError unless all values lie in lowest..highest."""
    if values.size == 0:
        return
    low, high = int(values.min()), int(values.max())
    if low < lowest or high > highest:
        raise ValueError(f"{name} holds {low}..{high}, expected {lowest}..{highest}")


def check(name: str, values: Tensor, shape: Sequence[int | None]) -> Tensor:
    """Return `values` if they are integers of this shape (None: any size); else raise ValueError."""
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} is {array.dtype}, expected integers")
    fits = array.ndim == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        expected = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} has shape {list(array.shape)}, expected [{expected}]")
    return array


def check_lanes(name: str, values: Tensor, shape: Sequence[int | None], bits: int, signed: bool) -> Tensor:
    """Return `values` if they are integers of this shape that fit into lanes of `bits`; else raise ValueError."""
    array = check(name, values, shape)
    lowest, highest = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    in_range(name, array, lowest, highest)
    return array


def check_stream(name: str, values: Tensor, stream: Stream) -> Tensor:
    """Return `values` [N, ...] if each image has the elements of `stream` and fits its lanes; else raise ValueError."""
    array = np.asarray(values)
    if array.ndim < 2 or array.size != array.shape[0] * stream.elements:
        raise ValueError(f"{name} has shape {list(array.shape)}, expected [N, ...] with {stream.elements} per image")
    return check_lanes(name, array, array.shape, stream.bits, stream.signed)


def exactly(name: str, values: Sequence[Tensor], count: int) -> Sequence[Tensor]:
    """Return `values` if there are `count` of them; else raise ValueError."""
    if len(values) != count:
        raise ValueError(f"{len(values)} {name} given, expected {count}")
    return values


def no_memory(port_count: int, index: int) -> ValueError:
    """Make the error for a parameter stream that the operator does not have."""
    return ValueError(f"no parameter stream {index}: the operator has {port_count}")


def beats(port: ParameterStream | Stream, values: Tensor) -> Tensor:
    """Values in stream order as [beats, lanes], int64 if the port is signed, else uint64."""
    return values.reshape(-1, port.lanes).astype(np.int64 if port.signed else np.uint64)
