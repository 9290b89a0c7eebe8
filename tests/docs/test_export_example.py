"""The exporter of docs/network.md: its files give what the network gives as it was trained."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from blocks.core.model import run_graph
from blocks.network import read_network
from blocks.network_model import run_network
from blocks.parameters import read_block
from blocks.parameters.importing import import_parameters

ROOT = Path(__file__).resolve().parents[2]
EXPORTER = ROOT / "docs/examples/export_network.py"
DOCUMENT = ROOT / "docs/network.md"


@pytest.fixture(scope="module")
def exporter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("export_network", EXPORTER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["export_network"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _logits(folder: Path, images: np.ndarray) -> np.ndarray:
    """The integer model's logits, from the files alone."""
    network = read_network(folder / "tiny.yaml")
    files = {block.name: read_block(network.parameters / f"{block.name}.npz") for block in network.blocks}
    weights = files["head"].streamed(network.last.core().graph)
    assert weights is not None
    outputs = run_network(network, files, images, weights)
    graph = network.last.core().graph
    inputs = {"input": outputs["res_b"], "fc_weights": weights}
    return run_graph(graph, inputs, files["head"].logical(graph))["logits_out"].reshape(len(images), -1)


@pytest.mark.parametrize("seed", range(5))
def test_the_integer_model_equals_the_trained_network(exporter, tmp_path, seed: int) -> None:
    layers = exporter.tiny_network(seed)
    exporter.write(layers, tmp_path)
    images = np.random.default_rng(seed + 100).integers(0, 256, (50, 4, 4, 2)).astype(np.uint8)
    images[0], images[1] = 0, 255
    expected = exporter.forward(layers, images)
    assert len(np.unique(expected[:, 0])) > 10  # the images are told apart
    assert len(np.unique(expected.argmax(axis=1))) == 3
    np.testing.assert_array_equal(_logits(tmp_path, images), expected)


def test_thresholds_by_hand(exporter) -> None:
    """Three channels whose levels are counted here, accumulator by accumulator, from -4 to 12."""
    layer = exporter.Layer(np.array([0.5, -0.5, 0.0]), np.array([0.25, 1.0, 2.0]), 2)
    found, signs = exporter.thresholds(layer)
    # a/2 + 1/4 >= 1/2, 3/2, 5/2 from a = 1/2, 5/2, 9/2 on; with -a for a: a/2 + 1 >= the same from -1, 1, 3 on.
    assert found[:2].tolist() == [[1, 3, 5], [-1, 1, 3]]
    assert signs.tolist() == [1, -1, 1]
    for accumulator in range(-4, 13):
        for channel, (gain, shift) in enumerate([(0.5, 0.25), (-0.5, 1.0), (0.0, 2.0)]):
            level = min(3, max(0, int(np.floor(gain * accumulator + shift + 0.5))))
            assert (found[channel] <= accumulator * signs[channel]).sum() == level, (channel, accumulator)


def test_one_residual_block_by_hand(exporter, tmp_path) -> None:
    """One pixel through res_b, with every sum worked out here: zero point, bypass, packing, saturation."""
    exporter.write(exporter.tiny_network(), tmp_path)
    network = read_network(tmp_path / "tiny.yaml")
    graph = next(block for block in network.blocks if block.name == "res_b").core().graph
    plus = np.ones((4, 1, 1, 8), np.int8)
    plus[3] = -1
    centre = -np.ones((4, 3, 3, 4), np.int8)
    arrays = {
        # v is stored as v + 8: the levels 0, 1, 2, 3 of v begin at v = 1, 2, 3.
        "bypass_thresholds": np.tile([9, 10, 11], (8, 1)),
        "conv2a_weights_packed": exporter.packed(plus),
        "conv2a_thresholds": np.tile([1, 7, 100], (4, 1)),
        "conv2b_weights_packed": exporter.packed(centre),
        "conv2b_thresholds": np.tile([-12, -5, 0], (4, 1)),
        "conv2c_weights_packed": exporter.packed(np.ones((8, 1, 1, 4), np.int8)),
        "conv2c_thresholds": np.tile(np.arange(-6, 9), (8, 1)),
    }
    np.savez(tmp_path / "tiny/res_b.npz", **arrays)
    image = np.full((1, 2, 2, 8), 8, np.uint8)  # v = 0 everywhere but at one pixel
    image[0, 0, 0] = [9, 10, 11, 12, 15, 0, 7, 8]  # v = 1, 2, 3, 4, 7, -8, -1, 0
    parameters = read_block(tmp_path / "tiny/res_b.npz").logical(graph)
    values = run_graph(graph, {"input": image}, parameters)
    # bypass at that pixel: 1, 2, 3, 3, 3, 0, 0, 0 = 12 in all. conv2a: 12 is at least 1 and 7, not 100, so 2;
    # its channel 3 has -12, so 0. conv2b, all weights -1, at each of the four pixels (all windows hold that one): -6,
    # which is at least -12 and not -5, so 1 in each channel. conv2c: 4, which is at least -6..4, so 11 stored, v = 3.
    # Sum with the input: 3 + 1 = 4, stored 12; 3 + 7 = 10 saturates to 7, stored 15; 3 - 8 = -5, stored 3.
    assert values["output"][0, 0, 0].tolist() == [12, 13, 14, 15, 15, 3, 10, 11]
    assert (values["output"][0, 1] == 11).all()
    assert (values["output"][0, 0, 1] == 11).all()


def test_the_command_writes_files_that_can_be_imported(exporter, tmp_path) -> None:
    done = subprocess.run([sys.executable, str(EXPORTER), str(tmp_path / "made")], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "tiny.yaml").write_text(exporter.NETWORK_FILE)
    found = import_parameters(read_network(tmp_path / "tiny.yaml"), tmp_path / "made/tiny")
    assert found.blocks == ("stem", "res_a", "res_b", "head")
    assert found.fc_weights == "the folder"
    assert sorted(path.name for path in (tmp_path / "tiny").iterdir()) == [
        "head.npz", "res_a.npz", "res_b.npz", "stem.npz",
    ]  # fmt: skip
