"""Trends: the course of a value over the last builds, as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.history.growth import share_words, signed
from reports.reading.plain import rounded

_HEIGHT, _EDGE = 40.0, 3.0


@dataclass(frozen=True)
class Curve:
    """A value over builds: a line in a box of 100 by 40, and its figures in words."""

    name: str
    points: str
    last_x: float
    last_y: float
    newest: str
    change: str
    lowest: str
    highest: str
    builds: int
    commit: str


def curves_of(trends: Sequence[dict[str, Any]]) -> tuple[Curve, ...]:
    """Return a curve for each trend. A value that never changed is a level line."""
    found = []
    for trend in trends:
        points = trend["points"]
        values = [float(point[1]) for point in points]
        low, high, last = min(values), max(values), points[-1]
        places = [(_x(at, len(values)), _y(value, low, high)) for at, value in enumerate(values)]
        if len(places) == 1:
            places = [(0.0, places[0][1]), *places]
        change = values[-1] - values[-2] if len(values) > 1 else 0.0
        words = f"{signed(rounded(change))}{share_words(values[-2], change)}" if change else "unchanged"
        found.append(
            Curve(
                name=str(trend["value"]),
                points=" ".join(f"{x:g},{y:g}" for x, y in places),
                last_x=places[-1][0],
                last_y=places[-1][1],
                newest=f"{last[2]}{_shown(values[-1])}",
                change=words if len(values) > 1 else "first build",
                lowest=_shown(low),
                highest=_shown(high),
                builds=len(values),
                commit=str(last[3]),
            )
        )
    return tuple(found)


def _shown(value: float) -> str:
    return f"{rounded(value):,}"


def _x(at: int, count: int) -> float:
    return 100.0 if count < 2 else round(100 * at / (count - 1), 2)


def _y(value: float, low: float, high: float) -> float:
    share = 0.5 if high == low else (value - low) / (high - low)
    return round(_HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE), 2)
