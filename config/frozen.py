"""`dataclass(frozen=True)` for classes that are loaded at each start.

The standard library writes and compiles six methods for each class, which takes 1.1 ms: for the hundred classes behind
`doit list` a fifth of its time. Here only `__init__` is compiled, and all classes share the other five. What comes out
is a dataclass: `fields`, `replace`, `asdict`, `match`, copies and pickles work as usual. A class and the dataclasses
that it derives from are all made here or all by the standard library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    C = TypeVar("C", bound=type)

    def dataclass(*, frozen: bool, eq: bool = True) -> Callable[[C], C]:
        """Make a class a frozen dataclass; without `eq` it keeps the comparison that it has.

        Raises TypeError if `frozen` is not True, or for fields that are left out of `__init__` or keyword-only.
        """
        if frozen is not True:
            raise TypeError("this dataclass is frozen; take the one of the standard library for another")

        def make(cls: C) -> C:
            dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
            fields = dataclasses.fields(cls)
            cls.__init__ = _init(cls, fields)
            cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
            if "__repr__" not in vars(cls):
                cls.__repr__ = _repr
            if eq and "__eq__" not in vars(cls):
                cls.__compared__ = _getter([each.name for each in fields if each.compare])
                cls.__eq__, cls.__hash__ = _equal, _hash
            return cls

        return make


def _init(cls: type, fields: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Compile `__init__`: one parameter per field, in order, then `__post_init__` if there is one."""
    names: dict[str, Any] = {"_set": object.__setattr__, "_absent": MISSING}
    words, lines = ["self"], []
    for each in fields:
        if not each.init or each.kw_only:
            raise TypeError(f"{cls.__qualname__}.{each.name}: every field is a plain parameter of __init__ here")
        value = each.name
        if each.default is not MISSING:
            names[f"_default_{each.name}"] = each.default
            words.append(f"{each.name}=_default_{each.name}")
        elif each.default_factory is not MISSING:
            names[f"_make_{each.name}"] = each.default_factory
            words.append(f"{each.name}=_absent")
            value = f"_make_{each.name}() if {each.name} is _absent else {each.name}"
        else:
            words.append(each.name)
        lines.append(f" _set(self, {each.name!r}, {value})\n")
    lines.append(" self.__post_init__()\n" if hasattr(cls, "__post_init__") else " return None\n")
    exec(f"def __init__({', '.join(words)}):\n{''.join(lines)}", names)  # noqa: S102 - as dataclasses does
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _getter(names: list[str]) -> Callable[[Any], Any]:
    return staticmethod(attrgetter(*names) if names else lambda _: ())


@recursive_repr("...")
def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__compared__(self) == self.__compared__(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _refuse_to_set(self: Any, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
