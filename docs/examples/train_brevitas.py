"""Train a small residual network with Brevitas and export it as QONNX: the example in docs/your_network.md.

    python docs/examples/train_brevitas.py FOLDER

needs the extra `train` (PyTorch, Brevitas, scikit-learn) and imports nothing of this project. It writes
`FOLDER/model.onnx`, `FOLDER/classes.txt`, and every fifth digit of scikit-learn, which training never sees, as
`FOLDER/pictures/`, `FOLDER/labels.csv` and `FOLDER/inputs.npy`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import brevitas.nn as qnn
import numpy as np
import torch
from brevitas.export import export_qonnx
from brevitas.quant import (
    Int8ActPerTensorFloat,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFloat,
    Uint8ActPerTensorFloat,
)
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn


# Begin of the page.
def conv(channels_in: int, channels: int) -> nn.Module:
    """A convolution with weights of 4 bits, and its batch normalisation."""
    weights = {"weight_quant": Int8WeightPerChannelFloat, "weight_bit_width": 4}
    return nn.Sequential(
        qnn.QuantConv2d(channels_in, channels, 3, padding=1, bias=False, **weights), nn.BatchNorm2d(channels)
    )


class Digits(nn.Module):
    """A convolution, a residual block with two paths, and a last layer that gives a number per class."""

    def __init__(self) -> None:
        super().__init__()
        pixels = Uint8ActPerTensorFloat.let(scaling_impl_type="const", scaling_init=1.0)
        self.pixels = qnn.QuantIdentity(act_quant=pixels)  # 255 is 1.0: the bytes of a picture, unchanged
        self.front = nn.Sequential(conv(1, 16), qnn.QuantReLU(bit_width=4))
        self.main = nn.Sequential(conv(16, 16), qnn.QuantReLU(bit_width=4), conv(16, 16))
        self.meet = qnn.QuantIdentity(act_quant=Int8ActPerTensorFloat, bit_width=4)  # one scale for both paths
        self.after = qnn.QuantReLU(bit_width=4)
        self.mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.last = qnn.QuantLinear(16, 10, bias=False, weight_quant=Int8WeightPerTensorFloat)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Pixels 0 to 1 [N, 1, 8, 8] to numbers [N, 10]."""
        value = self.front(self.pixels(image))
        value = self.after(self.meet(self.main(value)) + self.meet(value))
        return self.last(self.mean(value))


# End of the page.
def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int = 20) -> None:
    """Train in place: cross entropy, Adam, a learning rate that falls to 0."""
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()


def main(folder: Path) -> None:
    """Train, export, and keep the pictures for the test."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    digits, labels = load_digits(return_X_y=True)
    images = np.rint(digits.reshape(-1, 1, 8, 8) * 255 / 16).astype(np.uint8)  # [N, C, H, W]
    held = np.arange(len(images)) % 5 == 0
    real = torch.from_numpy(images.astype(np.float32) / 255)
    model = Digits()
    train(model, real[~held], torch.from_numpy(labels[~held]))
    model.eval()
    with torch.no_grad():
        right = (model(real[held]).argmax(1).numpy() == labels[held]).sum()
    sys.stdout.write(f"{right} of {held.sum()} held-out digits are right\n")
    export_qonnx(model, real[:1], str(folder / "model.onnx"))
    (folder / "classes.txt").write_text("\n".join(map(str, range(10))) + "\n")
    np.save(folder / "inputs.npy", images[held].transpose(0, 2, 3, 1))  # bytes [N, H, W, C]
    lines = ["filename,label"]
    for number, (image, label) in enumerate(zip(images[held], labels[held], strict=True)):
        Image.fromarray(image[0]).save(folder / "pictures" / f"{number}.png")
        lines.append(f"{number}.png,{label}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
