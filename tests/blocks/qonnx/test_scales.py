"""What one stored number stands for where codes, sums and averages meet: small files with results worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from imported import compared, layers, results_of
from qonnx_files import QonnxFile


def test_codes_that_stay_may_stand_for_other_values(tmp_path: Path) -> None:
    """0 and 1 are 0 and 100 behind the first quantizer, and 0 and 1 behind the second. A join adds the latter."""
    file = QonnxFile((1, 1, 1, 4))
    x = file.quant(file.input, 1.0, bits=8, signed=False)
    x = file.quant(x, 100.0, bits=1, signed=False, name="hundred")
    fork = file.quant(x, 1.0, bits=1, signed=False, name="one")
    y = file.quant(file.conv(fork, file.weights([[[[3]]]], 0.5)), 0.5, bits=3)
    x = file.flatten(file.add(y, fork, name="sum"))
    made = compared(tmp_path, file, file.matmul(x, file.weights([[1], [2], [3], [-4]], 1.0), name="fc"))
    assert made.network["blocks"][1]["join"] == {"factors": [1, 2]}
    assert "one" not in layers(made) and "scale" not in layers(made)["hundred"]
    # A bright pixel gives 3 * 0.5 + 1 = 2.5, a dark one 0; of those at 0, 60, 255 and 10: 2 * 2.5 + 3 * 2.5.
    assert results_of(tmp_path, made, [[0, 60, 255, 10]]) == [12.5]


def test_codes_of_a_join_that_stay_may_stand_for_other_values(tmp_path: Path) -> None:
    """A network file gives a join the scale of its main path, so there it is left out."""
    file = QonnxFile((1, 1, 1, 2))
    fork = file.quant(file.quant(file.input, 1.0, bits=8, signed=False), 1.0, bits=1, signed=False, name="side")
    y = file.conv(fork, file.weights([[[[3]]]], 0.5))
    y = file.quant(y, 1.0, bits=1, signed=False, name="main")
    fork = file.quant(file.add(fork, y), 0.9, bits=2, signed=False, name="tenth_less")
    y = file.quant(file.conv(fork, file.weights([[[[1]]]], 0.5)), 0.9, bits=3)
    x = file.flatten(file.add(fork, y, name="sum"))
    made = compared(tmp_path, file, file.matmul(x, file.weights([[1], [2]], 1.0), name="fc"))
    assert "tenth_less" not in layers(made)
    assert "scale" not in layers(made)["main"] and layers(made)["side"]["scale"] == 1
    # The first join gives 0 or 2 times 1, the quantizer 0 or 2 times 0.9, the second join 3 times 0.9 for 5.
    assert results_of(tmp_path, made, [[0, 5]]) == pytest.approx([2 * 2.7])


@pytest.mark.parametrize("pool", ["AveragePool", "GlobalAveragePool"])
def test_an_average_may_be_a_path_of_a_join(tmp_path: Path, pool: str) -> None:
    """As in the shortcuts of some residual networks. An average of four terms has a fourth of their scale."""
    file = QonnxFile((1, 1, 2, 2))
    fork = file.quant(file.quant(file.input, 1.0, bits=8, signed=False), 16.0, bits=4, signed=False)
    y = file.conv(fork, file.weights([[[[1, 0], [0, -1]]]], 0.25), strides=(2, 2))
    y = file.quant(y, 4.0, bits=4)
    side = file.average_pool(fork) if pool == "AveragePool" else file.node(pool, [fork])
    x = file.flatten(file.add(y, side, name="sum"))
    made = compared(tmp_path, file, file.matmul(x, file.weights([[1, -2]], 1.0), name="fc"))
    assert made.network["blocks"][1]["join"] == {"factors": [1, 1]}
    # (16 - 64) / 4 is -12, the average 40: 28.
    assert results_of(tmp_path, made, [[16, 32], [48, 64]]) == [28, -56]


def test_an_average_of_averages(tmp_path: Path) -> None:
    """No quantizer has to stand between them: windows of one size make one scale of all their averages."""
    file = QonnxFile((1, 1, 4, 4))
    x = file.average_pool(file.quant(file.input, 1.0, bits=8, signed=False), name="mean")
    x = file.flatten(file.node("GlobalAveragePool", [file.average_pool(x, 1, 1)]))
    made = compared(tmp_path, file, file.matmul(x, file.weights([[2]], 1.0), name="fc"))
    # The numbers 1 to 16 have the mean 8.5.
    assert results_of(tmp_path, made, np.arange(1, 17).reshape(4, 4).tolist()) == [17]
