"""The workers of pytest-xdist: which tests share one, and where their files lie."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import pytest
from in_memory import remove_ended, roomy


@pytest.fixture(scope="module")
def worker() -> str:
    """Made once for this file, so that its tests make a group."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def test_they_are_a_group(worker: str, request: pytest.FixtureRequest) -> None:
    """pytest-xdist appends the group to the id; a version that ignores groups does not."""
    if not worker or not request.config.getoption("loadgroup"):
        pytest.skip("runs in workers of `./check`")
    assert request.node.nodeid.endswith(f"@{request.node.nodeid.partition('::')[0]}")


def test_files_lie_in_memory_where_there_is_room(tmp_path: Path) -> None:
    assert roomy(tmp_path, room=1, memory=1)
    assert not roomy(tmp_path, room=1 << 60, memory=1)
    assert not roomy(tmp_path, room=1, memory=1 << 60)
    assert not roomy(tmp_path / "not there", room=1, memory=1)


def test_only_runs_that_have_ended_are_removed(tmp_path: Path) -> None:
    runs = tmp_path / f"pytest-of-{getpass.getuser()}"
    for number in range(3):
        (runs / f"pytest-{number}" / "once").mkdir(parents=True)
    (runs / "pytest-1" / ".lock").touch()
    for number in range(2):
        os.utime(runs / f"pytest-{number}", (0, 0))
    remove_ended(tmp_path)
    assert sorted(run.name for run in runs.iterdir()) == ["pytest-1", "pytest-2"]
