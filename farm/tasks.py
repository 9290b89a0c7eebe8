"""Steps as doit tasks: one real task per distinct step."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from doit.action import BaseAction
from doit.dependency import FileChangedChecker
from doit.exceptions import InvalidDodoFile, TaskError, TaskFailed

from config.problem import ConfigError
from config.settings import Settings
from farm.hooks import Hook
from farm.project import AfterBuild, Guide, Question, checked_project
from farm.redaction import Redaction
from farm.results.journal import RECORD_VALUE
from farm.step import Step, StepError

if TYPE_CHECKING:
    from farm.results.digest import Digests

ResultWords = Callable[[tuple[Path, ...]], Iterable[str]]

#: The name of the journal among doit's backends; pyproject.toml declares it.
BACKEND = "farm"


def task(
    step: Step,
    *,
    doc: str,
    basename: str | None = None,
    publish_hook: Hook | None = None,
    note: str = "",
    cannot_run: str = "",
    result: ResultWords | None = None,
) -> dict[str, Any]:
    """Return the doit task of a step.

    The task has the step's name: "hls:residual_3f2a9c" is the item "residual_3f2a9c" of the task "hls". `publish_hook`
    is called in the engine's process with the outputs' paths in each build, when they are in place: made, restored or
    current. A `Vouch` is also told whether they were made here. It must be quick, and do nothing where it has nothing
    to add. A build that needs the step prints `note` first. `cannot_run` names the programs that this machine lacks
    for the step: unless it is current or stored, it then fails before anything has started. `result` gives the lines of
    its result, from its outputs' paths. Raises StepError if `basename` is given and is not the step's.
    """
    base, _, item = step.name.partition(":")
    if basename is not None and basename != base:
        raise StepError(f"step '{step.name}' cannot be an item of the task '{basename}'")
    return {
        "basename": base,
        **({"name": item} if item else {}),
        "doc": doc,
        "actions": [StepAction(step)],
        "file_dep": list(step.given_sources),
        "targets": list(step.targets),
        "uptodate": [IsCurrent(step)],
        "clean": [RemoveOutputs(step)],
        "meta": {
            "step": step,
            "note": note,
            "cannot_run": cannot_run,
            "result": result,
            **({"publish_hook": publish_hook} if publish_hook else {}),
        },
    }


def group(name: str, *needs: str) -> dict[str, Any]:
    """Return an item that stands for other tasks: people type `hls:res2a`, and the core's task is built."""
    return {"name": name, "actions": None, "task_dep": list(needs), "doc": f"= {', '.join(needs)}"}


def question(asked: Question, **more: Any) -> dict[str, Any]:
    """Return the task of a question, which combines with a build (`doit build reports`). The command answers alike.

    doit refuses a function `task_reports` beside a command `reports`, but not a task that another function yields.
    """

    def answer() -> TaskFailed | None:
        failed = asked.answer()
        return TaskFailed(failed) if failed else None

    return {"basename": asked.name, "actions": [answer], "doc": asked.doc, "verbosity": 2, **more}


def doit_config(
    build_folder: str,
    *,
    settings: Settings | None = None,
    redaction: Redaction | None = None,
    default_tasks: Sequence[str] = ("build",),
    questions: Sequence[Question] = (),
    guide: Guide | None = None,
    after_build: AfterBuild | None = None,
) -> dict[str, Any]:
    """Return DOIT_CONFIG for a build whose folder is `build_folder` ("build/digits/open-sw_emu").

    doit's memory lies in that folder, and switching between builds forgets nothing. Where pyproject.toml was not read
    (doit started in a subfolder, and the farm is not installed: see farm.commands.doors) there is no journal. Then
    doit's own memory serves, and every step refuses to run.
    `questions` become commands where pyproject.toml names them; `guide` orders and introduces what `doit list` and
    `doit help` print. `after_build` is called at the end of each build that ran or restored a step.
    Raises InvalidDodoFile if `settings` or `redaction` is absent; neither has a default.
    """
    project = checked_project(settings, redaction)
    memory = {"dep_file": f"{build_folder}/doit.journal", "backend": BACKEND} if "farm.database" in sys.modules else {}
    return {
        **memory,
        "check_file_uptodate": ByMeaning,
        "default_tasks": list(default_tasks),
        "settings": project.settings,
        "redaction": project.redaction,
        "questions": tuple(questions),
        "guide": guide or Guide(),
        "after_build": after_build,
    }


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let mistakes of the user end a dodo.py as doit's own do: a message and exit code 3, no traceback."""
    try:
        yield
    except (ConfigError, StepError) as error:
        lines = str(error).splitlines()
        raise InvalidDodoFile(lines[0] if len(lines) == 1 else "\n  ".join(["the configuration:", *lines])) from None


class StepAction(BaseAction):  # type: ignore[misc]
    """Refuses to run a step under doit's own runner, which would record outputs that it has not verified."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.task: Any = None
        self.out = self.err = self.result = None
        self.values: dict[str, Any] = {}

    def execute(self, out: TextIO | None = None, err: TextIO | None = None) -> TaskError:
        """Return the error that names the right command."""
        return TaskError(
            f"'{self.step.name}' is run by the farm, not by doit itself; start 'doit {self.step.name}' in the "
            f"checkout's own folder, where pyproject.toml declares the farm"
        )

    def __str__(self) -> str:
        return shlex.join(self.step.argv)

    def __repr__(self) -> str:
        return f"<StepAction: {self}>"


class RemoveOutputs(BaseAction):  # type: ignore[misc]
    """`doit clean` of a step: its outputs and its log, and never anything else."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.task: Any = None
        self.out = self.err = self.result = None
        self.values: dict[str, Any] = {}

    def execute(self, out: TextIO | None = None, err: TextIO | None = None) -> TaskError | None:
        """Remove the files that exist; return an error for one that lies behind a link, which stays."""
        from farm.results.record import remove_files  # noqa: PLC0415 - as below

        try:
            remove_files((*self.step.targets, self.step.log))
        except OSError as error:
            return TaskError(f"{self.step.name}: {error.filename} {error.strerror}; nothing behind it was removed\n")
        return None

    def __str__(self) -> str:
        present = [path for path in (*self.step.targets, self.step.log) if Path(path).exists()]
        return f"remove {', '.join(present)}" if present else "nothing to remove"


class IsCurrent:
    """For doit's own commands (list -s, info): whether the record of a step fits the present, by the engine's rules."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self._reasons = "not checked yet"

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:
        """Tell whether the step is current; `values` were saved by the engine; `doit forget` removes them."""
        # Loaded here: a dodo.py imports this module at each start, and most commands ask nothing of a record.
        from farm.display.reason_words import short_reasons  # noqa: PLC0415
        from farm.key import parts_of  # noqa: PLC0415
        from farm.results.digest import digests_of  # noqa: PLC0415
        from farm.results.record import Records, record_path, why  # noqa: PLC0415

        if values.get(RECORD_VALUE) != record_path(self.step):
            self._reasons = "no record of a finished run"
            return False
        root = Path.cwd()
        digests = digests_of(root)
        try:
            parts = parts_of(self.step, lambda item: digests.of(item.source).meaning)
        except OSError as error:
            self._reasons = f"{error.filename} cannot be read"
            return False
        reasons = why(self.step, parts, Records(root).read(self.step), digests)
        self._reasons = short_reasons(reasons)
        return not reasons

    def __repr__(self) -> str:
        return self._reasons


class ByMeaning(FileChangedChecker):  # type: ignore[misc]
    """doit's check of a file, by the digests that the engine has already: no file is read twice."""

    @cached_property
    def _digests(self) -> Digests:
        from farm.results.digest import digests_of  # noqa: PLC0415 - as above

        return digests_of(Path.cwd())

    def check_modified(self, file_path: str, file_stat: Any, state: Any) -> bool:
        """Tell whether the meaning of a file is another than the saved one."""
        return bool(self._digests.of(file_path).meaning != state)

    def get_state(self, dep: str, current_state: Any) -> str | None:
        """Return the meaning of a file, None if it is the saved one."""
        meaning = self._digests.of(dep).meaning
        return None if meaning == current_state else meaning
