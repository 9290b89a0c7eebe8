"""A table of texts that is looked at as a whole is judged as one whose texts are looked at one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from farm.results import schema

ODD = ["", "a", "\0", "\udc00", "é", "\U0001f600", "x" * 65_536, "x" * 65_537, 1, None, [], {}]


@given(st.dictionaries(st.sampled_from([one for one in ODD if isinstance(one, str)]), st.sampled_from(ODD), max_size=4))
@example({"a": "x" * 40_000, "b": "x" * 40_000})
@example({str(number): "" for number in range(20_001)})
def test_words(value: dict[str, Any]) -> None:
    try:
        expected = schema.table(value, schema.text, schema.text)
    except schema.SchemaError:
        with pytest.raises(schema.SchemaError):
            schema.words(value)
        return
    assert schema.words(value) == expected


@pytest.mark.parametrize("value", [None, [], "a", 1])
def test_words_of_something_else(value: object) -> None:
    with pytest.raises(schema.SchemaError):
        schema.words(value)
