"""Faults of a cluster and of a store at the same time."""

from __future__ import annotations

from pathlib import Path

import needs
import pytest
from slurm_cluster import find_programs

from benchmarks.engine.cluster_storm import storm


@pytest.mark.nightly
@pytest.mark.timeout(5400)
@pytest.mark.xdist_group("slurm")
def test_two_hundred_faults_on_cluster_and_store(tmp_path: Path) -> None:
    needs.nginx()
    find_programs()
    said = storm(tmp_path, 200, seed=16)
    assert "none lost, none wrong, none run twice" in said[-1]
    kinds = " ".join(said)
    for kind in ("node killed", "controller restarted", "scancel", "farm killed", "nginx stopped", "garbage",
                 "truncated", "swapped", "no answer to a file"):  # fmt: skip
        assert kind in kinds
