"""The numpy model of an operator, found in the room of its shape."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from blocks.operators.base import Operator
from blocks.operators.tensor import Tensor


class Model(Protocol):
    """What every `model.py` offers."""

    def apply(self, shape: Operator, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Outputs for a batch of images, exactly as the hardware computes them."""

    def memory(self, shape: Operator, index: int, values: Tensor) -> Tensor:
        """The beats [depth, lanes] of parameter stream `index`; only operators with parameters have it."""


def model_of(shape: Operator) -> Model:
    """The operator's model."""
    return cast(Model, import_module(f"{type(shape).__module__}.model"))
