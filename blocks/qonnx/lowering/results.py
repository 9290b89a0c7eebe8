"""The end of a network: numbers, or the best indices, and how the file's tensor follows from them."""

from __future__ import annotations

import dataclasses

import numpy as np

from blocks.qonnx.file import Node
from blocks.qonnx.lowering.flow import FLAT_CHW, FLAT_HWC, Flow, Layer
from blocks.qonnx.lowering.products import MOST_WEIGHT_BITS
from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.steps import Arithmetic, Array

_EXACT = 1 << 24
"""Up to here float32 holds each whole number."""
_TABLE = 1 << 22
"""Sums of a channel up to which the order of results is compared one by one."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What the network gives, and the file's output tensor.

    Attributes:
        tensor: The tensor that numbers stand for; of indices the one that they choose from.
        top: How many indices come out, best first; 0 if numbers do.
        bias: int64 [C], which the network has added to the sums; zeros if it adds none.
        flow: The sums and the arithmetic behind them.
        negated: Whether weights were negated, because the arithmetic turns the order around.
    """

    tensor: str
    top: int
    bias: Array
    flow: Flow
    negated: bool = False

    def values(self, numbers: Array) -> Array:
        """The file's float32 tensor [N, ...] of the numbers int64 [N, H, W, C] that the network gives (`top` 0)."""
        return self._laid_out(self.flow.values(self._sums(numbers)))

    def products(self, numbers: Array) -> Array:
        """The sums alone, without a bias, times their scale: float64 [N, ...] in the shape of the file's tensor."""
        return self._laid_out(self._sums(numbers) * self.flow.scale[:, None])

    def _sums(self, numbers: Array) -> Array:
        made: Array = np.asarray(numbers, np.int64).reshape(-1, self.flow.channels).T - self.bias[:, None]
        return made

    def _laid_out(self, values: Array) -> Array:
        flow = self.flow
        made = values.T.reshape(-1, flow.height, flow.width, flow.channels)
        if flow.axes in ("chw", FLAT_CHW):
            made = made.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(made).reshape(-1, *flow.shape)


def result(flow: Flow, node: Node, tensor: str, top: int) -> tuple[Flow, Result]:
    """End a network with numbers (`top` 0) or with its best indices.

    Raises:
        RefusedError: results that no integers stand for, or whose order they do not have.
    """
    if flow.pools:
        raise RefusedError(f"a max pool ('{flow.pools[0][1].node}') of sums at the end", "a Quant in front of it")
    if flow.trunk.before is None and flow.trunk.joined is None:
        raise RefusedError("a network without a layer", "at least a quantizer")
    bias = _whole_bias(flow)
    if top:
        return _best(flow, tensor, top, bias)
    if bias is not None:
        _product(flow, lambda layer: _with_bias(layer, bias))
    return flow, Result(tensor, 0, np.zeros(flow.channels, np.int64) if bias is None else bias, flow)


def _best(flow: Flow, tensor: str, top: int, bias: Array | None) -> tuple[Flow, Result]:
    if flow.axes not in (FLAT_CHW, FLAT_HWC) or flow.height * flow.width > 1:
        raise RefusedError(f"the best of a tensor {list(flow.shape)}", "a list of numbers (Flatten, MatMul)")
    if not 1 <= top <= flow.channels:
        raise RefusedError(f"the best {top} of {flow.channels} numbers", f"1 to {flow.channels}")
    alike = (flow.scale == flow.scale[0]).all()
    if bias is not None and alike and flow.scale[0] > 0:
        if not _holds_each(flow, bias):
            what = "the best of sums and a bias that float32 rounds, so that the file tells equal numbers apart"
            raise RefusedError(
                what, "a scale that is a power of two, no bias in the last layer, or raw sums (no --top)"
            )
        _product(flow, lambda layer: _with_bias(layer, bias))
        made = Result(tensor, top, bias, flow)
    elif alike and all(step.shared for step in flow.steps):
        made = _of_one_order(flow, tensor, top)
    else:
        what = "the best of numbers whose scale, or what is added behind them, differs by channel"
        nearest = "one scale, above 0, for all outputs of the last layer and a bias that is quantized to it; "
        raise RefusedError(what, nearest + "or raw sums (leave --top and the last TopK or ArgMax out)")
    layer = Layer(f"best_{top}", "top_k", {"k": top} if top > 1 else {})
    return dataclasses.replace(flow, trunk=flow.trunk.then(layer)), made


def _of_one_order(flow: Flow, tensor: str, top: int) -> Result:
    """All channels compute the same, so only the order of what they compute matters."""
    low, high = int(flow.low.min()), int(flow.high.max())
    if high - low >= _TABLE:
        raise RefusedError(f"the best of sums from {low} to {high}", "raw sums (without --top)")
    one = dataclasses.replace(flow, channels=1, scale=flow.scale[:1])
    differences = np.diff(one.values(np.arange(low, high + 1, dtype=np.int64)[None, :])[0].astype(np.float64))
    zeros = np.zeros(flow.channels, np.int64)
    if (differences > 0).all():
        return Result(tensor, top, zeros, flow)
    if not (differences < 0).all() or not flow.sums:
        what = "the best of numbers that are equal where the sums are not, or that fall where they rise"
        raise RefusedError(what, "raw sums (without --top)")
    _product(flow, _negate)
    return Result(tensor, top, zeros, flow, negated=True)


def _holds_each(flow: Flow, bias: Array) -> bool:
    """Whether float32 holds each sum, each bias and each total at the scale of all channels."""
    numerator = float(flow.scale[0]).as_integer_ratio()[0]
    odd = numerator // (numerator & -numerator)
    ends = np.abs([flow.low, flow.high, bias, flow.low + bias, flow.high + bias])
    return odd * int(ends.max()) <= _EXACT


def _whole_bias(flow: Flow) -> Array | None:
    """The bias int64 [C] in units of the sums, if one is all that is still to be done, and it is whole."""
    steps = flow.steps
    if not flow.sums or len(steps) != 1 or not isinstance(steps[0], Arithmetic) or steps[0].op != "add":
        return None
    values = np.broadcast_to(steps[0].operand.reshape(-1), flow.channels)
    whole = np.rint(values.astype(np.float64) / flow.scale)
    if (np.abs(whole) > 2**30).any() or ((whole * flow.scale).astype(np.float32) != values).any():
        return None
    return np.asarray(whole, np.int64)


def _product(flow: Flow, change: object) -> None:
    layer = flow.trunk.layer
    if layer is None or not callable(change):
        raise RefusedError("results that are no sums of products", "a MatMul, a Gemm or a Conv at the end")
    change(layer)


def _with_bias(layer: Layer, bias: Array) -> None:
    layer.keys["bias"] = True
    layer.arrays["bias"] = bias


def _negate(layer: Layer) -> None:
    weights = -layer.arrays["weights"].astype(np.int16)
    bits = layer.keys["weight_bits"]
    if bits > 1 and weights.max() >= 2 ** (bits - 1):
        if bits == MOST_WEIGHT_BITS:
            what = f"an order that falls where the sums rise, with weights of -{2 ** (bits - 1)}"
            raise RefusedError(what, "weights of a narrow range, or raw sums (without --top)")
        layer.keys["weight_bits"] = bits + 1
    layer.arrays["weights"] = weights.astype(np.int8)
