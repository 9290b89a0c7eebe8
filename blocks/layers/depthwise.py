"""The depthwise convolution: every channel has a kernel of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from blocks.core.builder import GraphBuilder
from blocks.kinds.convolution import not_dividing
from blocks.kinds.window import NO_PAD, ONE_PIXEL, Pair, Sides
from blocks.layers.base import LayerType, Misfit, Recipe
from blocks.layers.product import (
    BIAS,
    KERNEL,
    PAD,
    PE,
    STRIDE,
    WEIGHT_BITS,
    padding,
    reads_activations,
    weights_recipe,
    window_fits,
)
from blocks.layers.reach import ReadsWindows
from blocks.layers.values import Values
from blocks.operators.depthwise import Depthwise
from blocks.operators.pad import Pad
from blocks.operators.sliding_window import SlidingWindow
from config.frozen import dataclass


@dataclass(frozen=True)
class DepthwiseConvolution(ReadsWindows):
    """Every channel's windows times a kernel of its own."""

    kernel: Pair
    stride: Pair
    pad: Sides
    weight_bits: int
    bias: bool
    pe: int

    def unit(self) -> Depthwise:
        """The operator."""
        windows = self.source.window(self.kernel, self.stride, self.pad)
        return Depthwise(
            channels=self.source.channels, positions=prod(self.kernel), pe=self.pe, input_bits=self.source.bits,
            weight_bits=self.weight_bits, pixels=windows.pixels,
        )  # fmt: skip

    @property
    def output(self) -> Values:
        """The sums."""
        unit, shape = self.unit(), self.source.window(self.kernel, self.stride, self.pad)
        constants = self.bias or self.source.zero != 0
        return replace(
            shape, lowest=unit.lowest, highest=unit.highest, zero=0, sums=self.name, scale=None, constants=constants
        )

    def misfits(self) -> Iterator[Misfit]:
        """Sums in place of activations, windows that do not fit, padding without a zero."""
        yield from reads_activations(self.source)
        yield from window_fits(self.source, self.kernel, self.pad)
        yield from padding(self.source, self.pad)

    def mistakes(self) -> Iterator[Misfit]:
        """Folds that do not divide."""
        if self.source.channels % self.pe:
            yield not_dividing("pe", self.pe, self.source.channels, "channels")

    def lanes(self, offered: int) -> int:
        """`pe` channels."""
        return self.pe

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Pad, window, products."""
        source, (top, left, bottom, right) = self.source, self.pad
        stream = builder.widen(f"{self.name}_input_width", stream, self.pe)
        if self.pad != NO_PAD:
            pad = Pad(
                channels=source.channels, height=source.height, width=source.width, top=top, left=left,
                bottom=bottom, right=right, lanes=self.pe, bits=source.bits, value=source.of_zero or 0,
            )  # fmt: skip
            stream = builder.add(f"{self.name}_pad", pad, stream)
        if (self.kernel, self.stride) != (ONE_PIXEL, ONE_PIXEL):
            window = SlidingWindow(
                channels=source.channels, height=source.height + top + bottom, width=source.width + left + right,
                kernel=self.kernel, stride=self.stride, simd=self.pe, bits=source.bits,
            )  # fmt: skip
            stream = builder.add(f"{self.name}_window", window, stream)
        return builder.add(self.name, self.unit(), stream, parameters=[f"{self.name}_weights"])

    def recipes(self) -> Iterator[Recipe]:
        """The weights [C, KH, KW, 1]."""
        axes = [self.source.channels, *self.kernel, 1]
        yield weights_recipe(self.name, self.source, axes, self.weight_bits, bias=self.bias)

    def folding(self) -> str:
        """PE."""
        return str(self.pe)


DEPTHWISE = LayerType(
    "depthwise",
    "a convolution in which every channel has a kernel of its own",
    (
        KERNEL, STRIDE, PAD, WEIGHT_BITS, BIAS,
        replace(
            PE,
            about="channels computed at once; divides the channels, because a cycle reads `pe` channels of one pixel, "
            "never of two",
        ),
    ),
    lambda name, source, given: DepthwiseConvolution(name, source, **given),
)  # fmt: skip
