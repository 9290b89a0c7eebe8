"""The checkout for a storm of faults: eight steps of a small tool, and the expected content of every target."""

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

#: What doit has to read in a project of the farm.
PYPROJECT = """\
[tool.doit.plugins.command]
run = "farm.commands.run:Run"
[tool.doit.plugins.backend]
farm = "farm.database:Journal"
"""

# The tool logs that it runs, writes half, leaves a child running in a separate session, and writes the rest. It stops
# at the first failed write: if a tool ignored that and reported success, no engine could notice.
_TOOL = """\
set -e
name=$1 seconds=$2 run_log=/$3
shift 3
echo "$name" >> "$run_log"
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
        # A step must not name an absolute path, so pass it relative to the root.
        argv = ("sh", "tool.sh", name, "{seconds}", os.path.relpath({run_log!r}, "/"), *needed)
        yield task(Step(name, argv, inputs, (Output("out", f"build/{{name}}"),), log=f"build/{{name}}.log"), doc="x")
    return create

for name, needed in GRAPH.items():
    globals()[f"task_{{name}}"] = make(name, needed)
"""


class Project:
    """One checkout of the storm. The tool logs its runs in the file `run_log`; a step takes `seconds`."""

    def __init__(self, folder: Path, cache: Path, run_log: Path, seconds: float) -> None:
        self.folder = folder
        self.cache = cache
        self.run_log = run_log
        folder.mkdir(parents=True)
        run_log.touch()
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "tool.sh").write_text(_TOOL)
        (folder / "dodo.py").write_text(_DODO.format(graph=GRAPH, run_log=str(run_log), seconds=seconds))
        for name in SOURCES:
            self.edit(name, name)

    def edit(self, name: str, text: str) -> None:
        """Replace the text of a source."""
        (self.folder / name).write_text(text + END)

    def expected(self, name: str) -> str:
        """Return the expected content of a target or a source."""
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
        """Return the meaning digests of the steps' outputs, from their records."""
        return {name: record["outputs"][f"build/{name}"]["meaning"] for name, record in self._records().items()}

    def _records(self) -> dict[str, Any]:
        found = {}
        for path in (self.folder / "build/.farm/records/build").glob("*.json"):
            # A killed farm may leave a temporary file beside the complete records.
            # A planted file may be anything, also a pipe.
            if not path.name.startswith(".") and path.is_file():
                with contextlib.suppress(ValueError, RecursionError):
                    record = json.loads(path.read_text())
                    if isinstance(record, dict) and "key" in record:
                        found[path.stem] = record
        return found

    def runs(self) -> list[str]:
        """Return the names of all steps that have been started, in order."""
        return self.run_log.read_text().split()

    def processes(self) -> list[int]:
        """Return the ids of all processes whose working directory or HOME is in the checkout."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    here = (entry / "cwd").readlink().is_relative_to(self.folder)
                    if here or f"HOME={self.folder}".encode() in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
        return found
