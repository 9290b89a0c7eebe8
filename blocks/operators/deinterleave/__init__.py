"""Deinterleave: pixels that were computed side by side leave one after the other."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import at_most, divides, lane_bits, positive
from blocks.operators.estimate import OUTPUT_BEATS, buffer
from config.fpga_resources import Resources
from config.frozen import dataclass

CONTROL_LUTS = 13
"""Counters and the decision to take a beat (fitted)."""


@dataclass(frozen=True)
class Deinterleave(Operator):
    """A matrix-vector unit of `mmv` pixels gives `pe` channels of each in a beat; here each pixel's channels meet.

    Lane m * pe + p of beat nf of a group is channel nf * pe + p of pixel m. Out come the channels of pixel 0, `pe` a
    beat, then those of pixel 1, and so on: the element order of every stream.
    """

    channels: int
    pixels: int
    pe: int
    mmv: int
    bits: int
    signed: bool = False

    @property
    def folds(self) -> int:
        """Beats of a group at the input, and of a pixel at the output."""
        return -(-self.channels // self.pe)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """`pe` channels of `mmv` pixels a beat."""
        return (Stream(self.mmv * self.pe, self.bits, self.pixels // self.mmv * self.folds, self.signed),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """`pe` channels of one pixel a beat."""
        return (Stream(self.pe, self.bits, self.pixels * self.folds, self.signed),)

    @property
    def buffers_input(self) -> bool:
        """False for the RTL view; the C++ view gathers a group first."""
        return True

    def cycles(self) -> int:
        """C / PE * H * W: a beat of the output a cycle."""
        return self.outputs[0].beats

    def area(self) -> Resources:
        """Counters, two groups in LUTs, a multiplexer of the pixels, and the output buffer. Fitted to synthesis."""
        pixel = self.pe * self.bits
        groups = buffer(self.mmv * pixel, 2 * self.folds)
        luts = CONTROL_LUTS + groups + self.mmv // 2 * pixel + buffer(pixel, OUTPUT_BEATS)
        return by_formula(luts=luts)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, and that mmv divides the pixels."""
        found = positive(self, "channels", "pixels", "pe", "mmv") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        return tuple(at_most(self, "pe", "channels", self.channels) + divides(self, "mmv", "pixels", self.pixels))

    @property
    def cpp_function(self) -> str:
        """`farm::deinterleave` with this shape."""
        return f"farm::deinterleave<{self.mmv}, {self.pe}, {self.folds}, {self.pixels // self.mmv}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_deinterleave`."""
        return SvModule("farm_deinterleave", (("WIDTH", self.pe * self.bits), ("FOLDS", self.folds), ("MMV", self.mmv)))


OPERATOR = Deinterleave
