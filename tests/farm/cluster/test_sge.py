"""The preset of docs/team/cluster.md for Grid Engine, on a real one: Debian's gridengine packages, by root."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cluster_steps import WRITE, counting, one
from sge_cluster import GridEngine, find_programs

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("sge")]

ROOT = Path(__file__).resolve().parents[3]


def preset() -> dict[str, str]:
    """The texts of the document's line for SGE."""
    (line,) = [line for line in (ROOT / "docs/team/cluster.md").read_text().splitlines() if line.startswith("| SGE |")]
    return dict(re.findall(r"`(\w+): ([^`]+)`", line))


@pytest.fixture(scope="module")
def engine() -> Iterator[GridEngine]:
    find_programs()
    made = GridEngine()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def build(engine, checkout, tmp_path: Path):
    def make(body: str):
        checkout.environment.update(
            {name: value for name, value in engine.environment.items() if name.startswith("SGE")}
        )
        checkout.write("farm.local.yaml", yaml.safe_dump({"farm": {"executor": "command", "command": preset()}}))
        checkout.dodo("from farm.step import Resources\n" + body)
        return checkout

    return make


def run(checkout, status: int = 0) -> str:
    process = checkout.start()
    output, _ = process.communicate(timeout=400)
    assert process.returncode == status, output
    return output


def test_steps_run_through_grid_engine_once_each(build, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    checkout = build(counting(marks, 4, 0.5))
    output = run(checkout)
    assert sorted(marks.read_text().split()) == list("0123")
    assert len(re.findall(r"done    n:\d .* on \S+ \(job \d+\)", output)) == 4, output


def test_the_tools_own_status_comes_back(build) -> None:
    output = run(build(one("raise SystemExit(7)")), status=1)
    assert "FAILED  one ended with exit status 7 on " in output


def test_licences_are_the_engines(build, engine, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    body = counting(marks, 3, 6.0).replace(
        'outputs=(f"out{n}",)', 'outputs=(f"out{n}",), resources=Resources(1, 0.5, ("vivado",))'
    )
    process = build(body).start()
    most = 0
    while process.poll() is None:
        most = max(most, engine.ask("qstat", "-s", "r").count("farm-"))
        time.sleep(0.5)
    assert process.returncode == 0, process.stdout.read()
    assert most == 2
    assert sorted(marks.read_text().split()) == list("012")


def test_a_job_that_is_deleted_is_told(build, engine) -> None:
    process = build(one(f"import time; time.sleep(120); {WRITE}")).start()
    GridEngine.wait_for(lambda: "farm-" in engine.ask("qstat", "-s", "r"))
    (job,) = re.findall(r"^\s*(\d+) ", engine.ask("qstat"), re.MULTILINE)
    engine.ask("qdel", job)
    # What has ended the job the words of this engine do not tell; that it ended without a result, its record does.
    GridEngine.wait_for(lambda: "farm-" in engine.ask("qstat", "-s", "r") or process.poll() is not None)
    process.terminate()
    output, _ = process.communicate(timeout=60)
    assert "done    one" not in output
