"""Reads one YAML scalar strictly: a value of the wrong type is reported, never converted. Tells what a limit says."""

from __future__ import annotations

import math
import re
from typing import TypeVar

import yaml

from config.frozen import dataclass

T = TypeVar("T")

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(_[0-9]{3})+)|0x[0-9a-fA-F]+")
# YAML 1.1 reads 1e3 as text because it has no decimal point; people mean a number.
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
# Nobody means longer literals, and converting them takes time that grows with the square of their length.
_MAX_DIGITS = 30


@dataclass(frozen=True)
class Found:
    """A scalar that is not of the expected type; `empty` tells that no value is written."""

    expected: str
    remedy: str
    empty: bool = False


def text_of(node: yaml.Node) -> str | Found:
    """Return the text, or Found: 5, yes and 1.0 are not texts unless they are quoted."""
    if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "str":
        return str(node.value)
    remedy = "put it in quotes" if isinstance(node, yaml.ScalarNode) and not is_empty(node) else "give a text"
    return Found("a text", remedy, is_empty(node))


def integer_of(node: yaml.Node) -> int | Found:
    """Return the whole number, or Found. Octal, binary and base-60 forms of YAML 1.1 are refused."""
    if isinstance(node, yaml.ScalarNode) and node.style in (None, ""):
        value = integer_word(node.value)
        if value is not None:
            return value
    return Found("a whole number", "write it in plain digits", is_empty(node))


def number_of(node: yaml.Node) -> float | Found:
    """Return the finite number, or Found."""
    if isinstance(node, yaml.ScalarNode) and node.style in (None, ""):
        value = number_word(node.value)
        if value is not None:
            return value
    return Found("a number", "write it as 1, 0.5 or 1e3", is_empty(node))


def flag_of(node: yaml.Node) -> bool | Found:
    """Return the truth value, or Found: only true and false are accepted."""
    if isinstance(node, yaml.ScalarNode) and node.style in (None, "") and node.value in ("true", "false"):
        return bool(node.value == "true")
    return Found("true or false", "write true or false", is_empty(node))


def integer_word(word: str) -> int | None:
    """Read a whole number as a user writes it: 12, -3, 1_000, 0x1F. None if it is not one."""
    if len(word) <= _MAX_DIGITS and _INTEGER.fullmatch(word):
        return int(word.replace("_", ""), 16 if word.startswith("0x") else 10)
    return None


def number_word(word: str) -> float | None:
    """Read a finite number as a user writes it: 12, 0.5, 1e3. None if it is not one."""
    if len(word) <= _MAX_DIGITS and _NUMBER.fullmatch(word):
        value = float(word)
        return value if math.isfinite(value) else None
    return None


def found(node: yaml.Node) -> str:
    """Describe the node's value for a message."""
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)}"
    if isinstance(node, yaml.MappingNode):
        return f"a mapping of {len(node.value)} keys"
    if is_empty(node):
        return "nothing"
    value = str(node.value)
    shown = value if len(value) <= 40 else value[:37] + "..."
    kind = {_TAG + "str": "the text ", _TAG + "bool": "the truth value "}.get(node.tag, "")
    return f"{kind}'{shown}'"


def is_empty(node: yaml.Node) -> bool:
    """Tell whether no value is written, as after 'key:'."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null"


def inside(value: T, minimum: T | None, maximum: T | None) -> T:
    """Return a placeholder that is within the limits."""
    if minimum is not None:
        return minimum
    return maximum if maximum is not None else value


def beyond(value: float, minimum: float | None, maximum: float | None) -> str | None:
    """Return what to give instead of a value that is beyond a limit; None if it is within both."""
    if minimum is not None and value < minimum:
        return f"give at least {minimum:g}"
    return f"give at most {maximum:g}" if maximum is not None and value > maximum else None
