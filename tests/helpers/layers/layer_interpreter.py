"""An interpreter of network files with general blocks, written apart from the models: values and plain loops.

It reads the YAML itself and speaks as its author does: signed values, zero points, padding with 0, thresholds on sums
of values. It knows no stored numbers but the codes that activations count.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

Tensor = np.ndarray[Any, Any]
Layer = Mapping[str, Any]
LOWEST = -(10**9)
"""What a max pool pads with: it never wins."""


class Interpreter:
    """Runs images through a network file, with the arrays of its parameter files by block."""

    def __init__(self, file: Path, arrays: Mapping[str, Mapping[str, Tensor]]) -> None:
        self._document = yaml.safe_load(file.read_text())
        self._arrays = arrays

    def run(self, images: Tensor) -> dict[str, Tensor]:
        """Images uint8 [N, H, W, C] -> what each block gives, in values [N, ...]."""
        value = images.astype(np.int64) - self._document["image"].get("zero_point", 0)
        given = {}
        for block in self._document["blocks"]:
            given[block["name"]] = value = self._block(block, value)
        return given

    def _block(self, block: Layer, value: Tensor) -> Tensor:
        if block["kind"] == "basic":
            block = expanded(block, value.shape[-1])
        arrays = self._arrays[block["name"]]
        value = path(block.get("before", []), value, arrays)
        if "main" in block:
            factors = block.get("join", {}).get("factors", [1, 1])
            main, side = path(block["main"], value, arrays), path(block.get("side", []), value, arrays)
            value = factors[0] * main + factors[1] * side
        else:
            value = path(block["layers"], value, arrays)
        return path(block.get("after", []), value, arrays)


def expanded(block: Layer, channels: int) -> dict[str, Any]:
    """The general block that a basic one stands for, as docs/network.md says."""
    bits, stride, own = block.get("bits", 4), block.get("stride", 1), block["channels"]
    conv = {"type": "convolution", "channels": own, "weight_bits": block.get("weight_bits", 4)}
    wide, act = {"kernel": 3, "pad": [1, 1, 1, 1]}, {"type": "threshold", "bits": bits}

    def layer(name: str, *parts: Layer) -> dict[str, Any]:
        found: dict[str, Any] = {"name": name}
        for part in parts:
            found.update(part)
        return {**found, **block.get(name, {})}

    signed = {"values": "signed"}
    main = [layer("conv_a", conv, wide, {"stride": stride}), layer("act_a", act),
            layer("conv_b", conv, wide), layer("act_b", act, signed)]  # fmt: skip
    side = []
    if stride not in (1, [1, 1]) or channels != own or "conv_side" in block:
        side = [layer("conv_side", conv, {"kernel": 1, "stride": stride}), layer("act_side", act, signed)]
    more = {"join": block["join"]} if "join" in block else {}
    return {"name": block["name"], "kind": "block", "main": main, "side": side, "after": [layer("act", act)], **more}


def path(layers: list[Layer], value: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
    """Layers one behind the other."""
    for layer in layers:
        value = globals()[f"_{layer['type']}"](layer, value, arrays)
    return value


def windows(layer: Layer, value: Tensor, outside: int) -> Tensor:
    """[N, OH, OW, KH, KW, C]: the windows of a map that is padded with `outside`."""
    top, left, bottom, right = layer.get("pad", [0, 0, 0, 0])
    (high, wide), (down, along) = (
        each if isinstance(each, list) else (each, each) for each in (layer["kernel"], layer.get("stride", 1))
    )
    framed = np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)
    rows = range(0, framed.shape[1] - high + 1, down)
    columns = range(0, framed.shape[2] - wide + 1, along)
    cut = [[framed[:, y : y + high, x : x + wide] for x in columns] for y in rows]
    return np.array(cut).transpose(2, 0, 1, 3, 4, 5)


def _bias(layer: Layer, arrays: Mapping[str, Tensor]) -> Tensor | int:
    return arrays[f"{layer['name']}_bias"] if layer.get("bias") else 0


def _convolution(layer: Layer, value: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
    weights = arrays[f"{layer['name']}_weights"].astype(np.int64)
    return np.einsum("nyxijc,oijc->nyxo", windows(layer, value, 0), weights) + _bias(layer, arrays)


def _depthwise(layer: Layer, value: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
    weights = arrays[f"{layer['name']}_weights"].astype(np.int64)[..., 0]
    return np.einsum("nyxijc,cij->nyxc", windows(layer, value, 0), weights) + _bias(layer, arrays)


def _fully_connected(layer: Layer, value: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
    if layer.get("flatten") == "chw":
        value = value.transpose(0, 3, 1, 2)
    weights = arrays[f"{layer['name']}_weights"].astype(np.int64)
    sums = value.reshape(len(value), -1) @ weights.T + _bias(layer, arrays)
    return sums[:, None, None, :]


def _max_pool(layer: Layer, value: Tensor, _arrays: Mapping[str, Tensor]) -> Tensor:
    return windows(layer, value, LOWEST).max(axis=(3, 4))


def _average_pool(layer: Layer, value: Tensor, _arrays: Mapping[str, Tensor]) -> Tensor:
    return windows(layer, value, 0).sum(axis=(3, 4))


def _global_average_pool(_layer: Layer, value: Tensor, _arrays: Mapping[str, Tensor]) -> Tensor:
    return value.sum(axis=(1, 2), keepdims=True)


def _value(layer: Layer, code: Tensor) -> Tensor:
    """What the codes of an activation stand for."""
    if layer.get("values") == "bipolar":
        return 2 * code - 1
    zero = 2 ** (layer["bits"] - 1) if layer.get("values") == "signed" else layer.get("zero_point", 0)
    return code - zero


def _threshold(layer: Layer, value: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
    code = np.zeros_like(value)
    down = arrays[f"{layer['name']}_descending"] if layer.get("descending") else np.zeros(value.shape[-1], int)
    for channel, thresholds in enumerate(arrays[f"{layer['name']}_thresholds"]):
        for each in thresholds:
            reached = value[..., channel] <= each if down[channel] else value[..., channel] >= each
            code[..., channel] += reached
    return _value(layer, code)


def _requantize(layer: Layer, value: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
    product = value * arrays[f"{layer['name']}_multipliers"] + arrays[f"{layer['name']}_addends"]
    zero = -int(_value(layer, np.int64(0)))
    return np.clip(product >> layer["shift"], -zero, 2 ** layer["bits"] - 1 - zero)


def _top_k(layer: Layer, value: Tensor, _arrays: Mapping[str, Tensor]) -> Tensor:
    flat = value.reshape(len(value), -1)
    order = np.argsort(-flat, axis=1, kind="stable")
    return order[:, : layer.get("k", 1)]
