"""digits, whole: every tensor equals the model's, cycles are the same however it is run, a standstill is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from flow_checkout import Checkout, copy_checkout
from whole_kernel import Built, clock_edges_ps, handshakes, scope_of, tensors

from blocks.dataset import held_out
from blocks.network import find_network
from blocks.network_model import run_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from runtime.formats import emulation_data
from toolchains.open.simulation.kernel.client import Program, Trace
from toolchains.open.simulation.kernel.part import settings_part, split_part
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
    matrix = np.frombuffer(built.weights, np.int8).reshape(network.last.classes, -1)
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


@pytest.fixture(scope="module")
def traced(built: Built) -> Built:
    """The same kernel as a program that writes waveforms; `wave.fst` in the checkout is one of all four images."""
    words = ("hw_emu.trace=waves/wave.fst", "hw_emu.trace_cycles=100000")
    process = Checkout(built.folder.parents[2]).start("-m", "doit", "kernel", "network=digits", "target=hw_emu", *words)
    output, _ = process.communicate(timeout=1500)
    assert process.returncode == 0, output
    return Built(built.folder, built.network, "kernel/traced/program")


def test_a_waveform_has_the_beats_that_the_counters_tell(traced: Built) -> None:
    values = json.loads((traced.folder / "kernel" / "values.json").read_text())
    beats = handshakes(traced.folder.parents[2] / "waves/wave.fst")
    assert beats == {scope_of(link): link["beats"] for link in values["links"]}
    # 8 rows of 8 pixels, one a beat.
    assert beats["inoutdma_image_to_preres_input_r"] == 4 * 64


def test_a_waveform_begins_with_an_image_at_the_simulated_clock(
    traced: Built, built: Built, pictures: np.ndarray, tmp_path: Path
) -> None:
    plain, seen = built.run(pictures[:4]), traced.run(pictures[:4], trace=Trace(tmp_path / "wave.fst", 2, 300))
    np.testing.assert_array_equal(seen[0], plain[0])
    for statistics in (seen[1], plain[1]):
        # What stands in registers at power-on differs, and with it how often bits change.
        for block in statistics["blocks"]:
            del block["toggles"]
    assert seen[1] == plain[1]
    edges = clock_edges_ps(tmp_path / "wave.fst", "res2b")
    # 4 ns at 250 MHz; the first beat of image 2 moves at the edge that ends this cycle.
    begin = 4000 * seen[1]["start"][2]
    assert edges == list(range(begin, begin + 300 * 4000, 4000))


@pytest.mark.parametrize(
    ("file", "image", "message"),
    [
        ("wave.fst", 4, "the waveform begins at image 4, and the call has 4 images"),
        ("nowhere/wave.fst", 0, "cannot write .*nowhere/wave.fst: No such file"),
    ],
)
def test_a_waveform_that_cannot_be_is_an_error(
    traced: Built, pictures: np.ndarray, tmp_path: Path, file: str, image: int, message: str
) -> None:
    with pytest.raises(SimulationError, match=message):
        traced.run(pictures[:4], trace=Trace(tmp_path / file, image, 10))


def test_the_program_of_an_xclbin_writes_no_waveform(built: Built, pictures: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="this program was made without waveforms"):
        built.run(pictures[:1], trace=Trace(tmp_path / "wave.fst", 0, 10))


def test_memory_images_that_do_not_fit_are_refused(built: Built) -> None:
    memories = built.parts[emulation_data.MEMORIES]
    images, settings = split_part(memories)
    of_another = settings_part(["12345678"]) * len(built.network.blocks)
    for given, message in (
        (memories[: len(memories) // 2], "the memory images end inside block "),
        (memories[:-10], "the memory images end inside the settings"),
        (memories + b"12345678", "bytes are left after the settings"),
        (images, "the memory images end before the settings of the simulation"),
        (of_another + settings_part(settings), "preres: the memory image of .* is too short"),
    ):
        with Program(built.folder / "stitch" / "program") as kernel, pytest.raises(SimulationError, match=message):
            kernel.load(given)


def test_the_stage_compares_and_leaves_its_figures(built: Built) -> None:
    values = json.loads((built.folder / "kernel" / "values.json").read_text())
    assert (values["differences"], values["images"], values["elements_compared"]) == (0, 4, 12)
    assert [block["name"] for block in values["blocks"]] == [
        "inoutdma",
        *(block.name for block in built.network.blocks),
    ]
