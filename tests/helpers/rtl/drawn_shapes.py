"""Shapes of the operators that layers of any kind are made of, drawn over sizes, precisions and foldings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.checks import divisors
from blocks.operators.depthwise import Depthwise
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.requantize import Requantize
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sum_pool import SumPool
from blocks.operators.threshold import Threshold

MOST_BITS = 8
EACH = 3
"""Shapes of a kind in one batch, besides a matrix-vector unit for each width of activations."""


class Draw:
    """Random numbers for one shape."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def upto(self, most: int, least: int = 1) -> int:
        """A number from `least` to `most`."""
        return int(self._rng.integers(least, most, endpoint=True))

    def of(self, whole: int) -> int:
        """A divisor."""
        return int(self._rng.choice(divisors(whole)))

    def flag(self) -> bool:
        """Yes or no."""
        return bool(self._rng.integers(2))


def _pad(draw: Draw) -> Pad:
    channels, bits = draw.upto(6), draw.upto(MOST_BITS)
    sides = [draw.upto(3, 0) for _ in range(4)]
    value = draw.upto(2**bits - 1, 0)
    return Pad(channels, draw.upto(4), draw.upto(5), *sides, draw.of(channels), bits, value=value)


def _add(draw: Draw) -> Add:
    a, b = (draw.upto(12), draw.flag()), (draw.upto(12), draw.flag())
    more = {"a_factor": draw.upto(16), "b_factor": draw.upto(16), "b_parameter": draw.flag()}
    sizes = draw.upto(4), draw.upto(12), *a, *b
    offset = draw.upto(20, -20)
    if draw.flag():
        return Add(*sizes, draw.upto(12), draw.flag(), offset, **more)
    wide = Add(*sizes, 1, True, offset, **more).sum_bits
    return Add(*sizes, wide, True, offset, **more)


def _threshold(draw: Draw) -> Threshold:
    bits = draw.upto(MOST_BITS)
    channels = draw.upto(9)
    pe = draw.upto(channels if bits <= 4 else 1)
    lowest = draw.upto(0, -3000) if draw.flag() else 0
    return Threshold(channels, draw.upto(6), pe, lowest, draw.upto(3000), bits, inverts=draw.flag())


def _window(draw: Draw, widest: int = 7) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    """Channels, rows and columns of a map, and a kernel and a stride whose rows and columns may differ."""
    kernel = draw.upto(3), draw.upto(3)
    return draw.upto(6), draw.upto(7, kernel[0]), draw.upto(widest, kernel[1]), kernel, (draw.upto(3), draw.upto(3))


def _sum_pool(draw: Draw) -> SumPool:
    sizes = _window(draw)
    return SumPool(*sizes, draw.of(sizes[0]), draw.upto(MOST_BITS))


def _max_pool(draw: Draw) -> MaxPool:
    sizes = _window(draw, 20)
    pool = MaxPool(*sizes, draw.of(sizes[0]), draw.upto(MOST_BITS))
    return replace(pool, beatwise=pool.can_be_beatwise and draw.flag())


def _sliding_window(draw: Draw) -> SlidingWindow:
    sizes = _window(draw, 12)
    window = SlidingWindow(*sizes, draw.of(sizes[0] * draw.of(sizes[3][1])), draw.upto(MOST_BITS))
    return replace(window, mmv=draw.of(window.out_width))


def _acc_pool(draw: Draw) -> AccPool:
    channels = draw.upto(8)
    return AccPool(channels, draw.upto(20), draw.of(channels), draw.upto(MOST_BITS), 0)


def _depthwise(draw: Draw) -> Depthwise:
    channels = draw.upto(8)
    precision = draw.upto(MOST_BITS), draw.upto(MOST_BITS)
    return Depthwise(channels, draw.upto(3) ** 2, draw.of(channels), *precision, draw.upto(5))


def _requantize(draw: Draw) -> Requantize:
    channels = draw.upto(6)
    lowest = draw.upto(0, -100000) if draw.flag() else 0
    sizes = channels, draw.upto(5), draw.of(channels), lowest, draw.upto(100000)
    return Requantize(*sizes, draw.upto(18, 2), draw.upto(32, 2), draw.upto(18, 0), draw.upto(MOST_BITS))


def _label_select(draw: Draw) -> LabelSelect:
    classes = draw.upto(20)
    return LabelSelect(classes, draw.of(classes), draw.upto(40), draw.upto(min(classes, 5)))


def mvau(draw: Draw, weight_bits: int, input_bits: int) -> Mvau:
    """A matrix-vector unit; with one pixel it is a fully connected layer with its weights on chip."""
    synapses, channels, pixels = draw.upto(36), draw.upto(8), draw.upto(6)
    sizes = synapses, channels, draw.upto(channels), draw.of(synapses)
    return Mvau(*sizes, input_bits, weight_bits, pixels, mmv=draw.of(pixels))


def _mvau(draw: Draw) -> Mvau:
    return mvau(draw, draw.upto(MOST_BITS), draw.upto(MOST_BITS))


OTHERS: tuple[Callable[[Draw], Operator], ...] = (
    _pad, _add, _threshold, _sum_pool, _acc_pool, _depthwise, _requantize, _label_select, _max_pool, _sliding_window,
)  # fmt: skip


def some(kind: Callable[[Draw], Operator], count: int) -> Iterator[Operator]:
    """So many shapes of one kind."""
    draw = Draw(np.random.default_rng(count))
    return (kind(draw) for _ in range(count))


def batch(weight_bits: int) -> tuple[Operator, ...]:
    """Units with weights of that width and activations of every width, and some shapes of each other operator."""
    draw = Draw(np.random.default_rng(weight_bits))
    units = [mvau(draw, weight_bits, bits + 1) for bits in range(MOST_BITS)]
    return (*units, *(kind(draw) for kind in OTHERS for _ in range(EACH)))


KINDS = (*OTHERS, _mvau)
