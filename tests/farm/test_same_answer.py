"""Output and files are the same each time, although Python orders sets differently in each process."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Runs commands in one process and prints the output of each. The engine's clock is frozen, because the order of a
# build depends on the times of earlier runs. What installed packages offer doit is looked up once: it takes as long as
# a command does.
DRIVER = """
import contextlib, importlib.metadata, io, json, sys
from pathlib import Path
from farm import clock
clock.monotonic_s = lambda: 1.0
import doit.plugin
from doit.doit_cmd import DoitMain

installed = importlib.metadata.entry_points()
doit.plugin.entry_points_impl = lambda: installed.select
for words in json.loads(sys.argv[1]):
    if words[0] == "write":
        Path(words[1]).write_text(words[2])
        continue
    sys.argv = ["doit", *words]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = DoitMain().run(words)
    print(f"== {words} ended with {status}", printed.getvalue(), sep=chr(10), flush=True)
"""

PARTS = "pear apple fig plum kiwi lime"
BODY = f"""
PARTS = {PARTS!r}.split()
BUILD = ["join", "bad", "count", "both"]

def task_part():
    for name in PARTS:
        yield task(copy(f"part:{{name}}", f"{{name}}.txt", f"build/{{name}}"), doc="one part")

def task_join():
    files = tuple(File(name, f"build/{{name}}") for name in PARTS)
    tools = tuple(Tool(name, "1") for name in PARTS[:4])
    yield task(copy("join", "own.txt", "build/joined", inputs=files, tools=tools), doc="all parts")

def task_bad():
    for name in PARTS[:3]:
        yield task(python(f"bad:{{name}}", "raise SystemExit(f'no {{name}}')", outputs=(f"bad-{{name}}",)), doc="fails")

def task_count():
    return {{"actions": [lambda: None], "file_dep": [f"build/{{name}}" for name in PARTS], "doc": "a function"}}

def task_both():
    for name in PARTS:
        yield {{"name": name, "actions": None, "task_dep": [f"part:{{name}}", "join"]}}
"""
LOOKS = (
    ("plan",),
    ("plan", "--all"),
    ("list", "--all", "--deps", "-s"),
    *(("info", name) for name in ("join", "count", "both", "part")),
    ("why", "part", "join"),
)
EDITED = [("write", f"{name}.txt", f"another {name}") for name in PARTS.split()[2:4]]
READ = (
    *LOOKS,
    ("list", "joyn"),
    ("plan", "build/pa"),
    ("trace",),
    ("repro", "join"),
    ("config",),
    ("cache", "stats"),
    ("clean", "-n"),
)
WRITE = (("-n", "1", "-c"), *EDITED, *LOOKS, ("-n", "1", "-c", "join", "count"), *READ)
AFTER = (("cache", "verify"), ("cache", "gc", "--max-size", "0"), ("forget", "both"), ("clean",))
_NUMBER = re.compile(r"(?<=[\[ :,])-?\d+(\.\d+)?(e-?\d+)?(?=[,\]}\s])")


def answers(folder: Path, words: object, seed: int, environment: dict[str, str]) -> str:
    """Return what commands print in one process with a hash seed."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(words)],
        cwd=folder,
        env={**environment, "PYTHONHASHSEED": str(seed)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # How long a step's process lived is measured outside the frozen clock.
    return re.sub(r"took \d+\.\d s", "took N s", done.stdout)


def written(folder: Path) -> dict[str, str]:
    """Return the engine's own files, without times and numbers of processes and inodes."""
    files = [path for path in (folder / "build").rglob("*") if path.is_file()]
    kept = [path for path in files if path.suffix in (".json", ".jsonl", ".journal") or "repro" in path.parts]
    return {str(path.relative_to(folder)): _NUMBER.sub("N", path.read_text()) for path in kept}


def make(checkout) -> None:
    """Make the project again at the same path, because messages may contain it."""
    pyproject = checkout.read("pyproject.toml")
    for place in (checkout.folder, Path(checkout.environment["XDG_CACHE_HOME"])):
        shutil.rmtree(place, ignore_errors=True)
    checkout.folder.mkdir()
    checkout.write("pyproject.toml", pyproject)
    for name in (*PARTS.split(), "own"):
        checkout.write(f"{name}.txt", name)
    checkout.dodo(BODY)


@pytest.mark.slow
def test_commands_that_look_under_twenty_hash_seeds(checkout) -> None:
    make(checkout)
    answers(checkout.folder, WRITE[:1], 0, checkout.environment)
    checkout.write("fig.txt", "another fig")
    seen = {seed: answers(checkout.folder, READ, seed, checkout.environment) for seed in range(20)}
    assert "  maybe   join  (depends on part:fig)" in seen[0]
    for text in seen.values():
        assert text == seen[0], _difference(seen[0], text)


@pytest.mark.slow
def test_builds_under_some_hash_seeds(checkout) -> None:
    seen = {}
    for seed in range(4):
        make(checkout)
        text = answers(checkout.folder, WRITE, seed, checkout.environment)
        files = written(checkout.folder)
        assert {"build/main/doit.journal", "build/trace.json", "build/repro/join/run"} <= files.keys()
        text += "".join(f"\n== {name}\n{content}" for name, content in sorted(files.items()))
        seen[seed] = text + answers(checkout.folder, AFTER, seed, checkout.environment)
        assert seen[seed] == seen[0], _difference(seen[0], seen[seed])


@pytest.mark.slow
def test_the_projects_own_commands(tmp_path: Path) -> None:
    """Three seeds: with many names in a set, a dependence on its order shows almost certainly."""
    words = (("plan",), ("list", "--all", "--deps"), ("info", "stitch"), ("why", "link"), ("config",), ("fit",))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    seen = {seed: answers(ROOT, words, seed, environment) for seed in range(3)}
    assert "stitch" in seen[0]
    for text in seen.values():
        assert text == seen[0], _difference(seen[0], text)


def _difference(one: str, other: str) -> str:
    return "\n".join(difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=1))
