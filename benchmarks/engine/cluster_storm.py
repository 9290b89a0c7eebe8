"""A storm on a cluster and a team's store together: `python -m benchmarks.engine.cluster_storm --faults 200`.

A real Slurm of two nodes on this host, which see nothing of the checkout, and a real nginx behind a proxy that
misbehaves. Nodes are killed, the controller is restarted, jobs are cancelled, the farm is killed, nginx is stopped, and
answers of the store are garbage, cut off, swapped or missing. A build is started again until it ends well. Then every
target is right, and the tools' own marks tell that no step ran twice at once, and none again without a reason that
the farm has told. The last line has the number of faults; the status is 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import FAULTS, FolderFiles, Forwarding, Handler, Nginx
from benchmarks.engine.remote_storm import GRAPH, PYPROJECT, BrokenPromiseError, expected

ROOT = Path(__file__).resolve().parents[2]
#: What the store does wrong, and how likely a request meets it.
_OF_STORE = ("garbage", "truncated", "swapped", "closed", "status 503", "a page")
_LIKELY = 0.05
_NODES = ("m1", "m2")
#: Seconds between two faults of the cluster, for how long a part of it is away, and for one build with its faults.
_PAUSE_S, _AWAY_S, _BUILD_S = (0.5, 3.0), (0.3, 4.0), 900.0
_BUILDS = 60

_DODO = """\
import sys
from pathlib import Path
from config.settings import command_line_words, load_settings
from farm.redaction import NOTHING_PRIVATE
from farm.settings import FarmSettings
from farm.step import File, Output, Resources, Step, Text
from farm.tasks import doit_config, task

SETTINGS = load_settings(Path.cwd(), {"farm": FarmSettings}, command_line_words(sys.argv[1:]))
DOIT_CONFIG = doit_config("build", default_tasks=["step:end"], settings=SETTINGS, redaction=NOTHING_PRIVATE)
GRAPH = @GRAPH@
CODE = '''
import os, sys, time
name, *inputs = sys.argv[1:]
def mark(word):
    with open("@MARKS@", "a") as marks:
        marks.write(f"{word} {name} {os.getpid()}\\\\n")
mark("begin")
time.sleep(0.2 + len(name) * 0.3)
with open("out", "w") as out:
    out.write(f"{name}(" + "".join(open(one).read() for one in inputs) + ")")
mark("end")
'''

def task_step():
    for name, inputs in GRAPH.items():
        files = tuple(File(one, one if one == "source" else f"build/{one}") for one in inputs)
        yield task(
            Step(f"step:{name}", ("{python}", "code.py", name, *inputs), (Text("code.py", CODE), *files),
                 (Output("out", f"build/{name}"),), f"build/{name}.log", resources=Resources(1, 0.1)),
            doc=name)
"""


class Storm:
    """A checkout, a cluster and a store."""

    def __init__(self, folder: Path, cluster: Any, nginx: Nginx, seed: int) -> None:
        self._random = random.Random(seed)
        self._cluster = cluster
        self._nginx = nginx
        self._checkout = folder / "hidden/checkout"
        self._marks = folder / "marks"
        self._away: list[tuple[float, Callable[[], None]]] = []
        self.counts: Counter[str] = Counter()
        self.builds = self.rounds = self.steps = 0
        self.rages = False
        own = folder / "own"
        (own / "tmp").mkdir(parents=True)
        self._environment = {
            **cluster.environment, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(own), "XDG_DATA_HOME": str(own),
            "TMPDIR": str(own / "tmp"),
        }  # fmt: skip

    def prepare(self, url: str) -> None:
        """Write the checkout."""
        self._checkout.mkdir(parents=True)
        (self._checkout / "pyproject.toml").write_text(PYPROJECT)
        dodo = _DODO.replace("@GRAPH@", repr(GRAPH)).replace("@MARKS@", str(self._marks))
        (self._checkout / "dodo.py").write_text(dodo)
        (self._checkout / "farm.local.yaml").write_text(
            f"farm: {{executor: slurm, transport: store, remote: '{url}', remote_writes: objects}}\n"
        )

    def run(self, faults: int) -> None:
        """Build until so many faults were injected. Raises BrokenPromiseError."""
        while sum(self.counts.values()) < faults:
            self.rounds += 1
            self._marks.write_text("")
            source = f"round {self.rounds}"
            (self._checkout / "source").write_text(source)
            output = self._build_until_good()
            self._check(source, output)
            print(f"round {self.rounds}: {sum(self.counts.values())} faults, {self.builds} builds", flush=True)

    def _build_until_good(self) -> str:
        """Build in the storm, again and again; return all that was printed."""
        output, until_s = "", time.monotonic() + _BUILD_S
        for _ in range(_BUILDS):
            self.builds += 1
            with tempfile.TemporaryFile("w+") as printed:
                farm = subprocess.Popen(
                    [sys.executable, "-m", "doit", "run", "--continue"], cwd=self._checkout, env=self._environment,
                    stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
                self.rages = True
                try:
                    self._rage(farm, until_s)
                finally:
                    self.rages = False
                    self._mend_all()
                    if farm.poll() is None:
                        farm.kill()
                    status = farm.wait()
                printed.seek(0)
                output += printed.read()
            if status == 0:
                return output
            if time.monotonic() > until_s:
                break
        raise BrokenPromiseError(f"the build does not come to its end:\n{output[-6000:]}")

    def _rage(self, farm: subprocess.Popen[bytes], until_s: float) -> None:
        """Injure the cluster until the farm has ended."""
        next_s = time.monotonic() + self._random.uniform(*_PAUSE_S)
        while farm.poll() is None and time.monotonic() < until_s:
            now_s = time.monotonic()
            for due_s, mend in [one for one in self._away if one[0] <= now_s]:
                self._away.remove((due_s, mend))
                mend()
            # In the last minute of a round everything is left in peace.
            if now_s >= next_s and until_s - now_s > _BUILD_S / 3:
                self._injure(farm)
                next_s = now_s + self._random.uniform(*_PAUSE_S)
            time.sleep(0.05)

    def _injure(self, farm: subprocess.Popen[bytes]) -> None:
        if self._away:
            return
        kind = self._random.choice(("node killed", "controller restarted", "scancel", "farm killed", "nginx stopped"))
        if kind == "node killed":
            node = self._random.choice(_NODES)
            self._cluster.fail_node(node)
            self._later(lambda: self._cluster.start_node(node))
        elif kind == "controller restarted":
            self._cluster.stop_controller()
            self._later(self._cluster.start_controller)
        elif kind == "nginx stopped":
            self._nginx.stop()
            self._later(self._nginx.start)
        elif kind == "farm killed":
            farm.send_signal(signal.SIGKILL)
        else:
            with contextlib.suppress(subprocess.SubprocessError):
                jobs = [line.split()[0] for line in self._cluster.running()]
                if not jobs:
                    return
                self._cluster.ask("scancel", self._random.choice(jobs))
        self.counts[kind] += 1

    def _later(self, mend: Callable[[], None]) -> None:
        self._away.append((time.monotonic() + self._random.uniform(*_AWAY_S), mend))

    def _mend_all(self) -> None:
        for _, mend in self._away:
            mend()
        self._away.clear()

    def strike(self, handler: Handler) -> bool:
        """Let a request of the store go wrong, or not."""
        if not self.rages or self._random.random() > _LIKELY:
            return False
        if isinstance(handler, Forwarding) and handler.command == "PUT" and self._random.random() < 0.5:
            handler.forward(answers=False)
            kind, struck = "no answer to a file", True
        else:
            kind = self._random.choice(_OF_STORE)
            struck = FAULTS[kind](handler)
        if struck:
            handler.close_connection = True
            self.counts[kind] += 1
        return struck

    def _check(self, source: str, output: str) -> None:
        """Raise BrokenPromiseError for a wrong target, two runs at once, or a run without a reason."""
        for name in GRAPH:
            self.steps += 1
            found = (self._checkout / "build" / name).read_text()
            if found != expected(name, source):
                raise BrokenPromiseError(f"{name} is wrong: {found}\n{output}")
        begun: dict[str, list[str]] = {}
        ends: Counter[str] = Counter()
        for line in self._marks.read_text().splitlines():
            word, name, pid = line.split()
            if word == "begin":
                begun.setdefault(name, []).append(pid)
            elif begun[name][-1] != pid:
                raise BrokenPromiseError(f"{name} ran twice at once:\n{self._marks.read_text()}\n{output}")
            else:
                ends[name] += 1
        for name in GRAPH:
            # Each further run follows from a fault that the farm has told: the node, the job or a file was lost.
            told = len(re.findall(rf"^  (?:again  |FAILED ) step:{name} ", output, re.MULTILINE))
            if not ends[name] or ends[name] > 1 + told:
                raise BrokenPromiseError(f"{name} ran {ends[name]} times, {told} faults told:\n{output}")


def storm(folder: Path, faults: int, seed: int) -> list[str]:
    """Run a storm in a folder and return what to print. Raises BrokenPromiseError."""
    sys.path[:0] = [str(ROOT / "tests/helpers/clusters"), str(ROOT / "tests/helpers")]
    from slurm_cluster import Cluster  # type: ignore[import-not-found]  # noqa: PLC0415 - a helper of the tests

    begun_s = time.monotonic()
    cluster = Cluster(folder / "slurm")
    (folder / "slurm").mkdir()
    (folder / "hidden").mkdir()
    with remote_server.nginx(folder / "nginx") as nginx, remote_server.faulty(Forwarding) as server:
        server.files, server.behind = FolderFiles(nginx.store), nginx
        found = Storm(folder, cluster, nginx, seed)
        found.prepare(server.url)
        try:
            cluster.start()
            with cluster.hidden(folder / "hidden"):
                server.fault = found.strike
                found.run(faults)
        finally:
            cluster.stop()
    took_s = time.monotonic() - begun_s
    kinds = [f"{count:>5}  {kind}" for kind, count in sorted(found.counts.items())]
    return [
        *kinds,
        f"{sum(found.counts.values())} faults of {len(kinds)} kinds on cluster and store, {found.steps} steps in "
        f"{found.builds} builds: none lost, none wrong, none run twice (seed {seed}, {took_s:.0f} s)",
    ]


def main() -> int:
    """Print the figures. Returns 0, or 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        try:
            print("\n".join(storm(Path(name), given.faults, given.seed)))
        except BrokenPromiseError as problem:
            print(problem)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
