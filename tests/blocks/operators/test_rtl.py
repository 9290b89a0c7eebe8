"""SystemVerilog modules equal the numpy models bit for bit, whatever the pattern of valid and ready on every port."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alone import IMAGES, differing, ran, separate
from everyday import first
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks.core.graph import Graph, GraphCore, Node, Port
from blocks.core.rtl import render
from blocks.memories import pack_beats
from blocks.operators import room
from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.depthwise import Depthwise
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.requantize import Requantize
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sum_pool import SumPool
from blocks.operators.threshold import Threshold
from blocks.operators.trim import Trim
from blocks.operators.width_converter import WidthConverter
from toolchains.open.simulation.simulator import Simulator, build
from toolchains.open.simulation.values import Run, SimulationError, Stall


@pytest.fixture(scope="session")
def simulator(shapes: tuple[Operator, ...], simulate: Callable[[GraphCore], Simulator]) -> Simulator:
    return simulate(separate(shapes))


def test_modules_equal_the_models_at_full_speed(simulator: Simulator, draw_case: Callable[..., Any]) -> None:
    assert differing(simulator, draw_case, 0, {}) == []


def test_label_select_takes_the_cycles_that_it_says(simulator: Simulator, draw_case: Callable[..., Any]) -> None:
    """With several scores a beat too; a cycle more where the last index leaves while the first score waits."""
    run, _ = ran(simulator, draw_case, 0, {})
    nodes = [node for node in simulator.core.graph.nodes if isinstance(node.operator, LabelSelect)]
    assert {node.operator.lanes for node in nodes} >= {1, 2, 4}
    for node in nodes:
        measured, said = run.ports[node.outputs[0]].interval(), node.operator.cycles()
        assert said <= measured <= said + 1, node.operator


def test_short_rows_take_no_longer(simulator: Simulator, draw_case: Callable[..., Any]) -> None:
    """A FIFO of a row of one beat gave a beat every four cycles."""
    run, _ = ran(simulator, draw_case, 0, {})
    (node,) = [each for each in simulator.core.graph.nodes if each.operator == SumPool(2, 7, 1, 1, 1, 2, 2)]
    # 7 beats an image, and one to spare as `window_cycles` counts the first row.
    assert 7 <= run.ports[node.outputs[0]].interval() <= 8


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(1, 2**32), data=st.data())
def test_no_pattern_of_stalls_changes_a_value(
    simulator: Simulator, draw_case: Callable[..., Any], seed: int, data: st.DataObject
) -> None:
    ports = [port.name for port in (*simulator.core.graph.inputs, *simulator.core.graph.outputs)]
    kinds = data.draw(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9]), min_size=len(ports), max_size=len(ports)))
    bursts = data.draw(st.lists(st.sampled_from([1, 3, 20]), min_size=len(ports), max_size=len(ports)))
    stalls = {
        name: Stall(seed=seed + at, chance=chance, longest=burst)
        for at, (name, chance, burst) in enumerate(zip(ports, kinds, bursts, strict=True))
    }
    assert differing(simulator, draw_case, seed, stalls | late_memories(simulator, seed)) == []


def late_memories(simulator: Simulator, seed: int) -> dict[str, Stall]:
    """Parameter memories that start at different times: nothing else can happen to them."""
    ports = simulator.core.graph.parameter_ports()
    starts = np.random.default_rng(seed).integers(0, 60, len(ports)).tolist()
    return {port.name: Stall(start=start) for port, start in zip(ports, starts, strict=True)}


def test_a_memory_that_pauses_is_found_where_nothing_waits_for_it(
    simulator: Simulator, draw_case: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator refuses it. If a memory does it all the same, the core ends the simulation."""
    stalls = {simulator.core.graph.parameter_ports()[0].name: Stall(seed=3, chance=0.5, longest=3)}
    with pytest.raises(ValueError, match=r"n.*_parameter0: a parameter memory does not pause; it may only start late"):
        differing(simulator, draw_case, 3, stalls)
    monkeypatch.setattr("toolchains.open.simulation.simulator.check_parameter_stalls", lambda *_: None)
    with pytest.raises(SimulationError, match=r"the model ended: .*farm_stream\.sv"):
        differing(simulator, draw_case, 3, stalls)


BEHIND = (
    # 48 * 3 = 144 and 60 * 255 * -128 = -1,958,400.
    (Mvau(48, 8, 4, 2, 2, 1, 6), WidthConverter(4, 1, 9, 48, signed=True)),
    (Mvau(60, 4, 4, 3, 8, 8, 6, mmv=3), WidthConverter(12, 4, 22, 24, signed=True)),
    # The converter keeps a copy. 16 * 3 = 48; 8 * 3 = 24; 12 * 3 = 36.
    (Mvau(16, 8, 4, 4, 2, 1, 6), WidthConverter(4, 1, 7, 48, signed=True)),
    (Mvau(8, 8, 4, 4, 2, 1, 6), WidthConverter(4, 2, 6, 48, signed=True)),
    (Mvau(12, 4, 4, 2, 2, 1, 6, mmv=3), WidthConverter(12, 2, 7, 24, signed=True)),
)
"""Sums that a converter takes apart: where they stand if they are far enough apart (the first two), else in a copy."""
HELD = 2


def behind(pairs: Sequence[tuple[Mvau, WidthConverter]]) -> GraphCore:
    """One core with all pairs, each between ports of its own."""
    (ins, outs, nodes) = ([], [], [])
    for at, (unit, converter) in enumerate(pairs):
        ins.append(Port(f"n{at}_in", unit.inputs[0]))
        outs.append(Port(f"n{at}_out", converter.outputs[0]))
        nodes.append(Node(f"n{at}_unit", unit, (f"n{at}_in",), (f"n{at}_sums",), (f"n{at}_weights",)))
        nodes.append(Node(f"n{at}_width", converter, (f"n{at}_sums",), (f"n{at}_out",)))
    return GraphCore("behind", Graph(tuple(ins), tuple(outs), tuple(nodes)))


@pytest.fixture(scope="session")
def behind_simulator(simulate: Callable[[GraphCore], Simulator]) -> Simulator:
    core = behind(BEHIND)
    top = render(core).top
    assert top.count(".INPUT_HELD(1)") == HELD
    assert top.count("farm_mvau_narrow") == sum(unit.weight_bits == 1 for unit, _ in BEHIND)
    return simulate(core)


def sums_in_parts(simulator: Simulator, draw_case: Callable[..., Any], seed: int, stalls: dict[str, Stall]) -> Run:
    """Run the pairs, hold the elements against the model and give the run."""
    inputs, memories, expected = {}, {}, {}
    for at, (unit, _) in enumerate(BEHIND):
        case = draw_case(unit, IMAGES, seed=seed + at)
        inputs[f"n{at}_in"] = case.inputs[0]
        (port,) = unit.parameters
        memories[f"n{at}_weights"] = pack_beats(case.memories[0].reshape(-1, port.lanes), port.bits)
        expected[f"n{at}_out"] = case.outputs[0]
    run = simulator.run_memories(memories, inputs, images=IMAGES, stalls=stalls, seed=seed)
    for name, values in expected.items():
        np.testing.assert_array_equal(run.outputs[name].reshape(-1), values.reshape(-1))
    return run


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(1, 2**32), chance=st.sampled_from([0.1, 0.5, 0.9]), longest=st.sampled_from([1, 3, 60]))
def test_sums_are_taken_apart_where_they_stand(
    behind_simulator: Simulator, draw_case: Callable[..., Any], seed: int, chance: float, longest: int
) -> None:
    graph = behind_simulator.core.graph
    ports = [port.name for port in (*graph.inputs, *graph.outputs)]
    stalls = {name: Stall(seed=seed + at, chance=chance, longest=longest) for at, name in enumerate(ports)}
    sums_in_parts(behind_simulator, draw_case, seed, stalls | late_memories(behind_simulator, seed))


def test_taking_sums_apart_costs_no_cycle(behind_simulator: Simulator, draw_case: Callable[..., Any]) -> None:
    run = sums_in_parts(behind_simulator, draw_case, 1, {})
    for at, (unit, _) in enumerate(BEHIND):
        assert run.ports[f"n{at}_out"].interval() == unit.cycles()


MUTANTS: dict[str, tuple[Operator, str, str]] = {
    "a strict comparison": (Threshold(8, 5, 4, -37, 41, 2), "wide >= threshold", "wide > threshold"),
    "the wrong half counts": (Threshold(6, 3, 2, -40000, 39999, 4), "OUTPUT_BITS'((1<<b)-1)]", "OUTPUT_BITS'(1<<b)]"),
    "a pixel's place is free too early": (
        SlidingWindow(4, 5, 7, 3, 1, 2, 2), "HELD_ROWS * ROW_BEATS", "4 * HELD_ROWS * ROW_BEATS",
    ),
    "a window leaves before its last pixel": (SlidingWindow(6, 6, 9, 3, 2, 6, 4), "have > $signed(need)", "have > 0"),
    "kernel columns not turned": (
        SlidingWindow(3, 13, 13, 7, 2, 3, 8, 4), "(m*STRIDE_COLUMNS+k)%BANKS", "(m*STRIDE_COLUMNS)%BANKS",
    ),
    "rows for kernel columns": (
        SlidingWindow(1, 12, 8, (10, 4), (2, 1), 1, 4), "KX_BITS'(KERNEL_COLUMNS - 1)", "KX_BITS'(KERNEL - 1)",
    ),
    "the stride of columns from row to row": (
        SlidingWindow(1, 12, 8, (10, 4), (2, 1), 1, 4), "ROW_BEATS = STRIDE * ", "ROW_BEATS = STRIDE_COLUMNS * ",
    ),
    "the stride of columns between kernel rows": (
        SlidingWindow(2, 7, 9, (3, 2), (2, 3), 4, 2), "ADDRESS_BITS'(STRIDE *", "ADDRESS_BITS'(STRIDE_COLUMNS *",
    ),
    "rows and columns of a pixel's stride": (
        SlidingWindow(4, 5, 6, 1, (1, 2), 2, 4), "SX_BITS'(STRIDE_COLUMNS - 1)", "SX_BITS'(STRIDE - 1)",
    ),
    "kernel columns of a sum of rows alone": (
        SumPool(4, 5, 7, (2, 3), (1, 2), 2, 2), "KERNEL * KERNEL_COLUMNS - 1", "KERNEL * KERNEL - 1",
    ),
    "kernel columns of a maximum of rows alone": (
        MaxPool(4, 5, 7, (3, 1), (2, 1), 2, 2), "KERNEL * KERNEL_COLUMNS - 1", "KERNEL * KERNEL - 1",
    ),
    "a wait of rows before the first column": (
        MaxPool(4, 7, 9, (3, 2), (1, 2), 2, 2, beatwise=True), "WX_BITS'(KERNEL_COLUMNS - 1)", "WX_BITS'(KERNEL - 1)",
    ),
    "planes without weight": (Mvau(64, 8, 4, 64, 2, 1, 3), "<< (plane + row)", "<< 0"),
    "sums not cleared": (Mvau(18, 4, 2, 6, 2, 1, 6), "if (rst || (add && last)) accumulator", "if (rst) accumulator"),
    "the next column over this one": (Mvau(18, 4, 2, 6, 2, 1, 6), "PLACE_BITS'(SYNAPSE_FOLDS)", "PLACE_BITS'(1)"),
    "activations not skewed": (Mvau(27, 4, 4, 3, 8, 8, 6, mmv=3), "in(column[(m*SIMD+s)", "in(column[(m*SIMD)"),
    "the offset left out": (Add(4, 10, 4, False, 4, False, 4, False, 8), "- SUM_BITS'(OFFSET)", ""),
    "symmetric saturation": (
        Add(1, 12, 32, True, 32, True, 24, True, 100), "sum < LOWEST ? LOWEST", "sum <= LOWEST ? LOWEST + 1'b1",
    ),
    "an equal score goes in front": (LabelSelect(12, 4, 3, 5), "score > held", "score >= held"),
    "the padding on the other side": (
        Pad(4, 3, 5, 1, 2, 0, 3, 2, 3), "x == X_BITS'(LEFT - 1)", "x == X_BITS'(RIGHT - 1)",
    ),
    "folds mixed up": (MaxPool(4, 5, 7, 3, 2, 2, 2), "largest[fold]", "largest[0]"),
    "a maximum of another place": (MaxPool(4, 7, 9, 3, 2, 2, 2, beatwise=True), "above[at] <=", "above[0] <="),
    "windows of the wrong rows": (
        MaxPool(4, 7, 9, 3, 2, 2, 2, beatwise=True), "ends_y ? WY_BITS'(STRIDE - 1)", "ends_y ? WY_BITS'(STRIDE)",
    ),
    "what is left over lost": (Trim(12, 5, 5, 6, 3), "joined >> (LANES_OUT * BITS)", "joined >> (LANES_IN * BITS)"),
    "pixels not taken apart": (Deinterleave(6, 6, 2, 3, 9, signed=True), "read[m*WIDTH+:WIDTH]", "read[WIDTH-1:0]"),
    "sums of the last image": (AccPool(8, 9, 4, 4, 8), "first ? '0 : held", "held"),
    "the first beat in the highest bits": (
        WidthConverter(2, 8, 3, 48), "{in0_data, gathered};", "{gathered, in0_data};",
    ),
    "products of the pixel before": (Depthwise(6, 9, 2, 4, 4, 5), "first[1] ? '0 : held", "held"),
    "sums of another fold": (Depthwise(6, 9, 2, 4, 4, 5), "held = sums[adding_fold]", "held = sums[0]"),
    "an activation with a sign": (Depthwise(6, 9, 2, 4, 4, 5), "{1'b0, a}", "{a[INPUT_BITS-1], a}"),
    "binary weights the other way round": (Depthwise(4, 4, 4, 2, 1, 6), "w[0] ? x : -x", "w[0] ? -x : x"),
    "an addend a beat early": (
        Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8), "SUM_BITS'(term)", "SUM_BITS'(addend)",
    ),
    "no highest code": (Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8), "above ? '1 : shifted", "shifted"),
    "negative values as the highest code": (
        Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8), "negative ? '0 : above", "above",
    ),
    "a sign lost by the shift": (Requantize(2, 5, 1, -20, 20, 4, 6, 7, 4), "sum >>> SHIFT", "sum >> SHIFT"),
    "a sum of all windows": (SumPool(4, 5, 7, 3, 2, 2, 2), "first ? '0 : held", "held"),
    "a sum of another fold": (SumPool(4, 5, 7, 3, 2, 2, 2), "held = sums[fold]", "held = sums[0]"),
    "factors exchanged": (
        Add(3, 8, 4, False, 6, False, 9, False, 0, a_factor=3, b_factor=4), ".FACTOR(A_FACTOR)", ".FACTOR(B_FACTOR)",
    ),
    "a factor's highest bit alone": (
        Add(3, 8, 4, False, 6, False, 9, False, 0, a_factor=3, b_factor=4), "product + (in << k)", "in << k",
    ),
    "flags of the next beat": (
        Threshold(8, 5, 4, -37, 41, 2, inverts=True), "flags <= early",
        "flags <= in1_data[LANES*STEPS*THRESHOLD_BITS+:LANES]",
    ),
    "one flag for all lanes": (Threshold(8, 5, 4, -37, 41, 2, inverts=True), "flags[lane]", "flags[0]"),
    "padding of 0": (Pad(2, 3, 4, 1, 1, 2, 0, 2, 4, value=8), "BITS'(VALUE)", "BITS'(0)"),
    "a row that begins with 0": (
        Pad(3, 2, 8, 1, 3, 1, 5, 12, 3, pixels=4, value=5), "carried <= FILL[WIDTH-1:WIDTH-SHIFT]", "carried <= '0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", first(MUTANTS))
def test_the_comparison_bites(name: str, tmp_path: Path, simulations: Path, draw_case: Callable[..., Any]) -> None:
    shape, text, mutated = MUTANTS[name]
    shutil.copytree(room.OPERATORS, tmp_path / "operators", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    modules = [
        file for file in (tmp_path / "operators" / room.room_name(shape)).glob("*.sv") if text in file.read_text()
    ]
    assert modules
    for module in modules:
        module.write_text(module.read_text().replace(text, mutated))
    simulator = build(separate([shape]), simulations, operators=tmp_path)
    stalls = {"n0_out0": Stall(seed=5, chance=0.5, longest=9)}
    assert any(found(simulator, draw_case, seed, its) for seed, its in ((3, {}), (4, stalls)))


def found(simulator: Simulator, draw_case: Callable[..., Any], seed: int, stalls: dict[str, Stall]) -> bool:
    """Whether a run shows the mistake, by its values or by breaking a rule of the streams."""
    try:
        return differing(simulator, draw_case, seed, stalls) != []
    except SimulationError:
        return True
