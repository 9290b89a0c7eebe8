"""Values of `ooc` are read fast where they are sound, and with the line of a mistake where they are not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.fpga_resources import NAMES
from config.problem import ConfigError
from integration.fit.needs import _sound, _with_mistakes_named

ROOT = Path(__file__).resolve().parents[3]
ANY = (
    st.none() | st.booleans() | st.integers(-2, 5000) | st.floats(-1, 1e6) | st.text("ab1:#", max_size=4) | st.just([])
)
MEMBERS = {
    **{name: st.integers(0, 10**6) | st.sampled_from([0.5, 3.5, 1e4]) for name in NAMES},
    "format": st.just(1),
    "tool": st.sampled_from(["Yosys 0.33", "Vivado 2022.2 (stand-in)", ""]),
    "view": st.sampled_from(["rtl", "hls", ""]),
    "is_estimate": st.booleans(),
    "cells": st.dictionaries(st.sampled_from("abc"), st.integers()),
}
SOUND = st.fixed_dictionaries({}, optional=MEMBERS)


def slow(path: Path) -> Any:
    try:
        return _with_mistakes_named(path)
    except ConfigError:
        return None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOUND)
def test_sound_values_are_read_alike(tmp_path: Path, members: dict[str, Any]) -> None:
    path = tmp_path / "values.json"
    path.write_text(json.dumps(members, indent=1))
    found = _sound(path)
    assert found is not None
    if members.get("tool") != "" and members.get("view") != "":
        assert found == slow(path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOUND, st.sampled_from(sorted(MEMBERS)), ANY)
def test_what_the_careful_reader_refuses_is_not_sound(
    tmp_path: Path, members: dict[str, Any], name: str, value: Any
) -> None:
    path = tmp_path / "values.json"
    path.write_text(json.dumps({**members, name: value}, indent=1))
    if slow(path) is None:
        assert _sound(path) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"luts": NaN}', '{"luts": 1e999}', '{"luts": true}'])
def test_what_is_no_object_of_numbers_is_not_sound(tmp_path: Path, text: str) -> None:
    path = tmp_path / "values.json"
    path.write_text(text)
    assert _sound(path) is None


def test_reports_of_a_build_load_neither_parsers_nor_solver() -> None:
    code = "import integration.fit.command, reports.summary.page, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"reports.summary.build", "integration.fit.problem"} <= loaded
    assert loaded & {"reports.registry", "reports.vivado.timing", "integration.fit.solve", "numpy"} == set()
