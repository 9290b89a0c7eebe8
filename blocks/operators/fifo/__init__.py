"""FIFO: buffers `depth` beats."""

from __future__ import annotations

from blocks.operators import estimate
from blocks.operators.base import Mistake, Operator, Stream, SvModule
from blocks.operators.checks import lane_bits, positive
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class Fifo(Operator):
    """Passes beats on unchanged. In HLS its output stream holds the `depth` beats."""

    lanes: int
    bits: int
    beats: int
    depth: int
    signed: bool = False

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The stream to buffer."""
        return (Stream(self.lanes, self.bits, self.beats, self.signed),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The same beats."""
        return self.inputs

    def cycles(self) -> int:
        """One beat a cycle."""
        return self.beats

    def area(self) -> Resources:
        """Counters, and a memory of LUTs or block RAM. Fitted to synthesis."""
        return estimate.fifo(self.lanes * self.bits, self.depth)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes."""
        return tuple(positive(self, "lanes", "beats", "depth") + lane_bits(self, "bits"))

    @property
    def cpp_function(self) -> str:
        """`farm::fifo`: the type of a beat follows from the streams."""
        return f"farm::fifo<{self.beats}, {self.depth}>"

    @property
    def sv_module(self) -> SvModule:
        """`farm_fifo`. Only simulations read its port `level`."""
        return SvModule("farm_fifo", (("WIDTH", self.lanes * self.bits), ("DEPTH", self.depth)))


OPERATOR = Fifo
