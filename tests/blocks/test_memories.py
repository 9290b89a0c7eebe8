"""Memory images: bytes computed by hand, and values read back by a reader that knows only the documented layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph
from blocks.memories import Memory, images, pack_beats
from blocks.network import NETWORKS, find_network
from blocks.operators.base import Stream
from blocks.operators.mvau import Mvau
from blocks.operators.threshold import Threshold
from blocks.parameters import read_block


def values_of(image: bytes, memory: Memory, lanes: int, bits: int, *, signed: bool) -> list[list[int]]:
    """Beats of a memory as lists of values: the layout of DESIGN and of the module's docstring, bit by bit."""
    size = (memory.width_bits + 7) // 8
    beats = []
    for beat in range(memory.depth):
        word = int.from_bytes(image[memory.offset + beat * size : memory.offset + (beat + 1) * size], "little")
        lane = [(word >> (i * bits)) % (1 << bits) for i in range(lanes)]
        assert word >> (lanes * bits) == 0, "bits above the last lane"
        beats.append([v - (1 << bits) if signed and v >> (bits - 1) else v for v in lane])
    return beats


@pytest.fixture
def tiny() -> Graph:
    """4 channels of 6 binary synapses, 2 x 3 at once, then 4 x 3 thresholds, 2 channels at once."""
    builder = GraphBuilder()
    unit = Mvau(synapses=6, channels=4, pe=2, simd=3, input_bits=1, weight_bits=1, pixels=1)
    stream = builder.port("input", Stream(3, 1, 2), 1, 1, 6)
    stream = builder.add("conv", unit, stream, parameters=["conv_weights"])
    threshold = Threshold(channels=4, pixels=1, pe=2, lowest=unit.lowest, highest=unit.highest, output_bits=2)
    stream = builder.add("act", threshold, stream, parameters=["conv_thresholds"])
    return builder.build(output=stream)


WEIGHTS = np.array(
    [
        [+1, -1, -1, +1, +1, +1],
        [-1, +1, -1, -1, -1, -1],
        [+1, +1, +1, -1, +1, -1],
        [-1, -1, +1, -1, -1, +1],
    ]
)
THRESHOLDS = np.array([[-6, 0, 6], [-7, 1, 7], [-100, 2, 100], [3, 4, 5]])


def test_bytes_by_hand(tiny) -> None:
    memories, content = images(tiny, {"conv_weights": WEIGHTS, "conv_thresholds": THRESHOLDS})
    # A word of the weights is PE 0's three bits, then PE 1's: 6 bits in one byte. Neuron fold outermost.
    # rows 0, 1, columns 0..2: 001 and 010 -> 010_001; columns 3..5: 111 and 000 -> 000_111
    # rows 2, 3, columns 0..2: 111 and 100 -> 100_111; columns 3..5: 010 and 100 -> 100_010
    assert content[:4] == bytes([0b010001, 0b000111, 0b100111, 0b100010])
    # Sums are -6..6, so thresholds saturate to -6..7: 4 bits two's complement; 2 channels x 3 x 4 bits are 3 bytes.
    # channel 0: -6, 0, 6 -> a, 0, 6; channel 1: -6, 1, 7 -> a, 1, 7; channel 2: -6, 2, 7; channel 3: 3, 4, 5.
    assert content[4:] == bytes([0x0A, 0xA6, 0x71, 0x2A, 0x37, 0x54])
    assert [(m.port, m.role, m.width_bits, m.depth, m.offset, m.bytes) for m in memories] == [
        ("conv_weights", "weights", 6, 4, 0, 4),
        ("conv_thresholds", "thresholds", 24, 2, 4, 6),
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 64), st.integers(1, 9), st.integers(1, 5), st.booleans(), st.data())
def test_any_width_reads_back(bits, lanes, depth, signed, data) -> None:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    row = st.lists(st.integers(low, high), min_size=lanes, max_size=lanes)
    beats = data.draw(st.lists(row, min_size=depth, max_size=depth))
    image = pack_beats(np.array(beats, np.int64 if signed else np.uint64).reshape(depth, lanes), bits)
    memory = Memory("p", "weights", bits * lanes, depth, 0, len(image))
    assert len(image) == (bits * lanes + 7) // 8 * depth
    assert values_of(image, memory, lanes, bits, signed=signed) == beats


@pytest.mark.parametrize("name", ["preres", "res2a", "res3b", "postres"])
def test_every_value_of_a_block_is_where_the_layout_says(name) -> None:
    """Each weight and threshold, found by row and column as the contract gives them, not by our own packing."""
    block = next(block for block in find_network("digits").blocks if block.name == name)
    graph = block.core().graph
    logical = read_block(NETWORKS / "digits" / f"{name}.npz").logical(graph)
    memories, content = images(graph, logical)
    nodes = {node.name: node.operator for node in graph.nodes}
    ports = {port.name: port for port in graph.parameter_ports()}
    assert [memory.port for memory in memories] == list(ports)
    assert sum(memory.bytes for memory in memories) == len(content)
    for memory in memories:
        unit, stream = nodes[ports[memory.port].node], ports[memory.port].stream
        beats = values_of(content, memory, stream.lanes, stream.bits, signed=stream.signed)
        values = logical[memory.port]
        if memory.role == "weights":
            folds = unit.synapses // unit.simd
            assert memory.depth == unit.channels // unit.pe * folds
            for row in range(unit.channels):
                for column in range(unit.synapses):
                    beat = beats[row // unit.pe * folds + column // unit.simd]
                    if unit.weight_bits == 1:
                        found = (beat[row % unit.pe] >> (column % unit.simd) & 1) * 2 - 1
                    else:
                        found = beat[row % unit.pe * unit.simd + column % unit.simd]
                    assert found == values[row, column], (memory.port, row, column)
        elif memory.role == "thresholds":
            steps = 2**unit.output_bits - 1
            for channel in range(unit.channels):
                first = channel % unit.pe * steps
                found = beats[channel // unit.pe][first : first + steps]
                # Saturated to what a sum can reach, and one above: no count changes.
                assert found == sorted(min(max(int(v), unit.lowest), unit.highest + 1) for v in values[channel])
        else:
            assert [value for beat in beats for value in beat] == values.tolist()
