"""Finds the numpy model of an operator in the operator's folder."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from blocks.operators.base import Operator
from blocks.operators.tensor import Tensor


class Model(Protocol):
    """The functions of every `model.py`."""

    def apply(self, shape: Operator, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Outputs for a batch of images [N, ...], exactly as the hardware computes them. Raises ValueError."""

    def memory(self, shape: Operator, index: int, values: Tensor) -> Tensor:
        """The beats [depth, lanes] of parameter stream `index`. Only operators with parameters have this function."""


def model_of(shape: Operator) -> Model:
    """Import and return the operator's model."""
    return cast(Model, import_module(f"{type(shape).__module__}.model"))
