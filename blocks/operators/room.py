"""Where the views of an operator are: its numpy model and its C++ header, in the room of its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from blocks.operators.base import Operator

if TYPE_CHECKING:
    from blocks.operators.tensor import Tensor

OPERATORS = Path(__file__).parent
COMMON_HEADER = OPERATORS / "farm_hls.hpp"
COMMON_SV = "operators/farm_stream.sv"
# What a module is made of besides its own file.
_SV_NEEDS = {
    "label_select": ("width_converter",),
    "max_pool": ("fifo", "sliding_window"),
    "sliding_window": ("fifo",),
}


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


def sv_files(rooms: Iterable[str]) -> tuple[str, ...]:
    """The SystemVerilog files of operators, with what they are made of, relative to `blocks/`, each once."""
    wanted = set(rooms)
    wanted |= {needed for room in wanted for needed in _SV_NEEDS.get(room, ())}
    return (COMMON_SV, *(f"operators/{room}/{room}.sv" for room in sorted(wanted)))


def model(shape: Operator) -> Model:
    """The operator's numpy model; imports numpy."""
    return cast(Model, import_module(f"{type(shape).__module__}.model"))
