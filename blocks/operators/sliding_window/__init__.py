"""Sliding window: turns a map into the columns that a matrix-vector unit multiplies."""

from __future__ import annotations

from blocks.operators.base import Mistake, Stream, SvModule, by_formula
from blocks.operators.checks import divides, kernel_fits, lane_bits, positive
from blocks.operators.window import WindowOperator
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class SlidingWindow(WindowOperator):
    """Windows of `kernel` x `kernel` over a map that is already padded (`height` x `width` x `channels`).

    There is one beat for each group of `mmv` horizontally consecutive output pixels, kernel row, kernel column and
    channel fold, in this order. Lane m * simd + s is channel fold * simd + s of pixel m of the group.
    """

    sv_rooms = ("fifo",)

    simd: int
    bits: int
    mmv: int = 1

    @property
    def folds(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.simd

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The padded map, `simd` channels a beat."""
        return (Stream(self.simd, self.bits, self.height * self.width * self.folds),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The windows, `mmv * simd` lanes a beat."""
        beats = self.out_height * self.out_width // self.mmv * self.kernel * self.kernel * self.folds
        return (Stream(self.mmv * self.simd, self.bits, beats),)

    @property
    def buffers_input(self) -> bool:
        """True if a window has more than one pixel, or a beat several windows."""
        return self.kernel > 1 or self.mmv > 1

    def cycles(self) -> int:
        """A beat of `mmv` windows a cycle: `window_cycles` with cf = C / simd.

        FINN's formula starts with ((K - 1) * W + K) * cf, because its first window leaves before the K-th row is
        complete; ours leaves after it. 1x1 windows with mmv 1 need no buffer: one beat of the input a cycle.
        """
        if self.kernel == 1 and self.mmv == 1:
            return self.inputs[0].beats
        return self.window_cycles(self.folds, self.mmv)

    def area(self) -> Resources:
        """300 + width * ceil(depth / 38) LUTs (FINN-R); a deep buffer is block RAM instead."""
        if self.kernel == 1 and self.mmv == 1:
            return by_formula(luts=60)
        return by_formula(luts=300) + self.line_buffer(self.simd * self.bits, self.folds)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the kernel fits the map, and that folds divide."""
        found = positive(self, "channels", "height", "width", "kernel", "stride", "simd", "mmv")
        found += lane_bits(self, "bits")
        if found:
            return tuple(found)
        found = divides(self, "simd", "channels", self.channels)
        kernel = kernel_fits(self, self.kernel, self.height, self.width)
        return tuple(found + (kernel or divides(self, "mmv", "the output columns", self.out_width)))

    @property
    def cpp_function(self) -> str:
        """`farm::sliding_window`, or `farm::subsample` for 1x1 windows of one pixel at a time."""
        if self.kernel == 1 and self.mmv == 1:
            return (
                f"farm::subsample<{self.channels}, {self.height}, {self.width}, {self.stride}, "
                f"{self.simd}, {self.bits}>"
            )
        return (
            f"farm::sliding_window<{self.channels}, {self.height}, {self.width}, {self.kernel}, {self.stride}, "
            f"{self.simd}, {self.bits}, {self.mmv}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_sliding_window`, or `farm_subsample` for 1x1 windows of one pixel at a time."""
        sizes = (
            ("WIDTH", self.simd * self.bits),
            ("FOLDS", self.folds),
            ("ROWS", self.height),
            ("COLUMNS", self.width),
            ("STRIDE", self.stride),
        )
        if self.kernel == 1 and self.mmv == 1:
            return SvModule("farm_subsample", sizes)
        return SvModule("farm_sliding_window", (*sizes, ("KERNEL", self.kernel), ("MMV", self.mmv)))


OPERATOR = SlidingWindow
