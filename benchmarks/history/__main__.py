"""How long `doit history`, `doit diff` and the page take when the history has many builds.

    python -m benchmarks.history [--builds N] [--network NAME]

Enters N made-up builds of a network into a history in a temporary folder: each block has its amounts, and some change
from build to build. Prints the CPU and wall time of the index made anew, of each command as a whole, of the part of it
that answers, and of the page, with its size. The exit status is 1 if an answer takes more than 0.5 s of CPU, a page
more than 1 s, or a page has more than 400 kB.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blocks.network import find_network
from integration.context import BuildContext
from integration.estimate import leave_estimate
from integration.platform import find_platform

ROOT = Path(__file__).resolve().parents[2]
ANSWER_S, PAGE_S, PAGE_BYTES = 0.5, 1.0, 400_000
QUANTITIES = ("luts", "registers", "bram_tiles", "urams", "dsps", "ii_cycles", "latency_cycles", "logic_ns")


def entries(network: str, folder: str, builds: int) -> list[dict[str, Any]]:
    """Return made-up entries with the blocks of a network, an hour apart."""
    draw = random.Random(1)
    cores = {block: core.name for block, core in find_network(network).cores().items()}
    values = {
        block: {name: draw.randrange(1, 100_000) for name in QUANTITIES} for block in ["", "cores", "formula", *cores]
    }
    runs = [
        {"name": f"hls:{core}", "begun_s": 3.0 * n, "took_s": 3.0, "how": "finished", "why": "conv2b.pe 8 -> 16"}
        for n, core in enumerate(sorted(set(cores.values())))
    ]
    made = []
    for number in range(builds):
        values[draw.choice(list(cores))]["luts"] += draw.randrange(-50, 60)
        values["formula"]["luts"] += number % 7 == 0
        made.append(
            {
                "format": 1, "folder": folder, "began_s": 1.7e9 + 3600 * number, "wall_s": 40.0, "outcome": "passed",
                "tasks": {"ran": len(runs), "restored": 0, "current": 60, "failed": 0}, "runs": runs,
                "bound": {"critical_s": 9.0, "work_s": 30.0, "path": [runs[0]["name"]], "slots": 2},
                "machine": {"system": "Linux x86_64", "cpu": "", "cores": 2, "memory_gib": 8, "python": "3.11"},
                "network": network, "tools": {"Yosys": "0.70"},
                "revision": {"commit": f"{number // 3:040x}", "dirty": False},
                "blocks": {block: {"core": core, "slrs": [], "weights": ""} for block, core in cores.items()},
                "cores": {
                    core: {"folding": {"conv.pe": str(number % 5)}, "tools": {}, "made_of": ""}
                    for core in cores.values()
                },
                "values": {scope: dict(own) for scope, own in values.items()},
                "marks": {},
            }
        )  # fmt: skip
    return made


def fill(network: str, folder: str, builds: int) -> None:
    """Write the entries as files, without the limit that each single build checks."""
    import json  # noqa: PLC0415

    from reports.history.folder import History  # noqa: PLC0415
    from reports.history.revision import project_of  # noqa: PLC0415

    place = History.of(project_of(ROOT)).folder
    place.mkdir(parents=True)
    for number, entry in enumerate(entries(network, folder, builds)):
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(entry["began_s"]))
        (place / f"{stamp}-000-{number:08x}.json").write_text(json.dumps(entry, separators=(",", ":")))


def timed(call: Callable[[], Any], kind: int = resource.RUSAGE_SELF) -> tuple[float, float]:
    """Return the seconds of CPU and of wall time that a call takes, without what it prints."""
    before, begun_s = resource.getrusage(kind), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        call()
    after = resource.getrusage(kind)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, time.perf_counter() - begun_s


def command(*words: str) -> Callable[[], Any]:
    """Return a call of doit in a process of its own."""
    return lambda: subprocess.run([sys.executable, "-m", "doit", *words], cwd=ROOT, capture_output=True, check=True)


def measure(network: str, folder: str, builds: int, scratch: Path) -> list[tuple[str, float, float, float | None]]:
    """Return what was measured: a name, seconds of CPU and of wall time, and the limit of CPU if there is one."""
    from config.settings import Settings  # noqa: PLC0415
    from reports.history.command import diff, history  # noqa: PLC0415
    from reports.page.write import write_page  # noqa: PLC0415
    from reports.summary.build import read_build  # noqa: PLC0415

    settings, board = Settings.defaults(), find_platform("u250")
    leave_estimate(BuildContext(find_network(network), board, settings, scratch / folder, "open", {}))
    found: list[tuple[str, float, float, float | None]] = []

    def answered(name: str, call: Callable[[], Any], limit_s: float | None) -> None:
        found.append((name, *timed(call), limit_s))

    answered("index made anew", lambda: history(ROOT, folder, ["formula.luts"]), None)
    answered("history", lambda: history(ROOT, folder, []), ANSWER_S)
    answered("history VALUE", lambda: history(ROOT, folder, ["formula.luts"]), ANSWER_S)
    answered("diff", lambda: diff(ROOT, folder, [], settings), ANSWER_S)
    report = read_build(scratch, folder)
    answered("page, first in a process", lambda: write_page(ROOT, folder, report, into=_into(scratch)), PAGE_S)
    answered("page, again", lambda: write_page(ROOT, folder, report, into=_into(scratch)), PAGE_S)
    for words in (["history", "formula.luts"], ["diff"], ["list"]):
        call = command(*words, f"network={network}")
        found.append((f"whole command: doit {' '.join(words)}", *timed(call, resource.RUSAGE_CHILDREN), None))
    return found


def _into(scratch: Path) -> Path:
    """Return a checkout to write to that has the project's history: a folder with its repository."""
    link = scratch / ".git"
    if not link.is_symlink():
        link.symlink_to(ROOT / ".git")
    return scratch


def main() -> int:
    """Print the table; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=10_000)
    parser.add_argument("--network", default="resnet50")
    given = parser.parse_args()
    folder = f"build/{given.network}/open-sw_emu"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(XDG_DATA_HOME=f"{scratch}/data", XDG_CACHE_HOME=f"{scratch}/cache")
        fill(given.network, folder, given.builds)
        found = measure(given.network, folder, given.builds, Path(scratch))
        size = (Path(scratch) / folder / "page.html").stat().st_size
    lines = [f"{given.builds:,} builds of {given.network}", f"{'':44}CPU s  wall s"]
    for name, cpu_s, wall_s, limit_s in found:
        limit = "" if limit_s is None else f"  at most {limit_s:g} s of CPU{'' if cpu_s <= limit_s else ': ABOVE'}"
        lines.append(f"{name:44}{cpu_s:5.2f}  {wall_s:6.2f}{limit}")
    lines.append(f"page: {size:,} bytes, at most {PAGE_BYTES:,}")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(size > PAGE_BYTES or any(limit_s is not None and cpu_s > limit_s for _, cpu_s, _, limit_s in found))


if __name__ == "__main__":
    sys.exit(main())
