"""Frozen dataclasses that start fast behave as those of the standard library, which is the reference here."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from config import frozen

OURS, REFERENCE = frozen.dataclass(frozen=True), dataclasses.dataclass(frozen=True)


def classes(make: Callable[[type], type]) -> dict[str, type]:
    """The same classes, made by one of the two decorators."""

    @make
    class Empty:
        """No field."""

    @make
    class Base:
        """A field of each kind, and a check."""

        size: int
        name: str = "x"
        many: dict[str, int] = field(default_factory=dict, compare=False)
        secret: str = field(default="", repr=False)
        shared: ClassVar[int] = 3

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError("size")

    @make
    class Derived(Base):
        """One more field, and a default of the base replaced."""

        name: str = "y"
        more: tuple[int, ...] = ()

    @make
    class Own:
        """Says itself how it is shown and compared."""

        value: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    return {each.__name__: each for each in (Empty, Base, Derived, Own)}


BOTH = (classes(OURS), classes(REFERENCE))
GIVEN: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("Empty", (), {}),
    ("Empty", (1,), {}),
    ("Base", (1,), {}),
    ("Base", (1, "a", {"b": 2}, "hidden"), {}),
    ("Base", (), {"name": "a", "size": 2}),
    ("Base", (), {}),
    ("Base", (-1,), {}),
    ("Base", (1,), {"size": 1}),
    ("Base", (1,), {"unknown": 1}),
    ("Derived", (1,), {"more": (1, 2)}),
    ("Derived", (-1,), {}),
    ("Own", (1,), {}),
)


def outcome(call: Callable[[], object]) -> str:
    """What comes out, as a text: the value, or the error with its message."""
    try:
        return repr(call())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(("name", "words", "named"), GIVEN)
def test_an_object_is_made_shown_and_refused_as_by_the_standard_library(name, words, named) -> None:
    ours, reference = (outcome(lambda made=made: made[name](*words, **named)) for made in BOTH)
    assert ours == reference


@pytest.mark.parametrize(("name", "words", "named"), [each for each in GIVEN if "Error" not in outcome(
    lambda each=each: BOTH[1][each[0]](*each[1], **each[2]))])  # fmt: skip
@pytest.mark.parametrize("other", [each for each in GIVEN if each[0] in ("Base", "Derived") and each[1] == (1,)])
def test_objects_are_equal_and_hashed_alike(name, words, named, other) -> None:
    def answers(made: dict[str, type]) -> tuple[str, ...]:
        one = made[name](*words, **named)
        twin = made[name](*words, **named)
        return (
            outcome(lambda: one == twin and hash(one) == hash(twin)),
            outcome(lambda: one == made[other[0]](*other[1], **other[2])),
            outcome(lambda: one != 3),
            outcome(lambda: dataclasses.asdict(one)),
            outcome(lambda: [(each.name, each.compare, each.repr) for each in dataclasses.fields(one)]),
            outcome(lambda: type(one).__match_args__),
        )

    assert answers(BOTH[0]) == answers(BOTH[1])


def test_fields_that_are_not_compared_or_not_shown() -> None:
    base = BOTH[0]["Base"]
    assert base(1, many={"a": 1}) == base(1, many={"b": 2})
    assert base(1, secret="a") != base(1, secret="b")
    assert "hidden" not in repr(base(1, secret="hidden"))


@pytest.mark.parametrize("change", [lambda it: setattr(it, "size", 2), lambda it: delattr(it, "size"),
                                    lambda it: setattr(it, "unknown", 2)])  # fmt: skip
def test_nothing_of_an_object_changes(change: Callable[[Any], None]) -> None:
    for made in BOTH:
        it = made["Base"](1)
        with pytest.raises(FrozenInstanceError):
            change(it)
        assert it == made["Base"](1)


def test_a_factory_is_called_for_each_object() -> None:
    base = BOTH[0]["Base"]
    assert base(1).many is not base(1).many
    assert base(1, many=(given := {})).many is given


def test_replacing_a_field_checks_again() -> None:
    derived = BOTH[0]["Derived"](1, more=(2,))
    assert dataclasses.replace(derived, size=4) == BOTH[0]["Derived"](4, more=(2,))
    with pytest.raises(ValueError, match="size"):
        dataclasses.replace(derived, size=-4)


@frozen.dataclass(frozen=True)
class Kept:
    """At module level, so that pickle finds it."""

    value: int
    inner: tuple[str, ...] = ()


def test_copies_and_pickles_are_equal() -> None:
    kept = Kept(3, ("a",))
    assert copy.copy(kept) == copy.deepcopy(kept) == pickle.loads(pickle.dumps(kept)) == kept
    with pytest.raises(FrozenInstanceError):
        copy.copy(kept).value = 4


@pytest.mark.parametrize("odd", [{"init": False, "default": 1}, {"kw_only": True}])
def test_a_field_that_is_no_plain_parameter_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"Odd\.value: every field is a plain parameter"):

        @OURS
        class Odd:
            value: int = field(**odd)


def test_the_two_kinds_do_not_mix() -> None:
    with pytest.raises(TypeError, match="frozen"):
        REFERENCE(type("Derived", (BOTH[0]["Base"],), {"__annotations__": {"last": "int"}, "last": 1}))
    with pytest.raises(TypeError, match="frozen"):
        OURS(type("Derived", (BOTH[1]["Base"],), {"__annotations__": {"last": "int"}, "last": 1}))
    with pytest.raises(TypeError, match="frozen"):
        frozen.dataclass(frozen=False)
