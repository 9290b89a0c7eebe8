"""From what a kernel gives for an image to its classes, best first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .formats.manifest import SUMS, Manifest

#: So many classes are named where the kernel gives a raw sum for each: as many as people look at.
BEST = 5


def best_classes(numbers: NDArray[Any], facts: Manifest) -> NDArray[Any]:
    """Classes uint32 [..., k], best first, of the numbers [..., count] in the kernel's output buffer.

    Indices are the classes. Raw sums are ranked: the largest first, of equal ones that of the lower class. These are
    the rules of the kernel's own selection (``top_k``), so both kinds of network give the same classes.
    """
    if facts.results != SUMS:
        return numbers
    # A stable sort keeps the order of equal ones; in 64 bits the negative of the lowest sum is a number too.
    order = np.argsort(-numbers.astype(np.int64), axis=-1, kind="stable")
    return order[..., :BEST].astype(np.uint32)
