"""Pad: rows and columns of one value around a map."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, not_negative, positive
from blocks.operators.estimate import NARROW_SLICE_BITS, register_slice
from config.fpga_resources import Resources
from config.frozen import dataclass

MAX_VALUE = (1 << 31) - 1
"""The highest number that a parameter of a SystemVerilog module holds."""

CONTROL_LUTS = 14
"""Counters of rows, columns and folds (fitted)."""


@dataclass(frozen=True)
class Pad(Operator):
    """Rows and columns of `value` around a map of `height` x `width` x `channels` (the input's sizes).

    `value` is a stored number: the zero point of the activations, or 0, the lowest one, in front of a max pool.
    A beat holds `lanes` channels of one pixel, or `pixels` whole pixels. Rows are whole beats on both sides, but pixels
    that come in one beat leave in two if `left` is no multiple of `pixels`.
    """

    later_fields = ("pixels", "value")

    channels: int
    height: int
    width: int
    top: int
    left: int
    bottom: int
    right: int
    lanes: int
    bits: int
    pixels: int = 1
    value: int = 0

    @property
    def out_height(self) -> int:
        """Rows with padding."""
        return self.height + self.top + self.bottom

    @property
    def out_width(self) -> int:
        """Columns with padding."""
        return self.width + self.left + self.right

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The map, `lanes` channels a beat."""
        return (Stream(self.lanes, self.bits, self.height * self.width * self.channels // self.lanes),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The padded map, `lanes` channels a beat."""
        return (Stream(self.lanes, self.bits, self.out_height * self.out_width * self.channels // self.lanes),)

    def cycles(self) -> int:
        """C / lanes * Hp * Wp: one beat of the padded map a cycle."""
        return self.outputs[0].beats

    def area(self) -> Resources:
        """Counters, the choice between map and value, and a slice, which makes it if narrow. Fitted to synthesis."""
        beat = self.lanes * self.bits
        chosen = beat / 2 if beat >= NARROW_SLICE_BITS else 0
        return by_formula(luts=CONTROL_LUTS + chosen + register_slice(beat))

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes and padding, and that lanes divide the channels or beats the rows."""
        found = positive(self, "channels", "height", "width", "lanes", "pixels") + lane_bits(self, "bits")
        found += not_negative(self, "top", "left", "bottom", "right", "value")
        if found:
            return tuple(found)
        most = min((1 << self.bits) - 1, MAX_VALUE)
        if self.value > most:
            what = f"value {self.value} does not fit lanes of {self.bits} bits"
            return (Mistake("value", what, f"value is 0 to {most}"),)
        if self.pixels == 1:
            return tuple(divides(self, "lanes", "channels", self.channels))
        found = divides(self, "pixels", "the columns", self.width)
        found += divides(self, "pixels", "the columns of the padded map", self.out_width)
        if self.lanes != self.pixels * self.channels:
            whole = self.pixels * self.channels
            found.append(Mistake("lanes", f"{self.lanes} lanes for {self.pixels} whole pixels", f"lanes is {whole}"))
        return tuple(found)

    @property
    def cpp_function(self) -> str:
        """`farm::pad` or `farm::pad_pixels` with this shape."""
        value = f", {self.value}" if self.value else ""
        if self.pixels > 1:
            return (
                f"farm::pad_pixels<{self.channels}, {self.height}, {self.width}, {self.top}, {self.left}, "
                f"{self.bottom}, {self.right}, {self.pixels}, {self.bits}{value}>"
            )
        return (
            f"farm::pad<{self.channels}, {self.height}, {self.width}, {self.top}, {self.left}, {self.bottom}, "
            f"{self.right}, {self.lanes}, {self.bits}{value}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_pad`. With several pixels a beat its columns are beats, shifted by the rest of the left padding."""
        value = (("BITS", self.bits), ("VALUE", self.value)) if self.value else ()
        if self.pixels > 1:
            left, columns = self.left // self.pixels, self.width // self.pixels
            return SvModule(
                "farm_pad",
                (
                    ("WIDTH", self.lanes * self.bits),
                    ("ROWS", self.height),
                    ("COLUMNS", columns),
                    ("TOP", self.top),
                    ("LEFT", left),
                    ("BOTTOM", self.bottom),
                    ("RIGHT", self.out_width // self.pixels - left - columns),
                    ("SHIFT", self.left % self.pixels * self.channels * self.bits),
                    *value,
                ),
            )
        return SvModule(
            "farm_pad",
            (
                ("WIDTH", self.lanes * self.bits),
                ("FOLDS", self.channels // self.lanes),
                ("ROWS", self.height),
                ("COLUMNS", self.width),
                ("TOP", self.top),
                ("LEFT", self.left),
                ("BOTTOM", self.bottom),
                ("RIGHT", self.right),
                *value,
            ),
        )


OPERATOR = Pad
