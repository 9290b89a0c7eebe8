"""Sliding window: turns a map into the columns that a matrix-vector unit multiplies."""

from __future__ import annotations

from math import gcd, lcm

from blocks.operators.base import Mistake, Stream, SvModule, by_formula
from blocks.operators.checks import divides, kernel_fits, lane_bits, positive
from blocks.operators.estimate import window_memory
from blocks.operators.window import WindowOperator
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class SlidingWindow(WindowOperator):
    """Windows of `kernel` x `kernel` over a map that is already padded (`height` x `width` x `channels`).

    There is one beat for each group of `mmv` horizontally consecutive output pixels, kernel row, kernel column and
    channel fold, in this order. Lane m * simd + s is channel fold * simd + s of pixel m of the group.

    `simd` may also cross kernel positions: it then divides a kernel row of `kernel * channels` elements, and a beat
    holds `simd` consecutive ones of each pixel. The input has whole pixels then, `pixels` a beat. The last `spare`
    columns of the map fill its beats; no window reads them.
    """

    later_fields = ("pixels", "spare")
    sv_rooms = ("fifo",)

    simd: int
    bits: int
    mmv: int = 1
    pixels: int = 1
    spare: int = 0

    @property
    def by_rows(self) -> bool:
        """Whether kernel rows are read as a whole: beats cross kernel positions, or several pixels arrive at once."""
        return self.channels % self.simd != 0 or self.pixels > 1

    @property
    def out_width(self) -> int:
        """Output columns."""
        return (self.width - self.spare - self.kernel) // self.stride + 1

    @property
    def folds(self) -> int:
        """Beats of one pixel, where beats do not cross kernel positions."""
        return self.channels // self.simd

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The padded map, `simd` channels or `pixels` whole pixels a beat."""
        lanes = self.pixels * self.channels if self.by_rows else self.simd
        return (Stream(lanes, self.bits, self.height * self.width * self.channels // lanes),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The windows, `mmv * simd` lanes a beat."""
        beats = self.out_height * self.out_width // self.mmv * self.kernel * self.kernel * self.channels // self.simd
        return (Stream(self.mmv * self.simd, self.bits, beats),)

    @property
    def buffers_input(self) -> bool:
        """True if a window has more than one pixel, or a beat several windows."""
        return self.kernel > 1 or self.mmv > 1 or self.by_rows

    def cycles(self) -> int:
        """A beat of `mmv` windows a cycle: `window_cycles` with cf = C / simd.

        FINN's formula starts with ((K - 1) * W + K) * cf, because its first window leaves before the K-th row is
        complete; ours leaves after it. 1x1 windows with mmv 1 need no buffer: one beat of the input a cycle.

        By rows: the beats of the input or those of the windows, whichever are more. If the buffer does not hold the
        first kernel rows of the next image beside the last of this one, the windows wait for the rest. The C++ view
        works on one image at a time, and waits for all of them.
        """
        if self.by_rows:
            left = self.height - (self.out_height - 1) * self.stride
            waited = max(0, self.kernel + left - self._held_rows) * self.width // self.pixels
            return max(self.inputs[0].beats, self.outputs[0].beats + waited)
        if self.kernel == 1 and self.mmv == 1 and not self.by_rows:
            return self.inputs[0].beats
        return self.window_cycles(self.folds, self.mmv)

    def area(self) -> Resources:
        """300 + width * ceil(depth / 38) LUTs (FINN-R); a deep buffer is block RAM instead.

        By rows: the banks, a multiplexer that turns the columns, and one that chooses the beat (own estimate).
        """
        if self.by_rows:
            wide, row = self.mmv * self.simd * self.bits, self._span * self.channels * self.bits
            turned = row * (self.turns - 1) / 2 + wide * (self.kernel * self.channels // self.simd - 1) / 2
            memory = window_memory(self.channels * self.bits, self._held_rows * -(-self.width // self.banks))
            return sum([memory] * self.banks, by_formula(luts=300 + turned))
        if self.kernel == 1 and self.mmv == 1 and not self.by_rows:
            return by_formula(luts=60)
        return by_formula(luts=300) + self.line_buffer(self.simd * self.bits, self.folds)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the kernel fits the map, and that folds divide."""
        found = positive(self, "channels", "height", "width", "kernel", "stride", "simd", "mmv", "pixels")
        found += lane_bits(self, "bits")
        if found:
            return tuple(found)
        if self.kernel == 1:
            found = divides(self, "simd", "channels", self.channels)
        else:
            found = divides(self, "simd", "a kernel row of", self.kernel * self.channels)
        kernel = kernel_fits(self, self.kernel, self.height, self.width - self.spare)
        found += divides(self, "pixels", "the columns of the padded map", self.width)
        return tuple(found + (kernel or divides(self, "mmv", "the output columns", self.out_width)))

    @property
    def _span(self) -> int:
        """Columns that the windows of a beat cover."""
        return (self.mmv - 1) * self.stride + self.kernel

    @property
    def banks(self) -> int:
        """Memories of the line buffer by rows. Column x is in bank x % banks, so `_span` columns are read at once.

        A multiple of `pixels`, which are written at once; and, unless that doubles it, of the step from one group to
        the next, because a group that begins at a fixed bank needs no multiplexer.
        """
        steady = lcm(self.pixels, self.mmv * self.stride)
        banks = steady * -(-self._span // steady)
        return banks if banks <= 2 * self._span else self.pixels * -(-self._span // self.pixels)

    @property
    def turns(self) -> int:
        """Banks that can hold the first column of a group."""
        return self.banks // gcd(self.banks, self.mmv * self.stride)

    @property
    def _held_rows(self) -> int:
        """HELD_ROWS of `farm_window_rows`."""
        row_words = -(-self.width // self.banks)
        return (1 << ((self.kernel + self.stride + 1) * row_words - 1).bit_length()) // row_words

    @property
    def cpp_function(self) -> str:
        """`farm::sliding_window`, `farm::window_rows`, or `farm::subsample` for 1x1 windows of one pixel at a time."""
        if self.by_rows:
            return (
                f"farm::window_rows<{self.channels}, {self.height}, {self.width}, {self.out_width}, {self.kernel}, "
                f"{self.stride}, {self.simd}, {self.bits}, {self.mmv}, {self.pixels}, {self.banks}, {self.turns}>"
            )
        if self.kernel == 1 and self.mmv == 1 and not self.by_rows:
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
        """`farm_sliding_window`, `farm_window_rows`, or `farm_subsample` for 1x1 windows of one pixel at a time."""
        if self.by_rows:
            return SvModule(
                "farm_window_rows",
                (
                    ("LANE_BITS", self.bits),
                    ("CHANNELS", self.channels),
                    ("SIMD", self.simd),
                    ("PIXELS", self.pixels),
                    ("ROWS", self.height),
                    ("COLUMNS", self.width),
                    ("GROUPS", self.out_width // self.mmv),
                    ("KERNEL", self.kernel),
                    ("STRIDE", self.stride),
                    ("MMV", self.mmv),
                    ("BANKS", self.banks),
                    ("TURNS", self.turns),
                ),
            )
        sizes = (
            ("WIDTH", self.simd * self.bits),
            ("FOLDS", self.folds),
            ("ROWS", self.height),
            ("COLUMNS", self.width),
            ("STRIDE", self.stride),
        )
        if self.kernel == 1 and self.mmv == 1 and not self.by_rows:
            return SvModule("farm_subsample", sizes)
        return SvModule("farm_sliding_window", (*sizes, ("KERNEL", self.kernel), ("MMV", self.mmv)))


OPERATOR = SlidingWindow
