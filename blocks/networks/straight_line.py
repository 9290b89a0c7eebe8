"""From a channel's thresholds back to a batch normalisation that has them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


def straight_line(thresholds: Array, levels: Array, reach: tuple[int, int]) -> tuple[float, float]:
    """Slope and offset with `ceil(slope * levels + offset) == thresholds`, of the widest margin (a linear program).

    Args:
        thresholds: Of one channel, ascending [steps].
        levels: Where rounding goes on to the next code, e.g. 0.5, 1.5, ... [steps].
        reach: The lowest and the highest sum. A threshold beyond them only has to stay there.

    Raises:
        ValueError: no straight line has these thresholds.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 - loads for most of a second, also where nothing is exported

    rows, limits = [], []
    for threshold, level in zip(thresholds, levels, strict=True):
        if threshold <= reach[1]:
            rows.append([level, 1, 1])
            limits.append(max(threshold, reach[0]))
        if threshold > reach[0]:
            rows.append([-level, -1, 1])
            limits.append(1 - min(threshold, reach[1] + 1))
    found = linprog([0, 0, -1], rows, limits, bounds=[(1e-6, None), (None, None), (None, 0.5)])
    if found.status or found.x[2] <= 0:
        raise ValueError("no straight line has these thresholds")
    return float(found.x[0]), float(found.x[1])
