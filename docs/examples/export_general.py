"""Export a network of general blocks with numpy alone: the example in docs/your_network.md.

    python docs/examples/export_general.py FOLDER

writes `FOLDER/mine.yaml`, `FOLDER/mine/<block>.npz`, `FOLDER/labels.csv` and `FOLDER/pictures/`. It imports nothing of
this project: replace `trained` with the tensors of your framework, and keep `thresholds` and `export`. `forward` is the
network as it was trained, with batch normalisation and signed values.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

NETWORK_FILE = """\
name: mine
image: {height: 8, width: 8, channels: 1}
labels: [cat, dog, bird]
dataset: {folder: pictures, labels: labels.csv}
blocks:
  - name: front
    kind: block
    layers:
      - {name: conv0, type: convolution, channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 4, pe: 2, simd: 3}
      - {name: act0, type: threshold, bits: 4, descending: true}
  - name: res
    kind: basic
    channels: 8
    conv_a: {pe: 2, simd: 8}
    act_a: {descending: true}
    conv_b: {pe: 2, simd: 8}
  - name: end
    kind: block
    layers:
      - {name: pool, type: global_average_pool}
      - {name: fc, type: fully_connected, channels: 3, bias: true}
      - {name: best, type: top_k}
"""


@dataclass(frozen=True)
class Activation:
    """What follows a sum: y = round(gain * sum + shift), half up, clipped to the 16 values from `lowest` on.

    `gain` and `shift` [channels] are the folded batch normalisation, divided by the scale of the activation.
    """

    gain: Array
    shift: Array
    lowest: int = 0

    def __call__(self, sums: Array) -> Array:
        """The values of sums [N, H, W, channels]."""
        return np.clip(np.floor(self.gain * sums + self.shift + 0.5), self.lowest, self.lowest + 15)


def trained(seed: int = 1) -> dict[str, Any]:
    """Random integers in the place of trained ones: weights [OFM, KH, KW, IFM] of 4 bits, activations, a last layer."""
    random = np.random.default_rng(seed)

    def activation(spread: float, lowest: int = 0, *, negative: bool = False) -> Activation:
        # Whole multiples of a power of two, so that floating point computes without rounding.
        gain = np.round(random.uniform(4, 8, 8) / spread * 2**20) / 2**20
        gain[:4] *= -1 if negative else 1  # a negative factor of the batch normalisation
        gain[7] = 0 if negative else gain[7]
        return Activation(gain, np.round(random.uniform(0, 8, 8) * 64) / 64, lowest)

    net: dict[str, Any] = {
        "conv0": random.integers(-8, 8, (8, 3, 3, 1)),
        "act0": activation(1500, negative=True),
        "conv_a": random.integers(-8, 8, (8, 3, 3, 8)),
        "act_a": activation(250, negative=True),
        "conv_b": random.integers(-8, 8, (8, 3, 3, 8)),
        "act_b": activation(250, -8),
        "act": activation(8),
        "fc": (random.integers(-128, 128, (3, 8)), np.zeros(3, np.int64)),
    }
    # A bias with which every class wins for some pictures.
    net["fc"] = (net["fc"][0], -np.round(forward(net, pictures(64)).mean(axis=0)).astype(np.int64))
    return net


def convolve(x: Array, weights: Array) -> Array:
    """Sums of 3x3 windows of x [N, H, W, C], with zeros around the map."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("nhwcyx,oyxc->nhwo", windows, weights)


def forward(net: dict[str, Any], images: Array) -> Array:
    """Logits [N, 3] of images uint8 [N, 8, 8, 1]."""
    x = net["act0"](convolve(images.astype(float), net["conv0"]))
    inner = net["act_a"](convolve(x, net["conv_a"]))
    x = net["act"](net["act_b"](convolve(inner, net["conv_b"])) + x)
    weights, bias = net["fc"]
    return x.sum(axis=(1, 2)) @ weights.T + bias  # the sum over the map: the mean without its division


def thresholds(activation: Activation) -> tuple[Array, Array]:
    """Integer thresholds [channels, 15], ascending in each row, and whether a channel descends [channels].

    Value `lowest + k` is reached where gain * sum + shift >= lowest + k - 1/2: from a whole sum on if the gain is
    positive, up to one if it is negative. Fractions are exact, a quotient of floating-point numbers is not.
    """
    rows = []
    for gain, shift in zip(activation.gain, activation.shift, strict=True):
        distances = [activation.lowest + k - Fraction(1, 2) - Fraction(float(shift)) for k in range(1, 16)]
        if gain > 0:
            rows.append([ceil(each / Fraction(float(gain))) for each in distances])
        elif gain < 0:
            rows.append([floor(each / Fraction(float(gain))) for each in reversed(distances)])
        else:  # never or always: the project cuts thresholds to the sums that can occur
            rows.append([2**31 - 1 if each > 0 else 1 - 2**31 for each in distances])
    return np.array(rows), (activation.gain < 0).astype(np.int8)


def export(net: dict[str, Any]) -> dict[str, dict[str, Array]]:
    """Block -> array -> values."""
    files: dict[str, dict[str, Array]] = {"front": {}, "res": {}, "end": {}}
    for name, value in net.items():
        arrays = files["front" if name.endswith("0") else "res"]
        if isinstance(value, Activation):
            arrays[f"{name}_thresholds"], descending = thresholds(value)
            if name in ("act0", "act_a"):  # where the network file says `descending: true`
                arrays[f"{name}_descending"] = descending
        elif name == "fc":
            files["end"] = {"fc_weights": value[0], "fc_bias": value[1]}
        else:
            arrays[f"{name}_weights"] = value
    return files


def pictures(count: int = 12) -> Array:
    """Images uint8 [count, 8, 8, 1]. A folder of PNG or JPEG files does as well."""
    return np.random.default_rng(7).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)


def write(folder: Path) -> None:
    """Write everything that `doit demo network=FOLDER/mine.yaml` needs."""
    net, names = trained(), ("cat", "dog", "bird")
    (folder / "mine").mkdir(parents=True)
    (folder / "pictures").mkdir()
    (folder / "mine.yaml").write_text(NETWORK_FILE, "utf-8")
    for block, arrays in export(net).items():
        np.savez_compressed(folder / "mine" / f"{block}.npz", **arrays)
    lines = ["filename,label"]
    for number, (image, logits) in enumerate(zip(pictures(), forward(net, pictures()), strict=True)):
        np.save(folder / f"pictures/{number}.npy", image)
        lines.append(f"{number}.npy,{names[int(logits.argmax())]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/examples/export_general.py FOLDER")
    write(Path(sys.argv[1]))
