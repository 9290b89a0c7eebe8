"""Windows whose rows and columns differ, in the kernel, in the stride or in both, for every module and body."""

from __future__ import annotations

from blocks.operators.base import Operator
from blocks.operators.max_pool import MaxPool
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sum_pool import SumPool

OBLONG: tuple[Operator, ...] = (
    SlidingWindow(4, 5, 9, (1, 7), 1, 2, 2),
    SlidingWindow(2, 9, 5, (7, 1), 1, 1, 3),
    SlidingWindow(1, 12, 8, (10, 4), (2, 1), 1, 4),  # the first layer of a keyword spotter
    SlidingWindow(3, 6, 9, (2, 3), (1, 2), 3, 4, 2),
    SlidingWindow(2, 4, 8, (3, 1), (1, 2), 1, 3, 2),
    SlidingWindow(2, 7, 9, (3, 2), (2, 3), 4, 2),  # a kernel row a beat
    SlidingWindow(2, 6, 12, (2, 5), (3, 1), 5, 3, 4, pixels=2),
    SlidingWindow(4, 5, 6, 1, (1, 2), 2, 4),
    SlidingWindow(4, 5, 6, 1, (2, 1), 2, 4),
    MaxPool(4, 5, 7, (3, 1), (2, 1), 2, 2),
    MaxPool(4, 7, 9, (3, 2), (1, 2), 2, 2, beatwise=True),
    MaxPool(3, 5, 17, (1, 3), (2, 1), 3, 8, beatwise=True),
    MaxPool(3, 6, 8, (4, 1), (1, 3), 1, 3, beatwise=True),
    SumPool(4, 5, 7, (2, 3), (1, 2), 2, 2),
    SumPool(4, 4, 5, 1, (1, 2), 2, 3),
)
