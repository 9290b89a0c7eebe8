"""For tests of what an attacker may not do: each runs as an ordinary user, whoever runs the suite."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from doit_server import PLAIN
from small_checkout import PYPROJECT, Checkout

from farm.results.folder import remove_tree

_NOBODY = 65534
_CALL: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 120}


@dataclass(frozen=True)
class Ordinary:
    """An ordinary user: `folder` is theirs, `python` an interpreter that they may start.

    `as_user` goes to `subprocess`, with `environment` as `env`.
    """

    folder: Path
    python: str
    environment: dict[str, str]
    as_user: dict[str, Any]

    def run(self, *argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; `more` goes to `subprocess.run`."""
        words = {"cwd": self.folder, "env": self.environment, **_CALL, **self.as_user, **more}
        return subprocess.run(argv, check=False, **words)

    def give(self, *paths: Path) -> None:
        """Make the user the owner of paths and of all below them."""
        if self.as_user:
            for path in paths:
                for each in (path, *path.rglob("*")):
                    os.chown(each, _NOBODY, _NOBODY, follow_symlinks=False)


@pytest.fixture
def ordinary() -> Iterator[Ordinary]:
    """Give an ordinary user with a home of their own: whoever runs the suite, but `nobody` in place of root."""
    as_user = _as_user()
    # Not pytest's folder: nobody else may enter that one.
    folder = Path(tempfile.mkdtemp(prefix="ordinary"))
    try:
        home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
        user = Ordinary(folder, _python(), {**_environment(), **home}, as_user)
        user.give(folder)
        yield user
    finally:
        remove_tree(folder)


@pytest.fixture
def checkout(ordinary: Ordinary) -> Checkout:
    """Give a small project of the ordinary user, with a store of its own."""
    folder = ordinary.folder / "checkout"
    folder.mkdir()
    path = f"{PLAIN['PYTHONPATH']}:{ordinary.environment['PYTHONPATH']}"
    environment = {**ordinary.environment, **PLAIN, "PYTHONPATH": path}
    made = Checkout(folder, environment, python=ordinary.python, as_user=ordinary.as_user)
    made.write("pyproject.toml", PYPROJECT)
    ordinary.give(folder)
    return made


def _as_user() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def _environment() -> dict[str, str]:
    return {
        "LANG": "C.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        # Another interpreter of the same version does not look into the virtual environment.
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }


@functools.cache
def _python() -> str:
    """Return an interpreter with which the user can load the project; skip where there is none."""
    version = f"python3.{sys.version_info.minor}"
    options = {"cwd": "/", "env": {**_environment(), "HOME": "/nonexistent"}, **_CALL, **_as_user()}
    for python in dict.fromkeys([sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"]):
        try:
            done = subprocess.run([python, "-c", "import doit, numpy"], check=False, **options)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip(f"no {version} that an ordinary user may start: install one in /usr, or run the tests as such a user")
