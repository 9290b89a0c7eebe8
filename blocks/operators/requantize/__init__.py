"""Requantize: a value times its channel's multiplier, plus an addend, shifted and clamped to an activation."""

from __future__ import annotations

from blocks.operators.base import (
    Mistake,
    Operator,
    ParameterStream,
    Stream,
    SvModule,
    by_formula,
    signed_bits,
    unsigned_bits,
)
from blocks.operators.checks import MAX_LANE_BITS, divides, lane_bits, not_negative, positive
from blocks.operators.estimate import buffer
from config.fpga_resources import Resources
from config.frozen import dataclass

MAX_OUTPUT_BITS = 16
DSP_INPUT_BITS, DSP_MULTIPLIER_BITS = 25, 18
"""Factors in two's complement that the open toolchain's synthesis multiplies in one DSP."""
DSP_SUM_BITS = 48
OUTPUT_BEATS = 16
"""Places of the output buffer in RTL."""
MOST_ABOVE = 30
"""Bits above a code that six LUTs look at."""


@dataclass(frozen=True)
class Requantize(Operator):
    """code = clamp((value * multiplier + addend) >> shift, 0, 2^output_bits - 1), for values lowest..highest.

    Multiplier and addend are trained, one of each per channel, in two's complement. The shift is arithmetic, so it
    rounds down; an addend of 2^(shift - 1) rounds to the nearest code. No intermediate value is cut: products have the
    bits of a signed value and those of a multiplier, and `sum_bits` hold a product and an addend.
    """

    channels: int
    pixels: int
    pe: int
    lowest: int
    highest: int
    multiplier_bits: int
    addend_bits: int
    shift: int
    output_bits: int

    steady_parameters = True

    @property
    def signed(self) -> bool:
        """Whether values are two's complement."""
        return self.lowest < 0

    @property
    def input_bits(self) -> int:
        """Bits of a value; if signed, those of the accumulator that it comes from."""
        return signed_bits(self.lowest, self.highest + 1) if self.signed else unsigned_bits(self.highest)

    @property
    def value_bits(self) -> int:
        """Bits of a value in two's complement."""
        return self.input_bits + (not self.signed)

    @property
    def sum_bits(self) -> int:
        """Bits of product plus addend in two's complement, and more than those of a code."""
        return max(self.value_bits + self.multiplier_bits, self.addend_bits, self.output_bits + 1) + 1

    @property
    def folds(self) -> int:
        """Beats of a pixel."""
        return self.channels // self.pe

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The values, `pe` channels a beat."""
        return (Stream(self.pe, self.input_bits, self.pixels * self.folds, self.signed),)

    @property
    def parameters(self) -> tuple[ParameterStream, ...]:
        """The multipliers and the addends of `pe` channels a beat."""
        return (
            ParameterStream(self.pe, self.multiplier_bits, self.folds, signed=True, role="multipliers"),
            ParameterStream(self.pe, self.addend_bits, self.folds, signed=True, role="addends"),
        )

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The codes, `pe` channels a beat."""
        return (Stream(self.pe, self.output_bits, self.pixels * self.folds),)

    def parameter_reads(self) -> int:
        """Once for each pixel."""
        return self.pixels

    def cycles(self) -> int:
        """C / PE * H * W."""
        return self.outputs[0].beats

    @property
    def dsps_a_lane(self) -> int:
        """DSPs of a product: one, or as many as it takes parts of both factors."""
        narrow, wide = self._parts
        return narrow * wide

    @property
    def _parts(self) -> tuple[int, int]:
        """The parts of the narrower and of the wider factor, each part a DSP's."""
        narrow, wide = sorted((self.value_bits, self.multiplier_bits))
        if wide <= DSP_INPUT_BITS and narrow <= DSP_MULTIPLIER_BITS:
            return 1, 1
        parts = DSP_MULTIPLIER_BITS - 1
        return -(-narrow // parts), -(-wide // parts)

    def area(self) -> Resources:
        """Per lane a product in DSPs and the clamp; the output buffer. Fitted to synthesis.

        A DSP adds the addend too, if it makes the product alone and its 48 bits hold the sum. Else LUTs add, two bits
        each; parts of the narrower factor take another addition. The clamp is two bits of a code a LUT, or one if
        the bits above it fill more than six LUTs, and a LUT for each five of these bits.
        """
        above = max(0, self.sum_bits - self.shift - self.output_bits)
        clamp = self.output_bits / (2 if above <= MOST_ABOVE else 1) + above / 5
        narrow, _ = self._parts
        added = 0.0
        if self.dsps_a_lane > 1 or self.sum_bits > DSP_SUM_BITS:
            added = self.sum_bits / 2 + (narrow - 1) * (self.sum_bits - DSP_MULTIPLIER_BITS + 1) / 2
        luts = 12 + self.pe * (clamp + added) + buffer(self.pe * self.output_bits, OUTPUT_BEATS)
        return by_formula(luts=luts, dsps=self.pe * self.dsps_a_lane)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks the range, that `pe` divides the channels, and that a lane holds every intermediate value."""
        found = positive(self, "channels", "pixels", "pe", "output_bits")
        found += lane_bits(self, "multiplier_bits", "addend_bits") + not_negative(self, "shift")
        if self.lowest > self.highest:
            what = f"lowest {self.lowest} is above highest {self.highest}"
            found.append(Mistake("lowest", what, "lowest is at most highest"))
        if found:
            return tuple(found)
        if self.output_bits > MAX_OUTPUT_BITS:
            remedy = f"output_bits is 1 to {MAX_OUTPUT_BITS}"
            found.append(Mistake("output_bits", f"output_bits is {self.output_bits}", remedy))
        if self.sum_bits > MAX_LANE_BITS:
            remedy = f"at most {MAX_LANE_BITS} bits are possible: lower multiplier_bits or addend_bits"
            found.append(Mistake("multiplier_bits", f"the scaled values take {self.sum_bits} bits", remedy))
        elif self.shift >= self.sum_bits:
            remedy = f"shift is at most {self.sum_bits - 1}"
            found.append(Mistake("shift", f"shift {self.shift} of values of {self.sum_bits} bits", remedy))
        return tuple(found + divides(self, "pe", "channels", self.channels))

    @property
    def cpp_function(self) -> str:
        """`farm::requantize` with this shape. Its arguments are input, multipliers, addends, output."""
        return (
            f"farm::requantize<{self.channels}, {self.pixels}, {self.pe}, {self.value_bits}, {self.multiplier_bits}, "
            f"{self.sum_bits}, {self.shift}, {self.output_bits}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_requantize`. The multipliers are `in1`, the addends `in2`."""
        return SvModule(
            "farm_requantize",
            (
                ("LANES", self.pe),
                ("INPUT_BITS", self.input_bits),
                ("SIGNED", self.signed),
                ("MULTIPLIER_BITS", self.multiplier_bits),
                ("ADDEND_BITS", self.addend_bits),
                ("SUM_BITS", self.sum_bits),
                ("SHIFT", self.shift),
                ("OUTPUT_BITS", self.output_bits),
            ),
        )


OPERATOR = Requantize
