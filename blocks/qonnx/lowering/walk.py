"""Follows a file from its image to its results, node by node."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from blocks.kinds.convolution import MOST_CHANNELS, MOST_PIXELS_A_SIDE
from blocks.qonnx.file import Model, Node, OnnxError
from blocks.qonnx.lowering.elementwise import arithmetic, clamp, dequantization, normalization, quantization
from blocks.qonnx.lowering.fixed import Fixed, evaluate
from blocks.qonnx.lowering.flow import CHW, FLAT_CHW, HWC, Flow, Trunk
from blocks.qonnx.lowering.inputs import Inputs
from blocks.qonnx.lowering.maps import average_pool, global_average_pool, max_pool, reshape, transpose
from blocks.qonnx.lowering.products import convolution, gemm, matmul
from blocks.qonnx.lowering.refusal import Refusals, RefusedError
from blocks.qonnx.lowering.steps import Arithmetic, Array

Handler = Callable[[Inputs], Flow]


def _same(inputs: Inputs) -> Flow:
    return inputs.flow()


HANDLERS: Mapping[str, Handler] = {
    "Quant": quantization,
    "IntQuant": quantization,
    "BipolarQuant": quantization,
    "Trunc": quantization,
    "QuantizeLinear": quantization,
    "DequantizeLinear": dequantization,
    "Conv": convolution,
    "MatMul": matmul,
    "Gemm": gemm,
    "Add": arithmetic,
    "Sub": arithmetic,
    "Mul": arithmetic,
    "Div": arithmetic,
    "BatchNormalization": normalization,
    "Relu": clamp,
    "Clip": clamp,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "ReduceMean": global_average_pool,
    "Flatten": reshape,
    "Reshape": reshape,
    "Squeeze": reshape,
    "Unsqueeze": reshape,
    "Transpose": transpose,
    "Identity": _same,
    "Dropout": _same,
}
ENDINGS = ("ArgMax", "TopK")
_MOVES = ("Identity", "Dropout", "Transpose", "Flatten", "Reshape", "Squeeze", "Unsqueeze")
_WHOLE: Mapping[str, tuple[int, ...]] = {
    "QuantizeLinear": (2,),
    "DequantizeLinear": (0, 2),
    "Quant": (2, 3),
    "IntQuant": (2, 3),
    "Trunc": (2, 3, 4, 5),
    "ReduceMean": (1,),
}
"""Inputs that are whole numbers; of others, only nodes that move numbers take any."""
OF_QONNX = ("Quant", "IntQuant", "BipolarQuant", "Trunc")
NEAREST: Mapping[str, str] = {
    "Concat": "an Add of two paths",
    "Softmax": "at the end, where it is left out",
    "LogSoftmax": "Softmax at the end, where it is left out",
    "Sigmoid": "a Quant in its place, or Relu",
    "Tanh": "a Quant in its place, or Clip to -1 and 1",
    "LeakyRelu": "Relu",
    "PRelu": "Relu",
    "HardSigmoid": "Clip, with Mul and Add in front of it",
    "QLinearConv": "the QDQ form: DequantizeLinear, Conv, QuantizeLinear",
    "QLinearMatMul": "the QDQ form: DequantizeLinear, MatMul, QuantizeLinear",
    "ConvInteger": "the QDQ form: DequantizeLinear, Conv, QuantizeLinear",
    "MatMulInteger": "the QDQ form: DequantizeLinear, MatMul, QuantizeLinear",
    "MultiThreshold": "Quant: export before FINN's conversion",
    "FloatQuant": "Quant",
    "Pad": "the attribute pads of the Conv or the pool behind it",
    "GlobalMaxPool": "GlobalAveragePool, or MaxPool",
    "ConvTranspose": "Conv",
    "Resize": "a network without it",
    "Upsample": "a network without it",
    "Shape": "an export with a fixed batch, or one that a simplifier has gone through",
}
"""For operators that we do not have, what comes nearest."""


@dataclasses.dataclass(frozen=True)
class Pixels:
    """The file's float input: float32(pixel) * scale + offset, each rounded to float32; float32 [C] or [1]."""

    scale: Array
    offset: Array


@dataclasses.dataclass(frozen=True)
class Meaning:
    """A tensor of the file: value = integer * scale, float64 [C], rounded to float32; `axes` as in `flow`."""

    tensor: str
    axes: str
    scale: Array


@dataclasses.dataclass(frozen=True)
class Walked:
    """What was found: the flow that the results come from, the image's, and by place what tensor it is."""

    last: Flow
    node: Node
    image: Flow
    pixels: Pixels
    meanings: Mapping[Trunk, Meaning]
    best: int
    """How many of the best indices the file's last node gives; 0 if it gives numbers."""


@dataclasses.dataclass(frozen=True)
class Given:
    """How pixels become the file's input.

    Attributes:
        scale: One number, or one per channel; none: 1/255, or the scale of a first quantizer of unsigned 8 bits.
        offset: The same, added to the scaled pixel.
        features: Take the numbers of an input without rows and columns as channels of one pixel.
    """

    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    features: bool = False


def walk(model: Model, given: Given) -> Walked:
    """Follow a model.

    Raises:
        OnnxError: every node that is not converted, with the reason and the nearest that works.
    """
    refusals = Refusals()
    values: dict[str, Flow | Fixed] = {name: Fixed(array) for name, array in model.constants.items()}
    image, pixels = _image(model, given)
    values[model.input.name] = image
    meanings: dict[Trunk, Meaning] = {}
    last, best = model.nodes[-1], 0
    for node in model.nodes:
        ending = node is last and node.op in ENDINGS
        with refusals.of(node):
            if ending:
                values[model.output.name], best = _chosen(Inputs(node, values), model)
                continue
            _known(node)
            _typed(node, model)
            inputs = Inputs(node, values)
            fixed = inputs.all_fixed()
            made = evaluate(node, fixed) if fixed else HANDLERS[node.op](inputs)
            values[node.outputs[0]] = made
            if isinstance(made, Flow) and made.plain and not made.sums:
                meanings.setdefault(made.trunk, Meaning(node.outputs[0], made.axes, made.scale))
    found = values.get(model.output.name)
    if isinstance(found, Fixed):
        refusals.faults.append(
            f"output '{model.output.name}': it does not depend on the image; export the network again"
        )
    elif found is not None and found.raw is not None:
        zero = Arithmetic("add", np.full((1, 1), found.raw, np.float32))  # the file gives codes, not values
        found = dataclasses.replace(found, raw=None, scale=np.ones(found.channels), steps=(zero,))
    refusals.raise_if_any()
    assert isinstance(found, Flow)  # noqa: S101  a refusal would have been raised
    return Walked(found, last, image, pixels, meanings, best)


def _chosen(inputs: Inputs, model: Model) -> tuple[Flow, int]:
    """ArgMax or TopK over a list of numbers, and how many indices it gives."""
    node, given = inputs.node, inputs.node.attributes
    flow = inputs.flow()
    axis = int(given.get("axis", 0 if node.op == "ArgMax" else -1))
    if len(flow.shape) != 1 or axis not in (1, -1):
        raise RefusedError(f"axis {axis} of a tensor {list(flow.shape)}", "the last axis of a list of numbers")
    if node.op == "ArgMax":
        if given.get("select_last_index", 0):
            raise RefusedError("the last of equal numbers", "select_last_index 0")
        return flow, 1
    count = inputs.constant(1)
    if count is None or count.size != 1 or not given.get("largest", 1) or node.outputs[1:2] != (model.output.name,):
        raise RefusedError(
            "a TopK that is not of the largest, or whose output is not its indices", "largest 1, indices"
        )
    return flow, int(count.reshape(-1)[0])


def _known(node: Node) -> None:
    """Raise RefusedError for operators that we do not have, and those of QONNX in other domains."""
    if node.op not in HANDLERS or (node.domain != "") != (node.op in OF_QONNX):
        nearest = NEAREST.get(node.op, f"one of {', '.join(HANDLERS)}, at the end also {' or '.join(ENDINGS)}")
        raise RefusedError("not supported", nearest)


def _typed(node: Node, model: Model) -> None:
    """Raise RefusedError for whole numbers where the operator is defined on float32."""
    if node.op in _MOVES:
        return
    for at, name in enumerate(node.inputs):
        held = model.constants.get(name)
        if held is not None and held.dtype.kind != "f" and at not in _WHOLE.get(node.op, ()):
            raise RefusedError(f"input {at} is {held.dtype}", "float32")


def _image(model: Model, given: Given) -> tuple[Flow, Pixels]:
    """Pixels 0 to 255, and the arithmetic that makes the file's input of them.

    The float32 product of a pixel and a scale is the product rounded once, so the scale is that of the flow.
    """
    channels, height, width, axes = _map(model, features=given.features)
    if channels > MOST_CHANNELS or max(height, width) > MOST_PIXELS_A_SIDE:
        what = f"input '{model.input.name}' has {channels} channels, {height} rows and {width} columns"
        raise OnnxError(f"{what}; at most {MOST_CHANNELS} channels and {MOST_PIXELS_A_SIDE} pixels a side are possible")
    low, high = np.zeros(channels, np.int64), np.full(channels, 255, np.int64)
    scale = np.asarray(given.scale or [_usual_scale(model)], np.float32)
    offset = np.asarray(given.offset or [0], np.float32)
    for name, each in (("pixel scale", scale), ("pixel offset", offset)):
        if each.size not in (1, channels) or not np.isfinite(each).all():
            raise OnnxError(
                f"{each.size} numbers as {name} of an image of {channels} channels; give one, or one per channel"
            )
    if not (scale > 0).all():
        raise OnnxError("a pixel scale that is not above 0; give one above 0")
    scales = np.broadcast_to(scale, channels).astype(np.float64)
    flow = Flow(channels, height, width, axes, Trunk(), low, high, scales)
    if offset.any():
        flow = flow.with_step(Arithmetic("add", offset.reshape(-1, 1)))
    return flow, Pixels(scale, offset)


def _map(model: Model, *, features: bool) -> tuple[int, int, int, str]:
    """Channels, rows, columns and layout of the input."""
    shape = model.input.shape
    if len(shape) == 3 and _turns_first(model):
        return shape[2], shape[0], shape[1], HWC
    if len(shape) == 3:
        return shape[0], shape[1], shape[2], CHW
    if len(shape) == 1:
        return (shape[0], 1, 1, FLAT_CHW) if features else (1, 1, shape[0], FLAT_CHW)
    what = f"input '{model.input.name}' has the shape {list(shape)} without the batch"
    raise OnnxError(
        f"{what}; give an image [channels, rows, columns], of one row in one dimension, or a list of numbers"
    )


def _readers(model: Model, name: str) -> list[Node]:
    return [node for node in model.nodes if name in node.inputs]


def _turns_first(model: Model) -> bool:
    """Whether a Transpose from channels last to first comes before anything that knows channels."""
    name = model.input.name
    while len(readers := _readers(model, name)) == 1:
        if readers[0].op == "Transpose":
            return tuple(readers[0].attributes.get("perm") or ()) == (0, 3, 1, 2)
        if readers[0].op not in ("Quant", "QuantizeLinear", "DequantizeLinear", "Mul", "Add", "Sub", "Div", "Identity"):
            return False
        name = readers[0].outputs[0]
    return False


def _usual_scale(model: Model) -> float:
    """That of a first quantizer that makes pixels of itself: unsigned, 8 bits, zero point 0; else 1/255."""
    name = model.input.name
    while len(readers := _readers(model, name)) == 1:
        node = readers[0]
        if node.op in ("Reshape", "Flatten", "Identity", "Transpose"):
            name = node.outputs[0]
            continue
        held = [model.constants.get(each) for each in node.inputs[1:]]
        found = [float(each.reshape(-1)[0]) if each is not None and each.size == 1 else None for each in held]
        quant = node.op in ("Quant", "IntQuant") and not node.attributes.get("signed", 1) and found[1:3] == [0.0, 8.0]
        linear = node.op == "QuantizeLinear" and (
            len(held) == 1 or (found[1] == 0.0 and held[1] is not None and held[1].dtype == np.uint8)
        )
        if (quant or linear) and found[0] is not None and found[0] > 0:
            return found[0]
        break
    return 1 / 255
