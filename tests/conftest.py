"""The reference design as its data describes it: network file, recorded tensors, parameters."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from blocks.core.graph import GraphCore
from blocks.network import Network, read_network

SHARED = Path(__file__).resolve().parents[2] / "shared"


@dataclass(frozen=True)
class Reference:
    """The reference design: the network of its README's table, and the recorded inference."""

    folder: Path
    network: Network
    rows: dict[str, list[str]]

    def tensor(self, name: str) -> np.ndarray:
        """A recorded output [H, W, C], unpacked as the README says."""
        with np.load(self.folder / "vectors_chelsea.npz") as vectors:
            bits, height, width, channels = json.loads(str(vectors["shapes"]))[name]
            packed = vectors[name]
        count = 8 // bits
        split = packed[:, None] >> (np.arange(count, dtype=np.uint8) * bits) & ((1 << bits) - 1)
        return split.reshape(-1)[: height * width * channels].reshape(height, width, channels).astype(np.uint8)

    def array(self, name: str) -> np.ndarray:
        """An array of the vectors that is not packed."""
        with np.load(self.folder / "vectors_chelsea.npz") as vectors:
            return vectors[name]

    def block_input(self, name: str) -> np.ndarray:
        """What a block reads: the recorded output of the one before it."""
        names = [block.name for block in self.network.blocks]
        before = names.index(name) - 1
        return self.array("image") if before < 0 else self.tensor(f"{names[before]}_out")

    def fc_weights(self) -> np.ndarray:
        """The made-up weights that the recorded logits are of."""
        return np.random.RandomState(50).randint(-128, 128, size=(1000, 2048)).astype(np.int8)

    def core(self, name: str) -> GraphCore:
        """A block's core."""
        return next(block for block in self.network.blocks if block.name == name).core()


def _yaml(rows: dict[str, list[str]]) -> str:
    lines = ["name: resnet50", "image: {height: 224, width: 224, channels: 3}", "blocks:"]
    for block, (branches, _, _, convolutions) in rows.items():
        lines.append(f"  - name: {block}")
        if block == "outpipe":
            lines += ["    kind: head", "    classes: 1000", "    top: 5", "    lanes: 32", "    simd: 64"]
            continue
        strides, shapes = {}, []
        for text in convolutions.split(", "):
            found = re.match(r"(\w+) \d+->(\d+) s(\d) (\d+)/(\d+)", text)
            if found:
                name, channels, strides[name], pe, simd = found.groups()
                shapes.append((name, f"channels: {channels}, pe: {pe}, simd: {simd}"))
        if block == "inpipe":
            shape = f"{shapes[0][1]}, kernel: 7, stride: 2, pad: [3, 3, 2, 2], mmv: 16"
            lines += ["    kind: stem", f"    conv0: {{{shape}}}"]
            lines.append("    max_pool: {kernel: 3, stride: 2, pad: [0, 0, 1, 1]}")
            continue
        lines += ["    kind: residual", f"    branches: {branches}", f"    stride: {strides['conv2a']}"]
        lines += [f"    {name}: {{{shape}}}" for name, shape in shapes]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The reference design, or skip where its data is not beside the checkout."""
    folder = SHARED / "resnet50_w1a2"
    if not (folder / "vectors_chelsea.npz").exists():
        pytest.skip("the reference design's data (../shared/resnet50_w1a2) is not here")
    rows = {}
    for line in (folder / "README.md").read_text().splitlines():
        if re.match(r"\| (inpipe|res\d\w|outpipe) \|", line):
            block, *rest = (cell.strip() for cell in line.strip("| ").split("|"))
            rows[block] = rest
    path = tmp_path_factory.mktemp("networks") / "resnet50.yaml"
    path.write_text(_yaml(rows))
    return Reference(folder, read_network(path), rows)
