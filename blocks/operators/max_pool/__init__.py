"""Max pool over a map that is already padded."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.operators.base import Mistake, Operator, Stream, SvModule, by_formula
from blocks.operators.checks import divides, kernel_fits, lane_bits, positive
from blocks.operators.estimate import window_memory
from config.fpga_resources import Resources


@dataclass(frozen=True)
class MaxPool(Operator):
    """The largest unsigned value of each `kernel` x `kernel` window, channel by channel, `lanes` channels a beat."""

    channels: int
    height: int
    width: int
    kernel: int
    stride: int
    lanes: int
    bits: int

    @property
    def out_height(self) -> int:
        """Output rows."""
        return (self.height - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Output columns."""
        return (self.width - self.kernel) // self.stride + 1

    @property
    def folds(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.lanes

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The padded map."""
        return (Stream(self.lanes, self.bits, self.height * self.width * self.folds),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The pooled map."""
        return (Stream(self.lanes, self.bits, self.out_height * self.out_width * self.folds),)

    @property
    def gathers(self) -> bool:
        """A window of more than one pixel."""
        return self.kernel > 1

    def cycles(self) -> int:
        """K * W * cf + OH * max(OW * K^2 * cf, stride * W * cf) with cf = C / lanes.

        FINN counts C * K^2 / PE * OH * OW, which leaves out filling the line buffer.
        """
        emitted = self.out_width * self.kernel * self.kernel * self.folds
        loaded = self.stride * self.width * self.folds
        return self.kernel * self.width * self.folds + self.out_height * max(emitted, loaded)

    def area(self) -> Resources:
        """A comparison per bit and a line buffer as in the sliding window."""
        depth = (self.kernel + self.stride) * self.width * self.folds
        return by_formula(luts=300 + 2 * self.lanes * self.bits) + window_memory(self.lanes * self.bits, depth)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Sizes, the kernel within the map, the fold of the channels."""
        found = positive(self, "channels", "height", "width", "kernel", "stride", "lanes") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        return tuple(
            divides(self, "lanes", "channels", self.channels) + kernel_fits(self, self.kernel, self.height, self.width)
        )

    @property
    def cpp_function(self) -> str:
        """`farm::max_pool` with this shape."""
        return (
            f"farm::max_pool<{self.channels}, {self.height}, {self.width}, {self.kernel}, {self.stride}, "
            f"{self.lanes}, {self.bits}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_max_pool`, made of `farm_sliding_window`."""
        return SvModule(
            "farm_max_pool",
            (
                ("LANES", self.lanes),
                ("BITS", self.bits),
                ("FOLDS", self.folds),
                ("ROWS", self.height),
                ("COLUMNS", self.width),
                ("KERNEL", self.kernel),
                ("STRIDE", self.stride),
            ),
        )
