"""Area by formula beside what Yosys 0.70 made of each operator alone; `benchmarks.rtl.areas` measures more shapes."""

from __future__ import annotations

import pytest

from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.depthwise import Depthwise
from blocks.operators.requantize import Requantize
from blocks.operators.sum_pool import SumPool

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
}


@pytest.mark.parametrize("shape", SYNTHESISED, ids=str)
def test_formulas_are_within_a_tenth_of_synthesis(shape: Operator) -> None:
    luts, dsps, tiles = SYNTHESISED[shape]
    area = shape.area()
    assert area.luts == pytest.approx(luts, rel=0.1)
    assert (area.dsps, area.bram_tiles) == (dsps, tiles)
