"""The operators' folders, called rooms. Each folder `blocks/operators/<name>/` is an operator with all its views.

A room has `__init__.py` (the shape; its `OPERATOR` is the class), `model.py` (the exact integer model), `<name>.hpp`
(C++) and `<name>.sv` (SystemVerilog, with further `.sv` files beside it where one would be too long).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

from blocks.operators.base import Operator

OPERATORS = Path(__file__).parent
COMMON_SV = "operators/farm_stream.sv"


class OperatorError(ValueError):
    """A graph names an operator that has no folder."""


def rooms(folder: Path = OPERATORS) -> tuple[str, ...]:
    """Names of the operators below `folder`. A step's folder holds only the operators that the step's cores use."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/__init__.py")))


def operator_class(name: str) -> type[Operator]:
    """The operator class of that name. Only modules of rooms are imported, whatever the name is.

    Raises:
        OperatorError: no operator has that name.
    """
    known = [cast(type[Operator], import_module(f"{__package__}.{room}").OPERATOR) for room in rooms()]
    found = next((operator for operator in known if operator.__name__ == name), None)
    if found is None:
        raise OperatorError(f"there is no operator {name!r}; known: {', '.join(each.__name__ for each in known)}")
    return found


def room_name(shape: Operator) -> str:
    """The name of the operator's folder, e.g. `sliding_window`."""
    return type(shape).__module__.rpartition(".")[2]


def headers(shapes: Iterable[Operator]) -> tuple[str, ...]:
    """The C++ headers of operators and of the operators that they include, relative to `blocks/`, each once."""
    names = sorted({name for shape in shapes for name in (room_name(shape), *shape.header_rooms)})
    return tuple(f"operators/{name}/{name}.hpp" for name in names)


def sv_files(shapes: Iterable[Operator]) -> tuple[str, ...]:
    """The SystemVerilog files of operators and of the operators that they instantiate, relative to `blocks/`."""
    found = {name for shape in shapes for name in (room_name(shape), *shape.sv_rooms)}
    return (COMMON_SV, *(file for name in sorted(found) for file in _sv_of(OPERATORS / name)))


@cache
def _sv_of(room: Path) -> tuple[str, ...]:
    return tuple(f"operators/{room.name}/{path.name}" for path in sorted(room.glob("*.sv")))
