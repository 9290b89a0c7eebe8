"""What flows from one layer to the next: a map of stored numbers, and the values that they stand for."""

from __future__ import annotations

from dataclasses import replace

from blocks.kinds.convolution import FeatureMap
from blocks.kinds.window import Pair, Sides
from blocks.operators.base import signed_bits, unsigned_bits
from config.frozen import dataclass


@dataclass(frozen=True)
class Values:
    """`height` x `width` pixels of `channels` stored numbers from `lowest` to `highest`.

    A stored number s stands for the value `step * s - zero`; `step` is 2 for bipolar activations only. Sums of products
    stand for `step * s` and a constant of their channel, which follows from the arrays of the layer called `sums`.

    Attributes:
        scale: The real number that a value of 1 stands for; None if the file does not say.
        constants: Whether the sums' constants may be other than 0: by a bias, or by a zero point of the activations.
    """

    height: int
    width: int
    channels: int
    lowest: int
    highest: int
    step: int = 1
    zero: int = 0
    sums: str = ""
    scale: float | None = None
    constants: bool = False

    @classmethod
    def of(cls, source: FeatureMap) -> Values:
        """The values of a map between two blocks."""
        shape = source.height, source.width, source.channels
        return cls(*shape, 0, 2**source.bits - 1, source.step, source.zero_point, "", source.scale)

    def between_blocks(self) -> FeatureMap:
        """The map as the next block reads it."""
        return FeatureMap(self.height, self.width, self.channels, self.bits, self.zero, self.step, self.scale)

    @property
    def signed(self) -> bool:
        """Whether the stored numbers are two's complement, as sums of products are."""
        return self.lowest < 0

    @property
    def bits(self) -> int:
        """Bits of a stored number, as the operators count them."""
        return signed_bits(self.lowest, self.highest + 1) if self.signed else unsigned_bits(self.highest)

    @property
    def pixels(self) -> int:
        """Pixels of a map."""
        return self.height * self.width

    @property
    def elements(self) -> int:
        """Numbers of a map."""
        return self.pixels * self.channels

    @property
    def of_zero(self) -> int | None:
        """The stored number that stands for the value 0, which padding adds; None if there is none."""
        stored, rest = divmod(self.zero, self.step)
        return stored if not rest and self.lowest <= stored <= self.highest else None

    @property
    def range(self) -> tuple[int, int]:
        """The lowest and the highest value. Of sums, constants are left out."""
        return self.step * self.lowest - self.zero, self.step * self.highest - self.zero

    def __str__(self) -> str:
        """For messages: `8x8x32 of 4 bit, values -8..7`."""
        kind = "sums" if self.sums else "values {}..{}".format(*self.range)
        return f"{self.height}x{self.width}x{self.channels} of {self.bits} bit, {kind}"

    def window(self, kernel: Pair, stride: Pair, pad: Sides, channels: int | None = None) -> Values:
        """The same values in the map that windows leave, of `channels` channels."""
        top, left, bottom, right = pad
        return replace(
            self,
            height=(self.height + top + bottom - kernel[0]) // stride[0] + 1,
            width=(self.width + left + right - kernel[1]) // stride[1] + 1,
            channels=channels or self.channels,
        )
