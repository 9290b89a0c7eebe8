"""Measures the tests: `python -m benchmarks.suite [--fast] [--since REVISION]`.

Runs `./check` as a person does, and prints its wall time and its processor time, that of all children included. With
`--since` it runs only the tests whose functions were there at that revision, by name, and neither lint nor types: the
suite grows, and this tells whether what it had became cheaper. A function with more parameters than then counts whole.
Let nothing else run beside it. The last column is the limit of a whole run; the status is 1 if it is exceeded.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: Seconds of wall time and of processor time on two cores.
WANTED_S = {"./check": (480.0, 585.0), "./check --fast": (90.0, None)}
_FUNCTIONS = "SUITE_FUNCTIONS"


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """As a plugin of pytest: keep the tests whose functions the file of the variable names."""
    names = set(Path(os.environ[_FUNCTIONS]).read_text("utf-8").split())
    config.hook.pytest_deselected(items=[item for item in items if item.originalname not in names])
    items[:] = [item for item in items if item.originalname in names]


def functions_at(revision: str) -> set[str]:
    """The names of the test functions at a revision. Raises CalledProcessError if there is none of that name."""
    words = ["git", "grep", "-hE", r"^\s*(async )?def test_", revision, "--", "tests/*.py"]
    found = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return set(re.findall(r"def (test_\w+)", found.stdout))


def timed(words: list[str], environment: dict[str, str]) -> tuple[int, float, float]:
    """Exit status, wall time and processor time of a command, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    status = subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return status, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the table. Returns 0, or 1 if a test fails or a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="as './check --fast'")
    parser.add_argument("--since", metavar="REVISION", help="only the test functions that were there at this revision")
    given = parser.parse_args()
    title = "./check --fast" if given.fast else "./check"
    words = title.split()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        environment = dict(os.environ)
        if given.since:
            try:
                names = functions_at(given.since)
            except subprocess.CalledProcessError:
                parser.error(f"no test functions at '{given.since}'; give a revision of this repository")
            file.write("\n".join(sorted(names)))
            file.flush()
            print(f"{len(names)} test functions at {given.since}", flush=True)
            # Two workers a core, as ./check has.
            workers = 2 * len(os.sched_getaffinity(0))
            words = [
                sys.executable,
                "-m",
                "pytest",
                "-n",
                str(workers),
                "--dist",
                "loadgroup",
                "-p",
                "benchmarks.suite",
            ]
            words += ["-m", "not nightly and not slow"] if given.fast else []
            environment[_FUNCTIONS] = file.name
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
        status, wall, cpu = timed(words, environment)
    limits = WANTED_S[title]
    print(f"{'':<32} {'seconds':>8} {'wanted':>7}")
    for name, seconds, limit in zip(("wall time", "processor time"), (wall, cpu), limits, strict=True):
        print(f"{title + ', ' + name:<32} {seconds:>8.1f} {'' if limit is None else f'{limit:.0f}':>7}")
    exceeded = any(limit is not None and seconds > limit for seconds, limit in zip((wall, cpu), limits, strict=True))
    return 1 if status or exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
