"""What the interpreter knows of a tensor: its values, and the whole numbers that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from config.frozen import dataclass

Array = np.ndarray[Any, Any]


class InterpreterError(Exception):
    """The file computes what the reference does not define. One line: the node, and what it lacks."""


@dataclass(frozen=True, eq=False)
class Traced:
    """A tensor, [N, ...] or a constant without a batch.

    Attributes:
        value: float32, as the file's operations give it.
        numbers: int64, n less its zero point, where the tensor is affine in n: `value` is `scale * numbers`. None where
            it is not.
        scale: float64, of the same number of axes as `value`, or of none; its extents are 1 where it does not differ.
        constant: Whether it does not depend on the input; it then has no batch.
        zero: The zero point of the quantizer that made the tensor, so a code of it is `numbers + zero`.
    """

    value: Array
    numbers: Array | None = None
    scale: Array | None = None
    constant: bool = False
    zero: Array | None = None

    def affine(self) -> tuple[Array, Array]:
        """`numbers` and `scale`. Raises InterpreterError if there are none."""
        if self.numbers is None or self.scale is None:
            raise InterpreterError("it reads a tensor that no quantizer has made whole numbers of")
        return self.numbers, self.scale


def float32(values: Any) -> Array:
    """Round to float32."""
    return np.asarray(values, np.float32)


def of_numbers(numbers: Array, scale: Array, *, constant: bool = False) -> Traced:
    """The tensor of exact whole numbers and their scale: the product in float64, rounded once."""
    return Traced(float32(numbers.astype(np.float64) * scale), numbers, scale, constant)


def whole(values: Array) -> Array | None:
    """The values as int64; None if one of them is not whole, or too large to be exact."""
    wide = np.asarray(values, np.float64)
    if not np.isfinite(wide).all() or (np.abs(wide) > 2.0**52).any() or (wide != np.rint(wide)).any():
        return None
    return wide.astype(np.int64)
