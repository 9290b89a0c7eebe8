"""The JSON form of a report's value."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

from reports.reading.number import Below


def plain(value: Any) -> Any:
    """Return `value` as dictionaries, lists, texts, numbers, booleans and None, ready for `json.dumps`.

    JSON has no infinity and no bounds, so these become the texts "inf", "-inf" and "<0.01". Raises TypeError for
    values of any other type.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Below):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    raise TypeError(f"a report's value holds a {type(value).__name__}, which has no JSON form")


def rounded(value: Any) -> Any:
    """Return plain values with floating-point numbers rounded for people.

    Whole numbers become integers. Others get three digits after the point, or four significant digits below 1.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return value
        if value.is_integer():
            return int(value)
        return round(value, 3) if abs(value) >= 1 else float(f"{value:.4g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value
