"""Sum pool over a map that is already padded: average pooling without its division."""

from __future__ import annotations

from blocks.operators.base import Mistake, Stream, SvModule, by_formula, unsigned_bits
from blocks.operators.checks import MAX_LANE_BITS, divides, lane_bits, positive
from blocks.operators.estimate import NARROW_SLICE_BITS, OUTPUT_BEATS, SLICE_BEATS, buffer, memory
from blocks.operators.window import WindowOperator
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class SumPool(WindowOperator):
    """The sum of each window of `kernel` of unsigned values, channel by channel, `lanes` channels a beat.

    The sum is not divided: the thresholds, or the multipliers of a Requantize, behind it do that.
    """

    sv_rooms = ("fifo", "sliding_window")
    header_rooms = ("sliding_window",)

    lanes: int
    bits: int

    @property
    def folds(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.lanes

    @property
    def highest(self) -> int:
        """The highest sum."""
        return self.window_pixels * ((1 << self.bits) - 1)

    @property
    def output_bits(self) -> int:
        """Bits of a sum."""
        return unsigned_bits(self.highest)

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The padded map."""
        return (Stream(self.lanes, self.bits, self.height * self.width * self.folds),)

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The sums."""
        return (Stream(self.lanes, self.output_bits, self.out_height * self.out_width * self.folds),)

    @property
    def buffers_input(self) -> bool:
        """True if a window has more than one pixel."""
        return self.window_pixels > 1

    def cycles(self) -> int:
        """One value of one window a cycle: `window_cycles` with cf = C / lanes."""
        return self.window_cycles(self.folds)

    def area(self) -> Resources:
        """Counters, an adder per lane, the sums, two buffers and the line buffer. Fitted to synthesis.

        The line buffer has a power of two of words, in block RAM where LUTs would be many.
        """
        sums, beat = self.lanes * self.output_bits, self.lanes * self.bits
        leaving = buffer(sums, SLICE_BEATS) if sums >= NARROW_SLICE_BITS else sums / 2
        if self.window_pixels == 1:
            row = -(-self.width // self.stride_columns) * self.folds
            return by_formula(luts=28 + leaving) + memory(beat, row)
        address = (self.held_rows * self.width * self.folds - 1).bit_length()
        luts = 47 + 3.5 * address + 0.76 * sums + buffer(sums, self.folds) + leaving + buffer(beat, OUTPUT_BEATS)
        return by_formula(luts=luts) + memory(beat, 1 << address)

    @property
    def held_rows(self) -> int:
        """Rows of the line buffer in RTL."""
        return self.kernel_rows + self.stride_rows + 1

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the kernel fits the map, that lanes divide the channels, and the width of a sum."""
        found = self.size_mistakes() + positive(self, "lanes") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        if self.output_bits > MAX_LANE_BITS:
            what = f"a sum takes {self.output_bits} bits"
            found.append(Mistake("bits", what, f"a lane has at most {MAX_LANE_BITS} bits: lower bits or kernel"))
        found += divides(self, "lanes", "channels", self.channels)
        return tuple(found + self.fit_mistakes())

    @property
    def cpp_function(self) -> str:
        """`farm::sum_pool` with this shape."""
        return (
            f"farm::sum_pool<{self.channels}, {self.height}, {self.width}, {self.kernel_rows}, {self.stride_rows}, "
            f"{self.lanes}, {self.bits}, {self.output_bits}{self.cpp_columns}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_sum_pool`, made of `farm_sliding_window`."""
        return SvModule(
            "farm_sum_pool",
            (
                ("LANES", self.lanes),
                ("BITS", self.bits),
                ("OUTPUT_BITS", self.output_bits),
                ("FOLDS", self.folds),
                ("ROWS", self.height),
                ("COLUMNS", self.width),
                ("KERNEL", self.kernel_rows),
                ("STRIDE", self.stride_rows),
                *self.sv_columns,
            ),
        )


OPERATOR = SumPool
