"""Train a network of general blocks on the digits of scikit-learn and write its integer parameters.

    python -m blocks.networks.general_train digits_basic [--out FOLDER] [--epochs N] [--seed S]

Needs the extra `train` (PyTorch, scikit-learn); takes some minutes on one core. The network file says which layers
there are. Every tensor that the hardware holds as an integer is rounded to integers in training too, stored in floating
point; gradients ignore the rounding (straight-through). In front of each threshold stands a batch normalisation with a
positive gain, which becomes the thresholds of the export. The exported integers, through the integer model, give the
printed accuracy. Every `held_out_every`-th digit is kept out of training and used for that figure only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blocks.kinds.general import General
from blocks.layers.activation import Thresholds
from blocks.layers.base import Layer
from blocks.layers.ending import TopK
from blocks.layers.pool import MaxOfWindows, SumOfMap
from blocks.layers.product import Convolution, FullyConnected
from blocks.network import Network, find_network

try:
    import torch
    import torch.nn.functional as F  # noqa: N812 - the field's name for it
    from sklearn.datasets import load_digits
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"training needs {missing.name}: install the extra with  pip install -e '.[train]'", name=missing.name
    ) from missing

Array = npt.NDArray[Any]
BATCH = 64
LEARNING_RATE = 0.005
EPSILON = 1e-5
SPREAD = 3.0
"""How many codes the standard deviation of sums covers when training begins."""


def quantize(value: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Round half up to the integers low..high; the gradient is 1 inside that range and 0 outside."""
    inside = value.clamp(low - 0.5, high + 0.5)
    return (value + 0.5).floor().clamp(low, high).detach() + (inside - inside.detach())


class Model:
    """Latent weights in -1..1, and a batch normalisation for each threshold layer, by the layer's id: names repeat."""

    def __init__(self, network: Network) -> None:
        self.blocks = [block for block in network.blocks if isinstance(block, General)]
        if len(self.blocks) != len(network.blocks):
            raise SystemExit(f"{network.name}: every block has to be a general or a basic one")
        self.weights: dict[int, torch.Tensor] = {}
        self.norms: dict[int, torch.nn.BatchNorm1d] = {}
        for layer in (layer for block in self.blocks for layer in block.layers):
            if isinstance(layer, Convolution):
                axes = (layer.channels, layer.source.channels, *layer.kernel)
                self.weights[id(layer)] = (torch.rand(axes) * 2 - 1).requires_grad_()
            elif isinstance(layer, FullyConnected):
                shape = (layer.channels, layer.source.channels * layer.source.pixels)
                self.weights[id(layer)] = (torch.rand(shape) * 2 - 1).requires_grad_()
            elif isinstance(layer, Thresholds):
                norm = torch.nn.BatchNorm1d(layer.source.channels, EPSILON)
                torch.nn.init.constant_(norm.weight, SPREAD)
                torch.nn.init.constant_(norm.bias, 0.0 if self.lowest(layer) else SPREAD)
                self.norms[id(layer)] = norm

    @staticmethod
    def lowest(layer: Thresholds) -> int:
        """The lowest value of an activation."""
        return -layer.zero

    def parameters(self) -> list[torch.Tensor]:
        """Everything that is trained."""
        return [*self.weights.values(), *(part for norm in self.norms.values() for part in norm.parameters())]

    def integers(self, layer: Convolution | FullyConnected) -> torch.Tensor:
        """The weights as the hardware holds them: -1 and +1, or up to 2^(bits - 1) - 1 on both sides of 0."""
        latent = self.weights[id(layer)]
        if layer.weight_bits == 1:
            return torch.where(latent >= 0, 1.0, -1.0).detach() + (latent - latent.detach())
        limit = 2 ** (layer.weight_bits - 1) - 1
        return quantize(latent * limit, -limit, limit)

    def run(self, images: torch.Tensor) -> torch.Tensor:
        """Values of the last layer before the choice of classes, [N, classes]."""
        value = images
        for block in self.blocks:
            value = self._chain(value, block.before)
            if block.join:
                main, side = self._chain(value, block.main), self._chain(value, block.side)
                value = block.join.factors[0] * main + block.join.factors[1] * side
            value = self._chain(value, block.after)
        return value.flatten(1)

    def _chain(self, value: torch.Tensor, layers: Sequence[Layer]) -> torch.Tensor:
        for layer in layers:
            value = self._layer(value, layer)
        return value

    def _layer(self, value: torch.Tensor, layer: Layer) -> torch.Tensor:
        if isinstance(layer, Convolution):
            top, left, bottom, right = layer.pad
            return F.conv2d(F.pad(value, (left, right, top, bottom)), self.integers(layer), stride=layer.stride)
        if isinstance(layer, FullyConnected):
            flat = value.permute(0, 2, 3, 1).flatten(1)  # pixels in raster order, channels within the pixel
            return (flat @ self.integers(layer).T)[:, :, None, None]
        if isinstance(layer, Thresholds):
            norm, low = self.norms[id(layer)], self.lowest(layer)
            with torch.no_grad():
                norm.weight.clamp_(min=1e-3)
            shape = value.shape
            return quantize(norm(value.flatten(2)).reshape(shape), low, low + 2**layer.bits - 1)
        if isinstance(layer, MaxOfWindows):
            top, left, bottom, right = layer.pad
            lowest = -float(layer.source.zero)
            return F.max_pool2d(F.pad(value, (left, right, top, bottom), value=lowest), layer.kernel, layer.stride)
        if isinstance(layer, SumOfMap):
            return value.sum((2, 3), keepdim=True)
        if isinstance(layer, TopK) or type(layer).__name__ == "Results":
            return value
        raise SystemExit(f"{layer.name}: this script trains no such layer")


def train(model: Model, images: torch.Tensor, labels: torch.Tensor, epochs: int) -> None:
    """Train in place: cross entropy, Adam, a learning rate that falls to 0."""
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    unit = None
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for batch in order.split(BATCH):
            if len(batch) < BATCH:
                continue
            rows, columns = torch.randint(-1, 2, (2,)).tolist()
            moved = torch.roll(images[batch], (rows, columns), (2, 3))
            out = model.run(moved)
            unit = out.std().detach() if unit is None else 0.99 * unit + 0.01 * out.std().detach()
            loss = F.cross_entropy(4 * out / (unit + EPSILON), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                for weights in model.weights.values():
                    weights.clamp_(-1, 1)


def thresholds(layer: Thresholds, norm: torch.nn.BatchNorm1d) -> Array:
    """The sums [C, 2^bits - 1] at which the next code begins: the smallest integer that rounds to it, half up."""
    mean, var = (part.double().numpy() for part in (norm.running_mean, norm.running_var))
    gain = norm.weight.detach().double().numpy() / np.sqrt(var + EPSILON)
    offset = norm.bias.detach().double().numpy() - gain * mean
    codes = np.arange(1, 2**layer.bits) + Model.lowest(layer) - 0.5
    found: Array = np.ceil((codes[None, :] - offset[:, None]) / gain[:, None])
    return np.clip(found, -(2**31) + 1, 2**31 - 1).astype(np.int32)


def export(model: Model) -> dict[str, dict[str, Array]]:
    """The arrays of each block's parameter file."""
    files: dict[str, dict[str, Array]] = {}
    for block in model.blocks:
        arrays: dict[str, Array] = {}
        for layer in block.layers:
            if isinstance(layer, Convolution):
                weights = model.integers(layer).detach().numpy().transpose(0, 2, 3, 1)
                arrays[f"{layer.name}_weights"] = weights.astype(np.int8)
            elif isinstance(layer, FullyConnected):
                arrays[f"{layer.name}_weights"] = model.integers(layer).detach().numpy().astype(np.int8)
            elif isinstance(layer, Thresholds):
                arrays[f"{layer.name}_thresholds"] = thresholds(layer, model.norms[id(layer)])
        files[block.name] = {**arrays, "meta": np.array('{"origin": "trained"}')}
    return files


def accuracy(network: Network, images: Array, labels: Array) -> int:
    """How many images the integer model gets right, with the files as they lie there."""
    from blocks.network_model import network_values, run_network  # noqa: PLC0415  slow to import

    values = {block.name: network_values(network, block) for block in network.blocks}
    streamed = values[network.last.name].streamed if network.streaming else None
    given = run_network(network, values, images, streamed)[network.last.name].reshape(len(images), -1)
    best = given[:, 0] if network.results.indices else given.argmax(1)
    return int((best == labels).sum())


def main(arguments: list[str] | None = None) -> int:
    """Train, export, and print the accuracy on held-out digits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="name or path of a network of general blocks")
    parser.add_argument("--out", type=Path, help="folder for the parameter files [default: the network's own]")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    network = find_network(given.network)
    assert network.dataset is not None  # noqa: S101  the networks that this script is for name one
    pixels, labels = load_digits(return_X_y=True)
    images = pixels.reshape(-1, 8, 8, 1).astype(np.uint8)
    held = np.arange(len(labels)) % network.dataset.held_out_every == 0
    model = Model(network)
    train(
        model, torch.from_numpy(images[~held].transpose(0, 3, 1, 2).astype(np.float32)),
        torch.from_numpy(labels[~held]), given.epochs,
    )  # fmt: skip
    folder = given.out or network.parameters
    folder.mkdir(parents=True, exist_ok=True)
    for name, arrays in export(model).items():
        np.savez_compressed(folder / f"{name}.npz", **arrays)
    if given.out is None:
        right = accuracy(network, images[held], labels[held])
        sys.stdout.write(f"{right} of {int(held.sum())} held-out digits: {right / held.sum():.2%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
