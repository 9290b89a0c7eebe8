"""`doit version`: what runs here."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful

#: The name under which pip knows the project that the farm is part of.
_PROJECT = "dataflow-farm"


class Version(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Shows versions; it reads no dodo.py and starts git alone."""

    name = "version"
    doc_purpose = "show the versions of the project, of Python and of doit"
    doc_usage = ""
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        if args:
            raise InvalidCommand(f"'doit version' takes no word, not '{args[0]}'")
        sys.stdout.write("".join(f"{line}\n" for line in version_lines(Path.cwd())))
        return 0


def version_lines(root: Path) -> list[str]:
    """Return a line each for the project, its commit, Python, doit and the system."""
    system = os.uname()
    return [
        f"{_PROJECT} {_version(_PROJECT)}",
        f"commit {_commit(root)}",
        f"Python {platform.python_version()}",
        f"doit {_version('doit')}",
        f"{system.sysname} {system.release} {system.machine}",
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed: no version is known)"


def _commit(root: Path) -> str:
    """Return the commit of a checkout, with "-dirty" if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        # Without optional locks git writes nothing, so the checkout may be read-only.
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown: git did not answer"
    return done.stdout.strip() if done.returncode == 0 else "unknown: this is no git checkout"
