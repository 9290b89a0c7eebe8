"""`doit repro`: a step as a folder that runs without the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from farm.results.digest import digest_of

LOOK = """
BUILD = ["look"]
CODE = '''
import json, os, sys, zipfile
seen = sorted(os.path.join(d, f) for d, _, fs in os.walk(".") for f in fs)
env = dict(os.environ)
if open("a").read() == "bad":
    sys.exit("a is bad")
json.dump({"files": seen, "level": env["LEVEL"]}, open("sub/out", "w"))
with zipfile.ZipFile("box.zip", "w") as box:
    box.writestr("env", json.dumps(sorted(env)))
'''
def task_look():
    yield task(python("look:x", CODE, outputs=("sub/out", "box.zip"), sources=("a",),
                      environment=(("LEVEL", "it's 3"), ("API_TOKEN", "hush"))), doc="x")
    yield {"name": "block", "actions": None, "task_dep": ["look:x"]}
"""


@pytest.fixture
def look(checkout):
    checkout.write("a", "A")
    checkout.dodo(LOOK)
    checkout.environment["UNRELATED"] = "mine"
    return checkout


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "UNRELATED": "theirs", **environment}
    return subprocess.run([folder / "run"], cwd="/", env=clean, capture_output=True, text=True, check=False)


def test_a_finished_step_gives_the_same_outputs_elsewhere(look, tmp_path: Path) -> None:
    look.doit()
    output = look.doit("repro", "-o", "there", "look:block")
    assert "the value of API_TOKEN is left out" in output
    assert "there: start there/run" in output
    moved = tmp_path / "else where's"
    shutil.move(look.folder / "there", moved)
    done = run(moved, API_TOKEN="hush")
    assert done.returncode == 0, done.stderr
    for path in ("sub/out", "box.zip"):
        assert digest_of(moved / "work" / path).meaning == digest_of(look.folder / "build" / path).meaning
    # Run it twice: the second run must not see files of the first.
    assert run(moved, API_TOKEN="hush").returncode == 0
    seen = json.loads((moved / "work/sub/out").read_text())
    assert seen == {"files": ["./a", "./code.py"], "level": "it's 3"}
    everything = "".join(path.read_text() for path in moved.rglob("*") if path.is_file() and path.suffix != ".zip")
    assert "hush" not in everything
    assert "mine" not in everything
    assert "theirs" not in everything


def test_the_secret_has_to_be_given(look) -> None:
    look.doit()
    look.doit("repro", "look:x")
    done = run(look.folder / "build/repro/look-x")
    assert done.returncode != 0
    assert "API_TOKEN" in done.stderr


def test_a_failed_step_fails_in_the_same_way(look) -> None:
    look.write("a", "bad")
    look.doit(status=1)
    look.doit("repro", "look:x")
    folder = look.folder / "build/repro/look-x"
    done = run(folder, API_TOKEN="hush")
    assert (done.returncode, done.stderr) == (1, "a is bad\nexit status 1\n")
    assert "no finished run" in (folder / "README.md").read_text()
    assert not (folder / "expected.sha256").exists()


def test_other_bytes_are_said(look) -> None:
    look.doit()
    look.doit("repro", "look:x")
    folder = look.folder / "build/repro/look-x"
    (folder / "inputs/extra").write_text("")
    done = run(folder, API_TOKEN="hush")
    assert done.returncode == 0
    assert "outputs differ from those of the build" in done.stderr


def test_inputs_of_now_are_not_compared_with_a_run_of_before(look) -> None:
    look.doit()
    look.write("a", "B")
    look.doit("repro", "look:x")
    assert not look.exists("build/repro/look-x/expected.sha256")
    assert look.read("build/repro/look-x/inputs/a") == "B"


def test_only_an_own_folder_is_written_again(look) -> None:
    look.write("mine/precious", "p")
    assert "mine is there already and not made by 'doit repro'" in look.doit("repro", "-o", "mine", "look:x", status=3)
    assert look.read("mine/precious") == "p"
    look.doit("repro", "look:x")
    look.doit("repro", "look:x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "takes the name of one step"),
        (("look:y",), "there is no task or target 'look:y'; did you mean 'look:x'?"),
        (("pair",), "'pair' stands for 2 steps; name one of them: after, look:x"),
        (("after",), "build/sub/out: not there yet; build what makes it first"),
        (("plain",), "'plain' is not a step"),
    ],
)
def test_one_error_each(look, words: tuple[str, ...], message: str) -> None:
    look.dodo(
        LOOK
        + """
def task_after():
    return task(copy("after", "build/sub/out", "build/after"), doc="x")
def task_pair():
    return {"actions": None, "task_dep": ["look:x", "after"]}
def task_plain():
    return {"actions": [lambda: None]}
"""
    )
    output = look.doit("repro", *words, status=3)
    assert message in output
    assert "Traceback" not in output


def test_same_environment_as_in_a_build(look) -> None:
    look.dodo(LOOK.replace('"level": env["LEVEL"]', '"env": {k: v for k, v in env.items()}').replace("API_TOKEN", "A"))
    look.doit()
    look.doit("repro", "look:x")
    run(look.folder / "build/repro/look-x")
    build = json.loads(look.read("build/sub/out"))["env"]
    repro = json.loads(look.read("build/repro/look-x/work/sub/out"))["env"]
    # The shell adds the folder.
    repro.pop("PWD", None)
    repro.pop("OLDPWD", None)
    assert set(build) == set(repro)
    for name in set(build) - {"HOME", "TMPDIR", "PATH"}:
        assert build[name] == repro[name]
