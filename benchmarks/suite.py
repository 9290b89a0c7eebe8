"""Measures the tests: `python -m benchmarks.suite [--fast] [--since REVISION]`.

Runs `./check` as a person does, and prints its wall time and its processor time with that of all programs that it
starts. With `--since` it runs only the tests whose functions were there at that revision, and neither lint nor types:
the suite grows, and this tells whether what it had became cheaper. Functions are found by name, and one with more
parameters than then counts whole. Let nothing else run beside it. The last column is the limit on two cores; the status
is 1 if it is exceeded.
"""

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


def functions_at(revision: str | None) -> set[str]:
    """The names of the test functions at a revision, None for the files as they are.

    Raises CalledProcessError if there is none, or no such revision.
    """
    words = [
        "git",
        "grep",
        "-hE",
        r"^\s*(async )?def test_",
        *([] if revision is None else [revision]),
        "--",
        "tests/*.py",
    ]
    found = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
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
    command = "./check --fast" if given.fast else "./check"
    if given.since is None:
        title, (status, *measured) = command, timed(command.split(), dict(os.environ))
    else:
        title, (status, *measured) = f"tests of {given.since}", timed_since(given.since, parser, fast=given.fast)
    exceeded = False
    print(f"{'':<36} {'seconds':>8} {'wanted':>7}")
    for name, seconds, limit in zip(("wall time", "processor time"), measured, WANTED_S[command], strict=True):
        print(f"{f'{title}, {name}':<36} {seconds:>8.1f} {'' if limit is None else f'{limit:.0f}':>7}")
        exceeded |= limit is not None and seconds > limit
    return 1 if status or exceeded else 0


def timed_since(revision: str, parser: argparse.ArgumentParser, *, fast: bool) -> tuple[int, float, float]:
    """As `timed`, of the tests whose functions were there at a revision."""
    try:
        then, now = functions_at(revision), functions_at(None)
    except subprocess.CalledProcessError:
        parser.error(f"there are no tests at '{revision}'; give a revision of this repository")
    print(f"{len(then)} test functions at {revision}, {len(then & now)} of them today", flush=True)
    words = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadgroup", "-p", "benchmarks.suite"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(sorted(then)))
        file.flush()
        environment = {**os.environ, _FUNCTIONS: file.name}
        # As ./check has them.
        environment.setdefault("PYTEST_XDIST_AUTO_NUM_WORKERS", str(2 * len(os.sched_getaffinity(0))))
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return timed([*words, *(("-m", "not nightly and not slow") if fast else ())], environment)


if __name__ == "__main__":
    sys.exit(main())
