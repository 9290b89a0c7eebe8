"""What all readers of the corpus share: its words for "unknown", and resources by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reports.reading.number import Below

UNKNOWN = ("?", "undef", "-", "NA", "N/A", "--")
Getter = Callable[[Any, Any], Any]


def unknown(value: Any) -> Any:
    """An expectation with its words for "unknown" as None; `~0` is the bound that it means."""
    if isinstance(value, dict):
        return {key: unknown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unknown(item) for item in value]
    if value == "~0":
        return Below(1.0)
    return None if value in UNKNOWN else value


def resources(items: Any, name: str) -> dict[str, Any]:
    return {item.resource: getattr(item, name) for item in items if getattr(item, name) is not None}


def cycles(value: Any, expected: dict[str, Any]) -> dict[str, Any]:
    names = {"min": "min", "best": "min", "max": "max", "worst": "max", "avg": "average", "average": "average"}
    return {key: getattr(value, names[key]) for key in expected}


def as_printed(value: Any) -> Any:
    """What the manifest writes for a value: bounds and infinities are the words of the report."""
    if isinstance(value, Below):
        return str(value)
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return value


def only(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The part of `found` that the reader typed; a typed key that was not found is None."""
    return {key: found.get(key) for key in expected}
