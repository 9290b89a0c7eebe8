"""A small project that the farm builds in a folder of its own: a dodo.py with two kinds of steps."""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from doit_server import BEFORE_A_DODO, PLAIN, DoitServer

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


#: What reads these variables does so before doit begins, or once for all.
_EARLY = ("PYTHON", "LD_", "LANG", "LC_", "TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
#: What commands in a small project import.
IMPORTED = (
    "tomllib", "encodings.ascii", "difflib", "getpass", "sqlite3", "statistics",
    "rich.live", "rich.progress", "doit.cmd_clean", "doit.cmd_info", "doit.cmd_list", "doit.loader", "doit.plugin",
    "farm.commands.clean", "farm.commands.doors", "farm.database",
    "farm.commands.building.engine", "farm.commands.building.team",
    "farm.display.build_log", "farm.display.progress", "farm.execution.redact_log", "farm.hooks", "farm.modules",
    "farm.scheduler.checkout", "farm.scheduler.loop", "farm.commands.questions.config",
    "farm.commands.questions.asked", "farm.commands.questions.forms.planned_json", "farm.commands.questions.info",
    "farm.commands.questions.log", "farm.commands.questions.plan", "farm.commands.questions.why",
    "farm.commands.refused", "farm.commands.bug_archive", "farm.commands.bugreport", "farm.commands.cache",
    "farm.commands.doits_own", "farm.commands.forget", "farm.commands.repro", "farm.commands.questions.cluster",
    "farm.commands.questions.help", "farm.commands.questions.trace", "farm.commands.questions.version",
    "farm.execution.cluster.slurm", "farm.planning.cluster",
)  # fmt: skip
REAL = "DATAFLOW_FARM_REAL_DOIT"
"""If this variable is set, each doit is a Python of its own."""
_servers: dict[tuple[str, str], DoitServer] = {}
_asked = threading.Lock()


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_EARLY)}


_STREAMS = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


@dataclass
class Checkout:
    """A small project that the farm builds, in a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {**os.environ, **PLAIN})
    body: str = ""
    python: str = sys.executable
    #: How `subprocess` starts doit as another user, or with fewer rights.
    as_user: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._plain = dict(self.environment)

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
        found, output = self.ended(*words)
        assert found == status, output
        return output

    def ended(self, *words: str) -> tuple[int, str]:
        """Run doit to its end; return its exit status and all that it has printed.

        Where nothing but the folder is special, a process that has imported doit forks: that takes a fifth of the time.
        """
        if (
            REAL not in os.environ
            and _early(self.environment) == _early(self._plain)
            and _asked.acquire(blocking=False)
        ):
            try:
                return self._server().run(self.folder, words, self.environment)
            finally:
                _asked.release()
        process = self.start(*words)
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        return process.returncode, output

    def _server(self) -> DoitServer:
        """The process of this worker that forks for doit, with this checkout's Python and rights."""
        kind = self.python, repr(self.as_user)
        server = _servers.get(kind)
        if server is None or not server.lives or _early(server.environment) != _early(self._plain):
            modules = (*BEFORE_A_DODO, *IMPORTED)
            server = DoitServer(modules, python=self.python, environment=self._plain, as_user=self.as_user)
            _servers[kind] = server
            atexit.register(server.close)
        return server

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
