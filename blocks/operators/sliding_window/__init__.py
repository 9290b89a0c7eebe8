"""Sliding window: turns a map into the columns that a matrix-vector unit multiplies."""

from __future__ import annotations

from math import gcd, lcm

from blocks.operators.base import Mistake, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, positive
from blocks.operators.estimate import OUTPUT_BEATS, buffer, choice, fifo, line_buffer
from blocks.operators.window import WindowOperator
from config.fpga_resources import Resources
from config.frozen import dataclass

SUBSAMPLE_LUTS = 16
"""Counters where windows are pixels (fitted)."""


@dataclass(frozen=True)
class SlidingWindow(WindowOperator):
    """Windows of `kernel` over a map that is already padded (`height` x `width` x `channels`).

    There is one beat for each group of `mmv` horizontally consecutive output pixels, kernel row, kernel column and
    channel fold, in this order. Lane m * simd + s is channel fold * simd + s of pixel m of the group.

    `simd` may also cross kernel positions: it then divides a kernel row of its columns times `channels` elements,
    and a beat holds `simd` consecutive ones of each pixel. The input has whole pixels then, `pixels` a beat. The last
    `spare` columns of the map fill its beats; no window reads them.
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
    def passes_pixels(self) -> bool:
        """Whether windows are pixels, one at a time: it needs no line buffer."""
        return self.window_pixels == 1 and self.mmv == 1 and not self.by_rows

    @property
    def read_width(self) -> int:
        """Columns that windows read."""
        return self.width - self.spare

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
        beats = self.out_height * self.out_width // self.mmv * self.window_pixels * self.channels // self.simd
        return (Stream(self.mmv * self.simd, self.bits, beats),)

    @property
    def buffers_input(self) -> bool:
        """True if a window has more than one pixel, or a beat several windows."""
        return self.window_pixels > 1 or self.mmv > 1 or self.by_rows

    def cycles(self) -> int:
        """A beat of `mmv` windows a cycle: `window_cycles` with cf = C / simd.

        FINN's formula starts with ((K - 1) * W + K) * cf, because its first window leaves before the K-th row is
        complete; ours leaves after it. 1x1 windows with mmv 1 need no buffer: one beat of the input a cycle.

        By rows: the beats of the input or those of the windows, whichever are more. If the buffer does not hold the
        first kernel rows of the next image beside the last of this one, the windows wait for the rest. The C++ view
        works on one image at a time, and waits for all of them.
        """
        if self.by_rows:
            left = self.height - (self.out_height - 1) * self.stride_rows
            waited = max(0, self.kernel_rows + left - self._held_rows) * self.width // self.pixels
            return max(self.inputs[0].beats, self.outputs[0].beats + waited)
        if self.passes_pixels:
            return self.inputs[0].beats
        return self.window_cycles(self.folds, self.mmv)

    def area(self) -> Resources:
        """Line buffer, what turns the columns of several windows into their order, and output buffer.

        By rows also what chooses the beat of a kernel row. Fitted to synthesis.
        """
        beat = self.mmv * self.simd * self.bits
        if self.passes_pixels:
            places = max(4, -(-self.width // self.stride_columns) * self.folds)
            return by_formula(luts=SUBSAMPLE_LUTS) + fifo(beat, places)
        rows, leaving = self.kernel_rows + self.stride_rows + 1, buffer(beat, OUTPUT_BEATS)
        if self.by_rows:
            turned = self._span * self.channels * self.bits * choice(self.turns)
            chosen = beat * choice(self.kernel_columns * self.channels // self.simd)
            lines = line_buffer(self.channels * self.bits, rows, -(-self.width // self.banks), self.banks)
            return lines + by_formula(luts=turned + chosen + leaving)
        banks = self.mmv * self.stride_columns if self.mmv > 1 else 1
        turned = beat * _turning(min(self.kernel_columns, banks)) if banks > 1 else 0
        lines = line_buffer(self.simd * self.bits, rows, -(-self.width // banks) * self.folds, banks)
        return lines + by_formula(luts=turned + leaving)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the kernel fits the map, and that folds divide."""
        found = self.size_mistakes() + positive(self, "simd", "mmv", "pixels") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        if self.kernel_columns == 1:
            found = divides(self, "simd", "channels", self.channels)
        else:
            found = divides(self, "simd", "a kernel row of", self.kernel_columns * self.channels)
        found += divides(self, "pixels", "the columns of the padded map", self.width)
        return tuple(found + (self.fit_mistakes() or divides(self, "mmv", "the output columns", self.out_width)))

    @property
    def _span(self) -> int:
        """Columns that the windows of a beat cover."""
        return (self.mmv - 1) * self.stride_columns + self.kernel_columns

    @property
    def banks(self) -> int:
        """Memories of the line buffer by rows. Column x is in bank x % banks, so `_span` columns are read at once.

        A multiple of `pixels`, which are written at once; and, unless that doubles it, of the step from one group to
        the next, because a group that begins at a fixed bank needs no multiplexer.
        """
        steady = lcm(self.pixels, self.mmv * self.stride_columns)
        banks = steady * -(-self._span // steady)
        return banks if banks <= 2 * self._span else self.pixels * -(-self._span // self.pixels)

    @property
    def turns(self) -> int:
        """Banks that can hold the first column of a group."""
        return self.banks // gcd(self.banks, self.mmv * self.stride_columns)

    @property
    def _held_rows(self) -> int:
        """HELD_ROWS of `farm_window_rows`."""
        row_words = -(-self.width // self.banks)
        return (1 << ((self.kernel_rows + self.stride_rows + 1) * row_words - 1).bit_length()) // row_words

    @property
    def cpp_function(self) -> str:
        """`farm::sliding_window`, `farm::window_rows`, or `farm::subsample` for 1x1 windows of one pixel at a time."""
        if self.by_rows:
            return (
                f"farm::window_rows<{self.channels}, {self.height}, {self.width}, {self.out_width}, "
                f"{self.kernel_rows}, {self.stride_rows}, {self.simd}, {self.bits}, {self.mmv}, {self.pixels}, "
                f"{self.banks}, {self.turns}{self.cpp_columns}>"
            )
        if self.passes_pixels:
            columns = "" if self.is_square else f", {self.stride_columns}"
            return (
                f"farm::subsample<{self.channels}, {self.height}, {self.width}, {self.stride_rows}, "
                f"{self.simd}, {self.bits}{columns}>"
            )
        return (
            f"farm::sliding_window<{self.channels}, {self.height}, {self.width}, {self.kernel_rows}, "
            f"{self.stride_rows}, {self.simd}, {self.bits}, {self.mmv}{self.cpp_columns}>"
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
                    ("KERNEL", self.kernel_rows),
                    ("STRIDE", self.stride_rows),
                    ("MMV", self.mmv),
                    ("BANKS", self.banks),
                    ("TURNS", self.turns),
                    *self.sv_columns,
                ),
            )
        sizes = (
            ("WIDTH", self.simd * self.bits),
            ("FOLDS", self.folds),
            ("ROWS", self.height),
            ("COLUMNS", self.width),
            ("STRIDE", self.stride_rows),
        )
        if self.passes_pixels:
            return SvModule("farm_subsample", (*sizes, *self.sv_columns[1:]))
        made = (*sizes, ("KERNEL", self.kernel_rows), ("MMV", self.mmv), *self.sv_columns)
        return SvModule("farm_sliding_window", made)


def _turning(words: int) -> float:
    """LUTs a bit of a multiplexer of so many words by the column of the kernel (fitted)."""
    return 1.4 if words <= 3 else (words + 1) / 2


OPERATOR = SlidingWindow
