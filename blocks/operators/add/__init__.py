"""Add: two streams, or a stream and a trained bias, times small factors; minus an offset, then saturated."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, ParameterStream, Stream, SvModule, by_formula, signed_bits
from blocks.operators.checks import MAX_LANE_BITS, at_most, lane_bits, positive
from blocks.operators.estimate import CREDIT_LUTS, OUTPUT_BEATS, buffer
from config.fpga_resources import Resources
from config.frozen import dataclass

MAX_FACTOR = 256
MANY_BITS_ABOVE = 4
"""Bits of a sum above the output that do not fit into the LUT of an output bit."""


def _span(bits: int, signed: bool) -> tuple[int, int]:
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


@dataclass(frozen=True)
class _Scaled:
    """A lane times its factor."""

    bits: int
    signed: bool
    factor: int

    @property
    def added(self) -> int:
        """Bits that the product's additions add: one for each further 1 of the factor."""
        ones = [place for place in range(self.factor.bit_length()) if self.factor >> place & 1]
        apart = ones[1] - ones[0] if len(ones) > 1 and not self.signed else 0
        return max(0, (len(ones) - 1) * self.bits - apart)

    @property
    def places(self) -> tuple[int, int]:
        """The lowest bit that may be set, and the end of the bits."""
        low = (self.factor & -self.factor).bit_length() - 1
        low_value, high_value = _span(self.bits, self.signed)
        end = signed_bits(self.factor * low_value, self.factor * high_value)
        return low, end if self.signed else end - 1

    def common(self, other: _Scaled) -> int:
        """Bits that both have. A sign goes on to the end of the other one."""
        (low, end), (other_low, other_end) = self.places, other.places
        shorter = self if end < other_end else other
        both = max(end, other_end) if shorter.signed else min(end, other_end)
        return max(0, both - max(low, other_low))


@dataclass(frozen=True)
class Add(Operator):
    """out = a_factor * a + b_factor * b - offset, saturated to both ends of the output range.

    An output that holds every sum saturates nothing, and has no comparisons.
    If both values have an offset (v stands for v - 8), the sum has it twice, and `offset` subtracts it once.
    With `b_parameter` b is a trained bias, one value per element of an image.
    """

    later_fields = ("a_factor", "b_factor")

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
    a_factor: int = 1
    b_factor: int = 1

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
    def _sums(self) -> tuple[int, int]:
        """The lowest and the highest sum, without the offset."""
        (a_low, a_high), (b_low, b_high) = _span(self.a_bits, self.a_signed), _span(self.b_bits, self.b_signed)
        return self.a_factor * a_low + self.b_factor * b_low, self.a_factor * a_high + self.b_factor * b_high

    @property
    def saturates(self) -> bool:
        """Whether there are sums that the output does not hold."""
        low, high = self._sums
        return low - self.offset < self.output_range[0] or high - self.offset > self.output_range[1]

    @property
    def scales(self) -> bool:
        """Whether a factor is more than 1."""
        return (self.a_factor, self.b_factor) != (1, 1)

    @property
    def sum_bits(self) -> int:
        """Two's complement bits that hold the sums, with and without offset, the offset and both ends of the output."""
        low, high = self._sums
        factors = (self.a_factor, self.b_factor) if self.scales else ()
        reach = (low, high, low - self.offset, high - self.offset, self.offset, *self.output_range, *factors)
        return signed_bits(min(reach), max(reach))

    def cycles(self) -> int:
        """C / PE * H * W: one beat a cycle."""
        return self.beats

    def area(self) -> Resources:
        """Per lane the bits that are really added, two a LUT, and the output buffer. Fitted to synthesis.

        Bits that one operand alone has, and those of an offset, pass through the carry chain. To saturate takes a bit
        for each of the output, but for a sign, and the offset's ends half a bit more; many bits above it two LUTs.
        """
        a = _Scaled(self.a_bits, self.a_signed, self.a_factor)
        b = _Scaled(self.b_bits, self.b_signed, self.b_factor)
        added = a.added + b.added + a.common(b)
        clamped = self.output_bits - self.output_signed + (self.offset != 0) / 2 if self.saturates else 0
        above = 2 if self.saturates and self.sum_bits - self.output_bits >= MANY_BITS_ABOVE else 0
        luts = (
            CREDIT_LUTS
            + self.lanes * ((added + clamped) / 2 + above)
            + buffer(self.lanes * self.output_bits, OUTPUT_BEATS)
        )
        return by_formula(luts=luts)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes and the width of the sum."""
        found = positive(self, "lanes", "beats", "a_factor", "b_factor") + lane_bits(
            self, "a_bits", "b_bits", "output_bits"
        )
        if found:
            return tuple(found)
        for field in ("a_factor", "b_factor"):
            found += at_most(self, field, "highest factor", MAX_FACTOR)
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
        factors = f", {self.a_factor}, {self.b_factor}" if self.scales else ""
        return (
            f"farm::add<{self.lanes}, {self.beats}, {self.sum_bits}, {self.output_bits}, {signed}, "
            f"{self.offset}{factors}>"
        )

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
                *((("A_FACTOR", self.a_factor), ("B_FACTOR", self.b_factor)) if self.scales else ()),
                *(() if self.saturates else (("SATURATES", 0),)),
            ),
        )


OPERATOR = Add
