"""Kernel, stride and padding of a node, as our windows have them."""

from __future__ import annotations

from typing import Any

from blocks.qonnx.file import Node
from blocks.qonnx.lowering.flow import CHW, Flow
from blocks.qonnx.lowering.refusal import RefusedError
from config.frozen import dataclass

MOST_KERNEL = 255


@dataclass(frozen=True)
class Windows:
    """Square windows. `pad`: top, left, bottom, right."""

    kernel: int
    stride: int
    pad: tuple[int, int, int, int]

    @property
    def keys(self) -> dict[str, Any]:
        """As the network file says it."""
        keys: dict[str, Any] = {"kernel": self.kernel}
        if self.stride > 1:
            keys["stride"] = self.stride
        if any(self.pad):
            keys["pad"] = list(self.pad)
        return keys

    def leave(self, flow: Flow) -> tuple[int, int]:
        """Rows and columns of what they leave of a map. Raises RefusedError where they do not fit."""
        top, left, bottom, right = self.pad
        rows, columns = flow.height + top + bottom, flow.width + left + right
        if self.kernel > min(rows, columns):
            what = f"a window of {self.kernel}x{self.kernel} in a padded map of {rows}x{columns}"
            raise RefusedError(what, "a smaller window")
        if max(self.pad) >= self.kernel:
            raise RefusedError(
                f"windows of nothing but padding {list(self.pad)}", "less padding than the kernel's size"
            )
        return (rows - self.kernel) // self.stride + 1, (columns - self.kernel) // self.stride + 1


def read_windows(node: Node, flow: Flow, kernel: tuple[int, ...] | None = None) -> Windows:
    """The windows of a Conv or a pool over a map. Raises RefusedError."""
    given = node.attributes
    kernel = tuple(given.get("kernel_shape") or kernel or ())
    if len(kernel) != 2 or flow.axes != CHW:
        what = f"a kernel {list(kernel)} over a tensor {list(flow.shape)} of layout {flow.axes}"
        raise RefusedError(what, "two dimensions, channels first (a Transpose in front of it)")
    strides = tuple(given.get("strides", (1, 1)))
    dilations = tuple(given.get("dilations", (1, 1)))
    if kernel[0] != kernel[1] or len(set(strides)) != 1:
        raise RefusedError(f"kernel {list(kernel)} with strides {list(strides)}", "square kernels, equal strides")
    if set(dilations) != {1}:
        raise RefusedError(f"dilation {list(dilations)}", "dilation 1")
    if not 1 <= kernel[0] <= MOST_KERNEL or not 1 <= strides[0] <= MOST_KERNEL:
        raise RefusedError(f"kernel {kernel[0]}, stride {strides[0]}", f"1 to {MOST_KERNEL}")
    return Windows(kernel[0], strides[0], _pads(node, flow, kernel[0], strides[0]))


def _pads(node: Node, flow: Flow, kernel: int, stride: int) -> tuple[int, int, int, int]:
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    pads = tuple(node.attributes.get("pads", (0, 0, 0, 0)))
    if auto == "NOTSET":
        if len(pads) != 4 or min(pads) < 0:
            raise RefusedError(f"padding {list(pads)}", "four numbers from 0")
        made = pads[0], pads[1], pads[2], pads[3]
    elif auto == "VALID":
        made = 0, 0, 0, 0
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        rows, columns = (max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in (flow.height, flow.width))
        less, more = (rows // 2, columns // 2), (-(-rows // 2), -(-columns // 2))
        first, last = (less, more) if auto == "SAME_UPPER" else (more, less)
        made = first[0], first[1], last[0], last[1]
    else:
        raise RefusedError(f"auto_pad {auto[:20]}", "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if node.attributes.get("ceil_mode", 0):
        top, left, bottom, right = made
        rest = (flow.height + top + bottom - kernel) % stride, (flow.width + left + right - kernel) % stride
        if any(rest):
            raise RefusedError("ceil_mode with windows beyond the edge", "ceil_mode 0, or padding that makes it whole")
    return made
