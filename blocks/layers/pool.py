"""Layers that pool: the maximum or the sum of windows, and the sum of a whole map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from blocks.core.builder import GraphBuilder
from blocks.kinds.convolution import not_dividing
from blocks.kinds.window import NO_PAD, ONE_PIXEL, Pair, Sides
from blocks.layers.base import Key, Layer, LayerType, Misfit
from blocks.layers.product import KERNEL, PAD, STRIDE, pad_with, padding, reads_activations, window_fits
from blocks.layers.reach import ReadsMap, ReadsWindows
from blocks.layers.values import Values
from blocks.operators.acc_pool import AccPool
from blocks.operators.checks import divisors
from blocks.operators.max_pool import MaxPool
from blocks.operators.pad import Pad
from blocks.operators.sum_pool import SumPool
from config.frozen import dataclass

LANES = Key("pe", "integer", "channels pooled at once; divides the channels", 0, minimum=1, otherwise="as they come")


@dataclass(frozen=True)
class Pool(Layer):
    """What pools share: `pe` channels at once, 0 for as many as come in a beat."""

    pe: int

    def misfits(self) -> Iterator[Misfit]:
        """Sums in place of activations."""
        yield from reads_activations(self.source)

    def mistakes(self) -> Iterator[Misfit]:
        """A `pe` that does not divide."""
        if self.pe and self.source.channels % self.pe:
            yield not_dividing("pe", self.pe, self.source.channels, "channels")

    def lanes(self, offered: int) -> int:
        """`pe`, or the most channels up to `offered` that divide."""
        return self.pe or max(n for n in divisors(self.source.channels) if n <= max(1, offered))

    def folding(self) -> str:
        """PE, if the file gives it."""
        return str(self.pe) if self.pe else ""


@dataclass(frozen=True)
class WindowPool(ReadsWindows, Pool):
    """A pool of windows."""

    kernel: Pair
    stride: Pair
    pad: Sides

    def misfits(self) -> Iterator[Misfit]:
        """Sums in place of activations, windows that do not fit."""
        yield from reads_activations(self.source)
        yield from window_fits(self.source, self.kernel, self.pad)

    def padding(self, lanes: int) -> Pad:
        """The operator that adds rows and columns of the stored number 0."""
        top, left, bottom, right = self.pad
        return Pad(
            channels=self.source.channels, height=self.source.height, width=self.source.width, top=top, left=left,
            bottom=bottom, right=right, lanes=lanes, bits=self.source.bits,
        )  # fmt: skip


@dataclass(frozen=True)
class MaxOfWindows(WindowPool):
    """The largest value of each window. Padding is the lowest value of the type: the stored number 0."""

    @property
    def output(self) -> Values:
        """The same values."""
        return self.source.window(self.kernel, self.stride, self.pad)

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Pad and pool."""
        lanes = self.lanes(builder.stream(stream).lanes)
        stream = builder.widen(f"{self.name}_width", stream, lanes)
        if self.pad != NO_PAD:
            stream = builder.add(f"{self.name}_pad", self.padding(lanes), stream)
        top, left, bottom, right = self.pad
        pool = MaxPool(
            channels=self.source.channels, height=self.source.height + top + bottom,
            width=self.source.width + left + right, kernel=self.kernel, stride=self.stride, lanes=lanes,
            bits=self.source.bits,
        )  # fmt: skip
        if (self.kernel, self.stride) == (ONE_PIXEL, ONE_PIXEL):
            return stream
        # Reading every window out of a buffer is cheaper, but must not hold up what comes before.
        if pool.can_be_beatwise and pool.cycles() > max((node.operator.cycles() for node in builder.nodes), default=0):
            pool = replace(pool, beatwise=True)
        return builder.add(self.name, pool, stream)


@dataclass(frozen=True)
class SumOfWindows(WindowPool):
    """The sum of each window; padding adds the value 0. The division belongs to the thresholds behind it."""

    def operator(self, lanes: int) -> SumPool:
        """The operator."""
        top, left, bottom, right = self.pad
        return SumPool(
            channels=self.source.channels, height=self.source.height + top + bottom,
            width=self.source.width + left + right, kernel=self.kernel, stride=self.stride, lanes=lanes,
            bits=self.source.bits,
        )  # fmt: skip

    @property
    def output(self) -> Values:
        """The sums; the zero point is that of as many terms."""
        shape = self.source.window(self.kernel, self.stride, self.pad)
        count = prod(self.kernel)
        highest, zero = self.operator(1).highest, self.source.zero * count
        return replace(shape, lowest=0, highest=highest, zero=zero, scale=_of_average(self.source, count))

    def misfits(self) -> Iterator[Misfit]:
        """Sums in place of activations, windows that do not fit, padding without a zero."""
        yield from super().misfits()
        yield from padding(self.source, self.pad)

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Pad and add."""
        lanes = self.lanes(builder.stream(stream).lanes)
        stream = builder.widen(f"{self.name}_width", stream, lanes)
        if self.pad != NO_PAD:
            stream = builder.add(f"{self.name}_pad", pad_with(self.padding(lanes), self.source), stream)
        return builder.add(self.name, self.operator(lanes), stream)


def _of_average(source: Values, terms: int) -> float | None:
    """The scale of a sum of so many values, which stands for their average."""
    return None if source.scale is None else source.scale / terms


@dataclass(frozen=True)
class SumOfMap(ReadsMap, Pool):
    """The sum over all pixels of a map. The division by their number belongs to the thresholds behind it."""

    def operator(self, lanes: int) -> AccPool:
        """The accumulating pool; its zero point of 0 makes its ReLU one that changes nothing."""
        return AccPool(
            channels=self.source.channels, pixels=self.source.pixels, lanes=lanes, input_bits=self.source.bits,
            zero_point=0,
        )  # fmt: skip

    @property
    def output(self) -> Values:
        """One pixel; the zero point is that of as many terms."""
        pixels = self.source.pixels
        highest, zero = self.operator(1).highest, self.source.zero * pixels
        scale = _of_average(self.source, pixels)
        return Values(1, 1, self.source.channels, 0, highest, self.source.step, zero, "", scale)

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """The accumulating pool."""
        lanes = self.lanes(builder.stream(stream).lanes)
        return builder.add(self.name, self.operator(lanes), builder.widen(f"{self.name}_width", stream, lanes))


MAX_POOL = LayerType(
    "max_pool",
    "the largest value of each window; padding is the lowest value of the type",
    (KERNEL, STRIDE, PAD, LANES),
    lambda name, source, given: MaxOfWindows(name, source, **given),
)
GLOBAL_AVERAGE_POOL = LayerType(
    "global_average_pool",
    "the sum over the map; the division belongs to the thresholds behind it",
    (LANES,),
    lambda name, source, given: SumOfMap(name, source, **given),
)
AVERAGE_POOL = LayerType(
    "average_pool",
    "the sum of each window; padding is the value 0; the division belongs to the thresholds behind it",
    (KERNEL, STRIDE, PAD, LANES),
    lambda name, source, given: SumOfWindows(name, source, **given),
)
