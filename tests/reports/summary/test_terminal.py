"""Tables on a narrow terminal: words are folded, numbers are not (half of one is read as another). Nothing is cut."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from reports.history.growth import number
from reports.summary.terminal import Folding, empty_table

NUMBERS = ["3,125,000", "~31,299 (9 %)", "-0.123", "!12", "-", "", "~7.5", "+2"]
WORDS = ["residual_89ae1e", "read_weights", "hls:residual_6a78fe", "3 bad words"]

NUMBER = re.compile(r"\W*[\d.,]*\d\W*|[-?]").fullmatch


def shown(table: Table, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), *[st.sampled_from(NUMBERS)] * 2, st.sampled_from(WORDS)), min_size=1),
    st.integers(44, 70),
)
def test_no_number_is_folded(rows: list[tuple[str, ...]], width: int) -> None:
    table = empty_table("", "core", "formula.ii_cycles", "share of the whole", "which", left=("core", "which"))
    for row in rows:
        table.add_row(*row)
    lines = shown(table, width).splitlines()
    assert all(len(line) <= width for line in lines)
    for row in rows:
        # In one line: both, and the beginnings of the words.
        assert any(line.startswith(row[0][:1]) and row[1] in line and row[2] in line for line in lines), row


@given(
    st.integers(20, 70),
    st.integers(0, 7).flatmap(
        lambda count: st.lists(
            st.tuples(
                st.sampled_from([*WORDS, "401,408 equal"]),
                st.lists(st.sampled_from([*NUMBERS, "50,176"]), min_size=count, max_size=count),
            ),
            min_size=1,
            max_size=4,
        )
    ),
    st.booleans(),
)
def test_nothing_is_cut(width: int, rows: list[tuple[str, list[str]]], collapsed: bool) -> None:
    heads = ["LUT", "cycles", "share of the whole", "BRAM", "II", "logic, ns", "formula.fps"][: len(rows[0][1])]
    table = Folding("block", *heads, "which", left=("block", "which"), collapse_padding=collapsed)
    for name, numbers in rows:
        table.add_row(name, *numbers, name)
    for _ in range(2):  # showing a table does not change it
        said = shown(table, width)
        assert all(len(line) <= width for line in said.splitlines())
        count = Counter(re.findall(r"(?<!\S)[-~!+?(]?[\d.,%)]*(?!\S)", said))
        expected = Counter(
            word for name, numbers in rows for cell in (name, *numbers, name) for word in cell.split() if NUMBER(word)
        )
        assert {word: count[word] for word in expected} == expected
        # Words may be folded: their letters are all there.
        letters = Counter(letter for letter in said if letter.isalpha())
        once = "".join(["block", "which", *heads, *(name * 2 for name, _ in rows)])
        assert not Counter(letter for letter in once if letter.isalpha()) - letters


def test_a_row_without_room_is_a_block() -> None:
    table = empty_table("Areas", "block", "LUT", "share of the whole", left=("block",))
    table.add_row("res2a", "~50,176", "~31,299 (9 %)")
    assert shown(table, 20) == "Areas\nblock: res2a\n  LUT: ~50,176\n  share of the\nwhole:\n~31,299 (9 %)\n"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (31_269.568421, "31,269.6"),
        (434_027.777, "434,027.8"),
        (56_448.0, "56,448"),
        (99.2451, "99.245"),
        (-0.5, "-0.5"),
    ],
)
def test_a_number_has_the_digits_that_mean_something(value: float, said: str) -> None:
    assert number(value) == said
