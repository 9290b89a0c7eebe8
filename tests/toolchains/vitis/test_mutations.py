"""The stand-in's strictness: a small mistake in any command of a script is refused, by it or by what judges its run.

A mistake that the first run lets pass goes on through the rest of the build, as it would at a user's: a netlist without
prefixed names is refused where it meets another. What passes all of it and makes something else is listed in TOLERATED
with the reason why no tool could know better, or the test fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from amd_machine import LICENCE, Machine, make_machine
from amd_mutations import Mutation, mutations

from blocks.graph import Core
from blocks.network import find_network
from farm.executor import Executor
from farm.step import Step
from reports import source, utilization
from reports.errors import ReportError
from runtime import xclbin
from runtime.errors import FarmRuntimeError
from toolchains.vitis import packaging_scripts, run_hls, run_link, run_ooc, run_stitch, stitch_scripts, tool
from toolchains.vitis.link_config import REPORTS, LinkJob
from toolchains.vitis.link_reports import read_reports, require
from toolchains.vitis.steps import VitisToolchain

REFUSALS = (tool.ToolError, ReportError, FarmRuntimeError, ValueError, OSError)
#: A core with a FIFO, whose module names it shares with others before they are prefixed.
BLOCK = "res2b"
LEFT_OUT = (".log", ".jou", ".tcl", ".cfg", ".str", ".link_summary", ".info")
_DATED = re.compile(rb"^\| Date .*$|^.*\b\d\d:\d\d:\d\d \d{4}.*$", re.MULTILINE)


@dataclass(frozen=True)
class Stage:
    """A script, how its run is judged, and what it makes."""

    name: str
    script: str
    judge: Callable[[], None]
    makes: tuple[str, ...]


def digest(folder: Path, makes: Sequence[str]) -> dict[str, str]:
    """Of all that a stage has made, dates left out."""
    found = {}
    for pattern in makes:
        for file in sorted(folder.glob(pattern)):
            if file.is_file() and file.suffix not in LEFT_OUT:
                found[str(file.relative_to(folder))] = _content(file)
    return found


def _content(file: Path) -> str:
    if file.suffix == ".xclbin":
        read = xclbin.read(file)
        parts = [section.data for section in read.sections if section.kind_name in ("CLOCK_FREQ_TOPOLOGY", "CONNECTIVITY", "IP_LAYOUT", "MEM_TOPOLOGY")]  # fmt: skip  # noqa: E501
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            parts = [name.encode() + archive.read(name) for name in sorted(archive.namelist())]
    else:
        parts = [file.read_bytes()]
    return hashlib.sha256(b"\0".join(_DATED.sub(b"", part) for part in parts)).hexdigest()


class Works:
    """The folders of a build of one release and view, and its stages."""

    def __init__(self, machine: Machine, view: str, folder: Path, work: Path) -> None:
        self.machine, self.folder, self.work = machine, folder, work
        self.toolchain = machine.toolchain(f"vitis.view={view}")
        self.core = self.toolchain.network.cores()[BLOCK]
        assert isinstance(self.core, Core)
        self.stages = {stage.name: stage for stage in self._stages(self.toolchain, view)}
        self.good: dict[str, dict[str, str]] = {}
        for stage in self.stages.values():
            self._prepare(stage)

    def step(self, name: str) -> Step:
        """The step that a stage is of."""
        if name == "link":
            return self.toolchain.link()
        if name in ("hls", "ooc"):
            return (self.toolchain.hls if name == "hls" else self.toolchain.ooc)(self.core)
        return self.toolchain.stitch(self.toolchain.network.cores())

    def _stages(self, toolchain: VitisToolchain, view: str) -> Iterator[Stage]:
        core, job, release = self.core.name, toolchain.job, toolchain.release
        kernel = job.kernel.name
        ips = [f"ip/{name}/component.xml" for name in (*job.cores, *job.converters, *(m.name for m in job.memories))]
        netlist = [f"{kernel}.dcp", f"{kernel}_funcsim.v", f"{kernel}_stub.v", "utilization.rpt"]
        netlist.append("utilization_hierarchical.rpt")

        def hls() -> None:
            # The good folder has the data of the C simulation; estimate.tcl is not looked at.
            top = run_hls.synthesise("export.tcl", release, simulates=False, exports=True, core=core)[0]
            run_hls.check_report(top, core, toolchain.platform.part)

        def design() -> None:
            run_stitch.vivado("design.tcl", stitch_scripts.DONE, netlist)
            run_stitch.refuse_black_boxes(utilization.parse(source.read(Path("utilization.rpt")), "utilization.rpt"))

        def link() -> None:
            run_link.link(self.link_job)
            require(read_reports((Path(REPORTS), Path("_x", "reports"), Path("_x"))))
            if run_link.achieved_mhz(xclbin.read(f"{kernel}.xclbin")) != self.link_job.clock_mhz:
                raise tool.ToolError("another clock")

        if view == "hls":
            yield Stage("hls", "export.tcl", hls, ("project/solution/impl/ip/**/*", "project/solution/syn/report/*.xml"))
        yield Stage(
            "ooc", "ooc.tcl",
            lambda: run_ooc.run(core, "stand-in", toolchain.clock_ns, routed=False),
            (f"{core}.dcp", f"{core}_stub.v", "*.rpt", "values.json"),
        )  # fmt: skip
        yield Stage(
            "package", "package.tcl",
            lambda: run_stitch.vivado("package.tcl", packaging_scripts.PACKAGED, ips), ("ip/**/*",),
        )  # fmt: skip
        yield Stage("design", "design.tcl", design, tuple(netlist))
        yield Stage(
            "kernel", "kernel.tcl",
            lambda: run_stitch.vivado("kernel.tcl", packaging_scripts.KERNEL_PACKAGED, [f"{kernel}.xo", "kernel_ip/component.xml"]),  # noqa: E501
            (f"{kernel}.xo", "kernel_ip/**/*"),
        )  # fmt: skip
        if toolchain.link_job().has_file:
            yield Stage("link", "link.cfg", link, (f"{kernel}.xclbin", "reports/**/*"))

    @property
    def link_job(self) -> LinkJob:
        """What v++ is told, placed."""
        return self._link_job

    def _prepare(self, stage: Stage) -> None:
        """The folder as the stage finds it, and what it makes if all is well."""
        place = self.folder / stage.name
        step = self.step(stage.name)
        if stage.name in ("hls", "ooc", "package", "link"):
            executor = Executor(self.machine.checkout)
            run = executor.prepare(step, "0" * 64)
            shutil.copytree(run.work, place)
            executor.discard(run)
        else:
            before = {"design": "package", "kernel": "design"}[stage.name]
            shutil.copytree(self.folder / f"{before}-good", place)
        with self.within(place):
            if stage.name == "hls":
                view = run_hls.render(self.core)
                Path(f"{view.name}.hpp").write_text(view.body)
                Path(f"{view.name}_top.cpp").write_text(view.top)
                run_hls.write_vectors(self.core, Path())
            if stage.name == "ooc" and Path("ip.zip").exists():
                pass  # unpacked by the run
            if stage.name == "package":
                description = json.loads(Path("job.json").read_text())
                self._job = run_stitch.StitchJob.from_description(description, run_stitch.placed(Path("fit.json")))
                run_stitch.write_memories(self._job.memories)
                Path("package.tcl").write_text(packaging_scripts.packaging_script(self._job))
                Path("design.tcl").write_text(stitch_scripts.design_script(self._job))
                Path("kernel.tcl").write_text(packaging_scripts.kernel_script(self._job))
            if stage.name == "link":
                plan = json.loads(Path("plan.json").read_text())
                fit = run_link.Fit.from_description(json.loads(Path("fit.json").read_text()))
                self._link_job = run_link.prepare(plan, fit)
        good = self.folder / f"{stage.name}-good"
        shutil.copytree(place, good)
        with self.within(good):
            stage.judge()
        self.good[stage.name] = digest(good, stage.makes)
        assert self.good[stage.name]

    @contextlib.contextmanager
    def within(self, place: Path) -> Iterator[None]:
        """In a folder, with the tools."""
        before, kept = Path.cwd(), dict(os.environ)
        os.environ.update(dict(self.step("ooc").private))
        os.chdir(place)
        try:
            yield
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(kept)

    def outcome(self, stage: Stage, mutation: Mutation) -> str:
        """Where the mistake was refused and why; `same` if it changes nothing; empty if it went through."""
        place = self.work / "mutated"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder / stage.name, place)
        script = place / stage.script
        script.write_text(mutation.apply(script.read_text()))
        try:
            with self.within(place):
                stage.judge()
        except REFUSALS as refusal:
            return f"{stage.name}: {refusal}"
        made = digest(place, stage.makes)
        if made == self.good[stage.name]:
            return "same"
        return self._rest(stage.name, place)

    def _rest(self, name: str, place: Path) -> str:
        """Go on with what a stage has made."""
        order = [each for each in self.stages if each != "hls"]
        if name == "hls":
            following = "ooc"
        elif name == order[-1]:
            return ""
        else:
            following = order[order.index(name) + 1]
        stage = self.stages[following]
        after = self.work / f"then-{following}"
        shutil.rmtree(after, ignore_errors=True)
        if following in ("design", "kernel"):
            place.rename(after)
        else:
            shutil.copytree(self.folder / following, after)
        core, kernel = self.core.name, self.toolchain.job.kernel.name
        if following == "ooc":
            run_hls.pack_folder(place / "project/solution/impl/ip", after / "ip.zip")
        if following == "package":
            for end in (".dcp", "_stub.v"):
                shutil.copyfile(place / f"{core}{end}", after / f"{core}{end}")
        if following == "link":
            shutil.copyfile(place / f"{kernel}.xo", after / f"{kernel}.xo")
        try:
            with self.within(after):
                stage.judge()
        except REFUSALS as refusal:
            return f"{following}: {refusal}"
        return self._rest(following, after)
