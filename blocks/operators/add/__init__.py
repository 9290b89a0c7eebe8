"""Add: two streams, or a stream and a trained bias; minus an offset, then saturated."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, ParameterStream, Stream, SvModule, by_formula, signed_bits
from blocks.operators.checks import MAX_LANE_BITS, lane_bits, positive
from config.fpga_resources import Resources
from config.frozen import dataclass


def _span(bits: int, signed: bool) -> tuple[int, int]:
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


@dataclass(frozen=True)
class Add(Operator):
    """out = a + b - offset, saturated to both ends of the output range.

    If both values have an offset (v stands for v - 8), the sum has it twice, and `offset` subtracts it once.
    With `b_parameter` b is a trained bias, one value per element of an image.
    """

    lanes: int
    beats: int
    a_bits: int
    a_signed: bool
    b_bits: int
    b_signed: bool
    output_bits: int
    output_signed: bool
    offset: int
    b_parameter: bool = False

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """a, then b unless it is a parameter."""
        a = Stream(self.lanes, self.a_bits, self.beats, self.a_signed)
        return (a,) if self.b_parameter else (a, Stream(self.lanes, self.b_bits, self.beats, self.b_signed))

    @property
    def parameters(self) -> tuple[ParameterStream, ...]:
        """The bias, if b is one."""
        if not self.b_parameter:
            return ()
        return (ParameterStream(self.lanes, self.b_bits, self.beats, self.b_signed, role="bias"),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The saturated sums."""
        return (Stream(self.lanes, self.output_bits, self.beats, self.output_signed),)

    @property
    def output_range(self) -> tuple[int, int]:
        """The two ends to which sums saturate."""
        return _span(self.output_bits, self.output_signed)

    @property
    def sum_bits(self) -> int:
        """Two's complement bits that hold a + b, a + b - offset, the offset and both ends of the output."""
        (a_low, a_high), (b_low, b_high) = _span(self.a_bits, self.a_signed), _span(self.b_bits, self.b_signed)
        low, high = a_low + b_low, a_high + b_high
        reach = (low, high, low - self.offset, high - self.offset, self.offset, *self.output_range)
        return signed_bits(min(reach), max(reach))

    def cycles(self) -> int:
        """C / PE * H * W: one beat a cycle."""
        return self.beats

    def area(self) -> Resources:
        """Adder, offset and two comparisons per lane (own estimate)."""
        return by_formula(luts=3 * self.lanes * self.sum_bits)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes and the width of the sum."""
        found = positive(self, "lanes", "beats") + lane_bits(self, "a_bits", "b_bits", "output_bits")
        if found:
            return tuple(found)
        if self.sum_bits > MAX_LANE_BITS:
            found.append(
                Mistake(
                    "a_bits",
                    f"the sum takes {self.sum_bits} bits",
                    f"a lane has at most {MAX_LANE_BITS} bits: narrow a_bits, b_bits or output_bits",
                )
            )
        return tuple(found)

    @property
    def cpp_function(self) -> str:
        """`farm::add`. Its arguments are a, b, output, whether b is a stream or a parameter."""
        signed = "true" if self.output_signed else "false"
        return f"farm::add<{self.lanes}, {self.beats}, {self.sum_bits}, {self.output_bits}, {signed}, {self.offset}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_add`: b is `in1` whether it is a stream or a parameter."""
        return SvModule(
            "farm_add",
            (
                ("LANES", self.lanes),
                ("A_BITS", self.a_bits),
                ("B_BITS", self.b_bits),
                ("A_SIGNED", self.a_signed),
                ("B_SIGNED", self.b_signed),
                ("SUM_BITS", self.sum_bits),
                ("OUTPUT_BITS", self.output_bits),
                ("OUTPUT_SIGNED", self.output_signed),
                ("OFFSET", self.offset),
            ),
        )


OPERATOR = Add
