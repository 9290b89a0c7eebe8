"""Accumulating pool: ReLU around a zero point, then the sum over all pixels."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula, unsigned_bits
from blocks.operators.checks import MAX_LANE_BITS, divides, lane_bits, not_negative, positive
from blocks.operators.estimate import buffer, register_slice
from config.fpga_resources import Resources
from config.frozen import dataclass

CONTROL_LUTS, ADDER_LUTS_A_BIT = 12, 0.76
"""Counters; an adder that also leaves out the sum before it, and values below the zero point (fitted)."""


@dataclass(frozen=True)
class AccPool(Operator):
    """Sum over `pixels` of max(v - zero_point, 0) per channel. The sum is not divided by the number of pixels."""

    channels: int
    pixels: int
    lanes: int
    input_bits: int
    zero_point: int

    @property
    def highest(self) -> int:
        """The highest sum."""
        return max(0, self.pixels * ((1 << self.input_bits) - 1 - self.zero_point))

    @property
    def output_bits(self) -> int:
        """Bits of a sum."""
        return unsigned_bits(self.highest)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The map, `lanes` channels a beat."""
        return (Stream(self.lanes, self.input_bits, self.pixels * self.channels // self.lanes),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """One sum per channel, `lanes` a beat."""
        return (Stream(self.lanes, self.output_bits, self.channels // self.lanes),)

    @property
    def buffers_input(self) -> bool:
        """True: it reads a whole map before its first sum."""
        return True

    def cycles(self) -> int:
        """C / PE * (H * W + 1)."""
        return self.channels // self.lanes * (self.pixels + 1)

    def area(self) -> Resources:
        """Counters, an adder per lane, the sums of all folds in LUTs, and a slice. Fitted to synthesis."""
        sums = self.lanes * self.output_bits
        kept = buffer(sums, self.channels // self.lanes)
        # A power of two is subtracted where it is compared.
        above = self.lanes * self.input_bits / 2 if self.zero_point & (self.zero_point - 1) else 0
        return by_formula(luts=CONTROL_LUTS + ADDER_LUTS_A_BIT * sums + above + kept + register_slice(sums))

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the zero point is a possible value, and that lanes divide the channels."""
        found = positive(self, "channels", "pixels", "lanes") + lane_bits(self, "input_bits")
        found += not_negative(self, "zero_point")
        if found:
            return tuple(found)
        top = (1 << self.input_bits) - 1
        if self.zero_point > top:
            found.append(
                Mistake("zero_point", f"zero_point {self.zero_point} is above every value", f"zero_point is 0 to {top}")
            )
        if self.output_bits > MAX_LANE_BITS:
            found.append(
                Mistake(
                    "input_bits",
                    f"a sum takes {self.output_bits} bits",
                    f"a lane has at most {MAX_LANE_BITS} bits: lower input_bits or pixels",
                )
            )
        return tuple(found + divides(self, "lanes", "channels", self.channels))

    @property
    def cpp_function(self) -> str:
        """`farm::acc_pool` with this shape."""
        return (
            f"farm::acc_pool<{self.channels}, {self.pixels}, {self.lanes}, {self.input_bits}, {self.output_bits}, "
            f"{self.zero_point}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_acc_pool`."""
        return SvModule(
            "farm_acc_pool",
            (
                ("LANES", self.lanes),
                ("FOLDS", self.channels // self.lanes),
                ("PIXELS", self.pixels),
                ("INPUT_BITS", self.input_bits),
                ("OUTPUT_BITS", self.output_bits),
                ("ZERO_POINT", self.zero_point),
            ),
        )


OPERATOR = AccPool
