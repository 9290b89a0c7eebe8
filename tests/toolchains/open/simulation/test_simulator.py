"""The harness of simulations: what it counts; that it finds cores that break rules, lose or repeat beats, or hang."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import needs
import numpy as np
import pytest

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph, GraphCore, Node
from blocks.operators.base import Stream
from blocks.operators.fifo import Fifo
from toolchains.open.simulation.compile_model import ModelError, check_read
from toolchains.open.simulation.simulator import Simulator, build
from toolchains.open.simulation.values import (
    DeadlockError,
    ModelDiffersError,
    SimulationError,
    Stall,
    check_equal,
    deadlock,
)

BEATS = 12
DEPTH = 6

# A FIFO of the test's own, with a fault that the first beat names: one model shows them all. It hands on what comes
# through a small memory; `in0_data` and `out0_data` of a wire-only register slice are the ports themselves.
FAULTY_FIFO = """
module farm_fifo #(parameter int WIDTH = 8, parameter int DEPTH = 16) (
    input wire clk, input wire rst,
    input wire [WIDTH-1:0] in0_data, input wire in0_valid, output wire in0_ready,
    output wire [WIDTH-1:0] out0_data, output wire out0_valid, input wire out0_ready,
    output wire [$clog2(DEPTH+1)-1:0] level
);
    logic [WIDTH-1:0] places [DEPTH];
    integer head, tail, taken, given;
    logic [WIDTH-1:0] fault;
    logic waited;  // a beat stood at the output in the last cycle
    logic extra, done;
    wire push = in0_valid && in0_ready;
    wire pop = out0_valid && out0_ready;
    wire full = head - tail == DEPTH;
    wire stuck = fault == 5 && given == 4;
    assign level = head - tail;
    assign in0_ready = !rst && !full && !(fault == 7 && taken == 11);
    wire some = head != tail || extra || (fault == 7 && given == 11);
    assign out0_valid = some && !stuck && !(fault == 1 && waited) && !(fault == 7 && given == 12);
    assign out0_data = fault == 2 && waited ? ~places[tail % DEPTH] : places[tail % DEPTH];
    always_ff @(posedge clk) begin
        if (rst) begin
            head <= 0; tail <= 0; taken <= 0; given <= 0; fault <= 0; waited <= 0; extra <= 0;
            done <= 0;
        end else begin
            waited <= out0_valid && !out0_ready;
            if (push) begin
                places[head % DEPTH] <= in0_data;
                // 3: a beat that comes while another has to wait is not kept.
                if (fault == 3 && waited && !done) done <= 1;
                else head <= head + 1;
                taken <= taken + 1;
                if (taken == 0) fault <= in0_data;
            end
            if (pop) begin
                given <= given + 1;
                extra <= 0;
                // 4: the beat that had to wait is there again; 6: after the last one another.
                if (fault == 4 && waited && !done) done <= 1;
                else if (!extra) tail <= tail + 1;
                if (fault == 6 && given == 11) extra <= 1;
            end
        end
    end
endmodule
"""
WIRES = """
module farm_skid #(parameter int WIDTH = 8) (
    input wire clk, input wire rst,
    input wire [WIDTH-1:0] in0_data, input wire in0_valid, output wire in0_ready,
    output wire [WIDTH-1:0] out0_data, output wire out0_valid, input wire out0_ready
);
    assign out0_data = in0_data;
    assign out0_valid = in0_valid;
    assign in0_ready = out0_ready;
endmodule
"""
NO_FAULT = 0


def fifo_core(depth: int = DEPTH) -> GraphCore:
    builder = GraphBuilder()
    stream = builder.port("input", Stream(1, 8, BEATS), BEATS)
    stream = builder.add("store", Fifo(lanes=1, bits=8, beats=BEATS, depth=depth), stream)
    return GraphCore("fifo", builder.build(output=stream))


@pytest.fixture(scope="module")
def faulty(simulations: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "operators" / "fifo").mkdir(parents=True)
    (folder / "operators" / "farm_stream.sv").write_text(WIRES)
    (folder / "operators" / "fifo" / "fifo.sv").write_text(FAULTY_FIFO)
    return build(fifo_core(), simulations, operators=folder)


def beats(fault: int) -> np.ndarray:
    return np.array([fault, *range(100, 100 + BEATS - 1)])


def run(simulator: Simulator, fault: int, **stalls: Stall):
    return simulator.run({"input": beats(fault)}, {}, stalls=stalls)


# Every third cycle the sink does not take what is there.
SLOW = Stall(open=2, closed=1)


def test_without_a_fault_everything_passes(faulty: Simulator) -> None:
    for stall in (Stall(), SLOW, Stall(seed=3, chance=0.5, longest=4), Stall(start=500)):
        outcome = run(faulty, NO_FAULT, output=stall)
        assert outcome.outputs["output"].tolist() == [beats(NO_FAULT).tolist()]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (1, "stream output: valid fell before the beat was taken"),
        (2, "port output: data changed while the beat was waiting"),
        (5, "deadlock"),
        (6, "port output: the core sent more than the 12 beats expected"),
        (7, "port input: all results have come, but the core took only 11 of 12 beats"),
    ],
)
def test_a_broken_rule_is_named(faulty: Simulator, fault: int, words: str) -> None:
    with pytest.raises(SimulationError, match=words):
        run(faulty, fault, output=SLOW)


def test_a_lost_beat_is_a_deadlock_with_a_beat_missing(faulty: Simulator) -> None:
    with pytest.raises(DeadlockError, match="input 12 of 12, output 11 of 12") as caught:
        run(faulty, 3, output=SLOW)
    assert caught.value.empty == ("output",)


def test_a_repeated_beat_is_one_too_many(faulty: Simulator) -> None:
    with pytest.raises(SimulationError, match="one beat more"):
        run(faulty, 4, output=SLOW)


def test_faults_that_only_stalls_show_pass_without_them(faulty: Simulator) -> None:
    """So it is the stalls that find them."""
    for fault in (1, 2, 3, 4):
        assert run(faulty, fault).outputs["output"].tolist() == [beats(fault).tolist()]


def test_counts_are_those_of_the_wires(faulty: Simulator) -> None:
    # The core's own reset register ends a cycle after the reset: the memory takes DEPTH beats in cycles 1..6, then
    # stands until the sink opens in cycle 100; from there on a beat leaves in every cycle, the first is there in 2.
    outcome = run(faulty, NO_FAULT, output=Stall(start=100))
    assert outcome.marks == {"store": DEPTH}
    assert outcome.ports["input"].first == (1,)
    assert outcome.ports["output"].first == (100,)
    assert outcome.ports["output"].last == (111,)
    assert outcome.streams["output"].beats == BEATS
    assert outcome.streams["output"].stalled == 98
    assert outcome.streams["input"].beats == BEATS
    # Cycles 0 and 7..100: the place that is free after cycle 100 takes a beat in cycle 101.
    assert outcome.streams["input"].stalled == 95


def test_a_paced_source_spreads_its_beats_evenly(faulty: Simulator) -> None:
    pace = Stall(image_cycles=BEATS * 10)
    outcome = faulty.run({"input": beats(NO_FAULT)}, {}, images=3, stalls={"input": pace})
    assert outcome.ports["input"].first == (1, 120, 240)
    assert outcome.ports["input"].last == (110, 230, 350)
    assert outcome.ports["output"].interval() == 120
    assert outcome.latency("input", "output") == (110, 111, 111)
    assert outcome.marks == {"store": 1}


def test_a_late_port_is_no_deadlock(faulty: Simulator) -> None:
    outcome = run(faulty, NO_FAULT, input=Stall(start=30_000))
    assert outcome.ports["input"].first == (30_000,)


def test_seeds_decide_the_stalls(faulty: Simulator) -> None:
    stall = Stall(seed=1, chance=0.3, longest=9)
    first, again = (run(faulty, NO_FAULT, input=stall, output=stall) for _ in range(2))
    other = run(faulty, NO_FAULT, input=replace(stall, seed=2), output=replace(stall, seed=3))
    assert first.ports == again.ports
    assert first.streams == again.streams
    assert first.ports != other.ports


def test_ports_and_sizes_are_checked(faulty: Simulator) -> None:
    with pytest.raises(ValueError, match=r"no port of fifo_.* is called outptu"):
        run(faulty, NO_FAULT, outptu=SLOW)
    with pytest.raises(ValueError, match="input: 7 elements for 1 images of 12"):
        faulty.run({"input": np.zeros(7, int)}, {})


def test_a_difference_is_named() -> None:
    outputs = {"output": np.array([[1, 2], [3, 4]])}
    assert check_equal(outputs, {"output": np.array([1, 2, 3, 4])}) == 4
    with pytest.raises(ModelDiffersError, match=r"output\[1\] of image 1 is 4, expected 5; 1 of 4 elements"):
        check_equal(outputs, {"output": np.array([1, 2, 3, 5])})


def test_words_for_a_deadlock_name_join_and_fifo() -> None:
    """The classic: a fork whose FIFO is full, and a join that waits for the longer path."""
    fifo = Fifo(lanes=1, bits=8, beats=BEATS, depth=2)
    nodes = (Node("side", fifo, ("a",), ("b",)), Node("join", fifo, ("b", "c"), ("output",)))
    core = GraphCore("join", Graph((), (), nodes))
    valid = {"a": True, "b": True, "c": False, "output": False}
    ready = {"a": False, "b": False, "c": True, "output": True}
    error = deadlock(core, "deadlock", valid, ready, {"side": 2, "join": 0})
    assert (error.full, error.empty) == (("a", "b"), ("c",))
    assert str(error) == "deadlock; full: a (FIFO side: 2 of 2), b; empty: c"


def test_what_verilator_read_is_held_against_the_inputs(tmp_path: Path) -> None:
    verilator = needs.installed_verilator()
    depfile = tmp_path / "it.d"
    depfile.write_text(f"a.cpp b.h  : {verilator.program} {verilator.include}/verilated_std.sv core.sv \n")
    check_read(depfile, ["core.sv"], tmp_path, verilator)
    depfile.write_text(f"a.cpp b.h  : {verilator.program} core.sv hidden.svh \n")
    with pytest.raises(ModelError, match=r"Verilator read hidden.svh, which is not a declared input"):
        check_read(depfile, ["core.sv"], tmp_path, verilator)


def test_what_does_not_elaborate_is_refused(tmp_path: Path) -> None:
    needs.installed_verilator()
    (tmp_path / "operators" / "fifo").mkdir(parents=True)
    (tmp_path / "operators" / "farm_stream.sv").write_text(WIRES)
    (tmp_path / "operators" / "fifo" / "fifo.sv").write_text("module farm_fifo; endmodule\n")
    (tmp_path / "simulation.o").touch()
    with pytest.raises(ModelError, match="Verilator ended with status 1"):
        build(fifo_core(), tmp_path, operators=tmp_path)
