"""An edited parser of reports runs the steps again that use it, and no other: discovery adds no file to a key."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDS = (
    "toolchain=open target=sw_emu",
    "toolchain=vitis target=hw vitis.view=rtl",
    "toolchain=vitis target=hw vitis.view=hls",
)
#: What three programs read their tool's reports with, by hand.
KNOWN = {
    "toolchains.open.synthesis.synthesise": {"reports/open_tools/yosys_stat.py"},
    "toolchains.open.emulation.link": set(),
    "toolchains.vitis.ooc.run": {"reports/vivado/timing.py", "reports/vivado/utilization.py"},
}

# What a program loads and which steps a build has is found once, by the worker that has all tests.
pytestmark = pytest.mark.xdist_group("parsers")

KEYS = """
import json, sys
sys.argv = ["doit", "list", "network=digits", *sys.argv[1:]]
sys.path.insert(0, ".")
import dodo
from doit.loader import load_tasks
from farm.key import action_key
steps = [task.meta["step"] for task in load_tasks(vars(dodo)) if "step" in (task.meta or {})]
for step in steps:
    asked = set()
    action_key(step, lambda file: asked.add(file.source) or file.source)
    print(json.dumps([step.name, list(step.argv), sorted(asked)]))
"""
LOADED = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*sorted(sys.modules))"
KINDS = "from reports.registry import KINDS\nfor kind in KINDS: print(kind.parse.__module__)"


def python(code: str, *arguments: str) -> list[str]:
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


@cache
def parsers() -> tuple[str, ...]:
    """The modules that have a kind."""
    return tuple(sorted(set(python(KINDS))))


def path_of(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


@cache
def loaded(module: str) -> frozenset[str]:
    """The parsers that a program has imported when it starts, as the interpreter saw it."""
    (line,) = python(LOADED, module)
    return frozenset(map(path_of, set(parsers()) & set(line.split())))


@cache
def steps(build: str) -> tuple[Any, ...]:
    """Of each step of digits its name, its command, and the files whose digests enter its key."""
    return tuple(json.loads(line) for line in python(KEYS, *build.split()))


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.slow
def test_an_edited_parser_runs_the_steps_that_use_it_and_no_other(build: str) -> None:
    programs = set()
    for name, argv, files in steps(build):
        edited = set(files) & set(map(path_of, parsers()))
        if "-m" in argv:
            program = argv[argv.index("-m") + 1]
            programs.add(program)
            assert edited == loaded(program), name
        else:
            assert not edited, name
    assert len(programs) >= 5
    for program in programs & set(KNOWN):
        assert loaded(program) == KNOWN[program]


@pytest.mark.parametrize("build", BUILDS)
def test_no_step_reads_the_registry(build: str) -> None:
    for name, _, files in steps(build):
        assert "reports/registry.py" not in files, name


@pytest.mark.slow
def test_the_programs_known_by_hand_are_among_them() -> None:
    programs = {argv[argv.index("-m") + 1] for build in BUILDS for _, argv, _ in steps(build) if "-m" in argv}
    assert set(KNOWN) <= programs
