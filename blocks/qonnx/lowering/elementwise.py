"""Arithmetic of a tensor with constants, the addition of two tensors, and quantizers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from blocks.qonnx.file import Node
from blocks.qonnx.lowering.activations.thresholds import quantize
from blocks.qonnx.lowering.fixed import Fixed, along
from blocks.qonnx.lowering.flow import Flow, Joined, Trunk, fork_of, path
from blocks.qonnx.lowering.inputs import Inputs
from blocks.qonnx.lowering.quantizer import read_quantizer
from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.steps import Arithmetic, Array, Clamp, Normalization

MOST_FACTOR = 16
_OPERATIONS: Mapping[str, str] = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide"}


def arithmetic(inputs: Inputs) -> Flow:
    """Add, Sub, Mul and Div of a tensor and a constant; Add of two tensors."""
    node, (one, other) = inputs.node, (inputs.value(0), inputs.value(1))
    if isinstance(one, Flow) and isinstance(other, Flow):
        if node.op != "Add":
            raise RefusedError(f"{node.op} of two tensors that both depend on the image", "an Add of both")
        return _joined(node, one, other)
    flow, constant = (one, other) if isinstance(one, Flow) else (other, one)
    assert isinstance(flow, Flow) and isinstance(constant, Fixed)  # noqa: S101  two constants are computed ahead
    operand = flow.channelwise(constant.values)
    if flow is other and node.op == "Div":
        raise RefusedError("a constant divided by a tensor, which is not monotone", "a tensor divided by a constant")
    operation = "from" if flow is other and node.op == "Sub" else _OPERATIONS[node.op]
    if node.op == "Div" and (operand == 0).any():
        raise RefusedError("a division by 0", "another constant")
    return flow.with_step(Arithmetic(operation, operand))


def normalization(inputs: Inputs) -> Flow:
    """BatchNormalization as it is after training."""
    given = inputs.node.attributes
    if given.get("training_mode", 0) or any(inputs.node.outputs[1:]):
        raise RefusedError("BatchNormalization in training mode", "an export of the network in eval mode")
    flow = inputs.flow()
    gain, bias, mean, variance = (_per_channel(inputs, flow, at) for at in (1, 2, 3, 4))
    epsilon = np.float32(given.get("epsilon", 1e-5))
    with np.errstate(all="ignore"):
        root = np.sqrt(variance + epsilon)
    if not (root > 0).all():
        raise RefusedError("a variance that is not above 0", "a trained one")
    return flow.with_step(Normalization(mean, root, gain, bias))


def _per_channel(inputs: Inputs, flow: Flow, at: int) -> Array:
    values = np.asarray(inputs.constant(at) if inputs.has(at) else np.zeros(0), np.float32)
    if values.size != flow.shape[0] or flow.axes == "hwc":
        what = f"{values.size} parameters for a tensor {list(flow.shape)} of layout {flow.axes}"
        raise RefusedError(what, "one for each channel, channels first")
    return flow.channelwise(values.reshape(-1, *(1,) * (len(flow.shape) - 1)))


def clamp(inputs: Inputs) -> Flow:
    """Relu and Clip."""
    flow = inputs.flow()
    low, high = -np.inf, np.inf
    if inputs.node.op == "Relu":
        low = 0.0
    else:
        bounds = [inputs.constant(at) if inputs.has(at) else None for at in (1, 2)]
        if any(each is not None and each.size != 1 for each in bounds):
            raise RefusedError("limits that are no single numbers", "one lower and one upper limit")
        low, high = (
            float(each.flat[0]) if each is not None else float(inputs.node.attributes.get(key, default))
            for each, key, default in zip(bounds, ("min", "max"), (low, high), strict=True)
        )
    limits = (np.full((1, 1), each, np.float32) for each in (low, high))
    return flow.with_step(Clamp(*limits))


def quantization(inputs: Inputs) -> Flow:
    """Quant, BipolarQuant, Trunc and QuantizeLinear."""
    node, flow = inputs.node, inputs.flow()
    if flow.raw is not None:
        raise RefusedError("integers without a scale", "DequantizeLinear in front of it")
    linear = node.op == "QuantizeLinear"
    found = read_quantizer(node, inputs.constant, lambda scale, by_axis: _scale(inputs, flow, scale, by_axis))
    if linear and (found.scale < 0).any():
        raise RefusedError("a scale below 0", "a scale above 0")
    made = quantize(flow, found, node.name)
    return dataclasses.replace(made, raw=found.zero) if linear else made


def _scale(inputs: Inputs, flow: Flow, scale: Array, by_axis: bool) -> Array:
    if by_axis:
        scale = along(scale, int(inputs.node.attributes.get("axis", 1)), 1 + len(flow.shape))
    return flow.channelwise(scale)


def dequantization(inputs: Inputs) -> Flow:
    """DequantizeLinear of what QuantizeLinear gives."""
    flow = inputs.flow()
    if flow.raw is None:
        raise RefusedError("a tensor that has a scale already", "DequantizeLinear behind QuantizeLinear")
    scale, zero = inputs.constant(1), inputs.constant(2)
    if (zero is not None and (zero != flow.raw).any()) or (zero is None and flow.raw):
        raise RefusedError(f"a zero point other than that of its QuantizeLinear ({flow.raw})", "the same")
    if scale is None or not (scale > 0).all():
        raise RefusedError("a scale that is missing or not above 0", "a constant scale above 0")
    found = _scale(inputs, flow, np.asarray(scale, np.float32), by_axis=True)
    scales = np.broadcast_to(found.reshape(-1), flow.channels).astype(np.float64)
    return dataclasses.replace(flow, raw=None, scale=scales)


def _joined(node: Node, one: Flow, other: Flow) -> Flow:
    """The addition of two paths, as a join with small whole factors."""
    one, other = (each.settled("it adds") for each in (one, other))
    if one.shape != other.shape or one.axes != other.axes:
        raise RefusedError(f"an addition of {list(one.shape)} and {list(other.shape)}", "two tensors of one shape")
    fork = fork_of(one.trunk, other.trunk)
    main, side = path(one.trunk, fork), path(other.trunk, fork)
    if not main and not side:
        raise RefusedError("an addition of a tensor to itself", "a multiplication by 2")
    if not main:
        main, side, one, other = side, main, other, one
    scales = one.one_scale("it adds"), other.one_scale("it adds")
    factors = _factors(*scales)
    if factors is None:
        what = (
            f"an addition of unlike scales, {scales[0]:.9g} of '{_giver(one)}' and {scales[1]:.9g} of '{_giver(other)}'"
        )
        where = f"a Quant of scale {scales[0]:.9g} between '{_giver(other)}' and this Add, or one shared by both paths"
        raise RefusedError(what, where)
    low, high = (factors[0] * a + factors[1] * b for a, b in ((one.low, other.low), (one.high, other.high)))
    trunk = Trunk(fork, joined=Joined(node.name, fork, main, side, factors))
    return dataclasses.replace(
        one,
        trunk=trunk,
        low=low,
        high=high,
        scale=one.scale / factors[0],
        constant=factors[0] * one.constant + factors[1] * other.constant,
        step=1,
    )


def _giver(flow: Flow) -> str:
    if flow.trunk.layer:
        return flow.trunk.layer.node
    return flow.trunk.joined.node if flow.trunk.joined else "the image"


def _factors(main: float, side: float) -> tuple[int, int] | None:
    """Small whole numbers in the ratio of two scales, exactly: products of float32 numbers and 16 fit float64."""
    pairs = ((a, b) for total in range(2, 2 * MOST_FACTOR + 1) for a in range(1, total) if (b := total - a))
    return next((pair for pair in pairs if max(pair) <= MOST_FACTOR and main * pair[1] == side * pair[0]), None)
