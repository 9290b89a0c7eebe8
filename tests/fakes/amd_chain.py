"""Record each step of a build on the stand-in when it succeeds, then see how far a mistake in one of the scripts gets.

If a step lets a mistake pass, the steps that read its changed outputs run as well, as they would for a user.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from amd_forked import follow, warm
from amd_machine import LICENCE, Machine
from amd_mutations import Mutation, mutations
from amd_stand_in.tcl import OWN_FAULT
from amd_trunk import Trunk

from farm.execution.scratch import Scratch
from farm.step import File, Step
from runtime.formats import xclbin
from toolchains.vitis.tools import tool

#: A core with a FIFO. Before they are prefixed, its modules have the same names as those of other cores.
BLOCK = "res2b"
_DATED = re.compile(rb"^\| Date .*$|^.*\b\d\d:\d\d:\d\d \d{4}.*$", re.MULTILINE)
_SECTIONS = ("CLOCK_FREQ_TOPOLOGY", "CONNECTIVITY", "IP_LAYOUT", "MEM_TOPOLOGY")
Run = Callable[..., str]
RESULTS = (".dcp", ".v", ".sv", ".xml", ".rpt", ".xo", ".xclbin", ".zip")


def content(file: Path) -> str:
    """Digest of a file without dates and identifiers that change each time."""
    if file.suffix == ".xclbin":
        parts = [section.data for section in xclbin.read(file).sections if section.kind_name in _SECTIONS]
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            parts = [name.encode() + archive.read(name) for name in sorted(archive.namelist())]
    else:
        parts = [file.read_bytes()]
    return hashlib.sha256(b"\0".join(_DATED.sub(b"", part) for part in parts)).hexdigest()


class Unchanged(Exception):  # noqa: N818  no error
    """A script with a mistake has made exactly the same as the correct one."""


def tree(folder: Path, seen: dict[Path, tuple[tuple[int, int], str]] | None = None) -> dict[str, str]:
    """Digests of the results in a folder: netlists, cores, sources, reports. `seen` caches them."""
    found: dict[str, str] = {}
    seen = {} if seen is None else seen
    for file in folder.rglob("*"):
        if file.suffix not in RESULTS or ".runs/" in str(file) or not file.is_file():
            continue
        status = file.stat()
        stamp = status.st_mtime_ns, status.st_size
        if file not in seen or seen[file][0] != stamp:
            seen[file] = stamp, content(file)
        found[str(file.relative_to(folder))] = seen[file][1]
    return found


def script_of(words: tuple[str, ...]) -> str:
    """The script or configuration among a command's words; empty for a command without."""
    return next((word for word in words if word.endswith((".tcl", ".cfg"))), "")


@dataclass(frozen=True)
class Recorded:
    """A successful run of a tool in a step: its command, the folder before and after it, its results.

    `says` and `writes` are the step's conditions for success.
    """

    text: str
    words: tuple[str, ...]
    environment: dict[str, str]
    says: str | None
    writes: tuple[str, ...]
    before: Path
    after: Path
    printed: str
    results: dict[str, str]


class Chain:
    """The steps of a build of one release and view, each run once without a mistake."""

    def __init__(self, machine: Machine, view: str, folder: Path) -> None:
        self.machine, self.build, self.folder = machine, f"{machine.release} {view}", folder
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
            run = scratch.run_of(step, "0" * 64)
            scratch.prepare(run)
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
            if not script:
                return real(kind, words, **more)
            before, after = (self.folder / name / f"{when}-{script}" for when in ("before", "after"))
            shutil.copytree(Path(), before)
            started: list[tuple[tuple[str, ...], dict[str, str]]] = []

            def start(words: list[str], folder: Path, environment: dict[str, str]) -> tuple[list[str], int]:
                started.append((tuple(words), environment))
                return follow(words, folder, environment)

            with patch.object(tool, "_follow", start):
                printed = real(kind, words, **more)
            shutil.copytree(Path(), after)
            found[script] = Recorded(
                Path(script).read_text(),
                *started[0],
                more.get("says"),
                tuple(more.get("writes", ())),
                before,
                after,
                printed,
                tree(after),
            )
            return printed

        said = self._run(name, place, run)
        assert said == "", said
        self.recorded[name] = found
        self.good[name] = self._made(name, place)

    def _made(self, name: str, place: Path) -> dict[str, str]:
        """Digests of a step's outputs, without recorded commands."""
        results = [output for output in self.steps[name].outputs if not output.path.endswith((".tcl", ".txt"))]
        return {output.target: content(place / output.path) for output in results}

    def _run(self, name: str, place: Path, run: Run) -> str:
        """Run a step's program in a folder. Returns the reason why it does not count, or an empty text."""
        step = self.steps[name]
        module = importlib.import_module(step.argv[2])
        before, said = Path.cwd(), io.StringIO()
        os.chdir(place)
        try:
            with (
                patch.dict(os.environ, {**LICENCE, **dict(step.private)}),
                patch.object(sys, "argv", [step.argv[2], *step.argv[3:]]),
                patch.object(tool, "run", run),
                patch.object(tool, "_follow", follow),
                contextlib.redirect_stdout(said),
            ):
                status = module.main()
        finally:
            os.chdir(before)
        lines = [line for line in said.getvalue().splitlines() if line.startswith("ERROR")]
        return "" if status == 0 else (lines or [f"status {status}"])[-1]

    def outcomes(
        self, name: str, script: str, mutations: list[Mutation], work: Path, goes_on: Callable[[Mutation], bool]
    ) -> Iterator[tuple[Mutation, str]]:
        """Yield each mistake of a script with its `outcome`. Runs of a script share the part before the mistake."""
        recorded = self.recorded[name][script]
        if not script.endswith(".tcl"):
            for each in mutations:
                yield each, self.outcome(name, script, each, work, goes_on=goes_on(each))
            return
        place = work / "trunk"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(recorded.before, place)
        warm(place)
        seen: dict[Path, tuple[tuple[int, int], str]] = {}
        for each, printed, status in Trunk(recorded.words, place, recorded.environment, script).ends(mutations):
            program = Path(recorded.words[0]).name
            # A fault of the stand-in itself must not pass for a refusal.
            assert status != OWN_FAULT, f"{script}: {each}\n" + "\n".join(printed[-30:])
            try:
                tool.judge(program, printed, status, folder=place, says=recorded.says, writes=recorded.writes)
            except tool.ToolError as error:
                yield each, f"{name}: ERROR: {error}"
                continue
            if tree(place, seen) == recorded.results:
                yield each, "same"
                continue
            yield each, self.outcome(name, script, each, work, goes_on=goes_on(each))

    def outcome(self, name: str, script: str, mutation: Mutation, work: Path, *, goes_on: bool = True) -> str:
        """The place and reason of the refusal; `same` if the mistake changes nothing; empty if it passed.

        With `goes_on` later steps run as well.
        """
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
            if tree(Path()) == self.recorded[name][given].results:
                raise Unchanged
            return printed

        for step in self.steps:
            shutil.rmtree(work / step, ignore_errors=True)
        place = work / name
        shutil.copytree(self.folder / name / "inputs", place)
        try:
            said = self._run(name, place, run)
        except Unchanged:
            return "same"
        if said:
            return f"{name}: {said}"
        changed = self._changed(name, place)
        if not changed:
            return "same"
        if not goes_on:
            return ""
        for following in list(self.steps)[list(self.steps).index(name) + 1 :]:
            read = [i for i in self.steps[following].inputs if isinstance(i, File) and i.source in changed]
            if not read:
                continue
            place = work / following
            shutil.copytree(self.folder / following / "inputs", place)
            for item in read:
                shutil.copyfile(changed[item.source], place / item.path)
            said = self._run(following, place, real)
            if said:
                return f"{following}: {said}"
            changed |= self._changed(following, place)
        return ""

    def _changed(self, name: str, place: Path) -> dict[str, Path]:
        """The outputs of a step that the mistake has changed, by the path at which later steps read them."""
        made = self._made(name, place)
        return {
            o.target: place / o.path
            for o in self.steps[name].outputs
            if made.get(o.target) != self.good[name].get(o.target)
        }
