"""Max pool over a map that is already padded."""

from __future__ import annotations

from blocks.operators.base import Mistake, Stream, SvModule, by_formula
from blocks.operators.checks import divides, lane_bits, positive
from blocks.operators.estimate import OUTPUT_BEATS, buffer, comparison, line_buffer, memory, register_slice
from blocks.operators.window import WindowOperator, shown
from config.fpga_resources import Resources
from config.frozen import dataclass

SHORTEST_ROW_BEATS = 16
CONTROL_LUTS = 32
"""Counters where beats are taken as they arrive (fitted)."""
FEW_BITS_LUTS = {1: 0.5, 2: 1.0, 3: 2.5}
"""The larger of two values of so few bits, where it is made without a comparison apart (fitted)."""


@dataclass(frozen=True)
class MaxPool(WindowOperator):
    """The largest unsigned value of each window of `kernel`, channel by channel, `lanes` channels a beat.

    It reads each window out of a line buffer, a beat for each of its pixels. With `beatwise` it takes each beat of
    the map once, as it arrives: as fast as the map, for more comparators.
    """

    later_fields = ("beatwise",)
    sv_rooms = ("fifo", "sliding_window")
    header_rooms = ("sliding_window",)

    lanes: int
    bits: int
    beatwise: bool = False

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
        return self.window_pixels > 1

    def cycles(self) -> int:
        """One value of one window a cycle: `window_cycles` with cf = C / lanes. With `beatwise` one beat of the map.

        FINN counts C * K^2 / PE * OH * OW, which ignores the filling of the line buffer.
        """
        return self.inputs[0].beats if self.beatwise else self.window_cycles(self.folds)

    def area(self) -> Resources:
        """A comparison per lane, the maxima of all folds, a slice, and the windows of a line buffer.

        `beatwise` makes KH + KW - 2 comparisons at once, and keeps pixels and rows of maxima. Fitted to synthesis.
        """
        beat = self.lanes * self.bits
        if self.beatwise:
            above, left = self.kernel_rows - 1, self.kernel_columns - 1
            wide = self._largest_luts * (1.2 if max(above, left) > 1 else 1)  # one comparison waits for another
            larger = FEW_BITS_LUTS.get(self.bits, wide)
            kept = buffer(left * beat, self.folds) + buffer(beat, OUTPUT_BEATS)
            luts = CONTROL_LUTS + (above + left) * self.lanes * larger + kept
            return by_formula(luts=luts) + memory(above * beat, self.out_width * self.folds)
        windows = line_buffer(beat, self.kernel_rows + self.stride_rows + 1, self.width * self.folds)
        kept = buffer(beat, OUTPUT_BEATS) + buffer(beat, self.folds) + register_slice(beat)
        return windows + by_formula(luts=self.lanes * self._largest_luts + kept)

    @property
    def _largest_luts(self) -> float:
        """LUTs of the larger one of two values: those that choose, and a comparison, which 2 bits do not need apart."""
        return self.bits + (comparison(self.bits, self.bits, signed=False) if self.bits > 2 else 0)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Checks sizes, that the kernel fits the map, and that lanes divide the channels."""
        found = self.size_mistakes() + positive(self, "lanes") + lane_bits(self, "bits")
        if found:
            return tuple(found)
        found = divides(self, "lanes", "channels", self.channels) + self.fit_mistakes()
        if not found and self.beatwise and not self.can_be_beatwise:
            found.append(
                Mistake(
                    "beatwise",
                    f"beatwise with kernel {shown(self.kernel)} and rows of {self.width * self.folds} beats",
                    f"beatwise takes a kernel of several pixels and rows of at least {SHORTEST_ROW_BEATS} beats",
                )
            )
        return tuple(found)

    @property
    def can_be_beatwise(self) -> bool:
        """Whether a row is so long that the pipeline of the C++ view has stored a maximum before it is read again."""
        return self.window_pixels > 1 and self.width * self.folds >= SHORTEST_ROW_BEATS

    @property
    def cpp_function(self) -> str:
        """`farm::max_pool` or `farm::max_pool_beats` with this shape."""
        function = "max_pool_beats" if self.beatwise else "max_pool"
        return (
            f"farm::{function}<{self.channels}, {self.height}, {self.width}, {self.kernel_rows}, {self.stride_rows}, "
            f"{self.lanes}, {self.bits}{self.cpp_columns}>"
        )

    @property
    def sv_module(self) -> SvModule:
        """`farm_max_pool`, made of `farm_sliding_window`, or `farm_max_pool_beats`."""
        return SvModule(
            "farm_max_pool_beats" if self.beatwise else "farm_max_pool",
            (
                ("LANES", self.lanes),
                ("BITS", self.bits),
                ("FOLDS", self.folds),
                ("ROWS", self.height),
                ("COLUMNS", self.width),
                ("KERNEL", self.kernel_rows),
                ("STRIDE", self.stride_rows),
                *self.sv_columns,
            ),
        )


OPERATOR = MaxPool
