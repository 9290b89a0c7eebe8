"""Pad: zero rows and columns around a map."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, not_negative, positive
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class Pad(Operator):
    """Zero rows and columns around a map of `height` x `width` x `channels` (sizes of the input, without padding)."""

    channels: int
    height: int
    width: int
    top: int
    left: int
    bottom: int
    right: int
    lanes: int
    bits: int

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
        """One multiplexer per bit and the counters (own estimate)."""
        return by_formula(luts=self.lanes * self.bits + 60)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes and padding, and that lanes divide the channels."""
        found = positive(self, "channels", "height", "width", "lanes") + lane_bits(self, "bits")
        found += not_negative(self, "top", "left", "bottom", "right")
        return tuple(found or divides(self, "lanes", "channels", self.channels))

    @property
    def cpp_function(self) -> str:
        """`farm::pad` with this shape."""
        return (
            f"farm::pad<{self.channels}, {self.height}, {self.width}, {self.top}, {self.left}, {self.bottom}, "
            f"{self.right}, {self.lanes}, {self.bits}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_pad`."""
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
            ),
        )


OPERATOR = Pad
