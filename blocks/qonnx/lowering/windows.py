"""Kernel, stride and padding of a node, as our windows have them."""

from __future__ import annotations

from typing import Any

from blocks.kinds.window import MOST_KERNEL, NO_PAD, ONE_PIXEL, Pair, Sides, misfits, value_of
from blocks.qonnx.file import Node
from blocks.qonnx.lowering.flow import CHW, Flow
from blocks.qonnx.lowering.refusal import RefusedError
from config.frozen import dataclass

_NEAREST = {"kernel": "a smaller window, or more padding", "pad": "less padding than the kernel's size"}
"""By the key whose value does not fit."""


@dataclass(frozen=True)
class Windows:
    """`kernel`, `stride`: rows, columns. `pad`: top, left, bottom, right."""

    kernel: Pair
    stride: Pair
    pad: Sides

    @property
    def keys(self) -> dict[str, Any]:
        """As the network file says it."""
        keys: dict[str, Any] = {"kernel": value_of(self.kernel)}
        if self.stride != ONE_PIXEL:
            keys["stride"] = value_of(self.stride)
        if any(self.pad):
            keys["pad"] = list(self.pad)
        return keys

    def leave(self, flow: Flow) -> tuple[int, int]:
        """Rows and columns of what they leave of a map. Raises RefusedError where they do not fit."""
        for key, what, _ in misfits(self.kernel, self.pad, flow.height, flow.width):
            raise RefusedError(what, _NEAREST[key])
        top, left, bottom, right = self.pad
        rows, columns = flow.height + top + bottom, flow.width + left + right
        return (rows - self.kernel[0]) // self.stride[0] + 1, (columns - self.kernel[1]) // self.stride[1] + 1


def read_windows(node: Node, flow: Flow, kernel: tuple[int, ...] | None = None) -> Windows:
    """The windows of a Conv or a pool over a map. Raises RefusedError."""
    given = node.attributes
    kernel = tuple(given.get("kernel_shape") or kernel or ())
    if len(kernel) != 2 or flow.axes != CHW:
        what = f"a kernel {list(kernel)} over a tensor {list(flow.shape)} of layout {flow.axes}"
        raise RefusedError(what, "two dimensions, channels first (a Transpose in front of it)")
    strides = tuple(given.get("strides", ONE_PIXEL))
    dilations = tuple(given.get("dilations", ONE_PIXEL))
    if set(dilations) != {1}:
        raise RefusedError(f"dilation {list(dilations)}", "dilation 1")
    if len(strides) != 2 or not all(type(each) is int and 1 <= each <= MOST_KERNEL for each in (*kernel, *strides)):
        raise RefusedError(f"kernel {list(kernel)} with strides {list(strides)}", f"two of each, 1 to {MOST_KERNEL}")
    size, stride = (kernel[0], kernel[1]), (strides[0], strides[1])
    return Windows(size, stride, _pads(node, flow, size, stride))


def _pads(node: Node, flow: Flow, kernel: Pair, strides: Pair) -> Sides:
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    pads = tuple(node.attributes.get("pads", NO_PAD))
    if auto == "NOTSET":
        if len(pads) != 4 or min(pads) < 0:
            raise RefusedError(f"padding {list(pads)}", "four numbers from 0")
        made = pads[0], pads[1], pads[2], pads[3]
    elif auto == "VALID":
        made = NO_PAD
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
