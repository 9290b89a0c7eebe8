"""What a project wants done after a build: it gets the account of each build that ran or restored a step."""

from __future__ import annotations

import json
import signal

import pytest

DODO = """
import json
BUILD = ["join"]

SHAPE = {"facts": (("name", "a"),), "tools": (Tool("cp", "9"),)}

def told(account):
    with open("told", "a") as stream:
        stream.write(json.dumps(account) + chr(10))
    return "remembered"

DOIT_CONFIG = doit_config("build/main", settings=SETTINGS, redaction=NOTHING_PRIVATE, after_build=HOOK)

def task_up():
    for name in "ab":
        step = copy(f"up:{name}", f"{name}.txt", f"build/main/{name}", **SHAPE)
        yield task(step, doc="x")

def task_join():
    return task(copy("join", "build/main/a", "build/main/out"), doc="x")
"""


@pytest.fixture
def project(checkout):
    for name in "ab":
        checkout.write(f"{name}.txt", name)
    checkout.dodo(DODO.replace("HOOK", "told"))
    return checkout


def accounts(project) -> list[dict]:
    return [json.loads(line) for line in project.read("told").splitlines()]


def test_a_build_that_ran_something_is_told_and_one_that_did_nothing_is_not(project) -> None:
    assert "remembered" in project.doit()
    assert "remembered" not in project.doit()
    (account,) = accounts(project)
    assert account["folder"] == "build/main"
    assert account["outcome"] == "passed"
    assert account["tasks"] == {"ran": 2, "restored": 0, "current": 0, "failed": 0}
    assert [(run["name"], run["how"]) for run in account["runs"]] == [("up:a", "finished"), ("join", "finished")]
    assert account["runs"][0]["why"] == "no record of a finished run"
    assert account["bound"]["path"] == ["up:a", "join"]
    # The longest path cannot be longer than the build, and each run lies within it.
    assert account["bound"]["critical_s"] <= account["wall_s"]
    assert all(run["begun_s"] + run["took_s"] <= account["wall_s"] + 1 for run in account["runs"])
    results = {one["name"]: one for one in account["results"]}
    assert results["up:a"]["facts"] == {"name": "a"}
    assert results["up:a"]["tools"] == {"cp": "9"}
    # A copy has the same bytes, so the same digest, as what it was copied from.
    assert results["up:a"]["outputs"] == results["join"]["outputs"]
    assert set(account["machine"]) == {"system", "cpu", "cores", "memory_gib", "python"}


def test_a_failed_build_and_a_restored_one_are_told_too(project) -> None:
    project.doit()
    project.write("a.txt", "other")
    project.doit()
    project.write("a.txt", "a")
    project.doit()
    (project.folder / "a.txt").unlink()
    project.dodo(
        DODO.replace("HOOK", "told").replace(
            '"build/main/a", "build/main/out"', '"b.txt", "build/main/out", argv=("false",)'
        )
    )
    project.doit(status=1)
    found = accounts(project)
    assert [one["outcome"] for one in found] == ["passed", "passed", "passed", "failed"]
    assert found[2]["tasks"]["restored"] == 2
    assert [run["how"] for run in found[3]["runs"]] == ["failed"]


def test_a_fault_of_it_fails_no_build(project) -> None:
    project.dodo(DODO.replace("HOOK", "lambda account: account['none']"))
    shown = project.doit()
    assert "what follows a build failed (KeyError: 'none'); its results are not affected" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_build_that_a_signal_ended_is_told_with_what_it_ran(project, number, status) -> None:
    project.dodo(
        DODO.replace("HOOK", "told").replace(
            '"build/main/a", "build/main/out"',
            '"build/main/a", "build/main/out", argv=("sh", "-c", "echo begun; exec sleep 60")',
        )
    )
    process = project.start()
    project.wait_for("build/join.log")
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == status, output
    (account,) = accounts(project)
    assert account["outcome"] == "interrupted"
    assert [(run["name"], run["how"]) for run in account["runs"]] == [("up:a", "finished"), ("join", "interrupted")]
    assert account["tasks"] == {"ran": 1, "restored": 0, "current": 0, "failed": 0}
    assert {one["name"] for one in account["results"]} == {"up:a"}, "half a step leaves no result"
    assert "remembered" in output


@pytest.mark.slow
def test_an_alarm_ends_what_follows_a_signal(project) -> None:
    slow = "lambda account: __import__('time').sleep(60)"
    project.dodo(
        DODO.replace("HOOK", slow).replace(
            '"build/main/a", "build/main/out"',
            '"build/main/a", "build/main/out", argv=("sh", "-c", "echo begun; exec sleep 60")',
        )
    )
    process = project.start()
    project.wait_for("build/join.log")
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 143, output
    assert "stopped by SIGTERM" in output, "the summary is there before"
    assert project.processes() == []
