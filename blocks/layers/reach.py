"""How far a layer reads before it gives something: the windows of a map, or the whole of it.

The FIFO between a fork and a join has its depth from this (`blocks/layers/join.py`).
"""

from __future__ import annotations

from blocks.kinds.window import ONE_PIXEL, Pair, Sides
from blocks.layers.base import Layer


class ReadsWindows(Layer):
    """A layer that reads windows of `kernel` rows and columns."""

    kernel: Pair
    stride: Pair
    pad: Sides

    @property
    def waits(self) -> bool:
        """A window of more than one pixel."""
        return self.kernel != ONE_PIXEL

    def rows_needed(self, rows: int) -> int:
        """A window waits for its last row. The ring of rows holds those of the next stride too."""
        wanted = rows * self.stride[0] + self.kernel[0] - self.pad[0]
        return min(self.source.height, max(0, wanted)) if rows else 0

    def pixel_needed(self, row: int, column: int) -> tuple[int, int]:
        """The last one of the window, as far as it is on the map."""
        of_each = zip((row, column), self.stride, self.kernel, self.pad[:2], strict=True)
        y, x = (at * stride + kernel - 1 - pad for at, stride, kernel, pad in of_each)
        return min(max(y, 0), self.source.height - 1), min(max(x, 0), self.source.width - 1)

    def rows_made(self, rows: int) -> int:
        """Rows of windows that have begun to leave when so many rows have come."""
        begun = (rows + self.pad[0] - self.kernel[0]) // self.stride[0] + 1
        return max(0, min(self.output.height, begun)) if rows else 0


class ReadsMap(Layer):
    """A layer that needs the whole map before it gives its one pixel."""

    @property
    def waits(self) -> bool:
        """For the whole map."""
        return self.source.pixels > 1

    def rows_needed(self, rows: int) -> int:
        """Everything."""
        return self.source.height if rows else 0

    def pixel_needed(self, row: int, column: int) -> tuple[int, int]:
        """The last one of the map."""
        return self.source.height - 1, self.source.width - 1

    def rows_made(self, rows: int) -> int:
        """One, when everything has come."""
        return int(rows >= self.source.height)
