from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farm.key import Parts, parts_of
from farm.results.digest import Digests, digest_of
from farm.results.record import Cost, Record, Records, record_path, why
from farm.step import Output, Step, Text

STEP = Step(
    name="hls:core",
    argv=("tool",),
    inputs=(Text("a", "1"),),
    outputs=(Output("x", "build/x"), Output("y", "build/y")),
    log="build/log",
    facts=(("pe", "8"),),
)


def parts_now(step: Step = STEP) -> Parts:
    return parts_of(step, lambda item: "m")


@pytest.fixture
def built(tmp_path: Path) -> Records:
    (tmp_path / "build").mkdir()
    for target in STEP.targets:
        (tmp_path / target).write_text(target)
    outputs = {target: digest_of(tmp_path / target) for target in STEP.targets}
    records = Records(tmp_path)
    records.write(
        STEP, Record("hls:core", parts_now().key, parts_now(), outputs, dict(STEP.facts), Cost(1.5, 2.5, 0.25), 1e9)
    )
    return records


def kinds(root: Path, records: Records, step: Step = STEP) -> list[tuple[str, str]]:
    return [(reason.kind, reason.subject) for reason in why(step, parts_now(step), records.read(step), Digests(root))]


def test_current(tmp_path: Path, built: Records) -> None:
    assert kinds(tmp_path, built) == []
    record = built.read(STEP)
    assert record is not None
    assert (record.cost, record.ended_s, record.facts) == (Cost(1.5, 2.5, 0.25), 1e9, {"pe": "8"})


def test_every_harm_is_named(tmp_path: Path, built: Records) -> None:
    (tmp_path / "build/x").unlink()
    (tmp_path / "build/y").write_text("BUILD/Y")
    assert kinds(tmp_path, built) == [("missing", "build/x"), ("altered", "build/y")]


def test_a_new_target_is_missing(tmp_path: Path, built: Records) -> None:
    more = replace(STEP, outputs=(*STEP.outputs, Output("z", "build/z")))
    assert kinds(tmp_path, built, more) == [("outputs", "")]


def test_facts_explain_a_changed_input(tmp_path: Path, built: Records) -> None:
    changed = replace(STEP, inputs=(Text("a", "2"),), facts=(("pe", "4"),))
    assert kinds(tmp_path, built, changed) == [("fact", "pe"), ("input", "a")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(cut=st.integers(0, 2000), junk=st.text(max_size=5))
def test_a_damaged_record_is_none(tmp_path: Path, built: Records, cut: int, junk: str) -> None:
    path = tmp_path / record_path(STEP)
    whole = path.read_text()
    path.write_text(whole[:cut] + junk)
    record = built.read(STEP)
    assert record is None or cut >= len(whole.rstrip()) - 1
    path.write_text(whole)


@pytest.mark.parametrize("key", ["format", "key", "outputs", "parts", "facts", "wall_s"])
def test_a_record_without_one_of_its_parts_is_none(tmp_path: Path, built: Records, key: str) -> None:
    path = tmp_path / record_path(STEP)
    document = json.loads(path.read_text())
    del document[key]
    path.write_text(json.dumps(document))
    assert built.read(STEP) is None
    assert kinds(tmp_path, built) == [("no record", "")]
