"""The checkout that a storm of faults builds in: eight steps of a small tool, and what every target has to hold."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("s0", "s1", "s2")
#: Each step's inputs: sources, or targets of other steps.
GRAPH = {
    "a0": ("s0",),
    "a1": ("s1",),
    "a2": ("s2",),
    "b0": ("a0", "a1"),
    "b1": ("a1", "a2"),
    "b2": ("s0", "s2"),
    "c0": ("b0", "b1"),
    "end": ("c0", "b2"),
}
END = "END\n"

_PYPROJECT = """\
[tool.doit.plugins.command]
run = "farm.commands.run:Run"
[tool.doit.plugins.backend]
farm = "farm.database:Journal"
"""

# The tool says that it runs, writes half, leaves a child in a session of its own running, and writes the rest. It ends
# at the first write that fails: a tool that goes on after one, and says that all is well, no engine can see through.
_TOOL = """\
set -e
name=$1 seconds=$2 told=/$3
shift 3
echo "$name" >> "$told"
printf '%s' "$name(" > out
setsid sleep 300 &
sleep "$seconds"
comma=
for path; do
  text=$(cat "$path")
  printf '%s' "$comma${text%END}" >> out
  comma=,
done
echo ")END" >> out
"""

_DODO = """\
import os, random
from config.settings import Settings
from farm import clock
from farm.redaction import NOTHING_PRIVATE
from farm.step import File, Output, Step
from farm.tasks import doit_config, task

DOIT_CONFIG = doit_config(
    "build/main", settings=Settings.defaults(), redaction=NOTHING_PRIVATE, default_tasks=["end"]
)
GRAPH = {graph!r}
if os.environ.get("CLOCK_JUMPS"):
    chance, late, true_s = random.Random(os.environ["CLOCK_JUMPS"]), [0.0], clock.monotonic_s
    def monotonic_s():
        late[0] += chance.choice([0, 0, 0, 3600.0])
        return true_s() + late[0]
    clock.monotonic_s = monotonic_s
    clock.epoch_ns = lambda: chance.randrange(4 * 10**18)

def source(name):
    return f"build/{{name}}" if name in GRAPH else name

def make(name, needed):
    def create():
        inputs = (File("tool.sh", "tool.sh"), *(File(one, source(one)) for one in needed))
        # No step may name an absolute path, so the tool gets there from the root.
        argv = ("sh", "tool.sh", name, "{seconds}", os.path.relpath({told!r}, "/"), *needed)
        yield task(Step(name, argv, inputs, (Output("out", f"build/{{name}}"),), log=f"build/{{name}}.log"), doc="x")
    return create

for name, needed in GRAPH.items():
    globals()[f"task_{{name}}"] = make(name, needed)
"""


class Project:
    """A checkout of the storm."""

    def __init__(self, folder: Path, cache: Path, told: Path, seconds: float) -> None:
        self.folder = folder
        self.cache = cache
        self.told = told
        folder.mkdir(parents=True)
        told.touch()
        (folder / "pyproject.toml").write_text(_PYPROJECT)
        (folder / "tool.sh").write_text(_TOOL)
        (folder / "dodo.py").write_text(_DODO.format(graph=GRAPH, told=str(told), seconds=seconds))
        for name in SOURCES:
            self.edit(name, name)

    def edit(self, name: str, text: str) -> None:
        """Give a source another text."""
        (self.folder / name).write_text(text + END)

    def expected(self, name: str) -> str:
        """Return what a target, or a source, has to hold."""
        return self._text(name) + END

    def _text(self, name: str) -> str:
        if name in SOURCES:
            return (self.folder / name).read_text()[: -len(END)]
        return f"{name}({','.join(self._text(one) for one in GRAPH[name])})"

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start doit; `more` are environment variables."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(self.cache), **more}
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def recorded(self) -> dict[str, str]:
        """Return the keys of the steps that have a record."""
        return {name: record["key"] for name, record in self._records().items()}

    def meanings(self) -> dict[str, str]:
        """Return the meaning digests of the steps' outputs by their records."""
        return {name: record["outputs"][f"build/{name}"]["meaning"] for name, record in self._records().items()}

    def _records(self) -> dict[str, Any]:
        found = {}
        for path in (self.folder / "build/.farm/records/build").glob("*.json"):
            # A killed farm may have left a file of another name beside the whole ones.
            # What somebody has planted may be anything, also a pipe.
            if not path.name.startswith(".") and path.is_file():
                with contextlib.suppress(ValueError, RecursionError):
                    record = json.loads(path.read_text())
                    if isinstance(record, dict) and "key" in record:
                        found[path.stem] = record
        return found

    def runs(self) -> list[str]:
        """Return the names of all steps that have been started, in order."""
        return self.told.read_text().split()

    def processes(self) -> list[int]:
        """Return all processes that run in the checkout or have their home in it."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    here = (entry / "cwd").readlink().is_relative_to(self.folder)
                    if here or f"HOME={self.folder}".encode() in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
        return found
