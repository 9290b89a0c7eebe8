"""digits, whole: every tensor equals the model's, cycles are the same however it is run, a standstill is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from flow_checkout import copy_checkout
from whole_kernel import Built, tensors

from blocks.dataset import held_out
from blocks.network import find_network
from blocks.network_model import run_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from toolchains.open.simulation.values import SimulationError

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    checkout = copy_checkout(tmp_path_factory.mktemp("whole") / "checkout")
    for words in (["build"], ["kernel"]):
        process = checkout.start("-m", "doit", *words, "network=digits", "target=hw_emu")
        output, _ = process.communicate(timeout=1500)
        assert process.returncode == 0, output
    return Built(checkout.folder / "build/digits/open-hw_emu", find_network("digits"))


@pytest.fixture(scope="module")
def pictures(built: Built) -> np.ndarray:
    return held_out(built.network.dataset)[0]


def model(built: Built, pictures: np.ndarray) -> dict[str, np.ndarray]:
    network = built.network
    values = {
        block.name: values_of(block.core().graph, block.name, parameter_file(network, block))
        for block in network.blocks
    }
    matrix = np.frombuffer(built.weights, np.int8).reshape(network.head.classes, -1)
    return run_network(network, values, pictures, matrix)


def test_all_held_out_classes_are_the_models(built: Built, pictures: np.ndarray) -> None:
    found, statistics = built.run(pictures)
    np.testing.assert_array_equal(found, model(built, pictures)["postres"])
    assert statistics["interval_cycles"] <= 1.01 * built.network.interval()[0]


def test_every_block_sends_the_models_tensor(built: Built, pictures: np.ndarray, tmp_path: Path) -> None:
    built.run(pictures[:3], record=tmp_path)
    expected = model(built, pictures[:3])
    compared = [name for name, values in tensors(built.network, tmp_path, 3)
                if np.array_equal(values, expected[name].reshape(3, -1))]  # fmt: skip
    assert compared == [block.name for block in built.network.blocks]


@pytest.mark.parametrize("lines", [["threads 2"], ["threads 3"], ["threads 1", "sleep 0"], []])
def test_cycles_do_not_depend_on_how_it_is_run(built: Built, pictures: np.ndarray, lines: list[str]) -> None:
    assert built.run(pictures[:4], *lines)[1] == built.run(pictures[:4], "threads 1")[1]


def test_a_crossing_costs_cycles_and_changes_no_value(built: Built, pictures: np.ndarray) -> None:
    plain, crossed = (built.run(pictures[:4], *lines) for lines in ([], ["crossings 2 0 1 1 2", "reset res3a 2"]))
    np.testing.assert_array_equal(plain[0], crossed[0])
    # Two cycles each in four wide slices.
    assert crossed[1]["latency_cycles"][0] - plain[1]["latency_cycles"][0] == 8


def test_a_kernel_that_never_ends_is_named(built: Built, pictures: np.ndarray) -> None:
    """A register slice behind res2b that stays in reset."""
    with pytest.raises(
        SimulationError, match=r"stands still at image 0 .* full: .*res2b.output_r -> res3a.input_r \(FIFO"
    ):
        built.run(pictures[:2], "crossings 3 0 1000000000")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["argument in_r bank9"], "the settings name no bank for in_r"),
        (["nonsense 1"], "a line that is not known: nonsense 1"),
        (["crossings"], "too few values"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    built: Built, pictures: np.ndarray, lines: list[str], message: str
) -> None:
    with pytest.raises(SimulationError, match=message):
        built.run(pictures[:1], *lines)


def test_the_stage_compares_and_leaves_its_figures(built: Built) -> None:
    values = json.loads((built.folder / "kernel" / "values.json").read_text())
    assert (values["differences"], values["images"], values["elements_compared"]) == (0, 4, 12)
    assert [block["name"] for block in values["blocks"]] == [
        "inoutdma",
        *(block.name for block in built.network.blocks),
    ]
