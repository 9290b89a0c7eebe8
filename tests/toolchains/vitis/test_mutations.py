"""The stand-in's strictness: a small mistake in any command of a script is refused, by it or by what judges its run.

A mistake that its own step lets pass goes on through the rest of the build, as it would at a user's: a netlist without
prefixed names is refused where it meets another. What passes all of it and makes something else is listed in TOLERATED
with the reason why no tool could know better, or the test fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import os
import random
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from amd_machine import LICENCE, Machine, make_machine
from amd_mutations import Mutation, mutations

from farm.execution.scratch import Scratch
from farm.step import File, Step
from runtime.formats import xclbin
from toolchains.vitis.tools import tool

#: A core with a FIFO. Its modules have the names of other cores' before they are prefixed.
BLOCK = "res2b"
_DATED = re.compile(rb"^\| Date .*$|^.*\b\d\d:\d\d:\d\d \d{4}.*$", re.MULTILINE)
_SECTIONS = ("CLOCK_FREQ_TOPOLOGY", "CONNECTIVITY", "IP_LAYOUT", "MEM_TOPOLOGY")
Run = Callable[..., str]
RESULTS = (".dcp", ".v", ".sv", ".xml", ".rpt", ".xo", ".xclbin", ".zip")

#: Kind and pattern of mistakes that no run can know for one, and why.
TOLERATED: tuple[tuple[str, str, str], ...] = (
    ("*", r"rename_ref -prefix_all", "one netlist of other names meets none of the same"),
    ("*", r"CONFIG\.FIFO_DEPTH|CONFIG\.Width|CONFIG\.REG_CONFIG", "an IP's own or another legal value"),
    ("swap", r"create_bd_port|create_bd_cell|make_bd_|farm_external|farm_cell", "the order of ports and cells is free"),
    ("number", r"sp=", "another bank of the same memory"),
    ("drop", r"report_dir=|temp_dir=|log_dir=", "v++'s own folders, which are looked into as well"),
    ("drop", r"ipx::add_file \S+_funcsim", "only simulators read it"),
    ("*", r"OUTSTANDING|MAX_BURST_LENGTH", "hints to the interconnect: legal with any value, or none"),
    ("drop", r"create_xgui_files", "the page for the GUI"),
    ("drop", r"set_property size 32", "a register without a size has the packager's own"),
    ("*", r"display_name|description|taxonomy|DONT_TOUCH", "words for people, and hints"),
)


def content(file: Path) -> str:
    """Digest of a file without dates and identifiers that are new each time."""
    if file.suffix == ".xclbin":
        parts = [section.data for section in xclbin.read(file).sections if section.kind_name in _SECTIONS]
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            parts = [name.encode() + archive.read(name) for name in sorted(archive.namelist())]
    else:
        parts = [file.read_bytes()]
    return hashlib.sha256(b"\0".join(_DATED.sub(b"", part) for part in parts)).hexdigest()


class Unchanged(Exception):  # noqa: N818  no error
    """A script with a mistake has made exactly what the right one makes."""


def tree(folder: Path) -> dict[str, str]:
    """Digests of the results in a folder: netlists, cores, sources, reports."""
    files = (file for file in folder.rglob("*") if file.suffix in RESULTS and ".runs/" not in str(file))
    return {str(file.relative_to(folder)): content(file) for file in files if file.is_file()}


def script_of(words: tuple[str, ...]) -> str:
    """The script or configuration among a command's words; empty for a command without."""
    return next((word for word in words if word.endswith((".tcl", ".cfg"))), "")


@dataclass(frozen=True)
class Recorded:
    """A run of a tool in a step that went well: what it printed, and the folder behind it."""

    printed: str
    after: Path
    text: str


class Chain:
    """The steps of a build of one release and view, each run once without a mistake."""

    def __init__(self, machine: Machine, view: str, folder: Path) -> None:
        self.machine, self.folder = machine, folder
        toolchain = machine.toolchain(f"vitis.view={view}")
        cores = toolchain.build.network.cores()
        hls = {"hls": toolchain.step("hls", cores[BLOCK])} if view == "hls" else {}
        self.steps: dict[str, Step] = {
            **hls,
            "ooc": toolchain.step("ooc", cores[BLOCK]),
            "netlist": toolchain.step("netlist"),
            "stitch": toolchain.step("stitch"),
            "link": toolchain.step("link"),
        }
        self.recorded: dict[str, dict[str, Recorded]] = {}
        self.good: dict[str, dict[str, str]] = {}
        for name, step in self.steps.items():
            scratch = Scratch(machine.checkout)
            run = scratch.prepare(step, "0" * 64)
            shutil.copytree(run.work, folder / name / "inputs")
            scratch.discard(run)
            self._record(name)

    def scripts(self) -> list[tuple[str, str]]:
        """Step and name of each script."""
        return [(name, script) for name, found in self.recorded.items() for script in found]

    def mutations(self, name: str, script: str, seed: int, per_shape: int, words_each: int) -> list[Mutation]:
        """The mistakes in a script."""
        return list(mutations(self.recorded[name][script].text, seed, per_shape, words_each))

    def _record(self, name: str) -> None:
        place = self.folder / name / "good"
        shutil.copytree(self.folder / name / "inputs", place)
        found: dict[str, Recorded] = {}
        real = tool.run

        def run(kind: str, words: tuple[str, ...], **more: Any) -> str:
            script = script_of(words)
            text = Path(script).read_text() if script else ""
            printed = real(kind, words, **more)
            if script:
                after = self.folder / name / f"after-{script}"
                shutil.copytree(Path(), after)
                found[script] = Recorded(printed, after, text)
            return printed

        said = self._run(name, place, run)
        assert said == "", said
        self.recorded[name] = found
        self.good[name] = self._made(name, place)

    def _made(self, name: str, place: Path) -> dict[str, str]:
        """Digests of a step's outputs; what a tool was told is no result."""
        results = [output for output in self.steps[name].outputs if not output.path.endswith((".tcl", ".txt"))]
        return {output.target: content(place / output.path) for output in results}

    def _run(self, name: str, place: Path, run: Run) -> str:
        """Run a step's program in a folder. Returns why it does not count, or nothing."""
        step = self.steps[name]
        module = importlib.import_module(step.argv[2])
        before, said = Path.cwd(), io.StringIO()
        os.chdir(place)
        try:
            with (
                patch.dict(os.environ, {**LICENCE, **dict(step.private)}),
                patch.object(sys, "argv", [step.argv[2], *step.argv[3:]]),
                patch.object(tool, "run", run),
                contextlib.redirect_stdout(said),
            ):
                status = module.main()
        finally:
            os.chdir(before)
        lines = [line for line in said.getvalue().splitlines() if line.startswith("ERROR")]
        return "" if status == 0 else (lines or [f"status {status}"])[-1]

    def outcome(self, name: str, script: str, mutation: Mutation, work: Path) -> str:
        """Where and why the mistake was refused; `same` if it changes nothing; empty if it went through."""
        earlier = list(self.recorded[name])[: list(self.recorded[name]).index(script)]
        real = tool.run

        def run(kind: str, words: tuple[str, ...], **more: Any) -> str:
            given = script_of(words)
            if given in earlier:
                shutil.copytree(self.recorded[name][given].after, Path(), dirs_exist_ok=True)
                return self.recorded[name][given].printed
            if given != script:
                return real(kind, words, **more)
            Path(given).write_text(mutation.apply(Path(given).read_text()))
            printed = real(kind, words, **more)
            if tree(Path()) == tree(self.recorded[name][given].after):
                raise Unchanged
            return printed

        place = work / name
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self.folder / name / "inputs", place)
        try:
            said = self._run(name, place, run)
        except Unchanged:
            return "same"
        if said:
            return f"{name}: {said}"
        made = {output.target: place / output.path for output in self.steps[name].outputs}
        if self._made(name, place) == self.good[name]:
            return "same"
        for following in list(self.steps)[list(self.steps).index(name) + 1 :]:
            place = work / following
            shutil.copytree(self.folder / following / "inputs", place)
            for item in self.steps[following].inputs:
                if isinstance(item, File) and item.source in made:
                    shutil.copyfile(made[item.source], place / item.path)
            said = self._run(following, place, real)
            if said:
                return f"{following}: {said}"
            made |= {output.target: place / output.path for output in self.steps[following].outputs}
        return ""


def tolerated(script: str, mutation: Mutation) -> bool:
    """Whether the list knows the mistake."""
    return any(
        kind in ("*", mutation.kind) and re.search(pattern, f"{script}: {mutation}") for kind, pattern, _ in TOLERATED
    )


def check(chain: Chain, chosen: list[tuple[str, str, Mutation]], work: Path) -> list[str]:
    """Outcomes of mistakes; those that went through unknown are named. At least a third has to be refused."""
    outcomes = {(script, mutation): chain.outcome(name, script, mutation, work) for name, script, mutation in chosen}
    refused = sum(outcome not in ("", "same") for outcome in outcomes.values())
    assert refused >= len(chosen) / 3, outcomes
    return [f"{script}: {m}" for (script, m), outcome in outcomes.items() if not outcome and not tolerated(script, m)]


SEED = 7
SAMPLE = 12


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Callable[[Machine], Machine]:
    """Lets steps that the test runs itself find a machine's tools."""

    def found(machine: Machine) -> Machine:
        for name in [name for name in os.environ if name.startswith("XILINX")]:
            monkeypatch.delenv(name)
        for name, value in {**LICENCE, "XILINX_XRT": str(machine.tools / "xrt")}.items():
            monkeypatch.setenv(name, value)
        return machine

    return found


def test_a_sample_of_mistakes_is_refused(built: Machine, tools: Callable[[Machine], Machine], tmp_path: Path) -> None:
    chain = Chain(tools(built), "rtl", tmp_path / "good")
    every = [(name, script, m) for name, script in chain.scripts() for m in chain.mutations(name, script, SEED, 1, 1)]
    assert check(chain, random.Random(SEED).sample(every, SAMPLE), tmp_path / "work") == []


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("view", ["hls", "rtl"])
@pytest.mark.parametrize("release", ["2019.2", "2022.2", "2024.2", "2025.1"])
def test_every_mistake_is_refused(tools: Callable[[Machine], Machine], release: str, view: str, tmp_path: Path) -> None:
    machine = tools(make_machine(tmp_path, release))
    machine.doit("link", "network=digits", "target=hw", f"vitis.view={view}", timeout_s=1500)
    chain = Chain(machine, view, tmp_path / "good")
    every = [(name, script, m) for name, script in chain.scripts() for m in chain.mutations(name, script, SEED, 1, 2)]
    assert check(chain, every, tmp_path / "work") == []
