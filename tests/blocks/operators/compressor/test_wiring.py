"""Every level of a compressor preserves the sum of 2**column * bit, and the checker sees a wire that is wrong."""

from __future__ import annotations

import random
import re

import pytest
from compressors import in_use
from hypothesis import given, settings
from hypothesis import strategies as st
from wiring import Wiring, WiringError

from blocks.operators.mvau.compressor.plan import plan
from blocks.operators.mvau.compressor.text import Compressor, modules, registers


def text_of(compressor: Compressor) -> str:
    lines = list(modules([compressor]))
    return "\n".join(lines[: lines.index("endmodule") + 1])


def check(compressor: Compressor, text: str | None = None) -> None:
    wiring = Wiring(compressor.lanes, compressor.weight_bits, compressor.input_bits)
    wiring.check(text or text_of(compressor))


def test_every_size_in_use() -> None:
    used = in_use()
    assert {(64, 1, 2), (64, 0, 2)} <= {(each.lanes, each.weight_bits, each.input_bits) for each in used}
    for compressor in used:
        check(compressor)


@settings(max_examples=15, deadline=None)
@given(lanes=st.integers(1, 150), weight_bits=st.integers(0, 4), input_bits=st.integers(1, 4), stages=st.integers(0, 9))
def test_any_size(lanes: int, weight_bits: int, input_bits: int, stages: int) -> None:
    check(Compressor(lanes, weight_bits, input_bits, stages))


@pytest.mark.nightly
@pytest.mark.parametrize("weight_bits", range(5))
@pytest.mark.parametrize("input_bits", range(1, 5))
def test_all_sizes_up_to_160_lanes(weight_bits: int, input_bits: int) -> None:
    for lanes in range(1, 161):
        check(Compressor(lanes, weight_bits, input_bits, 2))


def test_activations_of_more_than_four_bits() -> None:
    """Further planes go into chains of their own."""
    for input_bits in (5, 8, 11):
        check(Compressor(9, 1, input_bits, 2))


@pytest.mark.parametrize("seed", range(60))
def test_a_wrong_wire_is_seen(seed: int) -> None:
    """A bit in the place of another one, anywhere: lost, doubled, or in a wrong column."""
    draw = random.Random(seed)
    compressor = Compressor(draw.choice((16, 33, 64)), draw.choice((0, 1, 2)), draw.choice((1, 2, 3)), 2)
    text = text_of(compressor)
    places = list(re.finditer(r"\b([abw]\w*)\[(\d+)\](?=[,})])", text))
    first = draw.choice(places)
    others = [each for each in places if each[1] == first[1] and each[2] != first[2]]
    other = draw.choice(others)
    with pytest.raises(WiringError):
        check(compressor, text[: first.start()] + other[0] + text[first.end() :])


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"\.NEGATIVE\(0\)", ".NEGATIVE(1)"),
        (r"    farm_full_adder .*\n", ""),
        (r"    assign b\d+\[\d+\] = .*;\n", ""),
        (r"\.PAIRS\((\d+)'d\d+\)", r".PAIRS(\1'd0)"),
        (r"\{one, beat\} = added_0", "{one, beat} = added_9"),
        (r"(\.enter\()[^()]*", r"\1added[0]"),
    ],
)
def test_a_wrong_line_is_seen(pattern: str, instead: str) -> None:
    compressor = Compressor(21, 2, 2, 2)
    text, count = re.subn(pattern, instead, text_of(compressor), count=1)
    assert count == 1
    with pytest.raises(WiringError):
        check(compressor, text)


def test_registers_by_hand() -> None:
    """One behind each level; more behind the last; fewer spread so that no stage has more than its share."""
    assert registers(4, 4) == (1, 1, 1, 1)
    assert registers(3, 5) == (1, 1, 3)
    assert registers(6, 2) == (0, 0, 1, 0, 0, 1)
    assert registers(5, 2) == (0, 0, 1, 0, 1)
    assert registers(7, 3) == (0, 0, 1, 0, 1, 0, 1)
    assert registers(2, 0) == (0, 0)


def test_a_size_that_cannot_be_is_one_error() -> None:
    with pytest.raises(ValueError, match="64 lanes of 5 x 2 bits: a compressor has"):
        plan(64, 5, 2)
    with pytest.raises(ValueError, match="0 lanes"):
        plan(0, 1, 2)


def test_luts_by_hand() -> None:
    """Two lanes of W1A2: a chain of two LUTs gives a sum of three bits, nothing is left to add. Seven bits: a chain."""
    assert (plan(2, 1, 2).luts, plan(2, 1, 2).beat_bits) == (2, 3)
    assert (plan(7, 0, 1).luts, plan(7, 0, 1).beat_bits) == (2, 3)
    # 64 products of 2 bits: 64 for the gates; 96 bits are left, of which a LUT takes two at most.
    assert 64 + (96 - 18) // 2 <= plan(64, 1, 2).luts <= 122
