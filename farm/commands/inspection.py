"""The commands that look and build nothing: `plan`, `why`, `trace` and `repro`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.control import TaskControl
from doit.exceptions import InvalidCommand

from farm.commands.config import settings_of
from farm.commands.reader import ReaderMayLeave
from farm.commands.repro import ReproError, needs_python, secret_variables, write_repro
from farm.commands.trace import LAST_BUILD, chrome_trace, read_events
from farm.display.wording import plan_lines, reason_words, why_lines
from farm.key import action_key
from farm.machine import capacity_of, store_folder
from farm.planning.forecast import Forecast
from farm.planning.graph import check_selection, check_sources, members, order, step_of
from farm.planning.planner import Planned, Planner
from farm.planning.predecessors import Predecessors
from farm.reason import Reason
from farm.redaction import redaction_of
from farm.results.digest import Digest, digests_of
from farm.results.ledger import Ledger
from farm.results.record import Records
from farm.results.store import Store
from farm.settings import FarmSettings
from farm.step import Step

_OPT_ALL: dict[str, Any] = {
    "name": "all_tasks",
    "short": "",
    "long": "all",
    "type": bool,
    "default": False,
    "help": "name current tasks too",
}


class Inspection(ReaderMayLeave, DoitCmdBase):  # type: ignore[misc]
    """Loads and checks the graph as `run` does, and ends with doit's memory closed and unchanged."""

    doc_description = None
    cmd_options: tuple[dict[str, Any], ...] = ()

    def _select(self) -> tuple[TaskControl, list[str]]:
        """Return the control and the selected tasks with all that they need, needed ones first."""
        tasks = {task.name: task for task in self.task_list}
        control = TaskControl(self.task_list)
        for word in self.sel_tasks or ():
            if word.startswith("-"):
                raise InvalidCommand(f"options stand before the task: doit {self.name} {word} ...")
        check_selection(self.sel_tasks, tasks, control.targets)
        control.process(self.sel_tasks)
        names = order(control.tasks, control.selected_tasks)
        check_sources(control.tasks, names, control.targets, Path.cwd())
        return control, names

    def _farm(self) -> FarmSettings:
        return settings_of(self.loader).section(FarmSettings)

    def _plan(self, control: TaskControl, names: list[str], *, dep_file: str) -> tuple[Planned, ...]:
        root = Path.cwd()
        digests = digests_of(root)
        store = Store(store_folder(self._farm()), _warn)
        planner = Planner(
            root,
            control.tasks,
            control.targets,
            self.dep_manager,
            digests=digests,
            stored=store.outputs,
            predecessors=Predecessors(root, control.tasks, dep_file),
        )
        planned = planner.plan(names)
        # What was hashed here is not hashed again by the build.
        digests.save()
        return planned


class Plan(Inspection):
    """Shows what a build would do."""

    name = "plan"
    doc_purpose = "show what a build would run or restore, and why, without doing it"
    doc_usage = "[--all] [TASK/TARGET...]"
    cmd_options = (_OPT_ALL,)

    def _execute(self, dep_file: str, all_tasks: bool = False) -> int:
        control, names = self._select()
        planned = self._plan(control, names, dep_file=dep_file)
        farm = self._farm()
        forecast = Forecast(control.tasks, names, Ledger(store_folder(farm) / "ledger.db", _warn))
        groups = Predecessors(Path.cwd(), control.tasks, dep_file).groups
        for line in plan_lines(planned, forecast, capacity_of(farm), groups, with_current=all_tasks):
            self.outstream.write(line + "\n")
        return 0


class Why(Inspection):
    """Shows what differs from the last run of a step."""

    name = "why"
    doc_purpose = "show why a step would run: what differs from its last run"
    doc_usage = "TASK..."

    def _execute(self, dep_file: str, pos_args: list[str]) -> int:
        if not pos_args:
            raise InvalidCommand("'doit why' needs the name of a task, for example: doit why hls:res2a")
        control, names = self._select()
        planned = {item.name: item for item in self._plan(control, names, dep_file=dep_file)}
        records = Records(Path.cwd())
        for word in control.selected_tasks:
            for name in members(control.tasks, word):
                step = step_of(control.tasks[name])
                record = records.read(step) if step else None
                for line in why_lines(planned[name], record, word):
                    self.outstream.write(line + "\n")
        return 0


class Trace(DoitCmdBase):  # type: ignore[misc]
    """Writes the last build as a trace."""

    name = "trace"
    doc_purpose = "write the last build as a trace for ui.perfetto.dev or chrome://tracing"
    doc_usage = "[-o FILE]"
    doc_description = None
    cmd_options = (
        {
            "name": "output",
            "short": "o",
            "long": "output",
            "type": str,
            "default": "build/trace.json",
            "help": "file to write [default: build/trace.json]",
        },
    )

    def execute(self, params: Any, args: list[str]) -> int:
        """Write the file; no task is created."""
        if args:
            raise InvalidCommand(f"'doit trace' takes no task ('{args[0]}'): it shows the whole last build")
        try:
            events = read_events(Path.cwd() / LAST_BUILD)
        except OSError:
            raise InvalidCommand("there is no build to trace yet; run 'doit build' first") from None
        if not events:
            raise InvalidCommand(f"{LAST_BUILD} holds no event; run 'doit build' again")
        document = chrome_trace(events, reason_words=lambda item: reason_words(Reason(**item)))  # type: ignore[arg-type]
        path = Path(params["output"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document) + "\n", "utf-8")
        except OSError as error:
            raise InvalidCommand(f"{path}: {error.strerror}; name another file with -o") from None
        steps = sum(event["ph"] == "X" for event in document["traceEvents"])
        sys.stdout.write(f"{path}: {steps} steps; open it in ui.perfetto.dev or chrome://tracing\n")
        return 0


class Repro(Inspection):
    """Writes one step as a folder that can be run without the project."""

    name = "repro"
    doc_purpose = "write a step as a folder with one script that runs it"
    doc_usage = "[-o FOLDER] STEP"
    cmd_options = (
        {
            "name": "output",
            "short": "o",
            "long": "output",
            "type": str,
            "default": "",
            "help": "folder to write [default: build/repro/STEP]",
        },
    )

    def _execute(self, pos_args: list[str], output: str = "") -> int:
        if len(pos_args) != 1:
            raise InvalidCommand("'doit repro' takes the name of one step, for example: doit repro hls:res2a")
        control, _ = self._select()
        names = sorted({name for word in control.selected_tasks for name in members(control.tasks, word)})
        if len(names) != 1:
            raise InvalidCommand(f"'{pos_args[0]}' stands for {len(names)} steps; name one: {', '.join(names)}")
        step = step_of(control.tasks[names[0]])
        if step is None:
            raise InvalidCommand(f"'{names[0]}' is no step: its action is part of dodo.py")
        root = Path.cwd()
        folder = Path(output or f"build/repro/{step.name.replace(':', '-')}")
        redaction = redaction_of(self.loader)
        try:
            write_repro(step, root, folder, _recorded(step, root), redaction)
        except ReproError as error:
            raise InvalidCommand(str(error)) from None
        for name in secret_variables(step, redaction):
            sys.stdout.write(f"the value of {name} is left out; set it where the script runs\n")
        python = f"PYTHON={sys.executable} " if needs_python(step, redaction) else ""
        sys.stdout.write(f"{folder}: start {python}{folder / 'run'}\n")
        return 0


def _recorded(step: Step, root: Path) -> Mapping[str, Digest] | None:
    """Return the outputs of the last run if that had the inputs of now."""
    record = Records(root).read(step)
    digests = digests_of(root)
    try:
        same = record is not None and record.key == action_key(step, lambda item: digests.of(item.source).meaning)
    except OSError:
        same = False
    return record.outputs if record is not None and same else None


def _warn(text: str) -> None:
    sys.stderr.write(f"{text}\n")
