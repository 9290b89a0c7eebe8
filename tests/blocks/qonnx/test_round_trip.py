"""The shipped network digits_basic, written as QONNX and imported again: every memory is the same, bit for bit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import needs
import numpy as np
import pytest
from qonnx_files import QonnxFile

from blocks.dataset import held_out
from blocks.kinds.general import General
from blocks.layers.activation import Thresholds
from blocks.layers.base import Layer
from blocks.layers.pool import SumOfMap
from blocks.layers.product import Convolution, FullyConnected
from blocks.network import Network, find_network, read_network
from blocks.network_model import network_values, run_network
from blocks.networks.straight_line import straight_line
from blocks.parameters import read_block
from blocks.parameters.__main__ import main
from blocks.trained import parameter_file

ROOT = Path(__file__).resolve().parents[3]
PIXEL, WEIGHT, ACTIVATION = 1 / 255, 0.03, 0.2


class Written:
    """A file with a batch normalisation for each row of thresholds; scales are not even powers of two."""

    def __init__(self, network: Network) -> None:
        self.file = QonnxFile((1, 1, 8, 8))
        self.unit = PIXEL
        tensor = self.file.quant(self.file.input, PIXEL, bits=8, signed=False)
        for block in network.blocks:
            assert isinstance(block, General)
            self.arrays = read_block(parameter_file(network, block)).arrays
            tensor = self.chain(tensor, block.before)
            if block.join:
                unit, main = self.unit, self.chain(tensor, block.main)
                self.unit = unit
                tensor = self.file.add(main, self.chain(tensor, block.side))
            tensor = self.chain(tensor, block.after)
        self.output = tensor

    def chain(self, tensor: str, layers: tuple[Layer, ...]) -> str:
        for layer in layers:
            tensor = self.layer(tensor, layer)
        return tensor

    def layer(self, tensor: str, layer: Layer) -> str:
        file = self.file
        if isinstance(layer, Convolution):
            integers = self.arrays[f"{layer.name}_weights"].transpose(0, 3, 1, 2)
            weights = file.weights(integers, WEIGHT, layer.weight_bits, narrow=True)
            self.unit *= float(np.float32(WEIGHT))
            return file.conv(tensor, weights, pads=layer.pad, strides=layer.stride)
        if isinstance(layer, FullyConnected):
            return file.gemm(tensor, file.weights(self.arrays[f"{layer.name}_weights"], WEIGHT, 8, narrow=True))
        if isinstance(layer, Thresholds):
            levels = np.arange(1, 2**layer.bits) - layer.zero - 0.5
            rows = self.arrays[f"{layer.name}_thresholds"]
            slope, offset = np.array([straight_line(row, levels, layer.source.range) for row in rows]).T
            scale, unit, self.unit = float(np.float32(ACTIVATION)), self.unit, float(np.float32(ACTIVATION))
            ones = np.ones(len(rows))
            norm = file.batch_norm(tensor, scale / (slope * unit), 0 * ones, offset * unit, ones, epsilon=1e-12)
            if layer.zero:
                return file.quant(norm, ACTIVATION, bits=layer.bits)
            return file.quant(file.relu(norm), ACTIVATION, bits=layer.bits, signed=False)
        return file.flatten(file.node("GlobalAveragePool", [tensor])) if isinstance(layer, SumOfMap) else tensor


def _equal(shipped: Network, imported: Network) -> None:
    """Shapes, all memories of all blocks, and every number of every block on the held-out digits."""
    assert [block.output.stored for block in imported.blocks] == [block.output.stored for block in shipped.blocks]
    pairs = list(zip(shipped.blocks, imported.blocks, strict=True))
    for one, other in pairs:
        a, b = (
            network_values(net, each).logical(each.core().graph) for net, each in ((shipped, one), (imported, other))
        )
        assert len(a) == len(b) > 0
        for (name, expected), found in zip(a.items(), b.values(), strict=True):
            assert np.array_equal(found, expected), f"{one.name}: {name}"
    images, labels = held_out(shipped.dataset)
    outputs = [run_network(net, {each.name: network_values(net, each) for each in net.blocks}, images)
               for net in (shipped, imported)]  # fmt: skip
    for one, other in pairs:
        assert np.array_equal(outputs[0][one.name], outputs[1][other.name]), one.name
    assert (outputs[1][imported.last.name].reshape(len(images), -1)[:, 0] == labels).sum() == 347


@pytest.mark.slow
def test_written_by_hand(tmp_path: Path) -> None:
    shipped = find_network("digits_basic")
    written = Written(shipped)
    path = written.file.save(tmp_path / "digits.onnx", written.output)
    assert main(["import", str(path), "--name", "again", "--top", "3", "--into", str(tmp_path)]) == 0
    _equal(shipped, read_network(tmp_path / "again.yaml"))


@pytest.mark.nightly
@pytest.mark.slow
def test_exported_through_brevitas(tmp_path: Path) -> None:
    path = tmp_path / "digits.onnx"
    words = ["-m", "blocks.networks.brevitas_export", "digits_basic", str(path)]
    subprocess.run([needs.training_python(), *words], cwd=ROOT, check=True)
    assert main(["import", str(path), "--name", "again", "--top", "3", "--into", str(tmp_path)]) == 0
    _equal(find_network("digits_basic"), read_network(tmp_path / "again.yaml"))


def test_a_line_by_hand() -> None:
    """ceil(2.2 * (k - 1/2) - 3): of -1.9, 0.3, 2.5. Other lines have the same. 100 is out of reach, and stays there."""
    slope, offset = straight_line(np.array([-1, 1, 3]), np.array([0.5, 1.5, 2.5]), (-50, 50))
    assert np.ceil(slope * np.array([0.5, 1.5, 2.5]) + offset).tolist() == [-1, 1, 3]
    slope, offset = straight_line(np.array([-1, 1, 100]), np.array([0.5, 1.5, 2.5]), (-50, 2))
    assert np.ceil(slope * np.array([0.5, 1.5]) + offset).tolist() == [-1, 1]
    assert np.ceil(slope * 2.5 + offset) > 2
    with pytest.raises(ValueError, match="no straight line"):
        straight_line(np.array([0, 1, 20]), np.array([0.5, 1.5, 2.5]), (-50, 50))
