"""Duplicate: copies one stream to two."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import lane_bits, positive
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class Duplicate(Operator):
    """Copies each beat to both outputs."""

    lanes: int
    bits: int
    beats: int
    signed: bool = False

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The stream to copy."""
        return (Stream(self.lanes, self.bits, self.beats, self.signed),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """Both copies."""
        return self.inputs * 2

    def cycles(self) -> int:
        """C / PE * H * W: one beat a cycle."""
        return self.beats

    def area(self) -> Resources:
        """Handshake only."""
        return by_formula(luts=4)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes."""
        return tuple(positive(self, "lanes", "beats") + lane_bits(self, "bits"))

    @property
    def cpp_function(self) -> str:
        """`farm::duplicate`: the type of a beat follows from the streams."""
        return f"farm::duplicate<{self.beats}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_duplicate`."""
        return SvModule("farm_duplicate", (("WIDTH", self.lanes * self.bits),))


OPERATOR = Duplicate
