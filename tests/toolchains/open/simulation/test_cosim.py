"""Whole cores, simulated: equal to the model under any stalls, and every way in which they are not is found."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps_by_hand import Steps

from blocks.core.graph import GraphCore
from blocks.core.model import random_parameters, run_graph
from blocks.kinds.residual import Residual
from blocks.memories import images, pack_beats, unpack_beats
from blocks.network import NETWORKS, Network, read_network
from blocks.network_model import run_network
from blocks.parameters import read_block
from config.settings import Settings
from integration.platform import find_platform
from toolchains.common.build import Build
from toolchains.open.settings import CosimSettings
from toolchains.open.simulation.cosim import (
    FULL_SPEED,
    InputError,
    read_memories,
    read_stimuli,
    run_all,
    values_of_runs,
)
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.simulation.values import DeadlockError, ModelDiffersError, SimulationError, Stall, check_equal
from toolchains.open.toolchain import toolchain_of
from toolchains.toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[4]
MOST_CYCLES = 57_000

Simulate = Callable[[GraphCore], Simulator]


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(NETWORKS / "digits.yaml")


def block_of(network: Network, name: str):
    return next(block for block in network.blocks if block.name == name)


def case(core: GraphCore, seed: int, count: int) -> tuple[dict, dict, dict]:
    """Random parameters, input images and what the model gives."""
    rng = np.random.default_rng(seed)
    parameters = random_parameters(core, rng)
    inputs = {}
    for port in core.graph.inputs:
        low = -(2 ** (port.stream.bits - 1)) if port.stream.signed else 0
        shape = port.shape if port.name == "fc_weights" else (count, *port.shape)
        inputs[port.name] = rng.integers(low, low + 2**port.stream.bits, shape)
    return parameters, inputs, run_graph(core.graph, inputs, parameters)


def patterns(core: GraphCore) -> dict[str, st.SearchStrategy[Stall]]:
    """Any pattern at a data port; a parameter memory may only start late."""
    memories = dict.fromkeys((port.name for port in core.graph.parameter_ports()), LATE)
    return dict.fromkeys((port.name for port in (*core.graph.inputs, *core.graph.outputs)), STALLS) | memories


STALLS = st.builds(
    Stall,
    seed=st.integers(0, 2**32),
    start=st.sampled_from([0, 0, 0, 40, 3000]),
    chance=st.sampled_from([0.0, 0.01, 0.2, 0.6]),
    longest=st.integers(1, 12),
    open=st.integers(1, 9),
    closed=st.sampled_from([0, 0, 1, 7]),
)
LATE = st.builds(Stall, start=st.sampled_from([0, 1, 2, 3, 40, 3000]))


@pytest.mark.parametrize("name", ["preres", "res3a", "postres"])
def test_no_stall_changes_a_value(simulate: Simulate, network: Network, name: str) -> None:
    core = block_of(network, name).core()
    simulator = simulate(core)

    @settings(max_examples=12, derandomize=True, deadline=None, database=None)
    @given(seed=st.integers(0, 2**32), stalls=st.fixed_dictionaries({}, optional=patterns(core)))
    def equal(seed: int, stalls: dict[str, Stall]) -> None:
        parameters, inputs, expected = case(core, seed, 2)
        run = simulator.run(inputs, parameters, images=2, stalls=stalls, seed=seed)
        check_equal(run.outputs, expected)

    equal()


def test_a_fifo_too_shallow_is_a_deadlock_by_name(simulate: Simulate, tmp_path: Path) -> None:
    """The greatest depth that is refused in a file of depths. 16 x 16 pixels: of fewer, all may be elsewhere."""
    text = (NETWORKS / "digits.yaml").read_text().replace("height: 8, width: 8", "height: 32, width: 32")
    (tmp_path / "digits.yaml").write_text(text)
    block = block_of(read_network(tmp_path / "digits.yaml"), "res2b")
    assert isinstance(block, Residual)
    depth = block.least_depths()["skip"] - 1
    assert depth == 23
    core = replace(block, fifo_depths=(("skip", depth),)).core()
    parameters, inputs, _ = case(core, 1, 1)
    with pytest.raises(DeadlockError, match=r"deadlock.*FIFO skip: 23 of 23") as caught:
        simulate(core).run(inputs, parameters)
    nodes = {node.name: node for node in core.graph.nodes}
    # The fork stands in front of the FIFO; the addition has the skipped pixels and waits for the main path.
    assert caught.value.full[0] == nodes["skip"].inputs[0] == "duplicate_out1"
    main, side = nodes["add"].inputs
    assert side in caught.value.full
    assert caught.value.empty == (main,)


def test_a_wrong_memory_image_is_found(simulate: Simulate, network: Network) -> None:
    """One bit of one weight, and two memories of equal size in each other's place."""
    core = block_of(network, "res3a").core()
    parameters, inputs, expected = case(core, 3, 1)
    described, content = images(core.graph, parameters)
    memories = {memory.port: content[memory.offset : memory.offset + memory.bytes] for memory in described}
    run = simulate(core).run_memories(memories, inputs)
    check_equal(run.outputs, expected)
    flipped = bytearray(memories["conv2c_weights"])
    flipped[len(flipped) // 2] ^= 1
    sizes: dict[int, list[str]] = {}
    for port, memory in memories.items():
        sizes.setdefault(len(memory), []).append(port)
    one, other = next(same for same in sizes.values() if len(same) > 1)[:2]
    swapped = {one: memories[other], other: memories[one]}
    for wrong in ({"conv2c_weights": bytes(flipped)}, swapped):
        run = simulate(core).run_memories({**memories, **wrong}, inputs)
        with pytest.raises(ModelDiffersError, match=r"differs from the model: output\[\d+\] of image 0"):
            check_equal(run.outputs, expected)
    with pytest.raises(ValueError, match="conv2c_weights: the memory image has 3 bytes"):
        simulate(core).run_memories({**memories, "conv2c_weights": b"abc"}, inputs)


def test_runs_and_their_values(simulate: Simulate, network: Network) -> None:
    core = block_of(network, "res3a").core()
    parameters, inputs, expected = case(core, 5, 5)
    described, content = images(core.graph, parameters)
    memories = {memory.port: content[memory.offset : memory.offset + memory.bytes] for memory in described}
    stimuli = read_stimuli(core, "res3a", 5, None, {})
    stimuli = replace(stimuli, tensors=inputs)
    runs, compared = run_all(simulate(core), memories, stimuli, {"output": expected["output"]}, 576)
    values = values_of_runs(core, runs, compared, stimuli.origin, 576, "Verilator")
    (elements,) = (port.stream.elements for port in core.graph.outputs)
    assert values["elements_compared"] == compared == (5 + 5 + 2 + 2) * elements
    # conv2b of res3a: 2 x 2 pixels, 9 * 64 synapses by 32 lanes, 64 neurons by 16 PEs: 4 * 18 * 4 cycles.
    assert values["predicted_interval_cycles"] == 288 <= values["interval_cycles"] <= 291
    assert values["runs"]["at_network_interval"]["interval_cycles"] == 576
    # Stalls of the data ports, 2 images instead of 5. The sums are the bottleneck and work on behind a full buffer.
    spared = values["runs"][FULL_SPEED]["cycles"] - 3 * values["interval_cycles"]
    assert all(values["runs"][name]["cycles"] > spared for name in ("short_stalls", "long_stalls"))
    assert values["fifos"].keys() == {"skip"}
    assert 0 < values["fifos"]["skip"]["mark"] <= values["fifos"]["skip"]["depth"]
    for run in values["runs"].values():
        beats = {name: counts["beats"] for name, counts in run["streams"].items()}
        assert {name: beats[name] for name in core.graph.streams()} == {
            name: run["images"] * stream.beats for name, stream in core.graph.streams().items()
        }
    # Elements that are not the model's stop it, with the name of the run.
    wrong = expected["output"] + (np.arange(5)[:, None, None, None] == 4)
    with pytest.raises(SimulationError, match=f"{FULL_SPEED}: differs from the model: output.* of image 4"):
        run_all(simulate(core), memories, stimuli, {"output": wrong}, 576)


class TestImages:
    def test_the_users_come_first_then_held_out_ones_then_random_ones(self, tmp_path, network) -> None:
        core = block_of(network, "res2b").core()
        (port,) = core.graph.inputs
        mine = np.arange(2 * np.prod(port.shape)).reshape(2, *port.shape) % 16
        np.savez(tmp_path / "mine.npz", res2b=mine, res2a=np.zeros(3))
        np.save(tmp_path / "held.npy", mine[:1])
        files = {"archive": tmp_path / "mine.npz", "held_out": tmp_path / "held.npy"}
        found = read_stimuli(core, "res2b", 5, None, files)
        assert found.images == 5
        np.testing.assert_array_equal(found.tensors["input"], mine[[0, 1, 0, 1, 0]])
        assert read_stimuli(core, "res3b", 5, None, files).origin == "held-out images of the data set"
        drawn = read_stimuli(core, "res2b", 4, None, {}).tensors["input"]
        assert drawn.shape == (4, *port.shape)
        assert set(np.unique(drawn)) == set(range(16))

    @pytest.mark.parametrize(
        ("array", "words"),
        [
            (np.zeros((2, 3)), r"is float64 \[2, 3\], not integers"),
            (np.full((4, 4, 64), 16), "values outside 0..15"),
            (np.full((4, 4, 64), -1), "values outside 0..15"),
            (np.zeros((4, 4, 64)), "is float64"),
            (np.zeros((0, 4, 4, 64), np.uint8), "at least one image"),
        ],
    )
    def test_what_is_no_input_is_refused(self, tmp_path, network, array, words) -> None:
        core = block_of(network, "res2b").core()
        (port,) = core.graph.inputs
        assert port.shape == (4, 4, 64)
        np.savez(tmp_path / "mine.npz", res2b=array)
        with pytest.raises(InputError, match=words):
            read_stimuli(core, "res2b", 4, None, {"archive": tmp_path / "mine.npz"})

    def test_a_name_that_is_no_block_is_refused(self, tmp_path, network) -> None:
        core = block_of(network, "res2b").core()
        np.savez(tmp_path / "mine.npz", res2B=np.zeros((4, 4, 64), np.uint8))
        with pytest.raises(
            InputError, match="an array 'res2B', but the network has no such block; its blocks: res2a, res2b"
        ):
            read_stimuli(core, "res2b", 4, None, {"archive": tmp_path / "mine.npz"}, ("res2a", "res2b"))

    def test_what_is_no_archive_is_refused(self, tmp_path, network) -> None:
        core = block_of(network, "res2b").core()
        np.save(tmp_path / "array.npy", np.zeros((4, 4, 64), np.uint8))
        (tmp_path / "text.npz").write_text("no archive")
        for name in ("array.npy", "text.npz", "absent.npz"):
            with pytest.raises(InputError, match=r"cosim.inputs is not a readable .npz archive of arrays"):
                read_stimuli(core, "res2b", 4, None, {"archive": tmp_path / name})


def test_memories_shorter_than_described_are_refused(tmp_path) -> None:
    (tmp_path / "memories.bin").write_bytes(b"abc")
    memory = {"port": "conv2a_weights", "offset": 0, "bytes": 4}
    (tmp_path / "memories.json").write_text(json.dumps({"memories": [memory]}))
    with pytest.raises(InputError, match=r"has 3 bytes, its description 4; run the step 'weights' again"):
        read_memories(tmp_path)


@pytest.mark.parametrize(("bits", "signed"), [(1, False), (4, False), (5, True), (8, True), (24, True)])
def test_beats_unpack_to_what_was_packed(bits, signed) -> None:
    rng = np.random.default_rng(7)
    low = -(2 ** (bits - 1)) if signed else 0
    values = rng.integers(low, low + 2**bits, (9, 3))
    packed = np.frombuffer(pack_beats(values, bits), np.uint8)
    np.testing.assert_array_equal(unpack_beats(packed, 3, bits, signed=signed), values)
    if 3 * bits % 8:
        with pytest.raises(ValueError, match="bits above its lanes"):
            unpack_beats(packed | 0x80, 3, bits, signed=signed)


def with_six_images(network: Network) -> Toolchain:
    settings = replace(Settings.defaults(), rooms=(CosimSettings(images=6),))
    return toolchain_of(Build("open", ROOT, network, find_platform("u250"), "sw_emu", 250.0, settings))


def give(harness: Path, build: Path) -> None:
    """Put the harness where the steps of a build look for it."""
    (build / "model/harness").mkdir(parents=True)
    shutil.copy(harness, build / "model/harness")


@pytest.mark.slow
def test_the_steps_of_a_block_with_their_declared_inputs_only(network, tmp_path, harness) -> None:
    toolchain = with_six_images(network)
    steps = Steps(tmp_path)
    give(harness, tmp_path / toolchain.build.folder)
    block = block_of(network, "postres")
    for step in (
        toolchain.step("weights", block),
        toolchain.step("stimuli"),
        # One link between blocks: the others are made by the same lines, and no cosim reads them. The first is the
        # harness, whose fixture runs the step in this way.
        toolchain.shared("model")[1],
        toolchain.step("model", block.core()),
    ):
        assert step is not None
        steps.run(step)
    place = tmp_path / toolchain.build.folder
    # What went in is what the integer model gives for the first images that training never saw.
    from sklearn.datasets import load_digits

    chosen = load_digits().images.reshape(-1, 8, 8, 1)[0:30:5].astype(np.uint8)
    np.testing.assert_array_equal(np.load(place / "stimuli" / "preres.npy"), chosen)
    parameters = {one.name: read_block(network.parameters / f"{one.name}.npz") for one in network.blocks}
    weights = parameters["postres"].fc_weights()
    outputs = run_network(network, parameters, chosen, weights)
    np.testing.assert_array_equal(np.load(place / "stimuli" / "postres.npy"), outputs["res3b"])

    cosim = toolchain.step("cosim", block)
    said = steps.run(cosim)
    assert "at_network_interval: 6 images in" in said
    values = json.loads((place / "cosim" / "postres" / "values.json").read_text())
    assert values["tool"].startswith("Verilator 5.")
    assert (values["images"], values["differences"], values["inputs"]) == (6, 0, "held-out images of the data set")
    assert values["interval_cycles"] == 80
    # Another block's values in the memories: the step names the difference and leaves nothing.
    scratch = steps.scratch(cosim)
    (scratch / "values.json").unlink()
    memories = bytearray((scratch / "memories.bin").read_bytes())
    (scratch / "memories.bin").write_bytes(bytes(byte ^ 0x7F for byte in memories))
    status, said = steps.program(cosim, scratch)
    assert status == 1
    assert "ERROR: postres (head_" in said
    assert "full_speed: differs from the model" in said
    assert not (scratch / "values.json").exists()
    # The objects carry no path of this machine, so that equal inputs give equal bytes everywhere.
    for name in ("model.o", "simulation.o"):
        text = (scratch / name).read_bytes()
        assert str(tmp_path).encode() not in text
        assert str(harness.parent).encode() not in text
        assert str(Path(sys.prefix)).encode() not in text


@pytest.mark.slow
def test_the_step_of_the_dma_with_its_declared_inputs_only(network, tmp_path, harness) -> None:
    toolchain = with_six_images(network)
    steps = Steps(tmp_path)
    give(harness, tmp_path / toolchain.build.folder)
    cosim = toolchain.shared("cosim")[0]
    said = steps.run(cosim)
    assert "full_speed: 6 images in" in said
    assert "random_stalls: 6 images in" in said
    values = json.loads((tmp_path / toolchain.build.folder / "cosim" / "inoutdma" / "values.json").read_text())
    assert values["tool"].startswith("Verilator 5.")
    # 8 x 8 pixels of a byte; 10 classes x 128 channels, 16 a beat; the best 3. Two runs.
    assert values["elements_compared"] == 2 * 6 * (64 + 1280 + 3)
    assert (values["images"], values["differences"]) == (6, 0)
    # Images come every 64 cycles, weights every 80, of which the memory's latency is no part.
    assert (values["interval_cycles"], values["predicted_interval_cycles"]) == (80, 80)
    assert 100 + 64 < values["latency_cycles"] < 100 + 64 + 30
    full, slow = values["runs"]["full_speed"], values["runs"]["random_stalls"]
    for stream, cycles in (("image", 64), ("weights", 80)):
        assert np.diff(full["last_beats"][stream]).tolist() == [cycles] * 5
    assert len(full["last_beats"]["result"]) == 6
    assert slow["interval_cycles"] > 80
    # A result with a bit turned over: the step says where and leaves nothing.
    scratch = steps.scratch(cosim)
    (scratch / "values.json").unlink()
    verilog = scratch / "dma" / "write.sv"
    assert verilog.read_text().count("wdata <= word_data;") == 1
    verilog.write_text(verilog.read_text().replace("wdata <= word_data;", "wdata <= word_data ^ 32'h100;"))
    status, said = steps.program(cosim, scratch)
    assert status == 1
    # 6 images of 64 bytes, to the end of their page; a free page; byte 1 of the first of 18 results.
    assert "ERROR: inoutdma (dma_" in said
    assert "): full_speed: memory: byte 8193 is " in said
    assert "; 18 of " in said
    assert not (scratch / "values.json").exists()


def recorded(simulate: Simulate, reference, name: str) -> None:
    core = reference.core(name)
    parameters = read_block(reference.folder / f"{name}.npz").logical(core.graph)
    inputs = {"input": reference.block_input(name)}
    if name == "outpipe":
        inputs["fc_weights"] = reference.fc_weights()
        output = reference.array("outpipe_top5")
    else:
        output = reference.tensor(f"{name}_out")
    run = simulate(core).run(inputs, parameters, images=4)
    for image in run.outputs["output"]:
        np.testing.assert_array_equal(image, output.reshape(-1))
    assert run.ports["output"].interval() <= MOST_CYCLES


def test_a_recorded_tensor_through_a_core_of_4096_lanes(simulate: Simulate, reference) -> None:
    recorded(simulate, reference, "res5b")


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_recorded_tensors_through_every_core(simulate: Simulate, reference) -> None:
    for block in reference.network.blocks:
        recorded(simulate, reference, block.name)
