"""Checks that several operators share. Each returns the mistakes that it finds, with legal values as the remedy."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator

MAX_LANE_BITS = 64
"""The widest lane: emulation keeps a lane in one machine word."""


def divisors(number: int) -> tuple[int, ...]:
    """All divisors of a positive number, ascending."""
    small = [n for n in range(1, int(number**0.5) + 1) if number % n == 0]
    return tuple(sorted({*small, *(number // n for n in small)}))


def positive(shape: Operator, *fields: str) -> list[Mistake]:
    """Check that fields are whole numbers of at least 1."""
    found = []
    for field in fields:
        value = getattr(shape, field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            found.append(Mistake(field, f"{field} is {value!r}", f"{field} is a whole number of at least 1"))
    return found


def not_negative(shape: Operator, *fields: str) -> list[Mistake]:
    """Check that fields are whole numbers of at least 0."""
    found = []
    for field in fields:
        value = getattr(shape, field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            found.append(Mistake(field, f"{field} is {value!r}", f"{field} is a whole number of at least 0"))
    return found


def lane_bits(shape: Operator, *fields: str) -> list[Mistake]:
    """Check that fields are widths of a lane: 1 to 64 bits."""
    found = positive(shape, *fields)
    for field in fields:
        value = getattr(shape, field)
        if isinstance(value, int) and value > MAX_LANE_BITS:
            found.append(Mistake(field, f"{field} is {value}", f"a lane has at most {MAX_LANE_BITS} bits"))
    return found


def divides(shape: Operator, field: str, whole_name: str, whole: int) -> list[Mistake]:
    """Check that `field` divides `whole`. The remedy lists the divisors."""
    value = getattr(shape, field)
    if whole % value == 0:
        return []
    return [
        Mistake(
            field,
            f"{field} {value} does not divide {whole_name} {whole}",
            f"{field} is one of {', '.join(map(str, divisors(whole)))}",
        )
    ]


def at_most(shape: Operator, field: str, whole_name: str, whole: int) -> list[Mistake]:
    """Check that `field` is at most `whole`: more would never do anything."""
    value = getattr(shape, field)
    if value <= whole:
        return []
    return [Mistake(field, f"{field} {value} is more than the {whole_name}, {whole}", f"{field} is at most {whole}")]
