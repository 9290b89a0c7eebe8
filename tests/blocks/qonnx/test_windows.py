"""Windows of a file are refused, and written, as those of a network file are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blocks.qonnx.lowering.flow import CHW, Flow, Trunk
from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.windows import Windows

ZEROS = np.zeros(1, np.int64)
MAP = Flow(1, 4, 6, CHW, Trunk(), ZEROS, ZEROS, np.ones(1))
PLAIN = Windows((3, 3), (1, 1), (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("windows", "left"),
    [
        (PLAIN, (2, 4)),
        (replace(PLAIN, stride=(2, 3)), (1, 2)),
        (replace(PLAIN, kernel=(4, 6)), (1, 1)),
        (replace(PLAIN, kernel=(5, 3), pad=(1, 0, 0, 0)), (1, 4)),
    ],
)
def test_what_windows_leave(windows: Windows, left: tuple[int, int]) -> None:
    assert windows.leave(MAP) == left


@pytest.mark.parametrize(
    ("windows", "what", "nearest"),
    [
        (replace(PLAIN, kernel=(5, 3)), "a 5x3 window does not fit a padded map of 4x6", "a smaller window"),
        (
            replace(PLAIN, kernel=(3, 9), pad=(0, 1, 0, 1)),
            "a 3x9 window does not fit a padded map of 4x8",
            "more padding",
        ),
        (replace(PLAIN, pad=(0, 0, 0, 3)), "some 3x3 windows hold nothing but padding", "less padding"),
    ],
)
def test_what_does_not_fit(windows: Windows, what: str, nearest: str) -> None:
    with pytest.raises(RefusedError, match=f"{what}; the nearest that works: .*{nearest}"):
        windows.leave(MAP)


def test_the_keys_of_a_network_file() -> None:
    assert PLAIN.keys == {"kernel": 3}
    other = Windows((3, 1), (1, 2), (1, 0, 1, 0))
    assert other.keys == {"kernel": [3, 1], "stride": [1, 2], "pad": [1, 0, 1, 0]}
