"""A seeded storm of faults on real processes. More of them: python -m benchmarks.fault_storm --faults 1000."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fault_storm import BrokenPromiseError, Storm, small_disk

FAULTS = 17
"""One round over all kinds; the farm is killed three times in it."""


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_a_storm_of_faults(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as tmpfs:
        storm = Storm(tmp_path, seed=20, tmpfs=tmpfs)
        storm.run(FAULTS)
    assert sum(storm.counts.values()) == FAULTS
    assert len(storm.counts) == (14 if tmpfs is None else 15)
    if tmpfs is None:
        pytest.skip(f"{FAULTS} faults without a full disk, since no small file system can be mounted here")


@pytest.mark.slow
class TestTheStormItself:
    """The storm must notice a broken promise."""

    @pytest.fixture
    def storm(self, tmp_path: Path) -> Storm:
        storm = Storm(tmp_path, seed=1, seconds=0.01)
        storm.check(storm.project)
        return storm

    def test_half_a_target(self, storm: Storm) -> None:
        (storm.project.folder / "build/b0").write_text("b0(")
        with pytest.raises(BrokenPromiseError, match="b0 is half written"):
            storm.check(storm.project)

    def test_a_lost_result(self, storm: Storm) -> None:
        (storm.project.folder / "build/c0").unlink()
        for path in (storm.project.cache / "dataflow-farm/ac").glob("*/*"):
            path.unlink()
        with pytest.raises(BrokenPromiseError, match="c0 had finished and ran again"):
            storm.check(storm.project)

    def test_a_wrong_result(self, storm: Storm, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(storm.project, "expected", lambda name: f"another {name}")
        with pytest.raises(BrokenPromiseError, match="a0 holds"):
            storm.check(storm.project)
