"""Trim: drops the lanes behind the last channel of each pixel, and gives beats that divide the channels."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, positive
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class Trim(Operator):
    """Beats of `lanes_in` channels, the last one of each pixel not full, become full beats of `lanes_out`.

    It stands behind operators whose PE does not divide their channels: their last fold has lanes that mean nothing.
    """

    later_fields = ("signed",)

    channels: int
    pixels: int
    lanes_in: int
    lanes_out: int
    bits: int
    signed: bool = False

    @property
    def folds(self) -> int:
        """Beats of a pixel at the input."""
        return -(-self.channels // self.lanes_in)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """`lanes_in` channels a beat; the last beat of a pixel ends with lanes that are dropped."""
        return (Stream(self.lanes_in, self.bits, self.pixels * self.folds, self.signed),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """`lanes_out` channels a beat."""
        return (Stream(self.lanes_out, self.bits, self.pixels * self.channels // self.lanes_out, self.signed),)

    @property
    def buffers_input(self) -> bool:
        """True: a beat waits until the next one fills it."""
        return True

    def cycles(self) -> int:
        """ceil(C / lanes_in) * H * W: a beat of the input a cycle."""
        return self.inputs[0].beats

    def area(self) -> Resources:
        """A multiplexer of the places where a beat may begin, and an OR (own estimate)."""
        places = min(self.folds, self.lanes_out)
        return by_formula(luts=self.bits * (self.lanes_out + self.lanes_in) * (1 + places / 4) + 40)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that beats grow, and that those of the output divide the channels."""
        found = positive(self, "channels", "pixels", "lanes_in", "lanes_out") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        found = divides(self, "lanes_out", "channels", self.channels)
        if self.lanes_in > self.lanes_out:
            what = f"{self.lanes_out} lanes out are fewer than {self.lanes_in} in"
            found.append(Mistake("lanes_out", what, f"lanes_out is at least {self.lanes_in}"))
        return tuple(found)

    @property
    def cpp_function(self) -> str:
        """`farm::trim` with this shape."""
        signed = ", true" if self.signed else ""
        return f"farm::trim<{self.channels}, {self.pixels}, {self.lanes_in}, {self.lanes_out}, {self.bits}{signed}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_trim`."""
        return SvModule(
            "farm_trim",
            (
                ("BITS", self.bits),
                ("CHANNELS", self.channels),
                ("LANES_IN", self.lanes_in),
                ("LANES_OUT", self.lanes_out),
            ),
        )


OPERATOR = Trim
