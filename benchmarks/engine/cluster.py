"""What a cluster costs the farm: a stage, many jobs in flight, a large plan.

`python -m benchmarks.engine.cluster` starts a Slurm of two nodes on this host, prints one table, and ends with 1 if a
limit is missed. It needs what `.ci/run` installs. `--only NAME` measures one line: stage, store, srun, fake or plan.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.engine import remote_server
from benchmarks.engine.graphs import ROOT, CopyGraph

_STAGES, _ROUNDS = 5, 3
_SRUN, _FAKE, _PLANNED = 200, 2000, 10_000
_TICKS = os.sysconf("SC_CLK_TCK")
# Waits, and then leaves what a node leaves: two thousand interpreters would not fit into this machine.
_FAKE_CLIENT = r"""
for last; do :; done
folder=${last%/*}
sleep SECONDS
token=$(sed -n 's/.*"token": "\([0-9a-f]*\)".*/\1/p' "$last")
printf x > "$folder/work/out"
printf '{"status": 0, "stopped": 0, "errno": 0, "wall_s": 1.0, "cpu_s": 0.0, "largest_process_bytes": 0, %s}' \
  '"sampled_tree_bytes": 0, "leftovers": 0, "oom_kills": 0, "log_bytes": 0' > "$folder/ended.json"
printf '{"status": 0, "stopped": 0, "problem": "", "token": "%s"}' "$token" > "$folder/finished.new"
mv "$folder/finished.new" "$folder/finished.json"
"""
_WAITING = """
from config.settings import command_line_words, load_settings
from farm.redaction import NOTHING_PRIVATE
from farm.settings import FarmSettings
from farm.step import File, Output, Resources, Step
from farm.tasks import doit_config, task
from pathlib import Path

SETTINGS = load_settings(Path.cwd(), {"farm": FarmSettings})
DOIT_CONFIG = doit_config("build/main", settings=SETTINGS, redaction=NOTHING_PRIVATE)

def task_wait():
    for n in range(COUNT):
        yield task(
            Step(f"wait:{n}", ("sleep", "SECONDS", str(n)) if n < 0 else ("sh", "in", str(n)),
                 (File("in", "wait.sh"),), (Output("out", f"build/{n}"),), log=f"build/{n}.log",
                 resources=Resources(1, 0.05)),
            doc="waits")

def task_build():
    return {"actions": None, "task_dep": ["wait"]}
"""


def _project(folder: Path, settings: str) -> None:
    own = (ROOT / "pyproject.toml").read_text().partition("[tool.doit")[2].partition("[tool.pytest")[0]
    (folder / "pyproject.toml").write_text("[tool.doit" + own)
    (folder / "farm.local.yaml").write_text(settings)


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **more, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}


def _doit(folder: Path, more: dict[str, str], *words: str) -> tuple[float, float]:
    """Run doit; return wall and CPU seconds. Raises CalledProcessError."""
    before, begun_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "doit", *words], cwd=folder, env=_environment(folder, more), check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begun_s, cpu_s


def stage(cluster: Any) -> tuple[str, bool]:
    """Compare a chain of steps here and on the cluster."""
    return _compared(cluster, "a stage on the cluster, more than local", {"executor": "slurm"})


def store(cluster: Any) -> tuple[str, bool]:
    """Compare a chain of steps here and on the cluster, through a store."""
    with tempfile.TemporaryDirectory() as name, remote_server.nginx(Path(name) / "nginx") as server:
        settings = {"executor": "slurm", "transport": "store", "remote": f"'{server.url}'", "remote_writes": "objects"}
        return _compared(cluster, "a stage there through nginx, more than local", settings)


def _compared(cluster: Any, title: str, settings: dict[str, str]) -> tuple[str, bool]:
    seconds: dict[str, list[float]] = {"local": [], "elsewhere": []}
    for _ in range(_ROUNDS):
        for place, found in seconds.items():
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                CopyGraph(_STAGES, _STAGES).write_farm(folder)
                text = (folder / "dodo.py").read_text()
                load = 'load_settings(Path.cwd(), {"farm": FarmSettings})'
                text = text.replace("Settings.defaults()", load).replace("import Settings", "import load_settings")
                (folder / "dodo.py").write_text(
                    f"from pathlib import Path\nfrom farm.settings import FarmSettings\n{text}"
                )
                chosen = {"executor": "local"} if place == "local" else settings
                written = ", ".join(f"{key}: {value}" for key, value in chosen.items())
                _project(folder, f"farm: {{{written}}}\n")
                found.append(_doit(folder, cluster.environment, "build")[0])
    more_s = (statistics.median(seconds["elsewhere"]) - statistics.median(seconds["local"])) / _STAGES
    return f"{title:<46}{more_s:8.2f} s      (limit 2 s)", more_s <= 2.0


def _in_flight(
    folder: Path, more: dict[str, str], count: int, seconds: int, title: str, *, waits: bool
) -> tuple[str, bool]:
    """Build steps that all wait; measure the farm's own process while all are in flight, its clients apart.

    `waits` for the end of the build, too.
    """
    (folder / "wait.sh").write_text(f"sleep {seconds}; printf x > out\n")
    (folder / "dodo.py").write_text(_WAITING.replace("COUNT", str(count)).replace("SECONDS", str(seconds)))
    farm = subprocess.Popen(
        [sys.executable, "-m", "doit", "-n", "1", "build"], cwd=folder, env=_environment(folder, more),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    jobs = folder / "build/.farm/jobs"
    while farm.poll() is None and not (jobs.is_dir() and sum(1 for _ in jobs.glob("*/job.json")) >= count):
        time.sleep(1.0)
    time.sleep(5.0)
    begun_s, before = time.monotonic(), _cpu_s(farm.pid)
    time.sleep(20.0)
    share = (_cpu_s(farm.pid) - before) / (time.monotonic() - begun_s)
    fields = dict(line.split(":\t") for line in Path(f"/proc/{farm.pid}/status").read_text().splitlines())
    memory_mb = int(fields["VmHWM"].split()[0]) / 1000
    if waits:
        good = farm.wait() == 0
    else:
        farm.terminate()
        good = farm.wait() in (0, 143)
    line = (
        f"{title:<43}  {share:8.1%} core, {memory_mb:.0f} MB at most  (limits 5 %, 300 MB){'' if good else ' FAILED'}"
    )
    return line, good and share < 0.05 and memory_mb < 300


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def srun(cluster: Any) -> tuple[str, bool]:
    """Have many jobs wait in Slurm's queue, and four of them run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _project(folder, f"farm: {{executor: slurm, in_flight: {_SRUN}}}\n")
        return _in_flight(folder, cluster.environment, _SRUN, 3, f"{_SRUN} steps in flight with srun", waits=True)


def fake(cluster: Any) -> tuple[str, bool]:
    """Have many more in the hands of an engine that only waits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        client = folder / "client.sh"
        client.write_text(_FAKE_CLIENT.replace("SECONDS", "1800"))
        _project(
            folder,
            f"farm:\n  executor: command\n  in_flight: {_FAKE}\n  command:\n"
            f"    submit: sh {client} {{name}} {{cores}} {{memory_mb}}\n"
            "    alive: ls build/.farm/jobs\n    clear: 'true {name}'\n",
        )
        return _in_flight(folder, {}, _FAKE, 1, f"{_FAKE} steps in flight with a fake engine", waits=False)


def plan(cluster: Any) -> tuple[str, bool]:
    """Plan a large graph whose steps would all go to the cluster."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _project(folder, "farm: {executor: slurm}\n")
        (folder / "wait.sh").write_text("true\n")
        (folder / "dodo.py").write_text(_WAITING.replace("COUNT", str(_PLANNED)))
        found = [_doit(folder, cluster.environment, "plan") for _ in range(_ROUNDS)]
    wall_s, cpu_s = (min(values) for values in zip(*found, strict=True))
    line = f"{_PLANNED} tasks planned                        {wall_s:8.2f} s wall, {cpu_s:.2f} s CPU  (limit 3 s)"
    return line, cpu_s <= 3.0


_LINES: dict[str, Callable[[Any], tuple[str, bool]]] = {
    "stage": stage,
    "store": store,
    "srun": srun,
    "fake": fake,
    "plan": plan,
}


@contextmanager
def _cluster() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "tests/helpers/clusters"))
    from slurm_cluster import Cluster  # type: ignore[import-not-found]  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        made = Cluster(Path(name))
        try:
            made.start()
            yield made
        finally:
            made.stop()


def main(words: list[str]) -> int:
    """Print the table; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(_LINES))
    only = parser.parse_args(words).only
    status = 0
    with _cluster() as cluster:
        for name, measure in _LINES.items():
            if only in (None, name):
                line, good = measure(cluster)
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
                status |= not good
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
