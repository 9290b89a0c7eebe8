"""Kernel, stride and padding of a node, as our windows have them."""

from __future__ import annotations

from typing import Any

from blocks.operators.window import Size, size_of
from blocks.qonnx.file import Node
from blocks.qonnx.lowering.flow import CHW, Flow
from blocks.qonnx.lowering.refusal import RefusedError
from config.frozen import dataclass

MOST_KERNEL = 255


@dataclass(frozen=True)
class Windows:
    """`kernel`, `stride`: rows, columns. `pad`: top, left, bottom, right."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int, int, int]

    @property
    def keys(self) -> dict[str, Any]:
        """As the network file says it."""
        keys: dict[str, Any] = {"kernel": _written(size_of(*self.kernel))}
        if self.stride != (1, 1):
            keys["stride"] = _written(size_of(*self.stride))
        if any(self.pad):
            keys["pad"] = list(self.pad)
        return keys

    def leave(self, flow: Flow) -> tuple[int, int]:
        """Rows and columns of what they leave of a map. Raises RefusedError where they do not fit."""
        top, left, bottom, right = self.pad
        rows, columns = flow.height + top + bottom, flow.width + left + right
        if self.kernel[0] > rows or self.kernel[1] > columns:
            what = f"a window of {self.kernel[0]}x{self.kernel[1]} in a padded map of {rows}x{columns}"
            raise RefusedError(what, "a smaller window")
        if max(top, bottom) >= self.kernel[0] or max(left, right) >= self.kernel[1]:
            raise RefusedError(
                f"windows of nothing but padding {list(self.pad)}", "less padding than the kernel's size"
            )
        return (rows - self.kernel[0]) // self.stride[0] + 1, (columns - self.kernel[1]) // self.stride[1] + 1


def _written(size: Size) -> int | list[int]:
    return size if isinstance(size, int) else list(size)


def read_windows(node: Node, flow: Flow, kernel: tuple[int, ...] | None = None) -> Windows:
    """The windows of a Conv or a pool over a map. Raises RefusedError."""
    given = node.attributes
    kernel = tuple(given.get("kernel_shape") or kernel or ())
    if len(kernel) != 2 or flow.axes != CHW:
        what = f"a kernel {list(kernel)} over a tensor {list(flow.shape)} of layout {flow.axes}"
        raise RefusedError(what, "two dimensions, channels first (a Transpose in front of it)")
    strides = tuple(given.get("strides", (1, 1)))
    dilations = tuple(given.get("dilations", (1, 1)))
    if set(dilations) != {1}:
        raise RefusedError(f"dilation {list(dilations)}", "dilation 1")
    if len(strides) != 2 or not all(type(each) is int and 1 <= each <= MOST_KERNEL for each in (*kernel, *strides)):
        raise RefusedError(f"kernel {list(kernel)} with strides {list(strides)}", f"two of each, 1 to {MOST_KERNEL}")
    size, stride = (kernel[0], kernel[1]), (strides[0], strides[1])
    return Windows(size, stride, _pads(node, flow, size, stride))


def _pads(node: Node, flow: Flow, kernel: tuple[int, int], strides: tuple[int, int]) -> tuple[int, int, int, int]:
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    pads = tuple(node.attributes.get("pads", (0, 0, 0, 0)))
    if auto == "NOTSET":
        if len(pads) != 4 or min(pads) < 0:
            raise RefusedError(f"padding {list(pads)}", "four numbers from 0")
        made = pads[0], pads[1], pads[2], pads[3]
    elif auto == "VALID":
        made = 0, 0, 0, 0
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        of_each = zip((flow.height, flow.width), kernel, strides, strict=True)
        rows, columns = (max(0, (-(-n // stride) - 1) * stride + size - n) for n, size, stride in of_each)
        less, more = (rows // 2, columns // 2), (-(-rows // 2), -(-columns // 2))
        first, last = (less, more) if auto == "SAME_UPPER" else (more, less)
        made = first[0], first[1], last[0], last[1]
    else:
        raise RefusedError(f"auto_pad {auto[:20]}", "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if node.attributes.get("ceil_mode", 0):
        top, left, bottom, right = made
        spans = flow.height + top + bottom - kernel[0], flow.width + left + right - kernel[1]
        if any(span % stride for span, stride in zip(spans, strides, strict=True)):
            raise RefusedError("ceil_mode with windows beyond the edge", "ceil_mode 0, or padding that makes it whole")
    return made
