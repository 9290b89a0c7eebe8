"""Compiled C++ of cores: the reference design's recorded tensors, foldings, and readings that have to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from everyday import first

from blocks.core.graph import GraphCore
from blocks.core.model import random_parameters, run_graph
from blocks.memories import images
from blocks.network import find_network, read_network
from blocks.parameters import read_block
from toolchains.open.emulation import compile_core
from toolchains.open.emulation.compile_core import CoreError

SHAPE = """\
name: folded
image: {{height: 4, width: 4, channels: 1}}
blocks:
  - name: a
    kind: stem
    conv0: {{channels: 12, kernel: 1, pe: 12, simd: 1}}
  - name: b
    kind: residual
    branches: 2
    stride: 2
    conv2a: {{channels: 8, pe: {pe_a}, simd: {simd_a}}}
    conv2b: {{channels: 6, pe: 3, simd: 4}}
    conv2c: {{channels: 20, pe: {pe_c}, simd: 2}}
    conv1: {{channels: 20, pe: {pe_1}, simd: 6}}
  - name: c
    kind: head
    classes: 3
    lanes: 5
    simd: 4
"""


def parameters_of(reference, name: str):
    graph = reference.core(name).graph
    return read_block(reference.folder / f"{name}.npz").logical(graph)


def test_a_top_that_runs_long_is_compiled_to_run_fast() -> None:
    levels = {compile_core.top_flags(core)[0] for core in find_network("digits").cores().values()}
    assert levels == {"-Og"}
    # conv2b alone takes 7 * 7 pixels * 512 / 32 channels * 9 * 512 / 64 synapses = 56,448 cycles.
    assert compile_core.top_flags(find_network("resnet50").cores()["res5b"])[0] == "-O1"


@pytest.mark.parametrize("name", ["res5b", "res5a"])
def test_recorded_tensors_through_the_body(reference, compile_view, name) -> None:
    body = compile_view(reference.core(name))
    found = body.run(parameters_of(reference, name), reference.block_input(name))
    np.testing.assert_array_equal(found, reference.tensor(f"{name}_out").reshape(-1))


def test_one_core_serves_both_of_its_blocks(reference, compile_view) -> None:
    """res5b and res5c are one core; only the memory images differ."""
    body = compile_view(reference.core("res5b"))
    assert reference.core("res5c").name == body.core.name
    found = body.run(parameters_of(reference, "res5c"), reference.block_input("res5c"))
    np.testing.assert_array_equal(found, reference.tensor("res5c_out").reshape(-1))


def test_recorded_logits_order_through_the_head(reference, compile_view) -> None:
    body = compile_view(reference.core("outpipe"))
    found = body.run(parameters_of(reference, "outpipe"), reference.block_input("outpipe"), reference.fc_weights())
    np.testing.assert_array_equal(found, reference.array("outpipe_top5"))


class TestMemoryMisread:
    """Orders that memory images could have: only the right one gives the recorded output."""

    @pytest.fixture
    def check(self, reference, compile_view):
        core = reference.core("res5b")
        body, parameters = compile_view(core), parameters_of(reference, "res5b")
        given, expected = reference.block_input("res5b"), reference.tensor("res5b_out").reshape(-1)
        memories, image = images(core.graph, parameters)
        ports = {port.name: port.stream for port in core.graph.parameter_ports()}

        def differs(port: str, change) -> bool:
            """Change the beats [depth, lanes, bits] of one memory; every width here is a number of whole bytes."""
            memory = next(memory for memory in memories if memory.port == port)
            data = np.frombuffer(image[memory.offset : memory.offset + memory.bytes], np.uint8)
            bits = np.unpackbits(data, bitorder="little").reshape(memory.depth, -1)[:, : memory.width_bits]
            beats = change(bits.reshape(memory.depth, ports[port].lanes, ports[port].bits))
            flat = np.ascontiguousarray(beats).reshape(memory.depth, memory.width_bits)
            changed = np.packbits(flat, axis=1, bitorder="little").tobytes()
            assert len(changed) == memory.bytes
            mutant = image[: memory.offset] + changed + image[memory.offset + memory.bytes :]
            return bool((body.run_image(mutant, given) != expected).any())

        return differs

    def test_unchanged(self, check) -> None:
        assert not check("conv2a_weights", lambda beats: beats)
        assert not check("conv2c_thresholds", lambda beats: beats)

    @pytest.mark.parametrize("port", ["conv2a_weights", "conv2b_weights", "conv2c_weights"])
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda beats: beats[:, ::-1], id="PE 0 highest"),
            pytest.param(lambda beats: beats[:, :, ::-1], id="lane 0 highest"),
            pytest.param(lambda beats: beats[::-1], id="from the end"),
            pytest.param(lambda beats: 1 - beats, id="0 is +1"),
        ],
    )
    def test_weights(self, check, port, change) -> None:
        assert check(port, change)

    def test_synapse_fold_outermost(self, check, reference) -> None:
        folds = 2048 // 32
        assert check("conv2a_weights", lambda b: b.reshape(-1, folds, *b.shape[1:]).swapaxes(0, 1).reshape(b.shape))

    @pytest.mark.parametrize(("port", "steps"), [("conv2a_thresholds", 3), ("conv2c_thresholds", 15)])
    def test_thresholds(self, check, port, steps) -> None:
        assert check(port, lambda b: b.reshape(-1, steps, b.shape[2])[::-1].reshape(b.shape))
        assert check(port, lambda b: b[:, :, ::-1])
        if port == "conv2c_thresholds":  # conv2a's come one channel a beat
            assert check(port, lambda b: b[:, ::-1])
            assert check(port, lambda b: b.reshape(len(b), -1, steps, b.shape[2]).swapaxes(1, 2).reshape(b.shape))

    def test_order_within_a_channel_does_not_count(self, check) -> None:
        """A count knows no order, so that this is no misreading."""
        assert not check("conv2a_thresholds", lambda b: b[:, ::-1])

    def test_image_of_another_length(self, reference, compile_view) -> None:
        body = compile_view(reference.core("res5b"))
        _, image = images(body.core.graph, parameters_of(reference, "res5b"))
        with pytest.raises(CoreError, match=r"memory image of .* is too short"):
            body.run_image(image[:-1], reference.block_input("res5b"))
        with pytest.raises(CoreError, match="longer than the core's memories"):
            body.run_image(image + b"\0", reference.block_input("res5b"))


class TestFolding:
    """A folding changes ports, memories and cycles, and no value."""

    def read(self, folder: Path, **folding: int) -> GraphCore:
        path = folder / "folded.yaml"
        path.write_text(SHAPE.format(**folding))
        return read_network(path).blocks[1].core()

    @pytest.mark.parametrize("view", first(["body", "top"], 1))
    def test_both_port_widths(self, tmp_path, compile_view, view) -> None:
        one = self.read(tmp_path, pe_a=2, simd_a=4, pe_c=5, pe_1=4)
        other = self.read(tmp_path, pe_a=8, simd_a=3, pe_c=2, pe_1=10)
        widths = [(c.graph.inputs[0].stream.width_bits, c.graph.outputs[0].stream.width_bits) for c in (one, other)]
        assert widths == [(8, 20), (6, 8)]
        assert one.name != other.name
        rng = np.random.default_rng(11)
        logical = random_parameters(one, rng)
        given = rng.integers(0, 4, (3, 4, 4, 12))
        expected = run_graph(one.graph, {"input": given}, logical)["output"]
        assert len(np.unique(expected)) > 4
        for core in (one, other):
            compiled = compile_view(core, view)
            for image in range(3):
                np.testing.assert_array_equal(compiled.run(logical, given[image]), expected[image].reshape(-1))

    def test_shape_that_the_body_was_not_made_for(self, compile_view, tmp_path) -> None:
        """The comparison in the step sees one changed operator: the offset of the sum."""
        core = self.read(tmp_path, pe_a=2, simd_a=4, pe_c=5, pe_1=4)
        nodes = [
            replace(node, operator=replace(node.operator, offset=7)) if node.name == "add" else node
            for node in core.graph.nodes
        ]
        rng = np.random.default_rng(3)
        logical, given = random_parameters(core, rng), rng.integers(0, 4, (1, 4, 4, 12))
        mutant = run_graph(replace(core.graph, nodes=tuple(nodes)), {"input": given}, logical)["output"]
        assert (compile_view(core).run(logical, given[0]) != mutant.reshape(-1)).any()
