"""The shape that operators on windows share: rows and columns, and the number of windows."""

from __future__ import annotations

from blocks.operators.base import Mistake, Operator
from blocks.operators.checks import positive
from config.frozen import dataclass

Size = int | tuple[int, int]
"""Rows and columns: one number where both are alike, else (rows, columns)."""


def rows_and_columns(size: Size) -> tuple[int, int]:
    """Both numbers of a size."""
    return (size, size) if isinstance(size, int) else size


def size_of(rows: int, columns: int) -> Size:
    """The size in its only form: one number where both are alike."""
    return rows if rows == columns else (rows, columns)


def shown(size: Size) -> str:
    """For messages: `3x3`."""
    return "{}x{}".format(*rows_and_columns(size))


@dataclass(frozen=True)
class WindowOperator(Operator):
    """Windows of `kernel` rows and columns, `stride` apart, of a map that is already padded."""

    channels: int
    height: int
    width: int
    kernel: Size
    stride: Size

    def __post_init__(self) -> None:
        """Give a size its only form: equal shapes are equal hardware, and a core is named after its shape.

        A step reads shapes from JSON, where two numbers are a list.
        """
        for field in ("kernel", "stride"):
            size = getattr(self, field)
            if isinstance(size, tuple | list) and len(size) == 2:
                object.__setattr__(self, field, size_of(*size))

    @property
    def kernel_rows(self) -> int:
        """Rows of a window."""
        return rows_and_columns(self.kernel)[0]

    @property
    def kernel_columns(self) -> int:
        """Columns of a window."""
        return rows_and_columns(self.kernel)[1]

    @property
    def window_pixels(self) -> int:
        """Pixels of a window."""
        return self.kernel_rows * self.kernel_columns

    @property
    def stride_rows(self) -> int:
        """Rows from one window to the one below it."""
        return rows_and_columns(self.stride)[0]

    @property
    def stride_columns(self) -> int:
        """Columns from one window to the one beside it."""
        return rows_and_columns(self.stride)[1]

    @property
    def read_width(self) -> int:
        """Columns that windows read."""
        return self.width

    @property
    def out_height(self) -> int:
        """Output rows."""
        return (self.height - self.kernel_rows) // self.stride_rows + 1

    @property
    def out_width(self) -> int:
        """Output columns."""
        return (self.read_width - self.kernel_columns) // self.stride_columns + 1

    def window_cycles(self, folds: int, windows: int = 1) -> int:
        """KH * W * cf + OH * max(OW / windows * KH * KW * cf, SH * W * cf), where cf is `folds`, the beats of a pixel.

        The kernel is KH x KW, SH is the stride from row to row. `windows` windows are read at once. While those of one
        output row leave, the rows for the next one arrive.
        """
        emitted = self.out_width // windows * self.window_pixels * folds
        loaded = self.stride_rows * self.width * folds
        return self.kernel_rows * self.width * folds + self.out_height * max(emitted, loaded)

    @property
    def sv_columns(self) -> tuple[tuple[str, int], ...]:
        """Parameters of its module where `KERNEL` and `STRIDE` are those of rows alone."""
        columns = (("KERNEL_COLUMNS", self.kernel_columns), ("STRIDE_COLUMNS", self.stride_columns))
        return () if self.is_square else columns

    @property
    def cpp_columns(self) -> str:
        """Template arguments of its C++ behind the others where `KERNEL` and `STRIDE` are those of rows alone."""
        return "" if self.is_square else f", {self.kernel_columns}, {self.stride_columns}"

    @property
    def is_square(self) -> bool:
        """Whether rows and columns are alike, of the kernel and of the stride."""
        return isinstance(self.kernel, int) and isinstance(self.stride, int)

    def size_mistakes(self) -> list[Mistake]:
        """Map, kernel and stride that are no whole numbers of at least 1."""
        found = positive(self, "channels", "height", "width")
        for field in ("kernel", "stride"):
            size = getattr(self, field)
            if not isinstance(size, tuple):
                found += positive(self, field)
            elif len(size) != 2 or not all(type(each) is int and each >= 1 for each in size):
                remedy = f"{field} is a whole number of at least 1, or two: of rows and of columns"
                found.append(Mistake(field, f"{field} is {size!r}", remedy))
        return found

    def fit_mistakes(self) -> list[Mistake]:
        """A window that does not fit into the map once."""
        if self.kernel_rows <= self.height and self.kernel_columns <= self.read_width:
            return []
        most = f"{self.height} x {self.read_width}"
        if isinstance(self.kernel, int):
            most = str(min(self.height, self.read_width))
        what = f"kernel {shown(self.kernel)} does not fit a map of {self.height} x {self.read_width}"
        return [Mistake("kernel", what, f"kernel is at most {most}, or pad the map in front of it")]
