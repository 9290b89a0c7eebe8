"""The shape that operators on windows share: the number of windows, and the line buffer."""

from __future__ import annotations

from blocks.operators.base import Operator
from blocks.operators.estimate import window_memory
from config.fpga_resources import Resources
from config.frozen import dataclass


@dataclass(frozen=True)
class WindowOperator(Operator):
    """Windows of `kernel` x `kernel`, `stride` apart, of a map that is already padded."""

    channels: int
    height: int
    width: int
    kernel: int
    stride: int

    @property
    def out_height(self) -> int:
        """Output rows."""
        return (self.height - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Output columns."""
        return (self.width - self.kernel) // self.stride + 1

    def window_cycles(self, folds: int, windows: int = 1) -> int:
        """K * W * cf + OH * max(OW / windows * K^2 * cf, stride * W * cf), where cf is `folds`, the beats of a pixel.

        `windows` windows are read at once. While those of one output row leave, the rows for the next one arrive.
        """
        emitted = self.out_width // windows * self.kernel * self.kernel * folds
        loaded = self.stride * self.width * folds
        return self.kernel * self.width * folds + self.out_height * max(emitted, loaded)

    def line_buffer(self, width_bits: int, folds: int) -> Resources:
        """Area of a buffer for kernel + stride rows, with `folds` beats of `width_bits` bits per pixel."""
        return window_memory(width_bits, (self.kernel + self.stride) * self.width * folds)
