"""How long the engine blocks, and how much memory it takes, where a step or another user makes it hard.

    python -m benchmarks.engine.loop [--megabytes 600] [--unpacked-megabytes 1024]

Builds small projects in a folder of its own: one whose store somebody else has locked, one with a step that prints a
large log, and one with an archive that is large when it is unpacked. For each it prints how long the build took, how
long after SIGTERM it had ended, how long a small step beside it took, and the peak memory of the engine.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.storm_project import PYPROJECT

ROOT = Path(__file__).resolve().parents[2]

_DODO = """\
from config.settings import Settings
from farm.redaction import Redaction
from farm.step import File, Output, Step, Text
from farm.tasks import doit_config, task

DOIT_CONFIG = doit_config(
    "build/main", settings=Settings.defaults(), default_tasks=["hard", "beside"],
    redaction=Redaction(lambda text, log: text.replace("hannelore", "<user>")),
)

def python(name, code, *inputs):
    return Step(name, ("{python}", "code.py"), (Text("code.py", code), *inputs), (Output("out", f"build/{name}"),),
                log=f"build/{name}.log")

def task_beside():
    yield task(python("beside", "import time; time.sleep(1); open('out', 'w').write('1')"), doc="small, and beside it")

"""
_LOG = """
CODE = '''
line = "INFO: [Synth 8-7079] Multithreading enabled for synth_design by hannelore using a maximum of 4 processes.\\\\n"
import sys
for _ in range(BYTES // (1000 * len(line))):
    sys.stdout.write(line * 1000)
open("out", "w").write("1")
'''
def task_hard():
    yield task(python("hard", CODE.replace("BYTES", "{bytes}")), doc="prints a lot")
"""
_ARCHIVE = """
CODE = '''
import zipfile
with zipfile.ZipFile("out.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    with archive.open("zeros", "w", force_zip64=True) as one:
        for _ in range(BYTES >> 20):
            one.write(bytes(1 << 20))
'''
def task_hard():
    yield task(
        Step("hard", ("{python}", "code.py"), (Text("code.py", CODE.replace("BYTES", "{bytes}")),),
             (Output("out.zip", "build/hard.zip"),), log="build/hard.log"), doc="packs a lot")
"""
_SMALL = """
def task_hard():
    yield task(python("hard", "open('out', 'w').write('1')"), doc="needs the store")
"""


@dataclass(frozen=True)
class Measured:
    """Seconds, and MiB."""

    build_s: float
    beside_s: float | None
    peak_mib: float
    said: str


class Project:
    """A checkout with a store of its own."""

    def __init__(self, folder: Path, tasks: str, size: int) -> None:
        self.folder = folder / "checkout"
        self.cache = folder / "cache"
        self.folder.mkdir(parents=True)
        (self.folder / "pyproject.toml").write_text(PYPROJECT)
        (self.folder / "dodo.py").write_text(_DODO + tasks.replace("{bytes}", str(size)))

    def start(self) -> subprocess.Popen[str]:
        """Start a build in a process group of its own; the memory of the whole group is measured."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", "-n", "2"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(self.cache)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def measure(self) -> Measured:
        """Build to the end."""
        begun_s = time.monotonic()
        process = self.start()
        beside_s, peak = None, 0
        while process.poll() is None:
            peak = max(peak, _engine_bytes(process.pid))
            if beside_s is None and (self.folder / "build/beside").exists():
                beside_s = time.monotonic() - begun_s
            time.sleep(0.02)
        said = process.communicate()[0]
        return Measured(time.monotonic() - begun_s, beside_s, peak / 2**20, said)

    def stop(self) -> float:
        """Start a build, send SIGTERM just after the hard step's tool has ended; return the seconds until its end."""
        process = self.start()
        while not any(self.folder.glob("build/.farm/scratch/hard-*/ended.json")) and process.poll() is None:
            time.sleep(0.002)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        begun_s = time.monotonic()
        process.communicate()
        return time.monotonic() - begun_s


def _engine_bytes(pid: int) -> int:
    """Return the private memory of the engine and its own processes, without the tools."""
    total = 0
    for one in [pid, *_children(pid)]:
        try:
            command = Path(f"/proc/{one}/cmdline").read_bytes()
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        if b"shim.py" not in command and b"code.py" not in command:
            total += sum(int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _line(name: str, measured: Measured, stop_s: float) -> str:
    beside = "    -" if measured.beside_s is None else f"{measured.beside_s:5.1f}"
    return f"{name:<34} {measured.build_s:7.1f} s {beside} s {stop_s:7.2f} s {measured.peak_mib:7.0f} MiB"


def locked_store(folder: Path) -> str:
    """Measure with the store's lock held: the build waits half a minute for it, and goes on without the store."""
    project = Project(folder, _SMALL, 0)
    store = project.cache / "dataflow-farm"
    store.mkdir(parents=True, mode=0o700)
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stop_s = project.stop()
        measured = project.measure()
    named = f"process {os.getpid()}" in measured.said
    return f"{_line('store locked by another', measured, stop_s)}   holder named: {'yes' if named else 'NO'}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=600, help="size of the log")
    parser.add_argument("--unpacked-megabytes", type=int, default=1024, help="size of what is in the archive")
    options = parser.parse_args()
    sys.stdout.write(f"{'':<34} {'build':>9} {'beside':>7} {'SIGTERM':>9} {'engine':>11}\n")
    with tempfile.TemporaryDirectory(prefix="loop") as name:
        folder = Path(name)
        sys.stdout.write(f"{locked_store(folder / 'lock')}\n")
        for what, tasks, megabytes in (
            ("log of {} MB", _LOG, options.megabytes),
            ("archive of {} MB unpacked", _ARCHIVE, options.unpacked_megabytes),
        ):
            stop_s = Project(folder / f"stopped-{megabytes}", tasks, megabytes * 10**6).stop()
            measured = Project(folder / str(megabytes), tasks, megabytes * 10**6).measure()
            sys.stdout.write(f"{_line(what.format(megabytes), measured, stop_s)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
