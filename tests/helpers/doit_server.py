"""Runs doit many times quickly: a process that has imported doit and the farm, and forks for each command line.

What the child does is what `python -m doit` does, in the folder and with the environment that are asked for. It has not
read any dodo.py and no settings. Started as a program it says which files it has imported, then reads requests from its
input, one JSON line each, and answers each with one.
"""

from __future__ import annotations

import atexit
import gc
import importlib.metadata
import inspect
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
"""Without bytecode: a dodo.py that is written twice within a second at the same length would run as it was first."""
#: As far as a farm's dodo.py comes before it is read; farm.database stays out, which only pyproject.toml asks for.
BEFORE_A_DODO = ("doit.doit_cmd", "doit.tools", "farm.commands.run", "farm.commands.questions.list", "farm.tasks")


class DoitServer:
    """The process, from the side of a test."""

    def __init__(
        self,
        modules: Sequence[str] = BEFORE_A_DODO,
        *,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        as_user: Mapping[str, Any] | None = None,
    ) -> None:
        """`as_user` goes to `subprocess`; each doit has the rights that the process then has."""
        self.environment = {**os.environ, **PLAIN} if environment is None else dict(environment)
        # Not in the folder of a checkout: tests look for processes there.
        self._process = subprocess.Popen(
            [python, __file__, *modules], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True, cwd="/", **(as_user or {}),
        )  # fmt: skip
        assert self._process.stdout is not None
        #: The files that it has imported, as they were then; empty where only a Python of its own will do.
        self._files: dict[str, list[int]] = json.loads(self._process.stdout.readline() or "{}")

    def doit(self, folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
        """Run doit in a folder; return its status and all that it has written to both streams."""
        status, output, errors = self._ask(folder, words, {**self.environment, **variables}, joined=False)
        return status, output, errors

    def run(self, folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """The same with all variables, and both streams in one."""
        status, output, _ = self._ask(folder, words, environment, joined=True)
        return status, output

    def program(
        self, folder: Path, program: str, words: Sequence[str], *, joined: bool, seconds: float
    ) -> tuple[int, str, str]:
        """Run a module, or the file of a program, with the variables of this process."""
        return self._ask(folder, words, self.environment, joined=joined, seconds=seconds, program=program)

    def _ask(
        self, folder: Path, words: Sequence[str], environment: Mapping[str, str], *, joined: bool,
        seconds: float = 60.0, program: str = "doit",
    ) -> tuple[int, str, str]:  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"folder": str(folder), "words": words, "environment": dict(environment), "joined": joined}
        request |= {"umask": _umask(), "program": program}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise TimeoutError(f"doit {' '.join(words)} did not end within {seconds:g} s")
        status, output, errors = json.loads(self._process.stdout.readline())
        return status, output, errors

    @property
    def lives(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    @property
    def current(self) -> bool:
        """Whether all that it has imported is still what a new Python would import."""
        return bool(self._files) and all(_stamp(file) == stamp for file, stamp in self._files.items())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _stamp(file: str) -> list[int]:
    try:
        found = Path(file).stat()
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _serve() -> None:
    imported = _imported(sys.argv[1:])
    # What the library keeps from its first use on: the patterns of Python's words.
    inspect.getsourcelines(_serve)
    if "doit.plugin" in sys.modules:
        sys.modules["doit.plugin"].entry_points_impl = _with_installed(importlib.metadata.entry_points())
    sys.stdout.write(json.dumps(imported) + "\n")
    sys.stdout.flush()
    gc.freeze()
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


def _with_installed(installed: importlib.metadata.EntryPoints) -> Callable[[], Callable[..., object]]:
    """For doit, which at each start reads a file of every installed package: what they were when this process began.

    They are the same for each doit, but for packages in the folder itself.
    """

    def found(**parameters: Any) -> object:
        if any(path.suffix in {".dist-info", ".egg-info"} for path in Path(sys.path[0]).iterdir()):
            return importlib.metadata.entry_points(**parameters)
        return installed.select(**parameters)

    return lambda: found


def _imported(modules: Sequence[str]) -> dict[str, list[int]]:
    """Import modules; return all imported files. None of them if that fails or prints: each doit has to show it."""
    with tempfile.TemporaryFile() as printed:
        kept = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(printed.fileno(), number)
        try:
            for module in modules:
                importlib.import_module(module)
        except BaseException:
            return {}
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, descriptor in zip((1, 2), kept, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
        files = [getattr(module, "__file__", None) for module in sys.modules.values()]
        return {} if os.fstat(printed.fileno()).st_size else {file: _stamp(file) for file in files if file}


def _run(request: dict[str, Any], output: int, errors: int) -> NoReturn:
    """Be `python -m doit`, or another program."""
    status: object = 1
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        for number, target in enumerate((null, output, output if request["joined"] else errors)):
            os.dup2(target, number)
        os.umask(request["umask"])
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        program = request["program"]
        sys.argv = [program, *request["words"]]
        if program.endswith(".py"):
            sys.path[0] = str(Path(program).parent)
            runpy.run_path(program, run_name="__main__")
        else:
            sys.path[0] = request["folder"]
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        traceback.print_exc()
    if status is not None and not isinstance(status, int):
        sys.stderr.write(f"{status}\n")
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((status or 0) & 0xFF)


if __name__ == "__main__":
    _serve()
