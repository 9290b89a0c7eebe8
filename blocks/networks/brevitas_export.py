"""Export a shipped network of general blocks as a Brevitas model: QONNX, as a training of one's own would write it.

    python -m blocks.networks.brevitas_export digits_basic digits_basic.onnx

Needs the extra `train` (PyTorch, Brevitas). The shipped files have integer thresholds only. Training had a batch
normalisation there; here one is found that has the same thresholds (`straight_line`). Scales are powers of two, and
that of pixels is 1/255, so the export has the same integers. Import it with `python -m blocks.parameters import`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blocks.kinds.general import General
from blocks.layers.activation import Thresholds
from blocks.layers.base import Layer
from blocks.layers.ending import Results, TopK
from blocks.layers.pool import SumOfMap
from blocks.layers.product import Convolution, FullyConnected
from blocks.network import Network, find_network
from blocks.networks.straight_line import straight_line
from blocks.parameters import read_block
from blocks.trained import parameter_file

try:
    import brevitas.nn as qnn
    import torch
    from brevitas.export import export_qonnx
    from brevitas.inject.enum import ScalingImplType
    from brevitas.quant import Int8ActPerTensorFloat, Int8WeightPerTensorFloat, Uint8ActPerTensorFloat
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"this export needs {missing.name}: install the extra with  pip install -e '.[train]'", name=missing.name
    ) from missing

Array = npt.NDArray[Any]
WEIGHT_SCALE, ACTIVATION_SCALE, PIXEL_SCALE = 2.0**-5, 2.0**-3, 1 / 255


def quantizer(base: Any, bits: int, scale: float, *, steps: int) -> Any:
    """A Brevitas quantizer of a fixed scale; `steps` is the integer that stands for its largest real number."""
    fixed = {"bit_width": bits, "scaling_impl_type": ScalingImplType.CONST, "scaling_init": scale * steps}
    return base.let(**fixed)


def activation(bits: int, scale: float, *, signed: bool) -> torch.nn.Module:
    """What turns real numbers into codes of so many bits."""
    if signed:
        return qnn.QuantIdentity(act_quant=quantizer(Int8ActPerTensorFloat, bits, scale, steps=2 ** (bits - 1)))
    return qnn.QuantReLU(act_quant=quantizer(Uint8ActPerTensorFloat, bits, scale, steps=2**bits - 1))


class Exported(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
    """The network in Brevitas. `unit` is the real number that a value of 1 stands for, from layer to layer."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.pixels = qnn.QuantIdentity(act_quant=quantizer(Uint8ActPerTensorFloat, 8, PIXEL_SCALE, steps=255))
        self.parts = torch.nn.ModuleDict()
        self.blocks = [block for block in network.blocks if isinstance(block, General)]
        if len(self.blocks) != len(network.blocks):
            raise SystemExit(f"{network.name}: every block has to be a general or a basic one")
        unit = PIXEL_SCALE
        for block in self.blocks:
            file = parameter_file(network, block)
            arrays = read_block(file).arrays if file else {}
            if block.join and block.join.factors != (1, 1):
                raise SystemExit(f"{block.name}: this export adds with factors 1 and 1 only")
            unit = self._chain(block, block.before, arrays, unit)
            for path in (block.main, block.side):
                ends = self._chain(block, path, arrays, unit)
            unit = self._chain(block, block.after, arrays, ends)

    def _chain(self, block: General, layers: tuple[Layer, ...], arrays: Any, unit: float) -> float:
        for layer in layers:
            part, unit = self._part(layer, arrays, unit)
            self.parts[f"{block.name}_{layer.name}"] = part
        return unit

    @staticmethod
    def _part(layer: Layer, arrays: Any, unit: float) -> tuple[torch.nn.Module, float]:
        part: torch.nn.Module
        if isinstance(layer, Convolution | FullyConnected):
            steps = max(1, 2 ** (layer.weight_bits - 1) - 1)
            weight_quant = quantizer(Int8WeightPerTensorFloat, layer.weight_bits, WEIGHT_SCALE, steps=steps)
            weights = arrays[f"{layer.name}_weights"].astype(np.float32) * WEIGHT_SCALE
            if isinstance(layer, FullyConnected):
                part = qnn.QuantLinear(layer.source.elements, layer.channels, False, weight_quant=weight_quant)
            else:
                top, left, bottom, right = layer.pad
                if (top, left) != (bottom, right):
                    raise SystemExit(f"{layer.name}: this export pads all sides alike only")
                part = qnn.QuantConv2d(
                    layer.source.channels, layer.channels, layer.kernel, layer.stride, (top, left), bias=False,
                    weight_quant=weight_quant,
                )  # fmt: skip
                weights = weights.transpose(0, 3, 1, 2)
            part.weight.data = torch.from_numpy(np.ascontiguousarray(weights))
            return part, unit * WEIGHT_SCALE
        if isinstance(layer, Thresholds):
            levels = np.arange(1, 2**layer.bits) - layer.zero - 0.5
            lines = [straight_line(row, levels, layer.source.range) for row in arrays[f"{layer.name}_thresholds"]]
            slopes, offsets = (torch.tensor(each, dtype=torch.float64) for each in zip(*lines, strict=True))
            norm = torch.nn.BatchNorm2d(len(lines))
            norm.running_mean.data = (offsets * unit).float()
            norm.running_var.data = torch.full((len(lines),), 1 - norm.eps)
            norm.weight.data = (ACTIVATION_SCALE / (slopes * unit)).float()
            act = activation(layer.bits, ACTIVATION_SCALE, signed=layer.zero > 0)
            return torch.nn.Sequential(norm, act), ACTIVATION_SCALE
        if isinstance(layer, SumOfMap):
            return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()), unit
        if isinstance(layer, TopK | Results):
            return torch.nn.Identity(), unit  # not part of a trained network: the import says how it ends
        raise SystemExit(f"{layer.name}: this script exports no such layer")

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Real pixels [N, C, H, W], 0 to 1, to the numbers of the last layer."""
        value = self.pixels(image)
        for block in self.blocks:
            value = self._run(block, block.before, value)
            if block.join:
                value = self._run(block, block.main, value) + self._run(block, block.side, value)
            value = self._run(block, block.after, value)
        return value

    def _run(self, block: General, layers: tuple[Layer, ...], value: torch.Tensor) -> torch.Tensor:
        for layer in layers:
            value = self.parts[f"{block.name}_{layer.name}"](value)
        return value


def main(arguments: list[str] | None = None) -> int:
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="name or path of a network of general blocks")
    parser.add_argument("out", type=Path, help="the file to write")
    given = parser.parse_args(arguments)
    network = find_network(given.network)
    image = network.image
    model = Exported(network).eval()
    export_qonnx(model, torch.zeros(1, image.channels, image.height, image.width), str(given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
