"""Tables on a narrow terminal: words are folded, numbers are not, because half of one is read as another."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from reports.history.growth import number
from reports.summary.terminal import empty_table

NUMBERS = ["3,125,000", "~31,299 (9 %)", "-0.123", "!12", "-", "", "~7.5", "+2"]
WORDS = ["residual_89ae1e", "read_weights", "hls:residual_6a78fe", "3 bad words"]


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), *[st.sampled_from(NUMBERS)] * 2, st.sampled_from(WORDS)), min_size=1),
    st.integers(44, 70),
)
def test_no_number_is_folded(rows: list[tuple[str, ...]], width: int) -> None:
    table = empty_table("", "core", "formula.ii_cycles", "share of the whole", "which", left=("core", "which"))
    for row in rows:
        table.add_row(*row)
    shown = io.StringIO()
    Console(file=shown, width=width, color_system=None).print(table)
    lines = shown.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    for row in rows:
        # In one line: both, and the beginnings of the words.
        assert any(line.startswith(row[0][:1]) and row[1] in line and row[2] in line for line in lines), row


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (31_269.568421, "31,269.6"),
        (434_027.777, "434,027.8"),
        (56_448.0, "56,448"),
        (99.2451, "99.245"),
        (-0.5, "-0.5"),
    ],
)
def test_a_number_has_the_digits_that_mean_something(value: float, shown: str) -> None:
    assert number(value) == shown
