"""Depthwise products: every channel's window times weights of its own, summed up, without an activation function."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, ParameterStream, Stream, SvModule, by_formula, signed_bits
from blocks.operators.checks import MAX_LANE_BITS, divides, lane_bits, positive
from blocks.operators.estimate import OUTPUT_BEATS, buffer
from config.fpga_resources import Resources
from config.frozen import dataclass

DSP_PRODUCT_BITS = 9
"""A product of so many bits is made in a DSP, a narrower one of LUTs."""


@dataclass(frozen=True)
class Depthwise(Operator):
    """Per output pixel and channel the sum of `positions` products, `pe` channels at once.

    Columns come as a SlidingWindow with `simd` = `pe` gives them: kernel position outermost, then channel folds.
    Activations are unsigned. Weights of 1 bit are binary (1 is +1, 0 is -1), wider ones are two's complement.
    """

    channels: int
    positions: int
    pe: int
    input_bits: int
    weight_bits: int
    pixels: int

    steady_parameters = True

    @property
    def folds(self) -> int:
        """Beats of one kernel position."""
        return self.channels // self.pe

    @property
    def synapses(self) -> int:
        """Products of a sum, as the matrix-vector unit calls them."""
        return self.positions

    @property
    def lowest(self) -> int:
        """The lowest sum that any weights and activations reach."""
        weight = -1 if self.weight_bits == 1 else -(1 << (self.weight_bits - 1))
        return self.positions * weight * ((1 << self.input_bits) - 1)

    @property
    def highest(self) -> int:
        """The highest sum that any weights and activations reach."""
        weight = 1 if self.weight_bits == 1 else (1 << (self.weight_bits - 1)) - 1
        return self.positions * weight * ((1 << self.input_bits) - 1)

    @property
    def accumulator_bits(self) -> int:
        """Bits of a sum in two's complement. They also hold `highest + 1`, a threshold that is never reached."""
        return signed_bits(self.lowest, self.highest + 1)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The columns, `pe` channels a beat."""
        return (Stream(self.pe, self.input_bits, self.pixels * self.positions * self.folds),)

    @property
    def parameters(self) -> tuple[ParameterStream, ...]:
        """The weights of `pe` channels at one kernel position a beat, in the order of the columns."""
        signed = self.weight_bits > 1
        return (ParameterStream(self.pe, self.weight_bits, self.positions * self.folds, signed, role="weights"),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The sums, `pe` channels a beat."""
        return (Stream(self.pe, self.accumulator_bits, self.pixels * self.folds, signed=True),)

    def parameter_reads(self) -> int:
        """Once for each pixel."""
        return self.pixels

    @property
    def buffers_input(self) -> bool:
        """True if a window has more than one position."""
        return self.positions > 1

    def cycles(self) -> int:
        """KH * KW * C / PE * OH * OW: one beat of the columns a cycle."""
        return self.inputs[0].beats

    @property
    def multiplies_in_dsps(self) -> bool:
        """Whether a product is made in a DSP."""
        return self.weight_bits > 1 and self.input_bits + self.weight_bits >= DSP_PRODUCT_BITS

    def area(self) -> Resources:
        """Per lane a product and an adder; the sums of all folds, and the output buffer. Fitted to synthesis.

        Where a DSP multiplies it adds as well, and a LUT clears two bits of the sum in front of it.
        """
        lane = self.accumulator_bits / 2 if self.multiplies_in_dsps else self.accumulator_bits + self._product_luts
        kept = self.pe * self.accumulator_bits
        luts = 18 + self.pe * lane + buffer(kept, self.folds) + buffer(kept, OUTPUT_BEATS)
        return by_formula(luts=luts, dsps=self.pe if self.multiplies_in_dsps else 0)

    @property
    def _product_luts(self) -> int:
        """LUTs of a product: a row of adders for each bit of a weight but one; a binary weight negates.

        Where both factors have 3 bits or more, the lowest bits of the rows share LUTs.
        """
        if self.weight_bits == 1:
            return self.input_bits - 1
        shared = 3 if min(self.input_bits, self.weight_bits) >= 3 else 0
        return 2 * (self.input_bits - 1) * (self.weight_bits - 1) - shared

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that `pe` divides the channels, and that a lane holds the sums."""
        found = positive(self, "channels", "positions", "pe", "pixels")
        found += lane_bits(self, "input_bits", "weight_bits")
        if found:
            return tuple(found)
        if self.accumulator_bits > MAX_LANE_BITS:
            remedy = f"a lane has at most {MAX_LANE_BITS} bits: lower input_bits or weight_bits"
            found.append(Mistake("input_bits", f"the sums take {self.accumulator_bits} bits", remedy))
        return tuple(found + divides(self, "pe", "channels", self.channels))

    @property
    def cpp_function(self) -> str:
        """`farm::depthwise` with this shape. Its arguments are input, weights, output."""
        return (
            f"farm::depthwise<{self.channels}, {self.positions}, {self.pe}, {self.input_bits}, {self.weight_bits}, "
            f"{self.accumulator_bits}, {self.pixels}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_depthwise`. The weights are `in1`."""
        return SvModule(
            "farm_depthwise",
            (
                ("PE", self.pe),
                ("FOLDS", self.folds),
                ("POSITIONS", self.positions),
                ("INPUT_BITS", self.input_bits),
                ("WEIGHT_BITS", self.weight_bits),
                ("ACCUMULATOR_BITS", self.accumulator_bits),
            ),
        )


OPERATOR = Depthwise
