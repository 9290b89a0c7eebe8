"""Faults on a team's store, drawn at random. More of them: python -m benchmarks.engine.remote storm --faults 200."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.engine.remote_storm import storm


@pytest.mark.nightly
@pytest.mark.timeout(3000)
def test_a_storm_of_faults_on_the_store(tmp_path: Path) -> None:
    lines = storm(tmp_path, faults=200, seed=11)
    assert "none lost, none wrong, no build failed" in lines[-1]
    # A number and a kind each.
    assert len(lines) > 15
