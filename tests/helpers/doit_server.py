"""Runs doit many times quickly: a process that has imported doit and the farm, and forks for each command line.

Started as a program it reads requests from its input, one JSON line each, and answers each with one.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class DoitServer:
    """The process, from the side of a test."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def doit(self, folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
        """Run doit in a folder; return its status and all that it has written to both streams."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"folder": str(folder), "words": words, "variables": variables}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        status, output, errors = json.loads(self._process.stdout.readline())
        return status, output, errors

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _serve() -> None:
    # As far as a farm's dodo.py comes before it is read; farm.database stays out, which only pyproject.toml asks for.
    for module in ("doit.doit_cmd", "doit.tools", "farm.commands.run", "farm.commands.questions.list", "farm.tasks"):
        importlib.import_module(module)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            child = os.fork()
            if not child:
                _run(json.loads(line), output.fileno(), errors.fileno())
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for stream in (output, errors):
                stream.seek(0)
                texts.append(stream.read().decode())
        sys.stdout.write(json.dumps([status, *texts]) + "\n")
        sys.stdout.flush()


def _run(request: dict[str, Any], output: int, errors: int) -> None:
    status = 70
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        for number, target in enumerate((null, output, errors)):
            os.dup2(target, number)
        os.chdir(request["folder"])
        os.environ.update(request["variables"])
        sys.argv = ["doit", *request["words"]]
        from doit.doit_cmd import DoitMain

        status = DoitMain().run(request["words"]) or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
