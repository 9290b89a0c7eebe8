"""From an ONNX file to a network file and its integers; what cannot be converted is refused with every reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from blocks.qonnx.file import Array, Model, OnnxError, Tensor
from blocks.qonnx.lowering.assembly import blocks_of, named
from blocks.qonnx.lowering.flow import CHW, FLAT_CHW, HWC
from blocks.qonnx.lowering.refusal import Refusals
from blocks.qonnx.lowering.results import Result, result
from blocks.qonnx.lowering.walk import Given, Meaning, Pixels, walk


@dataclasses.dataclass(frozen=True)
class Options:
    """What the file does not say.

    Attributes:
        name: Of the network.
        pixel_scale: With `pixel_offset`, how pixels 0 to 255 become the file's input: one number, or one per channel.
            Without it: 1/255, or that of a first quantizer of unsigned 8 bits.
        top: Give so many of the best indices; 0: numbers, unless the file itself ends with ArgMax or TopK.
        labels: Of the classes.
    """

    name: str
    pixel_scale: tuple[float, ...] = ()
    pixel_offset: tuple[float, ...] = ()
    top: int = 0
    labels: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Image:
    """How images become the file's input. `axes`: chw, hwc, or flat."""

    pixels: Pixels
    axes: str
    shape: tuple[int, ...]

    def tensor(self, images: Array) -> Array:
        """The file's float32 input [N, ...] of images uint8 [N, H, W, C]."""
        made = images.astype(np.float32) * self.pixels.scale
        if self.pixels.offset.any():
            made = made + self.pixels.offset
        if self.axes in (CHW, FLAT_CHW):
            made = made.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(made).reshape(len(images), *self.shape)

    def numbers(self, images: Array) -> tuple[Array, Array] | None:
        """The pixels int64 [N, ...] as the file has them, and their scale, which broadcasts; None with an offset.

        The input is float32(pixel * scale). A product that reads it before a quantizer is a sum of pixels.
        """
        scale = self.pixels.scale.astype(np.float64)
        if self.pixels.offset.any() or (scale.size > 1 and self.axes not in (CHW, HWC)):
            return None
        made = images.astype(np.int64)
        if self.axes in (CHW, FLAT_CHW):
            made = made.transpose(0, 3, 1, 2)
        if scale.size > 1:
            scale = scale.reshape((1, -1, 1, 1) if self.axes == CHW else (1, 1, 1, -1))
        else:
            scale = scale.reshape(())
        return np.ascontiguousarray(made).reshape(len(images), *self.shape), scale


@dataclasses.dataclass(frozen=True)
class Converted:
    """A network and its integers.

    Attributes:
        network: The network file as a mapping.
        arrays: By block, the arrays of its parameter file.
        tensors: By block, the tensor of the file that its output is: float32(integer * scale), where the integer is the
            value of the output's stored number (zero point and step of the block's output). The last block has none.
        image: How images become the file's input.
        result: How the results of the network relate to the file's output.
    """

    network: Mapping[str, Any]
    arrays: Mapping[str, Mapping[str, Array]]
    tensors: Mapping[str, Meaning]
    image: Image
    result: Result


def without_softmax(model: Model) -> Model:
    """The model without a Softmax that gives its output: it changes no order, and no layer computes it.

    The results are then what it would have read.
    """
    last = model.nodes[-1]
    if last.op != "Softmax" or last.domain or last.outputs[:1] != (model.output.name,) or len(model.nodes) == 1:
        return model
    name = last.inputs[0]
    if any(name in node.inputs for node in model.nodes[:-1]) or name in (*model.constants, model.input.name):
        return model
    output = Tensor(name, model.shapes.get(name, ()))
    return dataclasses.replace(model, nodes=model.nodes[:-1], output=output)


@np.errstate(all="ignore")  # of damaged files: what becomes NaN or infinite is refused, and numpy need not warn
def convert(model: Model, options: Options) -> Converted:
    """Convert a file.

    Raises:
        OnnxError: a line for each node that is not converted, with the reason and the nearest that works.
    """
    given = Given(options.pixel_scale, options.pixel_offset)
    try:
        return _convert(model, options, given)
    except OnnxError:
        if len(model.input.shape) != 1:
            raise
        try:  # a list of numbers, each with arithmetic of its own
            return _convert(model, options, dataclasses.replace(given, features=True))
        except OnnxError:
            pass
        raise


def _convert(model: Model, options: Options, given: Given) -> Converted:
    found = walk(model, given)
    refusals = Refusals()
    with refusals.of(found.node):
        tensor = found.node.inputs[0] if found.best else model.output.name
        last, ending = result(found.last, found.node, tensor, found.best or options.top)
    refusals.raise_if_any()
    blocks, arrays, ends = named(blocks_of(last.trunk))
    image = found.image
    network: dict[str, Any] = {
        "name": options.name,
        "image": {"height": image.height, "width": image.width, "channels": image.channels},
    }
    if options.labels:
        network["labels"] = list(options.labels)
    network["blocks"] = blocks
    names = list(ends)
    tensors = {name: found.meanings[ends[name]] for name in names[:-1] if ends[name] in found.meanings}
    return Converted(network, arrays, tensors, Image(found.pixels, image.axes, model.input.shape), ending)
