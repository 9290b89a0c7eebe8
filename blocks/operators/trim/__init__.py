"""Trim: drops the lanes behind the last channel of each pixel, and gives beats that divide the channels."""

from __future__ import annotations

from collections import Counter

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
        """A LUT a bit for each place of a beat and for each behind its end, and more where several beats may lie.

        Fitted to synthesis, but only to a seventh: it treats like shapes unlike.
        """
        starts = (fold * self.lanes_in % self.lanes_out for fold in range(self.folds))
        places = Counter(start + lane for start in starts for lane in range(self.lanes_in))
        behind, shared = sum(at >= self.lanes_out for at in places), sum(beats > 1 for beats in places.values())
        return by_formula(luts=6 + self.bits * (self.lanes_out + behind + 0.4 * shared))

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
