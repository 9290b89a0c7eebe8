"""The tests of one file that share something stay in one worker of pytest-xdist."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="module")
def worker() -> str:
    """Made once for this file, so that its tests make a group."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def test_they_are_a_group(worker: str, request: pytest.FixtureRequest) -> None:
    """pytest-xdist appends the group to the id; a version that ignores groups does not."""
    if not worker or not request.config.getoption("loadgroup"):
        pytest.skip("runs in workers of `./check`")
    assert request.node.nodeid.endswith(f"@{request.node.nodeid.partition('::')[0]}")
