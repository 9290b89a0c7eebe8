"""A storm of faults on a team's store: farms build with a server that misbehaves at random.

Each build has to end well, with the right bytes, whatever the server does. When it behaves again, nothing is lost: the
next build sends what had not arrived, and another farm then builds nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import FAULTS, Faulty, Handler

ROOT = Path(__file__).resolve().parents[2]
#: Each step's inputs: the source, or targets of other steps.
GRAPH = {
    **{f"a{number}": ("source",) for number in range(5)},
    **{f"b{number}": (f"a{number}", f"a{number + 1}") for number in range(4)},
    "end": ("b0", "b1", "b2", "b3"),
}
#: How likely it is that a request goes wrong, in a storm and in its lulls.
_STORM, _LULL = 0.35, 0.08
_SPEEDS = (_STORM, _LULL, 0.02)

PYPROJECT = """\
[tool.doit.plugins.command]
run = "farm.commands.run:Run"
[tool.doit.plugins.backend]
farm = "farm.database:Journal"
"""
_DODO = """\
import sys
from pathlib import Path
from config.settings import command_line_words, load_settings
from farm.redaction import NOTHING_PRIVATE
from farm.settings import FarmSettings
from farm.step import File, Output, Step, Text
from farm.tasks import doit_config, task

SETTINGS = load_settings(Path.cwd(), {"farm": FarmSettings}, command_line_words(sys.argv[1:]))
DOIT_CONFIG = doit_config("build", default_tasks=["step:end"], settings=SETTINGS, redaction=NOTHING_PRIVATE)
GRAPH = @GRAPH@

def task_step():
    for name, inputs in GRAPH.items():
        files = tuple(File(one, one if one == "source" else f"build/{one}") for one in inputs)
        words = ("sh", "join", name, *inputs)
        script = Text("join", 'name=$1; shift; { printf "%s(" "$name"; cat "$@"; printf ")"; } > out')
        step = Step(f"step:{name}", words, (script, *files), (Output("out", f"build/{name}"),), f"build/{name}.log")
        yield task(step, doc=name)
""".replace("@GRAPH@", repr(GRAPH))


class BrokenPromiseError(Exception):
    """What the storm has found: a lost result, a wrong one, or a build that failed."""


def expected(name: str, source: str) -> str:
    """Return the content of a target."""
    return source if name == "source" else f"{name}({''.join(expected(one, source) for one in GRAPH[name])})"


class Machine:
    """A checkout and a store on a machine of its own."""

    def __init__(self, folder: Path, url: str, writes: str) -> None:
        self.folder = folder
        self._checkout = folder / "checkout"
        self._checkout.mkdir(parents=True)
        (self._checkout / "pyproject.toml").write_text(PYPROJECT)
        (self._checkout / "dodo.py").write_text(_DODO)
        (self._checkout / "farm.local.yaml").write_text(f"farm: {{remote: '{url}', remote_writes: {writes}}}\n")

    def forget(self) -> None:
        """Forget all that was ever built."""
        shutil.rmtree(self._checkout / "build", ignore_errors=True)
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    def build(self, source: str) -> str:
        """Build to the end and check every target; return what was printed."""
        (self._checkout / "source").write_text(source)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(self.folder / "cache")}
        words = [sys.executable, "-m", "doit"]
        done = subprocess.run(
            words, cwd=self._checkout, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        output = done.stdout + done.stderr
        if done.returncode:
            raise BrokenPromiseError(f"a build failed with status {done.returncode}:\n{output}")
        for name in GRAPH:
            if (self._checkout / "build" / name).read_text() != expected(name, source):
                raise BrokenPromiseError(f"{name} is wrong:\n{output}")
        if output.count("the remote store http") > 2:
            raise BrokenPromiseError(f"more than a sentence for each direction:\n{output}")
        return output


class Storm:
    """Two machines and a server between them."""

    def __init__(self, folder: Path, server: Faulty, seed: int) -> None:
        self._random = random.Random(seed)
        self._server = server
        self._writer = Machine(folder / "writer", server.url, "results")
        self._reader = Machine(folder / "reader", server.url, "nothing")
        self._speed = _STORM
        self.counts: Counter[str] = Counter()
        self.builds = 0

    def run(self, faults: int) -> None:
        """Build until so many faults were injected. Raises BrokenPromiseError."""
        rounds = 0
        while sum(self.counts.values()) < faults:
            rounds += 1
            source = f"round {rounds}"
            self._speed = _SPEEDS[rounds % len(_SPEEDS)]
            self._server.fault = self._strike
            self._writer.build(source)
            self._reader.forget()
            self._reader.build(source)
            self._server.fault = None
            self._writer.build(source)
            self._reader.forget()
            output = self._reader.build(source)
            self.builds += 4
            if f"0 run, {len(GRAPH)} restored" not in output:
                raise BrokenPromiseError(f"results were lost on their way to the store:\n{output}")

    def _strike(self, handler: Handler) -> bool:
        if self._random.random() > self._speed:
            return False
        kind = self._random.choice(sorted(FAULTS))
        if handler.command == "PUT" and self._random.random() < 0.5:
            # The file has arrived, and nobody hears of it.
            kind = "no answer to a file"
            handler.faulty.files[handler.path] = handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.close_connection = True
            self.counts[kind] += 1
            return True
        struck = FAULTS[kind](handler)
        if struck:
            handler.close_connection = True
            self.counts[kind] += 1
        return struck


def storm(folder: Path, faults: int, seed: int) -> list[str]:
    """Run a storm in a folder and return what to print. Raises BrokenPromiseError."""
    begun_s = time.monotonic()
    with remote_server.faulty() as server:
        found = Storm(folder, server, seed)
        found.run(faults)
    kinds = [f"{count:>5}  {kind}" for kind, count in sorted(found.counts.items())]
    total = sum(found.counts.values())
    return [
        *kinds,
        f"{total} faults of {len(kinds)} kinds on the remote store in {found.builds} builds: none lost, none wrong, "
        f"no build failed (seed {seed}, {time.monotonic() - begun_s:.0f} s)",
    ]
