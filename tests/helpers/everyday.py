"""Which cases of a test run every day. The others are nightly: they repeat the same check on another input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first(cases: Iterable[Any], everyday: int = 2) -> list[Any]:
    """The cases as parameters; all but the first ones are marked nightly."""
    return [
        case
        if number < everyday
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.nightly)
        for number, case in enumerate(cases)
    ]


def only(cases: Iterable[Any], everyday: Iterable[Any]) -> list[Any]:
    """The cases as parameters; all but those named are marked nightly."""
    kept = set(everyday)
    return [case if case in kept else _nightly(case) for case in cases]


def _nightly(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.nightly)
