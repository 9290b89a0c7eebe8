"""The same graph of small copying steps, written for the farm, stock doit, ninja and Snakemake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FARM = """\
from config.settings import Settings
from farm.redaction import NOTHING_PRIVATE
from farm.step import File, Output, Step
from farm.tasks import doit_config, task

TASKS, DEPTH = {tasks}, {depth}
DOIT_CONFIG = doit_config("build/main", settings=Settings.defaults(), redaction=NOTHING_PRIVATE)

def task_copy():
    for number in range(TASKS):
        column, row = divmod(number, DEPTH)
        source = f"build/{{number - 1}}.txt" if row else f"sources/{{column}}.txt"
        yield task(
            Step(f"copy:{{number}}", ("cp", "in", "out"), (File("in", source),),
                 (Output("out", f"build/{{number}}.txt"),), log=f"build/{{number}}.log"),
            doc="a copy")

def task_build():
    return {{"actions": None, "task_dep": ["copy"]}}
"""

_DOIT = """\
TASKS, DEPTH = {tasks}, {depth}
DOIT_CONFIG = {{"default_tasks": ["copy"]}}

def task_copy():
    for number in range(TASKS):
        column, row = divmod(number, DEPTH)
        source = f"build/{{number - 1}}.txt" if row else f"sources/{{column}}.txt"
        yield {{"name": str(number), "actions": [["cp", source, f"build/{{number}}.txt"]],
               "file_dep": [source], "targets": [f"build/{{number}}.txt"]}}
"""

_SNAKEMAKE = """\
TASKS, DEPTH = {tasks}, {depth}
rule all:
    input: expand("build/{{n}}.txt", n=range(TASKS))
def source(wildcards):
    number = int(wildcards.n)
    column, row = divmod(number, DEPTH)
    return f"build/{{number - 1}}.txt" if row else f"sources/{{column}}.txt"
rule copy:
    input: source
    output: "build/{{n}}.txt"
    shell: "cp {{input}} {{output}}"
"""


@dataclass(frozen=True)
class CopyGraph:
    """`tasks` steps in chains of `depth`. Each copies a few bytes; the first of a chain copies a source file."""

    tasks: int
    depth: int = 5

    def write_sources(self, folder: Path) -> None:
        """Write the source files, one per chain."""
        (folder / "sources").mkdir(parents=True)
        (folder / "build").mkdir()
        for column in range(-(-self.tasks // self.depth)):
            (folder / f"sources/{column}.txt").write_text(f"{column}\n")

    def write_farm(self, folder: Path) -> None:
        """Write dodo.py, and the part of pyproject.toml that doit reads."""
        self.write_sources(folder)
        (folder / "dodo.py").write_text(_FARM.format(tasks=self.tasks, depth=self.depth))
        own = (ROOT / "pyproject.toml").read_text().partition("[tool.doit")[2].partition("[tool.pytest")[0]
        (folder / "pyproject.toml").write_text("[tool.doit" + own)

    def write_doit(self, folder: Path) -> None:
        """Write dodo.py."""
        self.write_sources(folder)
        (folder / "dodo.py").write_text(_DOIT.format(tasks=self.tasks, depth=self.depth))

    def write_ninja(self, folder: Path) -> None:
        """Write build.ninja."""
        self.write_sources(folder)
        lines = ["rule cp", "  command = cp $in $out"]
        for number in range(self.tasks):
            column, row = divmod(number, self.depth)
            source = f"build/{number - 1}.txt" if row else f"sources/{column}.txt"
            lines.append(f"build build/{number}.txt: cp {source}")
        (folder / "build.ninja").write_text("\n".join(lines) + "\n")

    def write_snakemake(self, folder: Path) -> None:
        """Write Snakefile."""
        self.write_sources(folder)
        (folder / "Snakefile").write_text(_SNAKEMAKE.format(tasks=self.tasks, depth=self.depth))
