"""A network of the user's own with the user's own pictures, which gives raw sums: built and shown by `doit demo`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime.__main__ import main

pytestmark = pytest.mark.slow

CLASSES = ["upper left", "upper right", "lower left", "lower right"]
NETWORK = f"""\
name: corners
image: {{height: 4, width: 4, channels: 1}}
labels: {CLASSES}
dataset: {{folder: pictures, labels: labels.csv}}
blocks:
  - name: end
    kind: block
    layers:
      - {{name: pool, type: max_pool, kernel: 2, stride: 2}}
      - {{name: fc, type: fully_connected, channels: 4, weight_bits: 2, bias: true}}
"""
# The sums of a picture are the brightest pixels of its four corners, less the bias of the last class.
PICTURES = {
    "a.png": ([200, 10, 10, 10], "upper left"),
    "b.png": ([10, 200, 10, 10], "1"),
    "c.png": ([10, 10, 200, 10], "lower left"),
    "d.png": ([10, 10, 10, 200], "lower right"),
    "e.png": ([10, 10, 10, 109], "lower right"),  # 109 - 100 = 9: upper left, upper right, lower left, lower right
    "f.npy": ([10, 70, 70, 0], "lower left"),  # of equal ones the lower class: upper right
}
RIGHT = 4


@pytest.fixture(scope="module")
def mine(built) -> Path:
    """The network's file, with parameters and pictures beside it, and the network built."""
    folder = built.folder.parent / "corners"
    (folder / "corners").mkdir(parents=True)
    (folder / "pictures").mkdir()
    (folder / "corners.yaml").write_text(NETWORK)
    np.savez(folder / "corners/end.npz", fc_weights=np.eye(4, dtype=np.int8), fc_bias=np.array([0, 0, 0, -100]))
    lines = ["file,label"]
    for name, (corners, label) in PICTURES.items():
        pixels = np.kron(np.array(corners).reshape(2, 2), np.array([[1, 0], [0, 0]])).astype(np.uint8)
        if name.endswith(".npy"):
            np.save(folder / "pictures" / name, pixels[:, :, None])
        else:
            Image.fromarray(pixels).save(folder / "pictures" / name)
        lines.append(f"{name},{label}")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "shown").write_text(built.doit("demo", f"network={folder / 'corners.yaml'}"))
    return folder


def test_demo(mine) -> None:
    printed = (mine / "shown").read_text()
    assert f"{RIGHT} of 6 held-out images are right" in printed
    assert "every sum equals the integer model's" in printed
    first, _, wrong = printed.partition("one of each class:")[2].partition("wrong:")
    assert re.findall(r"says ([a-z ]+?) *[│,]", first) == CLASSES
    assert re.findall(r"says ([a-z ]+), is ([a-z ]+?) *│", wrong) == [
        ("upper left", "lower right"), ("upper right", "lower left"),
    ]  # fmt: skip


def test_the_package_on_the_host(built, mine, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(built.folder.parent / "data"))
    file = str(built.folder / "build/corners/open-sw_emu/corners.xclbin")
    words = ["accuracy", str(mine / "pictures"), "--labels", str(mine / "labels.csv"), "--xclbin", file]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "top-1: 4 of 6 = 66.67%", "top-4: 6 of 6 = 100.00%",
    ]  # fmt: skip
    assert main(["classify", str(mine / "pictures/e.png"), "--xclbin", file]) == 0
    said = capsys.readouterr().out.strip().partition("e.png: ")[2]
    assert said == "upper left, upper right, lower left, lower right"
    assert main(["info", file]) == 0
    assert re.search(r"results +raw sums of 4 classes", capsys.readouterr().out)
