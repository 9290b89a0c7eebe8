"""docs/your_network.md, line by line: its exporters, its files, the picture classes."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import needs
import numpy as np
import pytest
from flow_checkout import copy_checkout

from blocks.dataset import held_out
from blocks.network import Network, find_network
from blocks.network_model import network_values, run_network

ROOT = Path(__file__).resolve().parents[2]
EXPORTER = ROOT / "docs/examples/export_general.py"
TRAINING = ROOT / "docs/examples/train_brevitas.py"
PAGE = (ROOT / "docs/your_network.md").read_text("utf-8")
BREVITAS, INTEGERS = PAGE.split("\n## ")[1:]


@pytest.fixture(scope="module")
def exporter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("export_general", EXPORTER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["export_general"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The first command of the page, with another place for FOLDER."""
    made = tmp_path_factory.mktemp("page") / "FOLDER"
    command = re.findall(r"^\.venv/bin/python (docs/examples/export_general\.py) FOLDER$", PAGE, re.MULTILINE)
    subprocess.run([sys.executable, *command, str(made)], cwd=ROOT, check=True)
    return made


@pytest.fixture(scope="module")
def network(folder) -> Network:
    return find_network(str(folder / "mine.yaml"))


def _classes(network: Network, images: np.ndarray) -> np.ndarray:
    values = {block.name: network_values(network, block) for block in network.blocks}
    return run_network(network, values, images)["end"].reshape(len(images), -1)[:, 0]


def test_the_network_file_on_the_page_is_the_exporters(exporter) -> None:
    assert f"```yaml\n{exporter.NETWORK_FILE}```" in PAGE


def test_every_picture_gets_the_class_of_the_trained_network(exporter, network) -> None:
    images, labels = held_out(network.dataset)
    assert images.shape == (12, 8, 8, 1)
    assert set(labels) == {0, 1, 2}
    np.testing.assert_array_equal(_classes(network, images), labels)


def test_classes_equal_those_of_the_trained_network(exporter, network) -> None:
    images = np.random.default_rng(3).integers(0, 256, (60, 8, 8, 1)).astype(np.uint8)
    images[0], images[1] = 0, 255
    logits = exporter.forward(exporter.trained(), images)
    assert len(np.unique(logits[:, 0])) > 30  # the images are told apart
    np.testing.assert_array_equal(_classes(network, images), logits.argmax(axis=1))


def test_thresholds_by_hand(exporter) -> None:
    """a/2 + 1/4 >= k - 1/2 from a = 2k - 3/2 on; 1 - a/2 >= k - 1/2 up to a = 3 - 2k; both k from 1 to 15."""
    found, descending = exporter.thresholds(exporter.Activation(np.array([0.5, -0.5]), np.array([0.25, 1.0])))
    assert found[0].tolist() == [2 * k - 1 for k in range(1, 16)]
    assert found[1].tolist() == [3 - 2 * k for k in range(15, 0, -1)]
    assert descending.tolist() == [0, 1]


def test_every_array_on_the_page_is_written(exporter) -> None:
    arrays = {name for block in exporter.export(exporter.trained()).values() for name in block}
    listed = set(re.findall(r"`((?:conv|act|fc)\w*_(?:weights|thresholds|descending|bias))`", PAGE))
    assert listed == arrays


def test_the_model_on_the_page_is_the_script_s() -> None:
    _, model, _ = re.split(r"^# (?:Begin|End) of the page\.$", TRAINING.read_text("utf-8"), flags=re.MULTILINE)
    assert f"```python\n{model.strip()}\n```" in BREVITAS


def _commands(text: str) -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


@pytest.mark.nightly
@pytest.mark.slow
def test_every_command_from_training_to_pictures(tmp_path) -> None:
    """The lines of the page, one after the other. Only the first is not run: what it installs is asked for."""
    python, folder = needs.training_python(), tmp_path / "FOLDER"
    checkout = copy_checkout(tmp_path / "checkout")
    install, train, import_, dataset, demo = (
        shlex.split(line.replace("FOLDER", str(folder))) for line in _commands(BREVITAS)
    )
    assert install == [".venv/bin/pip", "install", "-e", ".[train,qonnx]"]
    assert train[0] == import_[0] == ".venv/bin/python"
    trained = subprocess.run([python, *train[1:]], cwd=ROOT, check=True, capture_output=True, text=True)
    (right,) = re.findall(r"^(\d+) of 360 held-out digits are right$", trained.stdout, re.MULTILINE)
    assert int(right) > 340
    subprocess.run([sys.executable, *import_[1:]], cwd=ROOT, check=True)
    assert dataset[0::2] == ["echo", ">>"]
    with Path(dataset[3]).open("a") as file:
        file.write(dataset[1] + "\n")
    assert demo[0] == ".venv/bin/doit"
    printed = checkout.doit(*demo[1:])
    assert f"{right} of 360 held-out images are right" in printed
    assert "every index equals the integer model's" in printed
