"""Public networks of others. Nothing of them is part of the project: the tests say where each file is to be had."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path

import needs
import numpy as np
import pytest
from flow_checkout import copy_checkout

from blocks.balance import folded
from blocks.network import read_network
from blocks.network_model import network_values, run_network
from blocks.parameters.__main__ import main
from blocks.qonnx.file import load
from blocks.qonnx.importing import Converted, Options, convert
from blocks.qonnx.interpreter import run
from blocks.qonnx.writing import write

ZOO = "github.com/fastmachinelearning/qonnx_model_zoo: models/MNIST/Brevitas_FINN_TFC/TFC"
MNIST = "github.com/kelas/mnist"
TINY = "python -m benchmarks.onnx_import.resnet8 makes it of the weights that its docstring names"


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """The 10,000 images [N, 28, 28, 1] of the test set, and their labels."""
    packed = [needs.public_file(f"t10k-{what}-ubyte.gz", MNIST) for what in ("images-idx3", "labels-idx1")]
    images, labels = (np.frombuffer(gzip.decompress(each.read_bytes()), np.uint8) for each in packed)
    return images[16:].reshape(-1, 28, 28, 1), labels[8:]


def test_mnist_tfc_1w2a(tmp_path: Path) -> None:
    """94.74 % of the test images, 9,474, are right; the file's own arithmetic gives the same class for all 10,000."""
    path = needs.public_file("TFC_1W2A.onnx", ZOO)
    images, labels = mnist()
    assert main(["import", str(path), "--name", "tfc", "--top", "1", "--into", str(tmp_path)]) == 0
    network = read_network(tmp_path / "tfc.yaml")
    values = {block.name: network_values(network, block) for block in network.blocks}
    found = run_network(network, values, images)[network.last.name].reshape(-1)
    assert (found == labels).sum() == 9474
    model = load(path)
    real = run(model, (images.astype(np.float32) / 255).reshape(-1, 1, 28, 28))[model.output.name].value
    assert (real.reshape(len(images), 10).argmax(1) == found).all()


@pytest.mark.nightly
@pytest.mark.slow
def test_mnist_tfc_1w2a_is_built_and_simulated(tmp_path: Path) -> None:
    """784 pixels enter one by one, which is the pace of the first core and of the whole kernel."""
    path, folder = needs.public_file("TFC_1W2A.onnx", ZOO), tmp_path / "made"
    assert main(["import", str(path), "--name", "tfc", "--top", "1", "--into", str(folder)]) == 0
    checkout, network = copy_checkout(tmp_path / "checkout"), f"network={folder / 'tfc.yaml'}"
    checkout.doit("build", network)
    cycles = re.findall(r": ([\d,]+) cycles an image \(([\d,]+) predicted\)", checkout.doit("cosim", network))
    assert len(cycles) == 5  # four blocks and the DMA
    assert all(found == predicted for found, predicted in cycles)
    checkout.doit("build", network, "target=hw_emu")
    printed = checkout.doit("kernel", network, "target=hw_emu")
    assert "kernel: 784 cycles an image (784 predicted)" in printed
    assert "elements equal to the model" in printed


@pytest.mark.slow
def test_every_block_of_resnet8_equals_the_file(tmp_path: Path) -> None:
    model = load(needs.public_file("resnet8.onnx", TINY))
    made = convert(model, Options("resnet8"))
    network = write(replace(made, network=folded(made.network)), tmp_path)
    images = np.random.default_rng(8).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
    images[0], images[1] = 0, 255
    values = {block.name: network_values(network, block) for block in network.blocks}
    found = run_network(network, values, images)
    tensors = run(model, images.astype(np.float32).transpose(0, 3, 1, 2))
    assert [block.name for block in network.blocks] == ["conv0", "stack1_add", "stack2_add", "stack3_add", "fc"]
    for block in network.blocks[:-1]:
        codes = found[block.name].astype(np.int64).transpose(0, 3, 1, 2)
        real = tensors[made.tensors[block.name].tensor].value
        assert len(np.unique(codes)) >= 8
        assert np.array_equal(codes * _scale(made, block.name), real), block.name
    # A sum stands for scale * sum: the bias is a whole number of these, the scale a power of two.
    sums = found["fc"].reshape(len(images), 10).astype(np.float64)
    real = tensors[model.output.name].value
    unit = real[0, 0] / sums[0, 0]
    assert np.log2(unit) == np.rint(np.log2(unit))
    assert np.array_equal(sums * unit, real)


def _scale(made: Converted, block: str) -> float:
    """The one scale of a block's unsigned codes."""
    (scale,) = set(made.tensors[block].scale.tolist())
    return float(scale)
