"""The reference design: its topology as its README's table gives it, and the model on the recorded inference."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest

from blocks.core.graph import GraphCore
from blocks.core.model import run_graph
from blocks.network_model import run_network
from blocks.operators.mvau import Mvau
from blocks.parameters import read_block

RESIDUALS = [
    f"res{stage}{block}" for stage, blocks in enumerate(("abc", "abcd", "abcdef", "abc"), 2) for block in blocks
]


def operator(core: GraphCore, name: str):
    return next(node.operator for node in core.graph.nodes if node.name == name)


def test_blocks_and_cores(reference) -> None:
    cores = reference.network.cores()
    assert list(cores) == ["inoutdma", "inpipe", *RESIDUALS, "outpipe"]
    assert len({core.name for core in cores.values()}) == 11
    shared = [{"res2b", "res2c"}, {"res3b", "res3c", "res3d"}, {"res4b", "res4c", "res4d", "res4e", "res4f"}]
    shared.append({"res5b", "res5c"})
    for group in shared:
        assert {block for block, core in cores.items() if core.name == cores[min(group)].name} == group


def test_maps_between_blocks(reference) -> None:
    for block in reference.network.blocks[:-1]:
        _, given, made, _ = reference.rows[block.name]
        for cell, found in ((given, block.input), (made, block.output)):
            assert cell == f"{found.height}x{found.width}x{found.channels} {found.bits}b", block.name
    assert str(reference.network.last.input) == "7x7x2048 of 4 bit"


def test_cycles_and_folding_of_every_convolution(reference) -> None:
    for block in reference.network.blocks[:-1]:
        meta = read_block(reference.folder / f"{block.name}.npz").meta
        for name, conv in meta["convs"].items():
            unit = operator(block.core(), name)
            assert isinstance(unit, Mvau)
            # The authors' count: tiles of a PE times output pixels, several of which conv0 computes at once.
            assert unit.cycles() == conv["wmem"] * conv["ofm_dim"] ** 2 // conv.get("mmv", 1)
            assert unit.cycles() == {"conv2b": 56448, "conv0": 38416}.get(name, 50176)
            assert (unit.pe, unit.simd, unit.mmv) == (conv["pe"], conv["simd"], conv.get("mmv", 1))
            assert unit.parameters[0].depth == conv["wmem"]
            threshold = operator(block.core(), f"{name}_threshold")
            assert threshold.output_bits == conv["act_bits"]
            assert threshold.cycles() <= 56448
    assert operator(reference.core("outpipe"), "fc").cycles() == 32000


def test_no_operator_is_slower_than_conv2b(reference) -> None:
    assert reference.network.interval()[0] == 56448
    for name, core in reference.network.cores().items():
        cycles = core.cycles()
        slowest = max(cycles, key=lambda operator: cycles[operator])
        expected = {"inoutdma": "read_image", "inpipe": "conv0_window", "outpipe": "fc"}.get(name, "conv2b")
        assert slowest == expected, (name, slowest, cycles[slowest])


def test_words_of_the_streams(reference) -> None:
    cores = reference.network.cores()
    dma = reference.network.dma
    assert (dma.image.lanes, dma.image.bits, dma.weights.lanes, dma.weights.bits) == (3, 8, 64, 8)
    assert (dma.result.lanes, dma.result.bits, dma.result.beats) == (1, 32, 5)
    assert dma.image_word_bytes == dma.weights_word_bytes == 64
    stem = cores["inpipe"].graph
    assert (stem.outputs[0].stream.lanes, stem.outputs[0].stream.bits) == (64, 2)
    for name in RESIDUALS:
        convs = {found[1]: found for found in re.finditer(r"(\w+) \d+->\d+ s\d (\d+)/(\d+)", reference.rows[name][3])}
        graph = cores[name].graph
        assert graph.inputs[0].stream.lanes == int(convs["conv2a"][3])
        assert graph.outputs[0].stream.lanes == int(convs["conv2c"][2])
        assert graph.outputs[0].stream.bits == 4
    head = cores["outpipe"].graph
    assert (head.inputs[0].stream.lanes, head.inputs[0].stream.bits) == (32, 4)


@pytest.mark.slow
def test_every_block_on_its_recorded_input(reference) -> None:
    for block in reference.network.blocks[:-1]:
        graph = block.core().graph
        parameters = read_block(reference.folder / f"{block.name}.npz").logical(graph)
        found = run_graph(graph, {"input": reference.block_input(block.name)[None]}, parameters)["output"]
        np.testing.assert_array_equal(found[0], reference.tensor(f"{block.name}_out"), err_msg=block.name)


@pytest.mark.slow
def test_the_whole_chain_from_picture_to_indices(reference) -> None:
    network, weights = reference.network, reference.fc_weights()
    digest = "86cd6a8482993b0e77357ed553e8353f7b843fa910b0d14e0e3172d922aef1bb"
    assert hashlib.sha256(weights.tobytes()).hexdigest() == digest
    parameters = {block.name: read_block(reference.folder / f"{block.name}.npz") for block in network.blocks}
    pictures = np.stack([reference.array("image"), np.zeros((224, 224, 3), np.uint8)])
    outputs = run_network(network, parameters, pictures, weights)
    np.testing.assert_array_equal(outputs["outpipe"][0], reference.array("outpipe_top5"))
    head = network.last.core().graph
    streams = run_graph(head, {"input": outputs["res5c"], "fc_weights": weights}, parameters["outpipe"].logical(head))
    np.testing.assert_array_equal(streams["logits_out"][0].reshape(-1), reference.array("outpipe_logits"))


class TestMisreadings:
    """Plausible misreadings of the description have to show: a comparison that they pass would compare nothing."""

    @pytest.fixture(params=["res2a", "res3a", "res5b"])
    def block(self, request, reference):
        graph = reference.core(request.param).graph
        parameters = read_block(reference.folder / f"{request.param}.npz").logical(graph)
        given, expected = reference.block_input(request.param), reference.tensor(f"{request.param}_out")
        return graph, parameters, given[None], expected

    def differs(self, graph, parameters, given, expected) -> bool:
        return bool((run_graph(graph, {"input": given}, parameters)["output"][0] != expected).any())

    def test_as_described(self, block) -> None:
        assert not self.differs(*block)

    def test_strict_comparison(self, block) -> None:
        graph, parameters, given, expected = block
        # acc > t is acc >= t + 1
        strict = {name: array + 1 if "thresholds" in name else array for name, array in parameters.items()}
        assert self.differs(graph, strict, given, expected)

    def test_kernel_axes_swapped(self, block) -> None:
        graph, parameters, given, expected = block
        weights = parameters["conv2b_weights"]
        swapped = weights.reshape(len(weights), 3, 3, -1).transpose(0, 2, 1, 3).reshape(weights.shape)
        assert self.differs(graph, {**parameters, "conv2b_weights": swapped}, given, expected)

    def test_kernel_flipped(self, block) -> None:
        graph, parameters, given, expected = block
        weights = parameters["conv2b_weights"]
        flipped = weights.reshape(len(weights), 3, 3, -1)[:, ::-1, ::-1].reshape(weights.shape)
        assert self.differs(graph, {**parameters, "conv2b_weights": flipped}, given, expected)

    def test_channel_before_kernel(self, block) -> None:
        graph, parameters, given, expected = block
        weights = parameters["conv2b_weights"]
        moved = weights.reshape(len(weights), -1, 3, 3).transpose(0, 2, 3, 1).reshape(weights.shape)
        assert self.differs(graph, {**parameters, "conv2b_weights": moved}, given, expected)

    def test_bit_order_of_the_packed_weights(self, block) -> None:
        graph, parameters, given, expected = block
        weights = parameters["conv2a_weights"]
        reversed_bits = weights.reshape(len(weights), -1, 8)[:, :, ::-1].reshape(weights.shape)
        assert self.differs(graph, {**parameters, "conv2a_weights": reversed_bits}, given, expected)

    def test_minus_one_read_as_one(self, block) -> None:
        graph, parameters, given, expected = block
        assert self.differs(graph, {**parameters, "conv2c_weights": -parameters["conv2c_weights"]}, given, expected)

    def test_map_read_transposed(self, block) -> None:
        graph, parameters, given, expected = block
        assert self.differs(graph, parameters, given.transpose(0, 2, 1, 3).copy(), expected)

    def test_symmetric_saturation(self, block) -> None:
        graph, parameters, given, expected = block
        # -8 (stored as 0) would become -7 (stored as 1)
        found = run_graph(graph, {"input": given}, parameters)["output"][0]
        assert (np.maximum(found, 1) != expected).any()

    def test_offset_taken_off_twice_or_never(self, block) -> None:
        for offset in (0, 16):
            assert self.differs(self.changed(block[0], "add", offset=offset), *block[1:])

    def test_padding_on_the_other_side(self, block) -> None:
        graph, *rest = block
        assert self.differs(self.changed(graph, "conv2b_pad", top=2, bottom=0), *rest)
        assert self.differs(self.changed(graph, "conv2b_pad", left=0, right=2), *rest)

    def test_side_path_quantized_or_not(self, block, reference) -> None:
        graph, parameters, given, expected = block
        if "conv1_weights" in parameters:
            pytest.skip("only one branch passes its input on")
        streams = run_graph(graph, {"input": given}, parameters)
        quantized = streams["bypass_out"].astype(int)
        main = streams["conv2c_threshold_out"].astype(int)
        assert (np.clip(main + given - 8, 0, 15)[0] == expected).all()
        assert (np.clip(main + quantized - 8, 0, 15)[0] != expected).any()

    def test_odd_phase_of_a_stride(self, reference) -> None:
        graph = reference.core("res3a").graph
        parameters = read_block(reference.folder / "res3a.npz").logical(graph)
        given, expected = reference.block_input("res3a"), reference.tensor("res3a_out")
        for shift in ((1, 0), (0, 1), (1, 1)):
            assert self.differs(graph, parameters, np.roll(given, shift, axis=(0, 1))[None] * 1, expected)

    def test_stride_in_the_3x3_convolution(self, reference) -> None:
        """ResNet v1.5 has the stride in conv2b; the map has the right size then too."""
        graph = reference.core("res3a").graph
        parameters = read_block(reference.folder / "res3a.npz").logical(graph)
        given, expected = reference.block_input("res3a"), reference.tensor("res3a_out")
        q = run_graph(graph, {"input": given[None]}, parameters)["bypass_out"][0].astype(int)
        count = lambda acc, t: (acc[..., None] >= t).sum(-1)  # noqa: E731
        a = count(q @ parameters["conv2a_weights"].T, parameters["conv2a_thresholds"])
        b_weights = parameters["conv2b_weights"].reshape(-1, 3, 3, a.shape[-1])
        padded = np.pad(a, ((1, 1), (1, 1), (0, 0)))
        b = sum(padded[y : y + 56 : 2, x : x + 56 : 2] @ b_weights[:, y, x].T for y in range(3) for x in range(3))
        b = count(b, parameters["conv2b_thresholds"])
        main = count(b @ parameters["conv2c_weights"].T, parameters["conv2c_thresholds"])
        side = count(q[::2, ::2] @ parameters["conv1_weights"].T, parameters["conv1_thresholds"])
        assert main.shape == expected.shape
        assert (np.clip(main + side - 8, 0, 15) != expected).any()

    @pytest.mark.parametrize("pad", [(2, 3, 3, 2), (3, 2, 2, 3), (2, 2, 3, 3)])
    def test_padding_of_the_stem(self, reference, pad) -> None:
        graph = reference.core("inpipe").graph
        top, left, bottom, right = pad
        mutant = self.changed(graph, "conv0_pad", top=top, left=left, bottom=bottom, right=right)
        assert self.differs(mutant, *self.stem(reference, graph))

    def test_pool_padded_above(self, reference) -> None:
        graph = reference.core("inpipe").graph
        mutant = self.changed(graph, "pool_pad", top=1, left=1, bottom=0, right=0)
        assert self.differs(mutant, *self.stem(reference, graph))

    def test_red_first(self, reference) -> None:
        graph = reference.core("inpipe").graph
        parameters, given, expected = self.stem(reference, graph)
        assert not self.differs(graph, parameters, given, expected)
        assert self.differs(graph, parameters, given[..., ::-1], expected)

    def test_head_misreadings(self, reference) -> None:
        graph = reference.core("outpipe").graph
        parameters = read_block(reference.folder / "outpipe.npz").logical(graph)
        given, weights = reference.block_input("outpipe")[None], reference.fc_weights()
        expected = reference.array("outpipe_logits")

        def logits(graph=graph, given=given, weights=weights):
            streams = run_graph(graph, {"input": given, "fc_weights": weights}, parameters)
            return streams["logits_out"].reshape(-1).astype(np.int64)

        np.testing.assert_array_equal(logits(), expected)
        assert (logits(self.changed(graph, "pool", zero_point=7)) != expected).any()
        # Without the ReLU the sums of v - 8 enter; weights without a sign are 256 higher where negative.
        pooled = run_graph(graph, {"input": given, "fc_weights": weights}, parameters)["pool_out"].reshape(-1)
        unsigned = weights.view(np.uint8).astype(np.int64) @ pooled.astype(np.int64) + parameters["fc_bias"]
        assert (unsigned != expected).any()
        linear = given.astype(np.int64).sum(axis=(0, 1, 2)) - 8 * 49
        assert (weights.astype(np.int64) @ linear + parameters["fc_bias"] != expected).any()
        by_columns = weights.reshape(2048, 1000).T
        assert (logits(weights=by_columns) != expected).any()
        assert (logits() - parameters["fc_bias"] != expected).any()

    def test_ties_of_the_best(self, reference) -> None:
        """Equal logits: the smaller index is first. All weights 0 and no bias leave nothing but ties."""
        graph = reference.core("outpipe").graph
        parameters = {"fc_bias": np.zeros(1000, np.int64)}
        given = {"input": reference.block_input("outpipe")[None], "fc_weights": np.zeros((1000, 2048), np.int8)}
        assert run_graph(graph, given, parameters)["output"].tolist() == [[0, 1, 2, 3, 4]]

    def stem(self, reference, graph):
        parameters = read_block(reference.folder / "inpipe.npz").logical(graph)
        return parameters, reference.array("image")[None], reference.tensor("inpipe_out")

    def changed(self, graph, name, **fields):
        nodes = [
            replace(node, operator=replace(node.operator, **fields)) if node.name == name else node
            for node in graph.nodes
        ]
        assert nodes != list(graph.nodes)
        return replace(graph, nodes=tuple(nodes))
