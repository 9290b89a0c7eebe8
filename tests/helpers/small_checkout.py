"""A small project that the farm builds in a folder of its own: a dodo.py with two kinds of steps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The part of the project's own file that doit reads.
PYPROJECT = "[tool.doit" + (ROOT / "pyproject.toml").read_text().partition("[tool.doit")[2].partition("[tool.pytest")[0]

DODO = """\
import sys
from pathlib import Path

from config.settings import command_line_words, load_settings
from farm.modules import python_files
from farm.redaction import NOTHING_PRIVATE
from farm.settings import FarmSettings
from farm.step import File, Output, Step, StepError, Text, Tool
from farm.tasks import doit_config, plain_errors, task

with plain_errors():
    SETTINGS = load_settings(Path.cwd(), {"farm": FarmSettings}, command_line_words(sys.argv[1:]))
DOIT_CONFIG = doit_config("build/main", settings=SETTINGS, redaction=NOTHING_PRIVATE)


def copy(name, source, target, **more):
    return Step(
        name=name,
        argv=more.pop("argv", ("cp", "in", "out")),
        inputs=(File("in", source), *more.pop("inputs", ())),
        outputs=more.pop("outputs", (Output("out", target),)),
        log=f"build/{name.replace(':', '-')}.log",
        **more,
    )


def python(name, code, *, outputs=("out",), sources=(), **more):
    return Step(
        name=name,
        argv=("{python}", "code.py"),
        inputs=(Text("code.py", code), *(File(source, source) for source in sources)),
        outputs=tuple(Output(path, f"build/{path}") for path in outputs),
        log=f"build/{name.replace(':', '-')}.log",
        **more,
    )


def task_build():
    return {"actions": None, "task_dep": BUILD, "doc": "everything"}

"""


CHAIN = """
BUILD = ["join"]

def task_up():
    for name in "ab":
        yield task(copy(f"up:{name}", f"{name}.txt", f"build/{name}"), doc="one part")

def task_join():
    yield task(
        Step("join", ("{python}", "join.py"),
             (Text("join.py", "print(open('a').read() + open('b').read(), end='', file=open('out', 'w'))"),
              File("a", "build/a"), File("b", "build/b")),
             (Output("out", "build/joined"),), log="build/join.log"),
        doc="both parts")
"""


# Without bytecode: a dodo.py that is written twice within a second at the same length would run as it was first.
PLAIN = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


_STREAMS = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


@dataclass
class Checkout:
    """A small project that the farm builds, in a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {**os.environ, **PLAIN})
    body: str = ""
    python: str = sys.executable
    #: How `subprocess` starts doit as another user.
    as_user: dict[str, object] = field(default_factory=dict)

    def write(self, path: str, content: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def dodo(self, body: str) -> None:
        self.body = body
        self.write("dodo.py", DODO + body)

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def exists(self, path: str) -> bool:
        return (self.folder / path).exists()

    def start(self, *words: str, **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-m", "doit", *words],
            cwd=self.folder,
            env=self.environment,
            text=True,
            **{**_STREAMS, **self.as_user, **more},
        )

    def doit(self, *words: str, status: int = 0) -> str:
        """Run doit to its end, check its exit status, and return all that it has printed."""
        process = self.start(*words)
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == status, output
        return output

    def ran(self, *words: str, status: int = 0) -> set[str]:
        """Run doit and return the names of the steps that it has started."""
        return set(re.findall(r"^  run     (\S+)", self.doit(*words, status=status), re.MULTILINE))

    def made(self, *words: str, status: int = 0) -> set[str]:
        """Run doit and return the names of the steps that it has run or restored."""
        return set(re.findall(r"^  (?:run    |restore) (\S+)", self.doit(*words, status=status), re.MULTILINE))

    def scratch(self) -> list[str]:
        folder = self.folder / "build/.farm/scratch"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def processes(self) -> list[str]:
        """Return the command lines of all processes that run in this checkout or have their home in it."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    where = (entry / "cwd").readlink()
                    environment = (entry / "environ").read_bytes()
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if where.is_relative_to(self.folder) or f"HOME={self.folder}".encode() in environment:
                    found.append(command.decode().replace("\0", " "))
        return found

    def wait_for(self, path: str, seconds: float = 20.0) -> None:
        until = time.monotonic() + seconds
        while not self.exists(path):
            assert time.monotonic() < until, f"{path} did not appear"
            time.sleep(0.01)
