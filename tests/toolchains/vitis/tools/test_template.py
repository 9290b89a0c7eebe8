"""Tcl files with places for values: how they are filled, that they are Tcl, and which steps have them as inputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blocks.network import find_network
from farm.step import File, Step, Text
from toolchains.vitis.render_scripts import toolchain_for
from toolchains.vitis.tools import template
from toolchains.vitis.tools.template import render

ROOT = Path(__file__).resolve().parents[4]
FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "toolchains").rglob("*.tcl"))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(template, "_ROOT", tmp_path)
    template.read.cache_clear()
    return tmp_path / "a.tcl"


def test_words_and_lines_by_hand(file: Path) -> None:
    file.write_text("set a @core\nread @{core}_top {$x}\n@{more}\nputs @\nmail a@@core\n")
    values = {"core": "k", "more": ["one", "  two @core"]}
    assert render("a.tcl", values) == "set a k\nread k_top {$x}\none\n  two @core\nputs @\nmail a@k\n"


def test_no_lines_leave_no_line(file: Path) -> None:
    file.write_text("a\n@{more}\nb\n")
    assert render("a.tcl", {"more": ()}) == "a\nb\n"


@pytest.mark.parametrize("values", [{}, {"core": "k", "other": "x"}])
def test_a_value_too_few_or_too_many_is_refused(file: Path, values: dict[str, str]) -> None:
    file.write_text("set a @core\n")
    with pytest.raises(ValueError, match=r"a\.tcl.*: (core|other)$"):
        render("a.tcl", values)


@pytest.mark.parametrize("path", FILES)
def test_every_file_is_tcl(path: str) -> None:
    tkinter = pytest.importorskip("tkinter")
    text = (ROOT / path).read_text("utf-8")
    tcl = tkinter.Tcl()
    assert tcl.call("info", "complete", text)
    assert not tcl.call("info", "complete", text + "{"), "an open brace is seen"


RENDERED = {
    "netlist ipi": """
from toolchains.vitis.stitch.block_design import design_script
from toolchains.vitis.stitch.packaging import packaging_script
design_script(job); packaging_script(job)
""",
    "netlist structural": """
from toolchains.vitis.stitch.structural import structural_script
structural_script(job)
""",
    "stitch": """
from toolchains.vitis.stitch.contents import contents_script
from toolchains.vitis.stitch.packaging import kernel_script
contents_script(job); kernel_script(job)
""",
}
JOB = """
import json
from toolchains.vitis.stitch.job import StitchJob
from toolchains.vitis.tools.template import read
job = StitchJob.from_description(json.loads(open("job.json").read()), {})
"""


def step_of(name: str) -> Step:
    network = find_network("digits")
    task, _, style = name.partition(" ")
    toolchain = toolchain_for(network, "2022.2", "rtl", style or "ipi")
    return toolchain.step(task)


def lay_out(step: Step, folder: Path) -> list[str]:
    """Put the inputs that the checkout has into a folder, and return those of them that are Tcl."""
    for item in step.inputs:
        place = folder / item.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(item, Text):
            place.write_text(item.content)
        elif isinstance(item, File) and (ROOT / item.source).is_file():
            place.write_bytes((ROOT / item.source).read_bytes())
    return [item.path for item in step.inputs if isinstance(item, File) and item.path.endswith(".tcl")]


def run(code: str, folder: Path) -> int:
    """Run code in the folder and return how many files it has rendered."""
    environment = {"PYTHONPATH": str(folder)}
    more = "\nprint(read.cache_info().currsize)"
    done = subprocess.run(
        [sys.executable, "-c", code + more], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("name", list(RENDERED))
def test_a_step_has_the_files_that_its_program_renders_and_no_other(name: str, tmp_path: Path) -> None:
    declared = lay_out(step_of(name), tmp_path)
    assert run(JOB + RENDERED[name], tmp_path) == len(declared) > 0


def test_the_link_has_the_file_that_its_program_renders(tmp_path: Path) -> None:
    declared = lay_out(toolchain_for(find_network("digits"), "2022.2", "rtl").step("link"), tmp_path)
    code = """
import types
from integration.platform import Shell
from toolchains.vitis.link.floorplan import floorplan_script
from toolchains.vitis.link.plan import VppPlan
import json
from toolchains.vitis.tools.template import read
plan = VppPlan.from_description(json.loads(open("vpp.json").read()), {})
floorplan_script(plan.stitched, types.SimpleNamespace(blocks=()), plan.shell)
"""
    assert run(code, tmp_path) == len(declared) == 1
