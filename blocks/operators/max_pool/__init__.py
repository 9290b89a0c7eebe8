"""Max pool over a map that is already padded."""

from __future__ import annotations

from blocks.operators.base import Mistake, Stream, SvModule, by_formula
from blocks.operators.checks import divides, kernel_fits, lane_bits, positive
from blocks.operators.window import WindowOperator
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class MaxPool(WindowOperator):
    """The largest unsigned value of each `kernel` x `kernel` window, channel by channel, `lanes` channels a beat."""

    sv_rooms = ("fifo", "sliding_window")
    header_rooms = ("sliding_window",)

    lanes: int
    bits: int

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
    def buffers_input(self) -> bool:
        """True if a window has more than one pixel."""
        return self.kernel > 1

    def cycles(self) -> int:
        """One value of one window a cycle: `window_cycles` with cf = C / lanes.

        FINN counts C * K^2 / PE * OH * OW, which ignores the filling of the line buffer.
        """
        return self.window_cycles(self.folds)

    def area(self) -> Resources:
        """A comparison per bit and a line buffer as in the sliding window."""
        compared = by_formula(luts=300 + 2 * self.lanes * self.bits)
        return compared + self.line_buffer(self.lanes * self.bits, self.folds)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the kernel fits the map, and that lanes divide the channels."""
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


OPERATOR = MaxPool
