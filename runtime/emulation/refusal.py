"""Errors of PYNQ, numpy and ctypes about wrong values, as errors of the card that say what to do."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import CardError, FarmRuntimeError

_WRONG_VALUES = (
    TypeError, ValueError, LookupError, ArithmeticError, AttributeError, MemoryError, OSError, struct.error,
)  # fmt: skip


@contextlib.contextmanager
def named_errors(where: str, remedy: str) -> Iterator[None]:
    """Raise CardError in place of what Python raises for a wrong type, a wrong range or too much memory."""
    try:
        yield
    except FarmRuntimeError:
        raise
    except _WRONG_VALUES as error:
        text = str(error) or type(error).__name__
        raise CardError(f"cannot be done ({text})", where=where, remedy=remedy) from error


def checked_call(function: Callable[..., Any], where: str, remedy: str) -> Callable[..., Any]:
    """The function with ``named_errors`` around it."""

    def checked(*args: Any, **kwargs: Any) -> Any:
        with named_errors(where, remedy):
            return function(*args, **kwargs)

    checked.__doc__ = function.__doc__
    return checked


_checked: set[type] = set()


def check_items(thing: Any) -> None:
    """Make what items and attributes of an object of PYNQ raise for wrong values an error of the card."""
    kind: Any = type(thing)
    if kind in _checked:
        return
    remedy = "give whole numbers that fit the register, and indices below its size"

    def get(self: Any, index: Any) -> Any:
        with named_errors(f"{kind.__name__}[{index!r:.40}]", remedy):
            return kind.__getitem__(self, index)

    def put(self: Any, index: Any, value: Any) -> None:
        with named_errors(f"{kind.__name__}[{index!r:.40}]", remedy):
            kind.__setitem__(self, index, value)

    def set_attribute(self: Any, name: str, value: Any) -> None:
        with named_errors(f"{kind.__name__}.{name}", remedy):
            kind.__setattr__(self, name, value)

    # One base class only: Python lets an object change its class if both lay it out alike.
    body = {"__slots__": (), "__getitem__": get, "__setitem__": put, "__setattr__": set_attribute}
    checked = type(kind.__name__, (kind,), body)
    with contextlib.suppress(TypeError):
        thing.__class__ = checked
        _checked.add(checked)
