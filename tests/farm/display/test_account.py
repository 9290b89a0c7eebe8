"""What a build leaves to be remembered."""

from __future__ import annotations

import pytest

from farm.display.account import first_reasons

FILE = "blocks/operators/a_long_name/of_a_file.py changed"


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("", ""),
        ("weights changed", "weights changed"),
        ("; ".join([FILE] * 20), "; ".join([FILE] * 3) + "; and 17 more"),
        ("x" * 500, "x" * 199 + "…"),
        ("x" * 500 + "; y", "x" * 199 + "…; and 1 more"),
    ],
)
def test_reasons_are_cut_between_two_and_the_rest_is_counted(why: str, told: str) -> None:
    """200 characters hold three reasons of 50 characters with what stands between them, and not four."""
    assert first_reasons(why) == told
