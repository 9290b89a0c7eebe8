"""Foldings with several ports for a parameter, beats across kernel positions, several pixels at once: both views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wire_order

from blocks.core.graph import Graph, GraphCore, Port
from blocks.core.model import random_parameters, run_graph
from blocks.network import find_network, read_network
from blocks.operators.sliding_window import SlidingWindow
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.simulation.values import Stall

WIDE = """\
name: wide
image: {height: 9, width: 12, channels: 3}
blocks:
  - name: a
    kind: stem
    conv0: {channels: 16, kernel: 3, stride: 2, pad: [1, 2, 1, 1], pe: 16, simd: 9, mmv: 7, pixels_in: 4}
    max_pool: {kernel: 3, stride: 2, pad: [0, 0, 1, 1]}
  - name: b
    kind: residual
    branches: 2
    conv2a: {channels: 64, pe: 10, simd: 8, mmv: 3}
    conv2b: {channels: 64, pe: 32, simd: 192}
    conv2c: {channels: 64, pe: 64, simd: 64, threshold_pe: 64}
    conv1: {channels: 64, pe: 24, simd: 8}
  - name: d
    kind: head
    classes: 4
    lanes: 8
    simd: 16
"""


@pytest.fixture
def core(tmp_path: Path) -> Callable[[str], GraphCore]:
    def of(name: str) -> GraphCore:
        (tmp_path / "wide.yaml").write_text(WIDE)
        found = read_network(tmp_path / "wide.yaml").cores()[name]
        assert isinstance(found, GraphCore)
        return found

    return of


def drawn(core: GraphCore, count: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Inputs of `count` images, parameters, and the model's outputs [count, ...]."""
    rng = np.random.default_rng(7)
    (port,) = core.graph.inputs
    inputs = {"input": rng.integers(0, 1 << port.stream.bits, (count, *port.shape))}
    parameters = random_parameters(core, rng)
    return inputs, parameters, run_graph(core.graph, inputs, parameters)["output"]


def test_the_folding_needs_what_is_tried(core: Callable[[str], GraphCore]) -> None:
    divided = {name: len(parts) for name, (_, parts) in core("b").graph.divided_parameters().items()}
    assert divided == {"conv2b_weights": 2, "conv2c_thresholds": 3}  # 32 * 192 = 6,144 bits; 64 * 15 * 9 = 8,640
    assert core("a").graph.inputs[0].stream.lanes == 12


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["a", "b"])
def test_the_rtl_equals_the_model(core, simulate: Callable[[GraphCore], Simulator], name: str) -> None:
    given = core(name)
    inputs, parameters, expected = drawn(given, 3)
    simulator = simulate(given)
    ports = [port.name for port in (*given.graph.inputs, *given.graph.outputs)]
    late = {port.name: Stall(start=13 * at) for at, port in enumerate(given.graph.parameter_ports())}
    patterns = ({}, late | {port: Stall(seed=at, chance=0.4, longest=7) for at, port in enumerate(ports)})
    for stalls in patterns:
        run = simulator.run(inputs, parameters, images=3, stalls=stalls)
        np.testing.assert_array_equal(run.outputs["output"].reshape(-1), expected.reshape(-1))


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(("name", "view"), [("a", "body"), ("b", "body"), ("a", "top"), ("b", "top")])
def test_the_cpp_equals_the_model(core, compile_view, name: str, view: str) -> None:
    given = core(name)
    inputs, parameters, expected = drawn(given, 1)
    found = compile_view(given, view).run(parameters, inputs["input"])
    np.testing.assert_array_equal(found, expected.reshape(-1))


@pytest.mark.slow
@pytest.mark.nightly
def test_padding_and_windows_of_resnet50_keep_up(simulate: Callable[[GraphCore], Simulator]) -> None:
    """8 pixels a beat, padded by 3 on the left: 112 rows of 8 groups, 7 kernel rows and 3 beats are 18,816 cycles."""
    graph = find_network("resnet50_18816").blocks[0].core().graph
    pad, window = (node for node in graph.nodes if node.name in ("conv0_pad", "conv0_window"))
    output = Port("output", window.operator.outputs[0])
    chain = Graph(graph.inputs, (output,), (pad, replace(window, outputs=("output",))))
    given = {"input": np.random.default_rng(3).integers(0, 256, (3, 224, 224, 3))}
    run = simulate(GraphCore("chain", chain)).run(given, {}, images=3)
    assert isinstance(window.operator, SlidingWindow)
    expected = wire_order.window_beats(window.operator, run_graph(chain, given, {})["output"])
    np.testing.assert_array_equal(run.outputs["output"].reshape(-1), expected.reshape(-1))
    assert 112 * 8 * 7 * 3 <= run.ports["output"].interval() <= window.operator.cycles()
