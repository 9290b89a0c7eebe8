"""Windows over a map, as the network file gives them: rows and columns of kernel and stride, and the padding."""

from __future__ import annotations

from collections.abc import Iterator

from blocks.operators.window import size_of
from config.document import Section

Pair = tuple[int, int]
"""Rows and columns."""
Sides = tuple[int, int, int, int]
"""Rows and columns of padding: top, left, bottom, right."""

ONE_PIXEL: Pair = (1, 1)
NO_PAD: Sides = (0, 0, 0, 0)
MOST_KERNEL = 255
"""Far above any network's. Without a limit a mistyped number would be factored for minutes."""


def value_of(pair: Pair) -> int | list[int]:
    """Its value in the file: 3, or [3, 1] where rows and columns differ."""
    size = size_of(*pair)
    return size if isinstance(size, int) else list(size)


def written(pair: Pair) -> str:
    """As the file says it: `3`, or `[3, 1]`."""
    return str(value_of(pair))


def read_window(section: Section) -> tuple[Pair, Pair, Sides]:
    """Read `kernel`, `stride` and `pad` of a window; mistakes go to the section."""
    kernel = section.pair("kernel", minimum=1, maximum=MOST_KERNEL)
    stride = section.pair("stride", default=ONE_PIXEL, minimum=1, maximum=MOST_KERNEL)
    top, left, bottom, right = section.integers("pad", length=4, default=NO_PAD, minimum=0)
    pad = top, left, bottom, right
    if section.ok:
        for key, what, remedy in only_padding(kernel, pad):
            section.problem(key, what, remedy)
    return kernel, stride, pad


def misfits(kernel: Pair, pad: Sides, height: int, width: int) -> Iterator[tuple[str, str, str]]:
    """The first mistake of a window over a map of so many rows and columns, as (key, what, remedy)."""
    top, left, bottom, right = pad
    yield from list(only_padding(kernel, pad)) or too_large(kernel, height + top + bottom, width + left + right)


def only_padding(kernel: Pair, pad: Sides) -> Iterator[tuple[str, str, str]]:
    """The mistake of a window that may lie in the padding as a whole, as (key, what, remedy)."""
    top, left, bottom, right = pad
    rows, columns = kernel
    if max(top, bottom) >= rows or max(left, right) >= columns:
        what = f"with padding {list(pad)} some {rows}x{columns} windows hold nothing but padding"
        most = f"{rows - 1} rows or columns" if rows == columns else f"{rows - 1} rows and {columns - 1} columns"
        yield "pad", what, f"pad at most {most}"


def too_large(kernel: Pair, rows: int, columns: int) -> Iterator[tuple[str, str, str]]:
    """The mistake of a window that does not fit a padded map of so many rows and columns, as (key, what, remedy)."""
    if kernel[0] > rows or kernel[1] > columns:
        what = f"a {kernel[0]}x{kernel[1]} window does not fit a padded map of {rows}x{columns}"
        yield "kernel", what, "make it smaller or pad more"
