"""Threshold activation: counts how many of its channel's thresholds a value has reached."""

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
from blocks.operators.checks import MAX_LANE_BITS, at_most, positive
from blocks.operators.estimate import CREDIT_LUTS, OUTPUT_BEATS, buffer, comparison
from config.fpga_resources import Resources
from config.frozen import dataclass

MAX_OUTPUT_BITS = 8
"""255 thresholds per channel. Beyond that a look-up table is the better circuit."""


@dataclass(frozen=True)
class Threshold(Operator):
    """`2^output_bits - 1` thresholds per channel, for values lowest..highest; out = number of thresholds <= value.

    With `inverts` each channel has a flag beside its thresholds. Where it is 1, all bits of the count are inverted: the
    channel descends. The number of thresholds t with value <= t is the inverted number of those with t + 1 <= value.
    """

    later_fields = ("inverts",)

    channels: int
    pixels: int
    pe: int
    lowest: int
    highest: int
    output_bits: int
    inverts: bool = False

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
    def threshold_bits(self) -> int:
        """Bits of a threshold, which also hold `highest + 1`, a threshold that is never reached."""
        return signed_bits(self.lowest, self.highest + 1) if self.signed else unsigned_bits(self.highest + 1)

    @property
    def steps(self) -> int:
        """Thresholds per channel."""
        return int((1 << self.output_bits) - 1)

    @property
    def folds(self) -> int:
        """Beats of a pixel. If `pe` does not divide the channels, the last one ends with lanes that mean nothing."""
        return -(-self.channels // self.pe)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The values, `pe` channels a beat."""
        return (Stream(self.pe, self.input_bits, self.pixels * self.folds, self.signed),)

    @property
    def parameters(self) -> tuple[ParameterStream, ...]:
        """The thresholds of `pe` channels a beat: PE 0 in the lowest bits, ascending within each PE; then the flags.

        Flags fill lanes of `threshold_bits`: that of PE p is bit p of the bits above the thresholds.
        """
        lanes = self.pe * self.steps + (-(-self.pe // self.threshold_bits) if self.inverts else 0)
        return (ParameterStream(lanes, self.threshold_bits, self.folds, self.signed, role="thresholds"),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The counts, `pe` channels a beat."""
        return (Stream(self.pe, self.output_bits, self.pixels * self.folds),)

    def parameter_reads(self) -> int:
        """Once for each pixel."""
        return self.pixels

    def cycles(self) -> int:
        """C / PE * H * W."""
        return self.outputs[0].beats

    def area(self) -> Resources:
        """Comparisons, the choice of their number, and the output buffer. Fitted to synthesis.

        A comparison takes two LUTs for three bits and a carry chain behind them. Of the comparisons each bit of the
        count is one, chosen by the bits above it: a LUT for two. A LUT inverts two bits of a count.
        """
        compared = self.steps * comparison(self.threshold_bits, self.input_bits, signed=self.signed)
        inverted = self.output_bits / 2 if self.inverts else 0
        leaving = buffer(self.pe * self.output_bits, OUTPUT_BEATS)
        lanes = self.pe * (compared + self.steps // 2 + inverted)
        return by_formula(luts=CREDIT_LUTS + lanes + leaving)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks the range, and that there are no more PE than channels."""
        found = positive(self, "channels", "pixels", "pe", "output_bits")
        if self.lowest > self.highest:
            found.append(
                Mistake("lowest", f"lowest {self.lowest} is above highest {self.highest}", "lowest is at most highest")
            )
        if found:
            return tuple(found)
        if self.output_bits > MAX_OUTPUT_BITS:
            found.append(
                Mistake("output_bits", f"output_bits is {self.output_bits}", f"output_bits is 1 to {MAX_OUTPUT_BITS}")
            )
            return tuple(found)
        found = at_most(self, "pe", "channels", self.channels)
        if self.threshold_bits > MAX_LANE_BITS:
            found.append(
                Mistake(
                    "highest",
                    f"a threshold takes {self.threshold_bits} bits",
                    f"a lane has at most {MAX_LANE_BITS} bits: narrow lowest..highest",
                )
            )
        return tuple(found)

    @property
    def cpp_function(self) -> str:
        """`farm::threshold` with this shape."""
        inverts = ", true" if self.inverts else ""
        return f"farm::threshold<{self.channels}, {self.pixels}, {self.pe}, {self.output_bits}{inverts}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_threshold`."""
        return SvModule(
            "farm_threshold",
            (
                ("LANES", self.pe),
                ("INPUT_BITS", self.input_bits),
                ("THRESHOLD_BITS", self.threshold_bits),
                ("OUTPUT_BITS", self.output_bits),
                ("SIGNED", self.signed),
                *((("INVERTS", 1),) if self.inverts else ()),
            ),
        )


OPERATOR = Threshold
