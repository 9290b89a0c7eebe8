from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from small_checkout import CHAIN, PYPROJECT, Checkout


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path / "checkout"
    folder.mkdir()
    made = Checkout(folder)
    made.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    made.write("pyproject.toml", PYPROJECT)
    return made


@pytest.fixture
def started(checkout: Checkout):  # type: ignore[no-untyped-def]
    """Return a function that starts doit in the checkout; processes that remain are killed after the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str, **more: object) -> subprocess.Popen[str]:
        processes.append(checkout.start(*words, **more))
        return processes[-1]

    yield start
    for process in processes:
        _end(process)


@pytest.fixture
def chain(checkout):
    checkout.write("a.txt", "A\n")
    checkout.write("b.txt", "B\n")
    checkout.dodo(CHAIN)
    return checkout
