"""Windows over the pixels of a map, as Conv and the pools of ONNX lay them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from blocks.qonnx.interpreter.traced import Array, InterpreterError
from config.frozen import dataclass

_MOST = 4096
_MOST_TAKEN = 1 << 28
"""Numbers of all windows together; with more, memory would run out."""


@dataclass(frozen=True)
class Windows:
    """`rows` x `columns` windows of `kernel` at distances of `strides`, on a map padded by `pads`.

    Attributes:
        kernel: Rows and columns of a window.
        pads: Top, left, bottom, right, as ONNX has them.
    """

    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    rows: int
    columns: int

    def taken(self, x: Array, padding: float) -> Array:
        """The windows of x [N, C, H, W]: [N, C, rows, columns, kernel rows, kernel columns]."""
        top, left, bottom, right = self.pads
        if x.shape[0] * x.shape[1] * self.rows * self.columns * math.prod(self.kernel) > _MOST_TAKEN:
            raise InterpreterError("its windows hold more numbers than are computed here")
        padded: Array = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=padding)
        windows: Any = np.lib.stride_tricks.sliding_window_view
        views = windows(padded, self.kernel, axis=(2, 3))
        return np.asarray(views[:, :, :: self.strides[0], :: self.strides[1]])


def windows_of(shape: Sequence[int], attributes: Mapping[str, Any], kernel: Sequence[int] | None = None) -> Windows:
    """The windows that a node's attributes lay over a map of `shape` [rows, columns]."""
    given = attributes.get("kernel_shape", kernel)
    if given is None or len(given) != 2 or (kernel is not None and tuple(given) != tuple(kernel)):
        raise InterpreterError("its kernel_shape is missing, or is not that of its weights")
    height, width = (int(n) for n in given)
    strides = tuple(int(n) for n in attributes.get("strides", (1, 1)))
    if len(strides) != 2 or min(strides) < 1 or min(height, width) < 1 or max(height, width, *strides) > _MOST:
        raise InterpreterError("its windows or strides are not defined")
    if any(n != 1 for n in attributes.get("dilations", ())):
        raise InterpreterError("dilations are not defined")
    pads = _pads(shape, attributes, (height, width), (strides[0], strides[1]))
    spans = [
        extent + pads[axis] + pads[axis + 2] - size
        for axis, (extent, size) in enumerate(zip(shape, (height, width), strict=True))
    ]
    rows, columns = (span // stride + 1 for span, stride in zip(spans, strides, strict=True))
    if attributes.get("ceil_mode") and any(span % stride for span, stride in zip(spans, strides, strict=True)):
        raise InterpreterError("ceil_mode with windows beyond the edge is not defined")
    if min(rows, columns) < 1:
        raise InterpreterError("a window is larger than its map")
    return Windows((height, width), (strides[0], strides[1]), pads, rows, columns)


def _pads(
    shape: Sequence[int], attributes: Mapping[str, Any], kernel: tuple[int, int], strides: tuple[int, int]
) -> tuple[int, int, int, int]:
    mode = str(attributes.get("auto_pad", "NOTSET"))
    if mode in ("NOTSET", ""):
        pads = tuple(int(n) for n in attributes.get("pads", (0, 0, 0, 0)))
        if len(pads) != 4 or min(pads) < 0 or max(pads[0], pads[2]) >= kernel[0] or max(pads[1], pads[3]) >= kernel[1]:
            raise InterpreterError(f"pads {list(pads)} are not defined for a kernel of {list(kernel)}")
        return pads[0], pads[1], pads[2], pads[3]
    if mode == "VALID":
        return 0, 0, 0, 0
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise InterpreterError(f"auto_pad {mode} is not defined")
    before, after = [], []
    for extent, size, stride in zip(shape, kernel, strides, strict=True):
        total = max(0, (-(-extent // stride) - 1) * stride + size - extent)
        less, more = total // 2, total - total // 2
        before.append(less if mode == "SAME_UPPER" else more)
        after.append(more if mode == "SAME_UPPER" else less)
    return before[0], before[1], after[0], after[1]
