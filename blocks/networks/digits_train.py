"""Train the `digits` network and write its integer parameters: a worked example for your own network.

    python -m blocks.networks.digits_train [--out FOLDER] [--epochs N] [--seed S] [--validate]

Needs the extra `train` (PyTorch, scikit-learn); takes some minutes on one core. Three parts, in this order:

1. quantization-aware training (`train`): every tensor that the hardware holds as an integer is rounded to integers here
   too, stored in floating point; gradients ignore the rounding (straight-through);
2. `export`: batch normalisation and rounding become integer thresholds, weights become bits;
3. `integer_logits`: the exported arrays alone, in integer arithmetic, must classify the held-out digits.

Data: scikit-learn's 1,797 digits, 8x8 pixels of 0..16. Every fifth image (index % 5 == 0) is held out and used only for
the final figures. Hyper-parameters were chosen with `--validate`, which sets aside a quarter of the training images
(index % 5 == 1), trains on the rest, prints the accuracy on that quarter and writes nothing.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

import blocks.kinds.residual
from blocks.core.model import run_graph
from blocks.network import find_network
from blocks.network_model import run_network
from blocks.parameters import BlockParameters
from config.frozen import dataclass

try:
    import torch
    import torch.nn.functional as F  # noqa: N812 - the field's name for it
    from sklearn.datasets import load_digits
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"training needs {missing.name}: install the extra with  pip install -e '.[train]'", name=missing.name
    ) from missing

Array = npt.NDArray[Any]
Parameters = dict[str, dict[str, Array]]  # block -> array name -> array

REQUIRED_ACCURACY = 0.95
BATCH = 64
LEARNING_RATE = 0.01
NORM_EPSILON = 1e-5
# Largest magnitude of an 8 bit weight. -128 is left out, so a row's sign can always be flipped.
WEIGHT_LIMIT = 127
# The loss uses integer logits times this. The hardware needs only their order; softmax needs a sensible spread.
LOGIT_UNIT = 1 / 2048
STEM_CHANNELS = 32
CLASSES = 10

console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Residual:
    """One residual block: channels in, inside and out, and the stride of conv2a and conv1."""

    name: str
    ifm: int
    mid: int
    ofm: int
    stride: int
    branches: int
    in_bits: int = 4

    def convolutions(self) -> dict[str, tuple[int, int, int, int, int]]:
        """Name -> (OFM, IFM, kernel, stride, activation bits)."""
        convs = {
            "conv2a": (self.mid, self.ifm, 1, self.stride, 2),
            "conv2b": (self.mid, self.mid, 3, 1, 2),
            "conv2c": (self.ofm, self.mid, 1, 1, 4),
        }
        if self.branches == 2:
            convs["conv1"] = (self.ofm, self.ifm, 1, self.stride, 4)
        return convs


def residuals() -> tuple[Residual, ...]:
    """The residual blocks as digits.yaml shapes them."""
    return tuple(
        Residual(
            block.name, block.input.channels, block.conv2a.channels, block.output.channels, block.stride[0],
            1 if block.conv1 is None else 2, block.input.bits,
        )
        for block in find_network("digits").blocks
        if isinstance(block, blocks.kinds.residual.Residual)
    )  # fmt: skip


RESIDUALS = residuals()


# ---------------------------------------------------------------- 1. quantization-aware training


def quantize(value: torch.Tensor, low: int, high: int) -> torch.Tensor:
    """Round half up to the integers low..high; the gradient is 1 inside that range and 0 outside."""
    inside = value.clamp(low - 0.5, high + 0.5)
    # The added difference is exactly 0. `value + (rounded - value)` would be off by an ulp, enough to miss a threshold.
    return (value + 0.5).floor().clamp(low, high).detach() + (inside - inside.detach())


def binarize(value: torch.Tensor) -> torch.Tensor:
    """-1 or +1 (0 gives +1), with the gradient of the identity."""
    return torch.where(value >= 0, 1.0, -1.0).to(value.dtype).detach() + (value - value.detach())


class Model:
    """Latent weights in -1..1, and a batch normalisation before every threshold; both by "block.layer"."""

    def __init__(self) -> None:
        self.weights: dict[str, torch.Tensor] = {}
        self.norms: dict[str, torch.nn.BatchNorm2d] = {}
        self._layer("preres.conv0", (STEM_CHANNELS, 1, 3, 3), 2)
        for block in RESIDUALS:
            for conv, (ofm, ifm, kernel, _, bits) in block.convolutions().items():
                self._layer(f"{block.name}.{conv}", (ofm, ifm, kernel, kernel), bits)
            if block.in_bits == 4:
                self._norm(f"{block.name}.bypass", block.ifm, 2)
        self.weights["postres.fc"] = torch.empty(CLASSES, RESIDUALS[-1].ofm).uniform_(-0.3, 0.3).requires_grad_()
        self.weights["postres.bias"] = torch.zeros(CLASSES).requires_grad_()

    def _layer(self, key: str, shape: tuple[int, ...], bits: int) -> None:
        self.weights[key] = torch.empty(shape).uniform_(-0.5, 0.5).requires_grad_()
        self._norm(key, shape[0], bits)

    def _norm(self, key: str, channels: int, bits: int) -> None:
        norm = torch.nn.BatchNorm2d(channels, eps=NORM_EPSILON)
        # The spread, in steps of the quantizer. If smaller, most levels go unused; if larger, most values saturate.
        torch.nn.init.constant_(norm.weight, 1.5 if bits == 2 else 2.5)
        torch.nn.init.constant_(norm.bias, 0.5 if bits == 2 else 0.0)
        self.norms[key] = norm

    def trainable(self) -> list[torch.Tensor]:
        """Everything that the optimizer changes."""
        return [*self.weights.values(), *(p for norm in self.norms.values() for p in norm.parameters())]

    def mode(self, training: bool) -> None:
        """Normalise by the batch (training) or by the running statistics, which `export` folds."""
        for norm in self.norms.values():
            norm.train(training)

    def project(self) -> None:
        """After a step of the optimizer, clamp the parameters to the range that can be exported."""
        with torch.no_grad():
            for weight in self.weights.values():
                weight.clamp_(-1, 1)
            for key, norm in self.norms.items():
                if key.endswith(".bypass"):
                    # `fold` flips the weights of a negative gain. There are no weights before this one, so keep it > 0.
                    norm.weight.clamp_(min=0.05)

    def _threshold(self, key: str, accumulator: torch.Tensor, bits: int) -> torch.Tensor:
        """2 bits: 0..3. 4 bits: -8..7, stored with an offset of 8; all share one step size, so they can be added."""
        normal: torch.Tensor = self.norms[key](accumulator)
        return quantize(normal, 0, 3) if bits == 2 else quantize(normal, -8, 7)

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Integer logits in floating point, [N, 10]; images [N, 1, 8, 8] hold 0..16."""
        weights = {
            key: quantize(WEIGHT_LIMIT * w, -WEIGHT_LIMIT, WEIGHT_LIMIT) if key in ("preres.conv0", "postres.fc")
            else quantize(w / LOGIT_UNIT, -(1 << 20), 1 << 20) if key == "postres.bias"
            else binarize(w)
            for key, w in self.weights.items()
        }  # fmt: skip
        x = self._threshold("preres.conv0", F.conv2d(images, weights["preres.conv0"], padding=1), 2)
        x = F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2)
        for block in RESIDUALS:
            q = x if block.in_bits == 2 else self._threshold(f"{block.name}.bypass", x, 2)
            y = q
            outputs = {"identity": x}
            for conv, (_, _, kernel, stride, bits) in block.convolutions().items():
                key = f"{block.name}.{conv}"
                source = q if conv == "conv1" else y
                accumulator = F.conv2d(source, weights[key], stride=stride, padding=kernel // 2)
                outputs[conv] = y = self._threshold(key, accumulator, bits)
            side = outputs["conv1" if block.branches == 2 else "identity"]
            x = (outputs["conv2c"] + side).clamp(-8, 7)
        pooled = x.relu().sum(dim=(2, 3))
        return F.linear(pooled, weights["postres.fc"], weights["postres.bias"])


def augment(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Rotate, scale, shift by up to a pixel, add noise; still integers 0..16."""
    count = len(images)
    amount = 2 * torch.rand(5, count, generator=random) - 1
    angle, scale = 0.2 * amount[0], 1 + 0.1 * amount[1]
    shift = amount[2:4] * (2 / 8)  # grids run from -1 to 1 over 8 pixels
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    affine = torch.stack([cosine, -sine + 0.1 * amount[4], shift[0], sine, cosine, shift[1]], 1).reshape(count, 2, 3)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, align_corners=False)
    noise = 0.7 * torch.randn(images.shape, generator=random)
    return (moved + noise * (moved > 0)).round().clamp(0, 16)


def train(images: torch.Tensor, labels: torch.Tensor, epochs: int, seed: int) -> Model:
    """Train on images [N, 1, 8, 8] (0..16) with labels [N]. Returns the model of the last epoch, not the best one."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    model = Model()
    optimizer = torch.optim.Adam(model.trainable(), lr=LEARNING_RATE)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        model.mode(training=True)
        order = torch.randperm(len(images), generator=random)
        for first in range(0, len(images), BATCH):
            chosen = order[first : first + BATCH]
            logits = model.logits(augment(images[chosen], random)) * LOGIT_UNIT
            loss = F.cross_entropy(logits, labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            model.project()
            total += float(loss.detach()) * len(chosen)
        if (epoch + 1) % max(1, epochs // 10) == 0:
            console.print(f"epoch {epoch + 1:4d} of {epochs}: loss {total / len(images):.3f}")
    model.mode(training=False)
    return model


# ---------------------------------------------------------------- 2. export


def fold(norm: torch.nn.BatchNorm2d, lowest: int, count: int, reach: tuple[int, int]) -> tuple[Array, Array]:
    """Batch normalisation and rounding as integer thresholds on the accumulator.

    Level `lowest + k` (k = 1..count) is reached where gain * (acc - mean) + bias >= lowest + k - 1/2. A negative gain
    turns that into acc <= ..., which the hardware cannot compare. The weights of such a channel are negated instead.

    Returns the thresholds, int64 [channels, count], ascending, and the sign (-1 or +1) of each channel's weights, int64
    [channels]. Thresholds are clipped to `reach`, the smallest and largest accumulator; one that is never reached
    becomes `reach[1] + 1`.
    """
    mean, variance = (np.asarray(t, dtype=np.float64) for t in (norm.running_mean, norm.running_var))
    gain, bias = (t.detach().numpy().astype(np.float64) for t in (norm.weight, norm.bias))
    gain = gain / np.sqrt(variance + norm.eps)
    sign = np.where(gain < 0, -1, 1)
    distance = lowest + np.arange(1, count + 1) - 0.5 - bias[:, None]
    # Where gain is 0 the accumulator has no effect: the level is reached always (distance <= 0) or never.
    flat = np.where(distance <= 0, -np.inf, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.where(gain[:, None] == 0, flat, (sign * mean)[:, None] + distance / np.abs(gain)[:, None])
    return np.clip(np.ceil(exact), reach[0], reach[1] + 1).astype(np.int64), sign


def export(model: Model) -> Parameters:
    """The arrays of each block, in the layout of the reference design's parameter files.

    `<conv>_weights_packed` uint8 [OFM, KH*KW*IFM/8]: bit b of byte j is column 8j+b, 1 means +1, 0 means -1, and
    column = (ky*KW+kx)*IFM + channel. `<conv>_thresholds` int16 [OFM, 3 or 15]. `bypass_thresholds` int16 [IFM, 3].
    `conv0_weights` int8 [OFM, KH, KW, IFM], `conv0_thresholds` int32 [OFM, 3]. `fc_weights` int8 [10, IFM],
    `fc_bias` int32 [10].
    """
    latent = {key: w.detach().numpy().astype(np.float64) for key, w in model.weights.items()}

    def integers(value: Array) -> Array:
        result: Array = np.floor(value + 0.5).astype(np.int64)
        return result

    stem = integers(WEIGHT_LIMIT * latent["preres.conv0"]).transpose(0, 2, 3, 1)
    limit = 255 * 128 * stem[0].size  # the largest accumulator of any 8 bit image and weights
    thresholds, sign = fold(model.norms["preres.conv0"], 0, 3, (-limit, limit))
    parameters: Parameters = {
        "preres": {
            "conv0_weights": (stem * sign[:, None, None, None]).astype(np.int8),
            "conv0_thresholds": thresholds.astype(np.int32),
        }
    }
    for block in RESIDUALS:
        arrays: dict[str, Array] = {}
        if block.in_bits == 2:
            arrays["bypass_thresholds"] = np.tile(np.array([1, 2, 3], np.int16), (block.ifm, 1))
        else:
            # Training uses -8..7, the hardware stores 0..15.
            thresholds, _ = fold(model.norms[f"{block.name}.bypass"], 0, 3, (-8, 7))
            arrays["bypass_thresholds"] = (thresholds + 8).astype(np.int16)
        for conv, (ofm, ifm, kernel, _, bits) in block.convolutions().items():
            key = f"{block.name}.{conv}"
            limit = 3 * kernel * kernel * ifm
            thresholds, sign = fold(model.norms[key], 0 if bits == 2 else -8, (1 << bits) - 1, (-limit, limit))
            positive = (latent[key] >= 0) == (sign > 0)[:, None, None, None]
            columns = positive.transpose(0, 2, 3, 1).reshape(ofm, -1)
            arrays[f"{conv}_weights_packed"] = np.packbits(columns, axis=1, bitorder="little")
            arrays[f"{conv}_thresholds"] = thresholds.astype(np.int16)
        parameters[block.name] = arrays
    parameters["postres"] = {
        "fc_weights": integers(WEIGHT_LIMIT * latent["postres.fc"]).astype(np.int8),
        "fc_bias": integers(latent["postres.bias"] / LOGIT_UNIT).astype(np.int32),
    }
    return parameters


def write(parameters: Parameters, folder: Path, facts: Mapping[str, object]) -> None:
    """Write one `<block>.npz` per block, with the 0-d JSON string `meta`. Equal arrays give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for block, arrays in parameters.items():
        meta = json.dumps({"network": "digits", "block": block, "origin": "trained", **facts})
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, array in sorted({**arrays, "meta": np.array(meta)}.items()):
                data = io.BytesIO()
                np.save(data, np.array(array, order="C"), allow_pickle=False)
                # numpy's savez stores the time of writing, so each run would change files with equal contents.
                entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data.getvalue(), compresslevel=9)
        (folder / f"{block}.npz").write_bytes(content.getvalue())


# ---------------------------------------------------------------- 3. the exact integer model


def integer_logits(parameters: Parameters, images: Array) -> Array:
    """Integer logits [N, 10] of images uint8 [N, 8, 8, 1], from the model that every view of the network must equal."""
    network = find_network("digits")
    files = {name: BlockParameters(f"{name}.npz", arrays, {}) for name, arrays in parameters.items()}
    head = network.last
    outputs = run_network(network, files, images, parameters[head.name]["fc_weights"])
    graph = head.core().graph
    inputs = {"input": outputs[network.blocks[-2].name], "fc_weights": parameters[head.name]["fc_weights"]}
    logits: Array = run_graph(graph, inputs, files[head.name].logical(graph))["logits_out"]
    return logits.reshape(len(images), -1)


# ---------------------------------------------------------------- the command


def main(argv: list[str] | None = None) -> int:
    """Train, export, check, write. Returns 0, or 1 if the accuracy is too low; then nothing is written."""
    parser = argparse.ArgumentParser(prog="python -m blocks.networks.digits_train", description="train digits")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "digits", help="folder of the .npz files")
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--validate", action="store_true", help="measure on a part of the training images, write none")
    options = parser.parse_args(argv)
    if options.epochs < 1:
        parser.error(f"--epochs {options.epochs}: give at least 1")

    torch.set_num_threads(1)  # more threads would change the order of sums, and with it the result
    torch.use_deterministic_algorithms(True)
    started = time.monotonic()
    digits = load_digits()
    pixels = np.asarray(digits.images, dtype=np.uint8)[..., None]
    labels = np.asarray(digits.target, dtype=np.int64)
    fold_of = np.arange(len(labels)) % 5
    measured = fold_of == (1 if options.validate else 0)
    trained = (fold_of != 0) & ~measured
    images = torch.from_numpy(pixels.astype(np.float32)).permute(0, 3, 1, 2).contiguous()
    model = train(images[trained], torch.from_numpy(labels)[trained], options.epochs, options.seed)

    with torch.no_grad():
        simulated = model.logits(images[measured]).numpy()
    parameters = export(model)
    exact = integer_logits(parameters, pixels[measured])
    kind = "validation" if options.validate else "held-out"
    accuracy = 0.0
    for name, logits in (("float-simulated", simulated), ("exact integer", exact)):
        right = int((logits.argmax(axis=1) == labels[measured]).sum())
        accuracy = right / len(logits)
        console.print(f"{kind} accuracy, {name} model: {right} of {len(logits)} = {accuracy:.2%}")
    equal = int((simulated == exact).all(axis=1).sum())
    console.print(f"equal logits in both: {equal} of {len(exact)}; {time.monotonic() - started:.0f} s")
    if options.validate:
        return 0
    if accuracy < REQUIRED_ACCURACY:
        console.print(
            f"error: {accuracy:.2%} is below {REQUIRED_ACCURACY:.0%}: nothing written to {options.out}; "
            "train for more --epochs or with another --seed"
        )
        return 1
    facts = {
        "script": "blocks/networks/digits_train.py",
        "seed": options.seed,
        "epochs": options.epochs,
        "held_out_accuracy": round(accuracy, 4),
    }
    write(parameters, options.out, facts)
    size = sum(path.stat().st_size for path in options.out.glob("*.npz"))
    console.print(f"wrote {len(parameters)} files, {size} bytes, to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
