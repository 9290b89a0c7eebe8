"""The vocabulary of an FPGA's resources: sums with unknowns, whole pieces, and that there is only one of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.fpga_resources import LABELS, NAMES, UNKNOWN, Resources, tiles

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("benchmarks", "blocks", "config", "farm", "integration", "reports", "runtime", "toolchains")
AMOUNT = st.none() | st.integers(0, 10**6)
RESOURCES = st.builds(Resources, AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT)


def test_sums_by_hand() -> None:
    assert Resources(1, None, 1.5, None, 0) + Resources(2, 3, 0.5) == Resources(3, 3, 2.0, None, 0)
    assert sum([Resources(luts=1), Resources(luts=2)], UNKNOWN) == Resources(luts=3)


@given(RESOURCES, RESOURCES, RESOURCES)
def test_order_and_grouping_of_a_sum_do_not_matter(one: Resources, two: Resources, three: Resources) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + UNKNOWN == one
    assert set((one + two).unknown) == set(one.unknown) & set(two.unknown)


@pytest.mark.parametrize(("half_tiles", "whole"), [(0, 0), (1, 0.5), (2, 1), (7, 3.5)])
def test_two_block_rams_of_18_kb_are_a_tile(half_tiles: int, whole: float) -> None:
    assert tiles(half_tiles) == whole


def test_estimates_are_rounded_up_to_whole_pieces() -> None:
    assert Resources(10.1, None, 2.2, 0.4, 3).rounded_up() == Resources(11, None, 2.5, 1, 3)
    assert Resources(bram_tiles=2.5).rounded_up() == Resources(bram_tiles=2.5)


def test_known_and_unknown_are_all() -> None:
    some = Resources(luts=0, dsps=4)
    assert (some.known, some.unknown) == ({"luts": 0, "dsps": 4}, ("registers", "bram_tiles", "urams"))
    assert tuple(LABELS) == NAMES == tuple(some.by_name)


def test_no_other_class_has_these_fields() -> None:
    """A second dataclass of the same five amounts is a second vocabulary."""
    found = []
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        text = path.read_text("utf-8")
        if "bram" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                own = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}  # type: ignore[union-attr]
                if {"luts", "bram_tiles"} <= own or {"lut", "bram36"} <= own:
                    found.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert found == ["config/fpga_resources.py:Resources"]
