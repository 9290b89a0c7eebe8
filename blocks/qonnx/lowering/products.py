"""Products with constant weights: Conv, MatMul and Gemm. Their sums are exact; a bias is a float32 step behind them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from blocks.qonnx.lowering.fixed import Fixed
from blocks.qonnx.lowering.flow import CHW, FLAT_CHW, FLAT_HWC, Flow, Layer
from blocks.qonnx.lowering.inputs import Inputs
from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.steps import Arithmetic
from blocks.qonnx.lowering.windows import read_windows

Array = np.ndarray[Any, Any]

MOST_WEIGHT_BITS = 8
_QUANTIZE = "weights from a Quant, a BipolarQuant or a DequantizeLinear of constants"


def convolution(inputs: Inputs) -> Flow:
    """Conv, and that of one kernel for each channel."""
    node = inputs.node
    groups = int(node.attributes.get("group", 1))
    weights = inputs.fixed(1)
    if len(weights.shape) != 4:
        raise RefusedError(f"a kernel of shape {list(weights.shape)}", "two dimensions, one of them 1: a kernel [1, 3]")
    depthwise = groups > 1 and groups == weights.shape[0] and weights.shape[1] == 1
    if groups != 1 and not depthwise:
        nearest = "group 1, or depthwise (as many groups as input and output channels)"
        raise RefusedError(f"grouped convolution (group {groups})", nearest)
    integers, scale, bits = _weights(weights, 0)
    flow = inputs.flow().settled("it reads")
    windows = read_windows(node, flow, weights.shape[2:])
    if weights.shape[2:] != windows.kernel:
        raise RefusedError(f"kernel_shape {list(windows.kernel)} with weights {list(weights.shape)}", "both alike")
    if flow.channels != (groups if depthwise else weights.shape[1]):
        raise RefusedError(
            f"{flow.channels} channels with weights {list(weights.shape)}", "as many as the weights have"
        )
    low, high = flow.padded() if any(windows.pad) else (flow.low, flow.high)
    per_channel = integers.reshape(len(integers), integers.shape[1], -1)
    if depthwise:
        keys = {"type": "depthwise", **windows.keys, "weight_bits": bits}
        low, high = _reach(per_channel, low[:, None], high[:, None])
        scale = flow.scale * scale
    else:
        keys = {"type": "convolution", "channels": len(integers), **windows.keys, "weight_bits": bits}
        low, high = _reach(per_channel, low[None, :], high[None, :])
        scale = flow.one_scale("it adds") * scale
    kind = keys.pop("type")
    layer = Layer(node.name, kind, keys, {"weights": np.ascontiguousarray(integers.transpose(0, 2, 3, 1))})
    rows, columns = windows.leave(flow)
    made = dataclasses.replace(
        flow, channels=len(integers), height=rows, width=columns, trunk=flow.trunk.then(layer), low=low, high=high,
        scale=scale, sums=True, constant=flow.constant * per_channel.sum(axis=(1, 2), dtype=np.int64),
    )  # fmt: skip
    return _biased(made, inputs.constant(2))


def matmul(inputs: Inputs) -> Flow:
    """MatMul with constant weights [inputs, outputs]."""
    weights = inputs.fixed(1)
    if len(weights.shape) != 2:
        raise RefusedError(f"weights of shape {list(weights.shape)}", "a matrix")
    return _fully_connected(inputs, weights.moved(np.transpose))


def gemm(inputs: Inputs) -> Flow:
    """Gemm with constant weights, alpha and beta 1."""
    given = inputs.node.attributes
    if given.get("alpha", 1.0) != 1 or given.get("beta", 1.0) != 1 or given.get("transA", 0):
        raise RefusedError("alpha, beta or transA", "alpha 1, beta 1, transA 0")
    weights = inputs.fixed(1)
    if len(weights.shape) != 2:
        raise RefusedError(f"weights of shape {list(weights.shape)}", "a matrix")
    made = _fully_connected(inputs, weights if given.get("transB", 0) else weights.moved(np.transpose))
    return _biased(made, inputs.constant(2))


def _fully_connected(inputs: Inputs, weights: Fixed) -> Flow:
    """Weights [outputs, inputs], their columns in the order of the file's tensor."""
    integers, scale, bits = _weights(weights, 0)
    flow = inputs.flow().settled("it reads")
    if flow.axes not in (FLAT_CHW, FLAT_HWC):
        raise RefusedError(f"a tensor {list(flow.shape)}, which has rows and columns", "a Flatten in front of it")
    if integers.shape[1] != flow.shape[0]:
        raise RefusedError(
            f"{flow.shape[0]} numbers with weights for {integers.shape[1]}", "as many as the weights have"
        )
    pixels = flow.height * flow.width
    turned = flow.axes == FLAT_CHW
    by_channel = integers.reshape((-1, flow.channels, pixels) if turned else (-1, pixels, flow.channels))
    low, high = _reach(by_channel if turned else by_channel.transpose(0, 2, 1), flow.low[None, :], flow.high[None, :])
    keys: dict[str, Any] = {"channels": len(integers), "weight_bits": bits}
    if turned and pixels > 1 and flow.channels > 1:
        keys["flatten"] = "chw"
    arrays = {"weights": np.ascontiguousarray(integers)}
    layer = Layer(inputs.node.name, "fully_connected", keys, arrays)
    return dataclasses.replace(
        flow, channels=len(integers), height=1, width=1, axes=FLAT_CHW, trunk=flow.trunk.then(layer),
        low=low, high=high, scale=flow.one_scale("it adds") * scale, sums=True,
        constant=flow.constant * integers.sum(axis=1, dtype=np.int64),
    )  # fmt: skip


def _weights(weights: Fixed, axis: int) -> tuple[Array, Array, int]:
    """Integers, float64 scales by output, bits. Raises RefusedError for weights that are none."""
    if weights.integers is None or weights.scale is None:
        raise RefusedError("float weights", _QUANTIZE)
    if weights.zero:
        raise RefusedError(f"asymmetric weights (zero point {weights.zero})", "symmetric ones (zero point 0)")
    if weights.bits > MOST_WEIGHT_BITS:
        raise RefusedError(f"weights of {weights.bits} bits", f"at most {MOST_WEIGHT_BITS} bits, signed")
    scale = weights.scale
    if scale.size not in (1, scale.shape[axis]):
        what = f"scales of shape {list(scale.shape)} for weights {list(weights.shape)}"
        raise RefusedError(what, "one for each output, or one for all")
    return weights.integers, np.broadcast_to(scale.reshape(-1), weights.shape[axis]).astype(np.float64), weights.bits


def _reach(weights: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The least and the greatest sum of each output, from weights [O, I, n] and the ends of each input channel."""
    rising = np.maximum(weights, 0).sum(axis=2, dtype=np.int64)
    falling = np.minimum(weights, 0).sum(axis=2, dtype=np.int64)
    return (rising * low + falling * high).sum(axis=1), (rising * high + falling * low).sum(axis=1)


def _biased(flow: Flow, bias: Array | None) -> Flow:
    if bias is None or not bias.any():
        return flow
    shaped = np.asarray(bias, np.float32)
    if flow.axes == CHW:
        if shaped.size != flow.channels:
            raise RefusedError(f"a bias of shape {list(shaped.shape)} for {flow.channels} channels", "one per channel")
        shaped = shaped.reshape(-1, 1, 1)
    return flow.with_step(Arithmetic("add", flow.channelwise(shaped)))
