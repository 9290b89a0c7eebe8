"""A small network with the reference design's kinds of blocks, and headers in the form of its authors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from blocks.network import Network, read_network

NETWORK = """\
name: small
image: {height: 8, width: 8, channels: 3}
blocks:
  - name: preres
    kind: stem
    conv0: {channels: 8, kernel: 3, stride: 2, pad: [1, 1, 0, 0], pe: 8, simd: 3, mmv: 4}
    max_pool: {kernel: 2, stride: 2}
  - name: res2a
    kind: residual
    branches: 2
    conv2a: {channels: 16, pe: 4, simd: 8}
    conv2b: {channels: 16, pe: 2, simd: 16}
    conv2c: {channels: 32, pe: 8, simd: 4}
    conv1: {channels: 32, pe: 4, simd: 8}
  - name: res2b
    kind: residual
    branches: 1
    conv2a: {channels: 16, pe: 8, simd: 16}
    conv2b: {channels: 16, pe: 4, simd: 8}
    conv2c: {channels: 32, pe: 16, simd: 8}
  - name: postres
    kind: head
    classes: 5
    top: 2
    lanes: 8
    simd: 8
"""

#: PE and SIMD of the headers, each another than the network file's: tiles are undone by what the headers say.
FOLDINGS = (
    {"conv2a": (2, 4), "conv2b": (16, 2), "conv2c": (4, 16), "conv1": (32, 1), "bypass": 4},
    {"conv2a": (16, 8), "conv2b": (1, 16), "conv2c": (32, 2), "conv1": (1, 8), "bypass": 8},
)

Values = dict[str, dict[str, np.ndarray]]


@pytest.fixture
def small(tmp_path: Path) -> Network:
    """The network; its parameters' folder is not there yet."""
    path = tmp_path / "networks" / "small.yaml"
    path.parent.mkdir()
    path.write_text(NETWORK)
    return read_network(path)


@pytest.fixture(params=FOLDINGS, ids=["one folding", "another folding"])
def folding(request: pytest.FixtureRequest) -> Mapping:
    """PE and SIMD of the headers."""
    return request.param


@pytest.fixture
def values(small: Network) -> Values:
    """Values of every block, as the arrays of a parameter file; convolutions' weights not packed."""
    rng = np.random.default_rng(4)
    stem, *residuals, head = small.blocks
    drawn: Values = {
        stem.name: {
            "conv0_weights": rng.integers(-128, 128, (8, 3, 3, 3)),
            "conv0_thresholds": np.sort(rng.integers(-(2**23), 2**23, (8, 3)), axis=1),
        },
        head.name: {"fc_bias": rng.integers(-(2**31), 2**31, 5)},
    }
    for block in residuals:
        arrays = {"bypass_thresholds": np.sort(rng.integers(0, 2**15, (block.input.channels, 3)), axis=1)}
        for conv in block.convolutions():
            shape = (conv.channels, *conv.kernel, conv.source.channels)
            arrays[f"{conv.name}_weights"] = rng.integers(0, 2, shape) * 2 - 1
            steps = 2**conv.activation_bits - 1
            arrays[f"{conv.name}_thresholds"] = np.sort(rng.integers(-(2**15), 2**15, (conv.channels, steps)), axis=1)
        drawn[block.name] = arrays
    return drawn


@dataclass(frozen=True)
class Headers:
    """Writes values as headers: the inverse of the import, in loops over PE, tile and lane as the source has them."""

    folder: Path

    def write(self, network: Network, values: Values, folding: Mapping) -> None:
        for block in network.blocks:
            place = self.folder / {"preres": "inpipe", "postres": "outpipe"}.get(block.name, block.name)
            place.mkdir(parents=True, exist_ok=True)
            make = {"preres": self._stem, "postres": self._head}.get(block.name, self._residual)
            config, params = make(block, values[block.name], folding)
            (place / "config.h").write_text("#pragma once\n// made for a test\n" + "\n".join(config) + "\n")
            (place / "params.h").write_text("\n".join(params) + "\n")

    def _stem(self, block, arrays, folding):
        weights = arrays["conv0_weights"].reshape(8, 9, 3)
        words = [[sum(int(w[t][c] & 255) << (8 * c) for c in range(3)) for t in range(9)] for w in weights]
        rows = ",\n ".join("{" + ", ".join(f"{word:#10x}" for word in row) + "}" for row in words)
        # Largest threshold in the lowest bits for some channels: the source has them in any order.
        order = [np.roll(t, i) for i, t in enumerate(arrays["conv0_thresholds"])]
        packed = [sum(int(v & 0xFFFFFF) << (24 * k) for k, v in enumerate(t)) for t in order]
        limits = ",\n ".join(f'{{"0x{word:018x}"}}' for word in packed)
        config = [
            f"#define L0_{name} {value}"
            for name, value in {
                "PE": 8, "SIMD": 3, "WMEM": 9, "TMEM": 1, "MMV": 4, "IFMC": 3, "OFMC": 8,
                "KERNELDIM": 3, "STRIDE": 2, "IFMDIM": 8,
                "OFMDIM": 4,
                "WBITS": 8, "ACTBITS": 2, "INBITS": 8, "MACBITS": 24, "THBITS": 96,
            }.items()
        ]  # fmt: skip
        return config, [
            "// weights",
            f"const ap_uint<24> weights_conv0[8][9] = \n{{{rows}}};",
            f"const ap_uint<24*4> thres_conv0[8][1] = \n{{{limits}}};",
        ]

    def _head(self, block, arrays, folding):
        numbers = ", ".join(map(str, arrays["fc_bias"].tolist()))
        config = ["#define L53_MW 32", "#define L53_MH 5 // classes"]
        return config, [f"FixedPointWeights<1, ap_int<32>, 1, 5> bias_fc1000 = {{\n{{{{{numbers}}}}}\n}};"]

    def _residual(self, block, arrays, folding):
        two = block.conv1 is not None
        suffix = {"bypass": "top0" if two else "br20"}
        for i, name in enumerate(("conv2a", "conv2b", "conv2c")):
            suffix[name] = f"br2{i if two else i + 1}"
        suffix["conv1"] = "br10"
        pe, channels = folding["bypass"], block.input.channels
        config = [f"#define RES_BYPTHPE {pe}", f"#define RES_BYPTHTMEM {channels // pe}"]
        params = ["#pragma once", "// thresholds"]
        params += self._thresholds(f"thres_FPGAThresholdLayer_{suffix['bypass']}", arrays["bypass_thresholds"], pe, "u")
        # The order of declarations differs between the source's blocks.
        for conv in reversed(block.convolutions()):
            pe, simd = folding[conv.name]
            neuron, synapse = conv.channels // pe, conv.synapses // simd
            key = f"RES_{conv.name[4:].upper()}"
            sizes = {
                "PE": pe, "SIMD": simd, "WMEM": neuron * synapse, "TMEM": neuron, "IFMC": conv.source.channels,
                "OFMC": conv.channels,
                "STRIDE": conv.stride[0], "IFMDIM": conv.source.height, "OFMDIM": conv.output.height,
                "WINTERPRET": "Recast<Binary>", "ACTBITS": conv.activation_bits,
                "INBITS": conv.source.bits, "MACBITS": 16,
            }  # fmt: skip
            config += [f"#define {key}_{name} {value}" for name, value in sizes.items()]
            matrix = arrays[f"{conv.name}_weights"].reshape(conv.channels, -1)
            memories = []
            for p in range(pe):
                tiles = []
                for nf in range(neuron):
                    for sf in range(synapse):
                        lanes = matrix[nf * pe + p][sf * simd : (sf + 1) * simd]
                        word = sum(1 << lane for lane, weight in enumerate(lanes) if weight > 0)
                        # Both notations appear in one and the same object.
                        tiles.append(f'"{word:#x}"' if (p + nf) % 2 else f"{word:#x}")
                memories.append("{" + ", ".join(tiles) + "}")
            layer = f"FPGABipolarConvThresholdLayer_{suffix[conv.name]}"
            body = ",\n     ".join(memories)
            params.append(f"BinaryWeights<{simd}, {pe}, {neuron * synapse}> weights_{layer} = {{\n    {{{body}}}}};")
            params += self._thresholds(f"thres_{layer}", arrays[f"{conv.name}_thresholds"], pe, "")
        return config, params

    def _thresholds(self, name, values, pe, unsigned):
        channels, steps = values.shape
        memories = []
        for p in range(pe):
            rows = [values[nf * pe + p] for nf in range(channels // pe)]
            text = ",\n ".join("{" + ", ".join(f'"0x{int(v) & 0xFFFF:04x}"' for v in row) + "}" for row in rows)
            memories.append("{" + text + "}")
        unit = f"ap_{unsigned}int<16>"
        bits = {3: 2, 15: 4}[steps]
        sizes = f"{channels // pe}, {pe}, {steps}, {unit}, ap_uint<{bits}>, 0"
        kind = f"ThresholdsActivation<{sizes}, std::less_equal<{unit}>>"
        old = f"    // const ap_uint<64> {name}[{pe}][{channels // pe}] ="
        return [f"{kind} {name} = {{", old, "    {" + ",\n".join(memories) + "}};"]


@pytest.fixture
def headers(tmp_path: Path) -> Headers:
    """Headers go to tmp_path/source."""
    return Headers(tmp_path / "source")
