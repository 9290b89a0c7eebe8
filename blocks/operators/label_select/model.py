"""Label select, exactly: scores [N, 1, 1, classes] -> indices [N, k]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.operators.label_select import LabelSelect
from blocks.operators.tensor import Tensor, check_lanes, exactly


def apply(shape: LabelSelect, inputs: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Indices of the largest scores, largest first; among equal scores the smaller index first."""
    exactly("parameters", parameters, 0)
    (given,) = exactly("inputs", inputs, 1)
    if given.ndim == 4:
        given = given.reshape(len(given), 1, 1, -1)  # a whole map in the order of its elements
    scores = check_lanes("input", given, (None, 1, 1, shape.classes), shape.bits, signed=True)
    # ~v reverses the order of v. Unlike -v it does not overflow at the lowest value.
    order = np.argsort(~scores.reshape(-1, shape.classes).astype(np.int64), axis=1, kind="stable")
    return (order[:, : shape.k].astype(np.uint32),)
