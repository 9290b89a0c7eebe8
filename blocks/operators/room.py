"""Where the views of an operator are: its numpy model and its C++ header, in the room of its shape."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from blocks.operators.base import Operator

if TYPE_CHECKING:
    from blocks.operators.tensor import Tensor

OPERATORS = Path(__file__).parent
COMMON_HEADER = OPERATORS / "farm_hls.hpp"


class Model(Protocol):
    """What every `model.py` offers."""

    def apply(self, shape: Operator, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Outputs for a batch of images, exactly as the hardware computes them."""

    def memory(self, shape: Operator, index: int, values: Tensor) -> Tensor:
        """The beats [depth, lanes] of parameter stream `index`; only operators with parameters have it."""


def room_name(shape: Operator) -> str:
    """The operator's word, e.g. `sliding_window`."""
    return type(shape).__module__.rpartition(".")[2]


def header(shape: Operator) -> Path:
    """The C++ header with the operator's body."""
    return OPERATORS / room_name(shape) / f"{room_name(shape)}.hpp"


def model(shape: Operator) -> Model:
    """The operator's numpy model; imports numpy."""
    return cast(Model, import_module(f"{type(shape).__module__}.model"))
