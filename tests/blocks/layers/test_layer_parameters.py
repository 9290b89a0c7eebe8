"""Parameter files of general blocks: what does not fit is refused by file, array and remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blocks.network import Network, read_network
from blocks.network_model import network_values
from blocks.parameters import ParameterError
from blocks.parameters.importing import ParameterImportError, import_parameters
from blocks.parameters.recipes import LayerParameters, drawn_arrays
from blocks.trained import stand_ins

TEXT = """\
name: mine
image: {height: 4, width: 4, channels: 3}
blocks:
  - name: only
    kind: block
    layers:
      - {name: conv, type: convolution, channels: 5, kernel: 3, weight_bits: 3, bias: true}
      - {name: act, type: threshold, bits: 2, values: signed, descending: true}
      - {name: conv2, type: convolution, channels: 4, kernel: 1, weight_bits: 1}
      - {name: act2, type: requantize, bits: 8, shift: 8, addend_bits: 16}
      - {name: fc, type: fully_connected, channels: 2, weights: card_memory, simd: 4}
"""


@pytest.fixture
def network(tmp_path: Path) -> Network:
    (tmp_path / "mine.yaml").write_text(TEXT)
    return read_network(tmp_path / "mine.yaml")


@pytest.fixture
def arrays(network: Network) -> dict[str, np.ndarray]:
    return drawn_arrays(network.blocks[0].recipes(), np.random.default_rng(3))


def logical(network: Network, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    block = network.blocks[0]
    return LayerParameters("only.npz", arrays, {}, block.recipes()).logical(block.core().graph)


def test_arithmetic_by_hand() -> None:
    """One weight of 3, bias 2, activations of zero point 4: the sum 3 * S stands for 3 * (S - 4) + 2 = 3 * S - 10."""
    recipes = (
        {"make": "weights", "layer": "c", "axes": [1, 1, 1, 1], "bits": 3, "bias": True, "step": 1, "zero": 4,
         "highest": 15, "chw": [], "streamed": False},
        {"make": "thresholds", "layer": "t", "channels": 1, "steps": 3, "sums": "c", "step": 1, "zero": 0,
         "lowest": -60, "highest": 45, "descending": False},
        {"make": "requantize", "layer": "r", "channels": 1, "sums": "c", "step": 1, "zero": 0, "highest": 45,
         "bits": 8, "shift": 4, "zero_point": 128, "multiplier_bits": 8, "addend_bits": 16},
        {"make": "thresholds", "layer": "d", "channels": 1, "steps": 3, "sums": "c", "step": 1, "zero": 0,
         "lowest": -60, "highest": 45, "descending": True},
    )  # fmt: skip
    arrays = {
        "c_weights": np.full((1, 1, 1, 1), 3), "c_bias": np.array([2]), "t_thresholds": np.array([[-7, 0, 1000]]),
        "r_multipliers": np.array([5]), "r_addends": np.array([9]), "d_thresholds": np.array([[-7, 0, 1000]]),
        "d_descending": np.array([1]),
    }  # fmt: skip
    made = LayerParameters("f", arrays, {}, recipes)._made()
    # value >= -7 where the stored sum is >= 3, value >= 0 where it is >= 10, and 1000 is out of reach: highest + 1.
    assert made["t_thresholds"].tolist() == [[3, 10, 46]]
    # value <= -7 is a stored sum <= 3: not one >= 4. Beyond all of them stays beyond; the flag is the last number.
    assert made["d_thresholds"].tolist() == [[4, 11, 46, 1]]
    # (S - 10) * 5 + 9 + (128 << 4)
    assert (made["r_multipliers"].tolist(), made["r_addends"].tolist()) == ([5], [-50 + 9 + 2048])


WRONG = {
    "missing": ("conv_bias", None, "array conv_bias is missing"),
    "axes": ("conv_weights", np.zeros((5, 3, 3, 4), int), "conv_weights is int64 [5, 3, 3, 4]"),
    "bits": ("conv_weights", np.full((5, 3, 3, 3), 4), "conv_weights holds 4..4, the core takes 3 bit numbers (-4..3)"),
    "binary": ("conv2_weights", np.zeros((4, 1, 1, 5), int), "other than -1 and +1"),
    "order": ("act_thresholds", np.tile([3, 2, 1], (5, 1)), "not ascending"),
    "flags": ("act_descending", np.full(5, 2), "of 0 and 1"),
    "floats": ("conv_bias", np.zeros(5), "conv_bias is float64 [5]"),
    "bias": ("conv_bias", np.full(5, 2**50), "more than 48 bit"),
    "multipliers": ("act2_multipliers", np.full(4, 2**15), "the core takes 16 bit numbers"),
    "addends": ("act2_addends", np.full(4, 2**15), "raise addend_bits of act2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(network, arrays, name) -> None:
    array, value, words = WRONG[name]
    if value is None:
        del arrays[array]
    else:
        arrays[array] = value
    with pytest.raises(ParameterError) as error:
        logical(network, arrays)
    assert words in str(error.value)
    assert str(error.value).startswith("only.npz")


def test_extremes_saturate(network, arrays) -> None:
    arrays["act_thresholds"] = np.tile(np.array([-(2**63), 0, 2**63 - 1]), (5, 1))
    found = logical(network, arrays)["act_thresholds"]
    operator = next(node.operator for node in network.blocks[0].core().graph.nodes if node.name == "act")
    assert operator.lowest <= found[:, :3].min()
    assert found[:, :3].max() <= operator.highest + 1


def test_import(network, arrays, tmp_path) -> None:
    assert stand_ins(network) == ("only",)
    folder = tmp_path / "given"
    folder.mkdir()
    np.savez(folder / "only.npz", **arrays, conv9_weights=np.zeros(1, int))
    with pytest.raises(ParameterImportError, match="block only has no array conv9_weights"):
        import_parameters(network, folder)
    np.savez(folder / "only.npz", **{name: array for name, array in arrays.items() if name != "fc_weights"})
    done = import_parameters(network, folder)
    assert (done.blocks, done.fc_weights) == (("only",), "stand-ins")
    assert stand_ins(network) == ("only.fc_weights",)
    np.save(tmp_path / "w.npy", arrays["fc_weights"])
    assert import_parameters(network, folder, tmp_path / "w.npy").fc_weights == "w.npy"
    assert stand_ins(network) == ()


def test_a_block_without_parameters_needs_no_file(tmp_path: Path) -> None:
    """Nothing of it is a stand-in, so no one is told that its classes mean nothing."""
    first = "- {name: pool, kind: block, layers: [{name: pooled, type: max_pool, kernel: 2}]}"
    (tmp_path / "mine.yaml").write_text(TEXT.replace("blocks:\n", f"blocks:\n  {first}\n"))
    network = read_network(tmp_path / "mine.yaml")
    assert stand_ins(network) == ("only",)
    assert network_values(network, network.blocks[0]).origins == ()
    assert network_values(network, network.blocks[1]).origins == ("stand-in",)
