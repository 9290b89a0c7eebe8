"""Tensors of operators in the order in which beats carry them: several pixels side by side, folds that are padded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blocks.operators.base import Operator
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.models import model_of
from blocks.operators.mvau import Mvau
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.threshold import Threshold
from blocks.operators.trim import Trim


def wire(shape: Operator, images: int, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Input tensors in the order in which beats carry them."""
    model = model_of(shape)
    arrays = list(inputs)
    if isinstance(shape, Mvau):
        groups = images * shape.pixels // shape.mmv
        columns = inputs[0].reshape(groups, shape.mmv, shape.synapse_folds, shape.simd)
        arrays[0] = columns.transpose(0, 2, 1, 3)
        if shape.streamed_weights:
            arrays[1] = np.tile(model.memory(shape, 0, inputs[1]).reshape(-1), images)
    if isinstance(shape, Deinterleave):
        arrays[0] = interleaved(shape, inputs[0])
    if isinstance(shape, Threshold):
        arrays[0] = padded(inputs[0], shape.channels, shape.pe)
    if isinstance(shape, Trim):
        # The lanes that are dropped hold ones, so that one of them in the output shows.
        arrays[0] = padded(inputs[0], shape.channels, shape.lanes_in, (1 << shape.bits) - 1)
    return arrays


def window_beats(shape: SlidingWindow, columns: np.ndarray) -> np.ndarray:
    """The model's output [N, OH, OW, KH * KW * C] in the order of the wire: [N * beats, mmv * simd].

    With one pixel at a time that is the order of the elements; with several, lane m * simd + s is pixel m's.
    """
    groups = shape.out_height * shape.out_width // shape.mmv
    parts = shape.window_pixels * shape.channels // shape.simd
    grouped = columns.reshape(columns.shape[0] * groups, shape.mmv, parts, shape.simd)
    return np.ascontiguousarray(grouped.transpose(0, 2, 1, 3)).reshape(-1, shape.mmv * shape.simd)


def interleaved(shape: Mvau | Deinterleave, values: np.ndarray) -> np.ndarray:
    """Channels of `mmv` pixels side by side, `pe` of each a beat."""
    beats = padded(values, shape.channels, shape.pe)
    return np.ascontiguousarray(beats.reshape(-1, shape.mmv, beats.shape[1], shape.pe).transpose(0, 2, 1, 3))


def padded(values: np.ndarray, channels: int, lanes: int, fill: int = 0) -> np.ndarray:
    """Pixels as whole beats [pixels, folds, lanes]; lanes without a channel hold `fill`."""
    pixels = values.reshape(-1, channels)
    pixels = np.pad(pixels, ((0, 0), (0, -channels % lanes)), constant_values=fill)
    return pixels.reshape(len(pixels), -1, lanes)


def filled(
    shape: Mvau | Threshold, inputs: list[np.ndarray], parameters: list[np.ndarray]
) -> tuple[Operator, list[np.ndarray], list[np.ndarray]]:
    """The same with a channel for every lane: one that the memory fills with zeros, which are binary weights of -1."""
    spare = -shape.channels % shape.pe
    fill = -1 if isinstance(shape, Mvau) and shape.weight_bits == 1 else 0
    rows = np.pad(parameters[0], ((0, spare), (0, 0)), constant_values=fill)
    given = [np.pad(inputs[0], ((0, 0), (0, 0), (0, 0), (0, spare)))] if isinstance(shape, Threshold) else inputs
    return replace(shape, channels=shape.channels + spare), given, [rows]


def expected(shape: Operator, inputs: list[np.ndarray], parameters: list[np.ndarray]) -> list[np.ndarray]:
    """The model's outputs in the order of the wire."""
    if isinstance(shape, Mvau | Threshold) and shape.channels % shape.pe:
        return expected(*filled(shape, inputs, parameters))
    outputs = model_of(shape).apply(shape, inputs, parameters)
    if isinstance(shape, SlidingWindow):
        return [window_beats(shape, outputs[0]).reshape(-1)]
    if isinstance(shape, Mvau) and shape.interleaves:
        return [interleaved(shape, outputs[0]).reshape(-1)]
    if isinstance(shape, Deinterleave):
        return [padded(outputs[0], shape.channels, shape.pe).reshape(-1)]
    return [output.reshape(-1) for output in outputs]
