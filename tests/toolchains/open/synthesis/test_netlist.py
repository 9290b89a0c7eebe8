"""What synthesis leaves, simulated: the netlist of a whole core, fed by the filled netlists of its memories."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.core.graph import Graph, GraphCore, Node, Port
from blocks.core.rtl import RtlView, render
from blocks.dataset import held_out
from blocks.memories import images, pack_beats
from blocks.network import NETWORKS, Network, read_network
from blocks.network_model import run_network
from blocks.operators.mvau import Mvau
from blocks.operators.mvau import model as mvau_model
from blocks.parameter_memory.plan import memory_plans
from blocks.parameters import read_block
from toolchains.open.simulation.compile_model import BRIEF
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.simulation.values import ModelDiffersError, Stall, check_equal
from toolchains.open.stages.memories import memory_view
from toolchains.open.synthesis import yosys
from toolchains.open.synthesis.fill_memory import fill_block
from toolchains.open.synthesis.script import NETLIST, VERILOG

Synthesise = Callable[[RtlView], Path]
SimulateNetlist = Callable[..., Simulator]
IMAGES = 4
EXPORTER = Path(__file__).resolve().parents[4] / "docs/examples/export_network.py"


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(NETWORKS / "digits.yaml")


@pytest.fixture(scope="module")
def tensors(network: Network) -> dict[str, np.ndarray]:
    """Held-out digits in front of the first block, and behind each block what the integer model makes of them."""
    assert network.dataset is not None
    pictures = held_out(network.dataset)[0][:IMAGES]
    values = {block.name: read_block(network.parameters / f"{block.name}.npz") for block in network.blocks}
    return {"": pictures, **run_network(network, values, pictures, values["postres"].fc_weights())}


def filled_memories(
    folder: Path,
    synthesise: Synthesise,
    core: GraphCore,
    block: str,
    parameters: Mapping[str, np.ndarray],
    monkeypatch: Any,
) -> str:
    """The Verilog of a block's memories: netlists without contents, filled as the step `memories` does."""
    described, content = images(core.graph, dict(parameters))
    for plan in memory_plans(core.graph):
        (folder / f"{plan.module}.json").write_text((synthesise(memory_view(plan)) / NETLIST).read_text())
    monkeypatch.chdir(folder)
    netlist = fill_block(block, content, [asdict(memory) for memory in described])
    (folder / "filled.json").write_text(json.dumps(netlist))
    (folder / "v.ys").write_text("read_json filled.json\nwrite_verilog -noattr filled.v\n")
    yosys.run_script(Path("v.ys"), folder / "v.log", folder)
    return (folder / "filled.v").read_text()


def memories_of(core: GraphCore, parameters: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """The images of a core's memories, by port."""
    described, content = images(core.graph, dict(parameters))
    return {memory.port: content[memory.offset : memory.offset + memory.bytes] for memory in described}


def given_to(network: Network, tensors: Mapping[str, np.ndarray], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs of a block and what has to come out."""
    names = [block.name for block in network.blocks]
    before = (["", *names])[names.index(name)]
    inputs = {"input": tensors[before]}
    if name == "postres":
        inputs["fc_weights"] = read_block(network.parameters / "postres.npz").fc_weights()
    return inputs, {"output": tensors[name]}


def hold(simulator: Simulator, memories: Mapping[str, bytes], inputs: dict[str, Any], expected: Any) -> None:
    """Compare every element: at full speed, and with stalls at the data ports."""
    graph = simulator.core.graph
    slow = {port.name: Stall(seed=7, chance=0.2, longest=9) for port in (*graph.inputs, *graph.outputs)}
    for stalls in ({}, slow):
        run = simulator.run_memories(memories, inputs, images=IMAGES, stalls=stalls)
        assert check_equal(run.outputs, expected) == IMAGES * graph.outputs[0].stream.elements


def test_a_small_core_as_netlist_equals_the_model(tmp_path, synthesise_view, simulate_netlist) -> None:
    """Binary weights, thresholds, a FIFO; the memories are the test bench's. The nightly cores are larger."""
    subprocess.run([sys.executable, EXPORTER, tmp_path], check=True, stdout=subprocess.DEVNULL)
    tiny = read_network(tmp_path / "tiny.yaml")
    core = next(block for block in tiny.blocks if block.name == "res_b").core()
    values = {block.name: read_block(tiny.parameters / f"{block.name}.npz") for block in tiny.blocks}
    pictures = np.random.default_rng(3).integers(0, 256, (IMAGES, 4, 4, 2)).astype(np.uint8)
    outputs = run_network(tiny, values, pictures, values["head"].fc_weights())
    assert len(np.unique(outputs["res_b"])) >= 8
    simulator = simulate_netlist(core, (synthesise_view(render(core)) / VERILOG).read_text())
    memories = memories_of(core, values["res_b"].logical(core.graph))
    hold(simulator, memories, {"input": outputs["res_a"]}, {"output": outputs["res_b"]})


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_a_core_as_netlist_equals_the_model(network, tensors, synthesise_view, simulate_netlist) -> None:
    """Binary weights, thresholds, FIFOs in block RAM; the memories are the test bench's."""
    core = network.cores()["res2b"]
    parameters = read_block(network.parameters / "res2b.npz").logical(core.graph)
    simulator = simulate_netlist(core, (synthesise_view(render(core)) / VERILOG).read_text())
    hold(simulator, memories_of(core, parameters), *given_to(network, tensors, "res2b"))


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["preres", "res2a", "res2b", "res3a", "res3b", "postres"])
def test_a_block_as_netlists_equals_the_model(
    network, tensors, synthesise_view, simulate_netlist, tmp_path, monkeypatch, name: str
) -> None:
    """The core and its memories, which hold the trained values."""
    core = network.cores()[name]
    parameters = read_block(network.parameters / f"{name}.npz").logical(core.graph)
    memories = filled_memories(tmp_path, synthesise_view, core, name, parameters, monkeypatch)
    netlist = (synthesise_view(render(core)) / VERILOG).read_text()
    simulator = simulate_netlist(core, netlist, name, memories)
    # The harness' own memories feed nothing: there is nothing in them.
    empty = {port: bytes(len(image)) for port, image in memories_of(core, parameters).items()}
    hold(simulator, empty, *given_to(network, tensors, name))


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "unit", [Mvau(16, 6, 2, 4, 4, 3, 4), Mvau(20, 2, 1, 10, 2, 2, 4), Mvau(21, 3, 3, 21, 6, 1, 4)], ids=str
)
def test_a_unit_that_adds_bits_as_netlist(synthesise_view, simulate_netlist, unit: Mvau) -> None:
    """Weights of 2 and 3 bits, and activations of more planes than a gate chain has."""
    ends = (Port("columns", unit.inputs[0]),), (Port("sums", unit.outputs[0]),)
    core = GraphCore(
        f"unit_{unit.weight_bits}_{unit.input_bits}",
        Graph(*ends, (Node("unit", unit, ("columns",), ("sums",), ("weights",)),)),
    )
    draw = np.random.default_rng(unit.synapses)
    half = 1 << (unit.weight_bits - 1)
    weights = draw.integers(-half, half, (unit.channels, unit.synapses))
    weights = weights * 2 + 1 if unit.weight_bits == 1 else weights
    columns = draw.integers(0, 1 << unit.input_bits, (IMAGES, 2, 2, unit.synapses))
    (port,) = unit.parameters
    memory = pack_beats(mvau_model.memory(unit, 0, weights).reshape(-1, port.lanes), port.bits)
    simulator = simulate_netlist(core, (synthesise_view(render(core)) / VERILOG).read_text())
    (expected,) = mvau_model.apply(unit, [columns], [weights])
    hold(simulator, {"weights": memory}, {"columns": columns}, {"sums": expected})


MISTAKES = {
    "one bit of one LUT of a PE": (
        r"(farm_mvau_binary_pe \(clk.*?LUT6_2 #\(\s*\.INIT\(64'h[0-9a-f]{15})([0-9a-f])",
        lambda found: f"{found[1]}{int(found[2], 16) ^ 8:x}",
    ),
    "a carry chain that begins with 1": (
        r"(farm_mvau_binary_pe \(clk.*?CARRY8 #\([^;]*?\.CI\()1'h0",
        lambda found: f"{found[1]}1'h1",
    ),
    "a register that is never enabled": (
        r"(farm_threshold_lane \(clk.*?FDRE #\([^;]*?\.CE\()1'h1",
        lambda found: f"{found[1]}1'h0",
    ),
    "a FIFO's memory that is not written": (r"\.WEBWE\(\{[^}]*\}\)", lambda found: ".WEBWE(8'h00)"),
}


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_netlist_is_seen(network, tensors, synthesise_view, simulate_netlist, name: str) -> None:
    core = network.cores()["res2b"]
    parameters = read_block(network.parameters / "res2b.npz").logical(core.graph)
    text = (synthesise_view(render(core)) / VERILOG).read_text()
    pattern, mistake = MISTAKES[name]
    planted, count = re.subn(pattern, mistake, text, count=1, flags=re.DOTALL)
    assert count == 1
    assert planted != text
    simulator = simulate_netlist(core, planted)
    with pytest.raises(ModelDiffersError):
        hold(simulator, memories_of(core, parameters), *given_to(network, tensors, "res2b"))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_recorded_tensor_through_the_netlist_of_a_core_of_4096_lanes(
    reference, synthesise_view, simulate_netlist
) -> None:
    core = reference.core("res5b")
    parameters = read_block(reference.folder / "res5b.npz").logical(core.graph)
    simulator = simulate_netlist(core, (synthesise_view(render(core)) / VERILOG).read_text(), fast=BRIEF)
    inputs, output = {"input": reference.block_input("res5b")}, reference.tensor("res5b_out")
    run = simulator.run_memories(memories_of(core, parameters), inputs)
    assert check_equal(run.outputs, {"output": output}) == output.size
