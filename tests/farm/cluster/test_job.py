"""What a job asks for, and what its folder tells a farm that comes later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from farm.execution.cluster import node
from farm.execution.cluster.folder import Left, ended_of, left_in, new_job
from farm.execution.cluster.job import FINISHED, JOB, Job
from farm.execution.cluster.slurm import Slurm
from farm.execution.cluster.ways import SharedFolder
from farm.execution.run import Run
from farm.step import Output, Resources, Step


def run_of(folder: Path, key: str = "a" * 64, **more) -> Run:
    step = Step("hls:x", ("cp", "in", "out"), (), (Output("out", "build/out"),), log="build/log", **more)
    run = Run(step, folder, folder / "log", key=key)
    for part in ("work", "home", "tmp"):
        (folder / part).mkdir(parents=True)
    return run


def write_job(run: Run, job: Job, store: Path) -> None:
    SharedFolder(Slurm(), store).write(run, job, distrusts=False)


@pytest.mark.parametrize(
    ("timeout_s", "expected_s", "minutes"),
    [(None, None, None), (600.0, None, 12), (600.0, 9000.0, 12), (None, 60.0, 30), (None, 3600.0, 241)],
)
def test_the_limit_of_time(tmp_path: Path, timeout_s, expected_s, minutes) -> None:
    run = run_of(tmp_path, timeout_s=timeout_s)
    run.expected_s = expected_s
    assert new_job(run, ("tool",), avoid=(), unlimited=False).minutes == minutes
    # A limit that was learned is left away once it was too short; the step's own stays.
    assert new_job(run, ("tool",), avoid=(), unlimited=True).minutes == (minutes if timeout_s else None)


def test_learned_memory_has_a_margin(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    run.resources = Resources(2, 4.0, ("vivado",))
    words = Slurm(partition="eda").submit(new_job(run, ("tool",), avoid=("m1",), unlimited=False))
    # 4 GiB and a quarter are 5120 MiB; one more for the rounding.
    assert {"--mem=5121M", "--cpus-per-task=2", "--licenses=vivado:1", "--exclude=m1", "--partition=eda"} <= set(words)
    assert words[0] == "srun"
    assert "--dependency=singleton" in words


def test_equal_keys_have_equal_names_and_their_own_tokens(tmp_path: Path) -> None:
    jobs = [new_job(run_of(tmp_path / name), ("tool",), avoid=(), unlimited=False) for name in "ab"]
    assert jobs[0].name == jobs[1].name
    assert jobs[0].token != jobs[1].token


def test_the_file_of_a_job_is_for_its_user_alone(tmp_path: Path) -> None:
    run = run_of(tmp_path, private=(("LM_LICENSE_FILE", "2100@secret"),))
    write_job(run, new_job(run, ("tool",), avoid=(), unlimited=False), tmp_path / "store")
    assert "2100@secret" in (tmp_path / JOB).read_text()
    assert (tmp_path / JOB).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"name": 1, "token": "x"}', '{"token": "x"}', "[" * 100_000, '{"name": "a"']
)
def test_a_damaged_folder_is_no_job(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / JOB).write_text(text)
    assert list(left_in(tmp_path)) == ["x"]
    (tmp_path / "x" / JOB).unlink()
    os.mkfifo(tmp_path / "x" / JOB)
    assert list(left_in(tmp_path)) == ["x"]


def run_node(tmp_path: Path, **more) -> tuple[Run, str, int]:
    run = run_of(tmp_path / "job")
    job = new_job(run, ("tool",), avoid=(), unlimited=False)
    (run.work / "in").write_text("x")
    write_job(run, job, tmp_path / "store")
    path = run.scratch / JOB
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))
    status = subprocess.run([sys.executable, "-I", "-S", node.__file__, str(path)], check=False).returncode
    return run, job.token, status


def test_the_record_is_of_this_job_only(tmp_path: Path) -> None:
    run, token, status = run_node(tmp_path)
    assert status == 0
    ended = ended_of(run, token)
    assert ended is not None
    assert (ended.status, ended.stopped, ended.problem) == (0, False, "")
    assert ended_of(run, "another") is None
    for text in ("{", "[]", json.dumps({"token": token, "status": "0"})):
        (run.scratch / FINISHED).write_text(text)
        found = ended_of(run, token)
        assert found is None or found.status == 1, "what is not a status is no success"


def test_other_modules_on_the_node_are_not_used(tmp_path: Path) -> None:
    run, token, status = run_node(tmp_path, modules="0" * 64)
    assert status == 1
    assert ended_of(run, token).problem == "modules"
    assert not (run.work / "out").exists()


def test_what_another_farm_has_stored_is_not_made_again(tmp_path: Path) -> None:
    entry = tmp_path / "store/ac" / "aa" / ("a" * 64)
    entry.parent.mkdir(parents=True)
    entry.write_text("{}")
    run, token, _ = run_node(tmp_path)
    assert ended_of(run, token).problem == "elsewhere"
    assert not (run.work / "out").exists()


def test_a_job_that_is_left_is_known_by_its_folder(tmp_path: Path) -> None:
    run = run_of(tmp_path / "jobs/one")
    job = new_job(run, ("tool",), avoid=(), unlimited=False)
    write_job(run, job, tmp_path)
    (left,) = left_in(tmp_path / "jobs")
    assert isinstance(left, Left)
    assert (left.folder, left.known.name, left.known.token) == ("one", job.name, job.token)
