"""Area by formula beside what Yosys 0.70 made of each operator alone; `benchmarks.rtl.areas` measures more shapes."""

from __future__ import annotations

import pytest

from blocks.core.builder import GraphBuilder
from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.depthwise import Depthwise
from blocks.operators.estimate import memory
from blocks.operators.fifo import Fifo
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

#: LUTs (estimated LCs and memory), DSPs and tiles of block RAM, as synthesis counted them.
SYNTHESISED: dict[Operator, tuple[int, int, float]] = {
    Depthwise(64, 9, 16, 4, 4, 64): (687, 0, 0),
    Depthwise(32, 9, 8, 4, 1, 64): (210, 0, 0),
    Depthwise(16, 25, 16, 3, 2, 64): (416, 0, 0),
    Depthwise(64, 9, 8, 8, 8, 64): (288, 8, 0),
    Depthwise(8, 9, 8, 4, 4, 64): (340, 0, 0),  # one fold
    Depthwise(512, 9, 4, 4, 4, 64): (279, 0, 0),  # 128 folds
    Requantize(64, 64, 8, -70000, 70000, 16, 32, 16, 8): (100, 8, 0),
    Requantize(32, 64, 16, -2000, 2000, 12, 24, 10, 6): (140, 16, 0),
    Requantize(24, 64, 3, -40000000, 40000000, 20, 44, 20, 8): (167, 12, 0),  # both factors in two parts
    Requantize(16, 64, 4, -2000, 2000, 12, 50, 16, 8): (173, 4, 0),  # a sum of 51 bits
    SumPool(32, 8, 8, 2, 2, 16, 4): (286, 0, 1),
    SumPool(16, 16, 16, 3, 1, 16, 8): (495, 0, 2),
    SumPool(8, 14, 14, 2, 2, 8, 2): (213, 0, 0),  # a line buffer in LUTs
    SumPool(64, 32, 32, 1, 2, 8, 4): (52, 0, 0.5),
    SumPool(16, 16, 16, (3, 1), 1, 16, 8): (440, 0, 2),
    SumPool(32, 12, 12, (1, 3), (1, 2), 16, 4): (278, 0, 1),
    Add(16, 64, 4, False, 4, False, 5, False, 0): (89, 0, 0),
    Add(32, 64, 8, False, 8, False, 11, False, 0, b_factor=5): (441, 0, 0),
    Add(8, 64, 12, True, 12, True, 17, True, 0, a_factor=15, b_factor=16): (301, 0, 0),
    Add(4, 64, 12, True, 32, True, 32, True, 0, a_factor=3): (237, 0, 0),
    Add(32, 25088, 4, False, 4, False, 4, False, 8): (226, 0, 0),
    Add(8, 64, 8, True, 8, True, 8, True, 0): (109, 0, 0),
    Add(1, 1000, 28, True, 32, True, 32, True, 0, True): (64, 0, 0),
    Add(16, 64, 5, False, 4, False, 4, False, 0): (121, 0, 0),
    Add(16, 64, 4, False, 4, False, 4, False, 5, a_factor=2, b_factor=3): (179, 0, 0),
    Add(12, 64, 6, True, 5, True, 6, True, 0): (123, 0, 0),
    Pad(64, 112, 112, 0, 0, 1, 1, 64, 2): (169, 0, 0),
    Pad(128, 28, 28, 1, 1, 1, 1, 64, 2): (172, 0, 0),
    Pad(32, 4, 4, 1, 1, 1, 1, 16, 2): (60, 0, 0),
    Pad(3, 224, 224, 3, 3, 2, 5, 24, 8, 8): (231, 0, 0),
    Pad(64, 14, 14, 1, 1, 1, 1, 64, 4, 1, 8): (298, 0, 0),  # the value 8
    Threshold(256, 3136, 16, -192, 192, 4): (1601, 0, 0),
    Threshold(64, 12544, 32, -4798080, 4760595, 2): (1617, 0, 0),  # 24 bits
    Threshold(256, 3136, 32, 0, 15, 2): (369, 0, 0),  # no carry chain
    Threshold(64, 3136, 32, 0, 3, 2): (177, 0, 0),
    Threshold(16, 64, 1, 0, 30, 4): (60, 0, 0),
    Threshold(40, 64, 8, 0, 62, 3): (265, 0, 0),
    Threshold(40, 64, 8, 0, 14, 2, inverts=True): (86, 0, 0),
    Threshold(24, 64, 3, -70, 40, 5): (625, 0, 0),
    Threshold(32, 16, 2, -2000, 2000, 6): (1087, 0, 0),
    Threshold(32, 16, 1, 0, 255, 8): (1706, 0, 0),
    WidthConverter(32, 16, 9, 1024): (147, 0, 0),
    WidthConverter(32, 4, 11, 1024): (138, 0, 0),
    WidthConverter(16, 1, 12, 256): (91, 0, 0),
    WidthConverter(32, 1, 14, 1024): (188, 0, 0),
    WidthConverter(12, 8, 6, 96): (58, 0, 0),  # three parts of 24 lanes
    AccPool(2048, 49, 32, 4, 8): (746, 0, 0),
    AccPool(32, 16, 32, 4, 0): (500, 0, 0),
    AccPool(96, 25, 12, 6, 20): (319, 0, 0),
    LabelSelect(1000, 1, 32, 5): (338, 0, 0),
    LabelSelect(100, 4, 16, 5): (215, 0, 0),
    LabelSelect(43, 1, 24, 4): (204, 0, 0),
    Fifo(16, 4, 64, 64): (90, 0, 0),
    Fifo(1, 4, 512, 512): (92, 0, 0),
    Fifo(8, 5, 64, 128): (147, 0, 0),
    Fifo(32, 4, 64, 1856): (25, 0, 7.5),
    Deinterleave(64, 64, 16, 4, 12): (948, 0, 0),
    Deinterleave(16, 64, 4, 2, 20): (236, 0, 0),
    SlidingWindow(64, 58, 58, 3, 1, 64, 2): (181, 0, 2),
    SlidingWindow(512, 9, 9, 3, 1, 64, 2): (172, 0, 2),
    SlidingWindow(16, 10, 10, 3, 1, 16, 4): (190, 0, 0),
    SlidingWindow(24, 20, 20, 3, 1, 12, 3): (108, 0, 0.5),
    SlidingWindow(3, 229, 229, 7, 2, 3, 8, 16): (4650, 0, 0),  # 32 banks
    SlidingWindow(64, 58, 58, 3, 1, 192, 2): (689, 0, 6),  # by rows
    SlidingWindow(512, 9, 9, 3, 1, 192, 2): (6679, 0, 0),
    SlidingWindow(3, 229, 232, 7, 2, 7, 8, 14, 8, 3): (3821, 0, 0),
    MaxPool(64, 113, 113, 3, 2, 64, 2): (472, 0, 4),
    MaxPool(32, 9, 9, 3, 2, 32, 2): (338, 0, 0),
    MaxPool(16, 32, 32, 2, 2, 8, 4): (200, 0, 0.5),
    MaxPool(64, 113, 113, 3, 2, 64, 2, beatwise=True): (792, 0, 0),
    MaxPool(16, 21, 21, 3, 2, 16, 4, beatwise=True): (674, 0, 0),
    MaxPool(12, 20, 20, 2, 2, 12, 3, beatwise=True): (165, 0, 0),
    Threshold(40, 64, 8, 0, 60, 2): (129, 0, 0),
    Threshold(24, 64, 6, -20, 14, 3, inverts=True): (212, 0, 0),
    Add(12, 64, 4, False, 4, False, 5, False, 3, a_factor=3, b_factor=2): (123, 0, 0),
    WidthConverter(20, 2, 9, 80): (81, 0, 0),
    AccPool(24, 36, 8, 5, 11): (213, 0, 0),
    LabelSelect(200, 2, 18, 3): (159, 0, 0),
    SlidingWindow(5, 14, 14, 3, 1, 15, 4): (216, 0, 0),
    SlidingWindow(4, 16, 22, 3, 2, 4, 5, 5): (421, 0, 0),
    Mvau(24, 6, 1, 8, 9, 8, 1, streamed_weights=True): (137, 8, 0),  # the last lane of a chain waits in shift registers
}
#: LUTs of trims, which synthesis treats less evenly.
TRIMS: dict[Trim, int] = {
    Trim(10, 16, 4, 5, 12): 112,
    Trim(12, 16, 5, 6, 20): 284,
    Trim(14, 16, 3, 7, 8): 86,
    Trim(20, 16, 8, 10, 9): 196,
    Trim(15, 16, 4, 15, 6): 102,
}
#: LUTs of the converter behind binary weights, by unit and lanes.
CONVERTERS: dict[tuple[Mvau, int], int] = {
    (Mvau(576, 64, 32, 64, 2, 1, 3136), 4): 158,
    (Mvau(2304, 256, 32, 64, 2, 1, 196), 1): 176,
    (Mvau(512, 128, 32, 32, 2, 1, 16), 16): 259,
    (Mvau(576, 64, 64, 64, 2, 1, 3136), 2): 293,
    (Mvau(64, 512, 16, 32, 4, 1, 16), 1): 81,
    (Mvau(256, 128, 24, 32, 2, 1, 16), 4): 104,
}


@pytest.mark.parametrize("shape", SYNTHESISED, ids=str)
def test_formulas_are_within_a_tenth_of_synthesis(shape: Operator) -> None:
    luts, dsps, tiles = SYNTHESISED[shape]
    area = shape.area()
    assert area.luts == pytest.approx(luts, rel=0.1)
    assert (area.dsps, area.bram_tiles) == (dsps, tiles)


@pytest.mark.parametrize("shape", TRIMS, ids=str)
def test_trims_are_within_a_seventh(shape: Trim) -> None:
    assert shape.area().luts == pytest.approx(TRIMS[shape], rel=1 / 7)


@pytest.mark.parametrize(("unit", "lanes"), CONVERTERS, ids=str)
def test_converters_behind_binary_weights_too(unit: Mvau, lanes: int) -> None:
    split = unit.sv_split(lanes)
    assert split is not None
    assert split.luts == pytest.approx(CONVERTERS[unit, lanes], rel=0.1)


def test_a_memory_is_in_luts_where_they_are_few() -> None:
    """UG574 and UG573: a RAM64M8 has 7 bits of 64 words, a block RAM of 18 kbit 36 x 512, 18 x 1024 or 9 x 2048."""
    assert (memory(64, 64).luts, memory(64, 64).bram_tiles) == (8 * 10, 0)
    assert (memory(64, 96).luts, memory(64, 96).bram_tiles) == (0, 2 / 2)
    assert memory(128, 1856).bram_tiles == 15 / 2  # 9 x 2048
    assert memory(128, 1024).bram_tiles == 8 / 2  # 18 x 1024: ceil(128 / 18)
    assert memory(8, 36864).bram_tiles == 18 / 2


def test_a_core_counts_the_slices_at_its_data_ports() -> None:
    """A pad alone, 64 bits at both ports: a slice is ceil(64 / 14) RAM32M16 of 8 LUTs, and 8 for its pointers."""
    pad = Pad(16, 8, 8, 1, 1, 1, 1, 16, 4)
    builder = GraphBuilder()
    graph = builder.build(output=builder.add("pad", pad, builder.port("input", pad.inputs[0])))
    assert graph.area().luts == pad.area().luts + 2 * (8 * 5 + 8)
