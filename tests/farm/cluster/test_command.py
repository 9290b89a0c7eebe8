"""An engine by the user's own command lines, here a small queue that lies where it is told to."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from cluster_steps import WRITE, counting, one, queue_settings

from farm.execution.cluster.command import CommandEngine, faults_of
from farm.execution.cluster.job import Job, Known
from farm.step import Resources


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    folder = tmp_path / "queue"
    folder.mkdir()
    return folder


@pytest.fixture
def build(checkout, queue):
    """Write the settings and a body into a checkout."""

    def make(body: str):
        checkout.write("farm.local.yaml", queue_settings(queue))
        checkout.write("a", "A")
        checkout.dodo("from farm.step import Resources\n" + body)
        return checkout

    return make


def test_fields_reach_the_engine_and_a_job_is_cleared_by_its_name(build, queue: Path) -> None:
    checkout = build(one(WRITE, ', resources=Resources(3, 2.0, ("vivado", "vivado", "hls"))'))
    output = checkout.doit()
    name, *rest = (queue / "submitted").read_text().split()
    # 2 GiB and a quarter, rounded up.
    assert rest == ["3", "2561", "hls:1", "vivado:2"]
    assert name.startswith("farm-")
    assert (queue / "cleared").read_text().split() == [name]
    assert "done    one" in output
    assert "(job" not in output or "on " in output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ("lie", "ended well by its own record, and badly by its engine's client"),
        pytest.param("lose", "ended without a record of its node", marks=pytest.mark.nightly),
        pytest.param("kill", "ended without a record of its node", marks=pytest.mark.nightly),
        pytest.param("refuse", "ended without a record of its node", marks=pytest.mark.nightly),
    ],
)
def test_no_fault_of_the_engine_is_believed(build, queue: Path, monkeypatch, faults: str, words: str) -> None:
    (queue / "FAULT").write_text(faults)
    checkout = build(one(WRITE))
    output = checkout.doit()
    assert f"again   one {words}" in output
    assert len((queue / "submitted").read_text().splitlines()) == 2
    assert checkout.read("build/out") == "x"


@pytest.mark.slow
def test_a_question_that_fails_is_no_end(build, queue: Path, started, tmp_path: Path) -> None:
    """The farm is killed, the engine is silent when it comes back, and the step still runs once."""
    marks = tmp_path / "marks"
    build(counting(marks, 1, 4.0))
    first = started(start_new_session=True)
    until = time.monotonic() + 30
    while not marks.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    (client,) = [int(each.read_text()) for each in (queue / "jobs").iterdir()]
    (queue / "silent").touch()
    second = started()
    said = second.stdout.readline()
    assert "does not answer; 1 jobs of an earlier build count as running" in said
    (queue / "silent").unlink()
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0, output
    assert marks.read_text().split() == ["0"]
    with pytest.raises(ProcessLookupError):
        os.kill(client, 0)


@pytest.mark.nightly
def test_two_hundred_faults_lose_nothing(build, queue: Path, tmp_path: Path) -> None:
    """Every submission has a fault or none, by a seed. What a build cannot repeat, the next one builds."""
    chance = random.Random(2016)
    faults = [chance.choice(["lie", "lose", "kill", "refuse", "late", "none"]) for _ in range(280)]
    assert sum(fault != "none" for fault in faults) >= 200
    (queue / "FAULT").write_text("\n".join(faults))
    marks = tmp_path / "marks"
    count = 150
    checkout = build(counting(marks, count, 0.0))
    for _ in range(12):
        process = checkout.start("-c")
        output, _ = process.communicate(timeout=1500)
        assert process.returncode in (0, 1), output
        assert "Traceback" not in output
        if process.returncode == 0 and not (queue / "FAULT").read_text().split():
            break
        if process.returncode == 0:
            checkout.doit("clean")
            for entry in (tmp_path / "cache/dataflow-farm/ac").glob("*/*"):
                entry.unlink()
            marks.unlink()
    else:
        pytest.fail("the faults were not used up, or the build did not end well")
    assert all(checkout.read(f"build/out{n}") == str(n) for n in range(count))
    assert not list((checkout.folder / "build/.farm/jobs").iterdir())
    assert not list((queue / "jobs").iterdir()), "no job is left alive"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({}, "farm.command has no 'submit'; write submit: COMMAND below farm.command"),
        ({"submit": "q {name} {cores}", "alive": "a", "clear": "c {name}"}, "lacks the field '{memory_mb}'"),
        ({"submit": "q {name} {cores} {memory_mb}", "alive": "a", "clear": "c"}, "farm.command.clear lacks the field"),
        ({"submit": "q {name} {cores} {memory_mb} {x}", "alive": "a", "clear": "c {name}"}, "unknown field '{x}'"),
        ({"submit": "q {name} {cores} {memory_mb", "alive": "a", "clear": "c {name}"}, "cannot be read"),
        ({"submit": "q 'a {name} {cores} {memory_mb}", "alive": "a", "clear": "c {name}"}, "cannot be read"),
        ({"submitt": "q"}, "farm.command has no text 'submitt'"),
    ],
)
def test_a_text_without_its_fields_is_one_clear_fault(texts: dict[str, str], words: str) -> None:
    assert words in "\n".join(f"{what}; {remedy}" for _, what, remedy in faults_of(texts))


def test_a_wrong_text_is_told_with_its_line_before_anything_starts(build, queue: Path) -> None:
    checkout = build(one(WRITE))
    checkout.write("farm.local.yaml", queue_settings(queue).replace("{memory_mb} ", ""))
    output = checkout.doit(status=3)
    assert "farm.local.yaml:4: farm.command.submit lacks the field '{memory_mb}'" in output
    checkout.write("farm.local.yaml", "farm: {executor: command, executors: {ooo: slurm}}\n")
    output = checkout.doit(status=3)
    assert "no step of this build is of the kind 'ooo'" in output
    assert "slurm and command are both chosen" in output
    assert not (queue / "submitted").exists()


def test_no_shell_reads_a_value() -> None:
    """A value with blanks and a semicolon stays one word."""
    engine = CommandEngine({"submit": "q -N {name} -c {cores} -m {memory_mb} -o {log}", "clear": "c {name}"})
    log = Path("/home/a b; rm -rf x/log")
    job = Job("farm-1", "0123456789", Path("/f"), log, ("python", "node.py"), Resources(2), 100)
    name = "farm-1-01234567"
    assert engine.submit(job) == ["q", "-N", name, "-c", "2", "-m", "100", "-o", str(log), "python", "node.py"]
    assert engine.clear([Known("farm-1", "0123456789"), Known("x", "abcdefghi")]) == ["c", name, "x-abcdefgh"]
