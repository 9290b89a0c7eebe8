"""Width converter: changes the number of elements in a beat."""

from __future__ import annotations

from math import lcm

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, positive
from blocks.operators.estimate import choice
from config.fpga_resources import Resources
from config.frozen import dataclass

SPARE_CYCLES = 8
"""Slack for stalls that a producer must allow before its output beats are split in place, without a copy."""

WIDEN_LUTS, NARROW_LUTS = 8, 5
"""Counters and handshake of a beat that is gathered, and of one that is taken apart (fitted)."""


@dataclass(frozen=True)
class WidthConverter(Operator):
    """Beats of `lanes_in` elements become beats of `lanes_out`, in any ratio. An image has `elements` elements."""

    lanes_in: int
    lanes_out: int
    bits: int
    elements: int
    signed: bool = False

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """Beats of `lanes_in`."""
        return (Stream(self.lanes_in, self.bits, self.elements // self.lanes_in, self.signed),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """Beats of `lanes_out`."""
        return (Stream(self.lanes_out, self.bits, self.elements // self.lanes_out, self.signed),)

    @property
    def whole_ratio(self) -> bool:
        """Whether one side is a multiple of the other."""
        return self.lanes_in % self.lanes_out == 0 or self.lanes_out % self.lanes_in == 0

    @property
    def buffers_input(self) -> bool:
        """True if it gathers several beats into one."""
        return self.lanes_out > self.lanes_in

    def cycles(self) -> int:
        """Beats of the narrower side. If the ratio is not whole: beats of both sides, one after the other."""
        beats = self.inputs[0].beats, self.outputs[0].beats
        return max(beats) if self.whole_ratio else sum(beats)

    def area(self) -> Resources:
        """Counters, and a multiplexer of the parts of a wide beat. Fitted to synthesis. Gathering takes registers."""
        common = lcm(self.lanes_in, self.lanes_out)
        gathers = WIDEN_LUTS if common > self.lanes_in else 0
        parts = common // self.lanes_out
        chooses = NARROW_LUTS + self.lanes_out * self.bits * choice(parts) if parts > 1 else 0
        return by_formula(luts=gathers + chooses)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks that an image is a whole number of beats on both sides."""
        found = positive(self, "lanes_in", "lanes_out", "elements") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        return tuple(
            divides(self, "lanes_in", "elements", self.elements) + divides(self, "lanes_out", "elements", self.elements)
        )

    @property
    def cpp_function(self) -> str:
        """`farm::widen`, `farm::narrow`, or `farm::regroup` if the ratio is not whole."""
        sizes = f"<{self.lanes_in}, {self.lanes_out}, {self.elements}>"
        if self.lanes_out % self.lanes_in == 0:
            return "farm::widen" + sizes
        return ("farm::narrow" if self.whole_ratio else "farm::regroup") + sizes

    @property
    def sv_module(self) -> SvModule:
        """`farm_width_converter`."""
        return self.sv_module_behind(None)

    def sv_module_behind(self, producer: Operator | None) -> SvModule:
        """`sv_module` after `producer`. Beats are split in place at its output if that costs the producer no cycle."""
        common = lcm(self.lanes_in, self.lanes_out)
        sizes = (("LANES_IN", self.lanes_in), ("LANES_OUT", self.lanes_out), ("BITS", self.bits), ("COMMON", common))
        parts = self.lanes_in // self.lanes_out
        may_wait = producer.max_hold_cycles() if producer else 0
        held = common == self.lanes_in and parts > 1 and may_wait >= parts + SPARE_CYCLES
        return SvModule("farm_width_converter", (*sizes, *((("INPUT_HELD", 1),) if held else ())))


OPERATOR = WidthConverter
