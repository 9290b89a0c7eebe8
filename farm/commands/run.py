"""`doit run`, the command behind `doit build`: the farm's own engine in place of doit's runner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from doit.cmd_run import Run as DoitRun
from doit.cmd_run import opt_always, opt_auto_delayed_regex, opt_continue, opt_verbosity
from doit.exceptions import InvalidCommand, InvalidDodoFile

from config.settings import command_line_words
from farm import clock
from farm.commands.building.needed import NeededTasks
from farm.commands.helpful import RUN_ABOUT, RUN_EXAMPLES, RUN_OPTIONS, Helpful
from farm.commands.own_folder import check_own_folders
from farm.display.result import nothing_to_do_words, result_lines
from farm.planning.current import all_current
from farm.planning.graph import takes_words
from farm.planning.selection import Selection, select
from farm.project import project_of
from farm.results.digest import digests_of
from farm.results.folder import SCRATCH
from farm.results.lock import checkout_lock
from farm.settings import FarmSettings

_OPT_SLOTS = {
    "name": "num_process",
    "short": "n",
    "long": "process",
    "type": int,
    "default": 0,
    "help": "steps that run at the same time [default: farm.slots, else one per CPU]",
}
_OPT_VERBOSITY = {
    **opt_verbosity,
    "help": "2 on the command line: all reasons of every step; 0, 1: hide the output of actions that are not steps",
}
_OPTIONS = (opt_always, opt_continue, _OPT_VERBOSITY, _OPT_SLOTS, opt_auto_delayed_regex)
#: Options of doit's own run command that have no meaning here, with the alternative.
_REFUSED = {
    "-P": "steps are always processes of their own; -n sets how many run at once",
    "--parallel-type": "steps are always processes of their own; -n sets how many run at once",
    "-s": "what a step needs is always brought up to date first",
    "--single": "what a step needs is always brought up to date first",
    "-r": "it has one display of its own",
    "--reporter": "it has one display of its own",
    "-o": "use the shell's '>'",
    "--output-file": "use the shell's '>'",
    "--pdb": "the engine has no debugger",
    "--failure-verbosity": "a failed step names its log",
}


#: The same options in DOIT_CONFIG, pyproject.toml or doit.cfg, with their names on the command line.
_REFUSED_SETTINGS = {
    "reporter": "-r",
    "outfile": "-o",
    "par_type": "-P",
    "single": "-s",
    "pdb": "--pdb",
    "failure_verbosity": "--failure-verbosity",
}


class Run(Helpful, DoitRun):  # type: ignore[misc]
    """Selects tasks as doit does and runs them by the farm's loop."""

    name = "run"
    doc_purpose = "bring tasks up to date; the word 'run' may be left out"
    doc_usage = "[-n N] [-c] [-a] [-v 2] [TASK | FILE]... [key=value...]"
    about = RUN_ABOUT
    examples = RUN_EXAMPLES
    option_words = RUN_OPTIONS
    tasks_have_options = True
    cmd_options = _OPTIONS
    loader: Any
    task_list: Any

    def get_reporters(self) -> dict[str, Any]:
        """Return none: doit would look for some in every installed package, and the farm has one display of its own."""
        return {}

    def parse_execute(self, in_args: list[str]) -> Any:
        """Refuse the options that only doit's own runner knows, then go on as doit does."""
        for word in in_args:
            if not word.startswith("-"):
                break
            option = word.split("=")[0] if word.startswith("--") else word[:2]
            if option in _REFUSED:
                raise InvalidCommand(f"the farm has no option {option}: {_REFUSED[option]}")
        return super().parse_execute(in_args)

    def execute(self, params: Any, args: list[str]) -> Any:
        """Go on as doit does, with a loader that at first leaves out what the selection does not need."""
        self.loader = NeededTasks(self.loader)
        return super().execute(params, args)

    def _execute(
        self,
        *,
        dep_file: str,
        verbosity: int | None = None,
        always: bool = False,
        continue_: bool = False,
        num_process: int = 0,
        force_verbosity: bool = False,
        auto_delayed_regex: bool = False,
        pos_args: list[str] | None = None,
    ) -> int:
        self._refuse_settings()
        check_own_folders(dep_file)
        if num_process < 0:
            raise InvalidCommand(f"-n {num_process}: give at least 1")
        root, project = Path.cwd(), project_of(self.loader)
        # Other machines may have something to do: results to be sent, jobs of a killed build.
        may_end = not always and _is_alone(project.farm)
        if not self.loader.are_all:
            # The words of the command line are names of tasks: with others all tasks would be loaded.
            if may_end and self._ends_at_once(root, select(self.task_list, self.sel_tasks, root, dep_file)):
                return 0
            self.task_list, may_end = self.loader.load_all(), False
        _check_option_order(pos_args or [], {task.name: task for task in self.task_list})
        selection = select(self.task_list, self.sel_tasks, root, dep_file, auto_delayed_regex=auto_delayed_regex)
        if may_end and self._ends_at_once(root, selection):
            return 0
        # Loaded here: most builds have nothing to do.
        from farm.commands.building.engine import build  # noqa: PLC0415

        return build(
            root,
            project,
            selection,
            dep_manager=self.dep_manager,
            dep_file=dep_file,
            slots=num_process,
            always=always,
            go_on=continue_,
            verbosity=verbosity,
            force_verbosity=force_verbosity,
        )

    def _ends_at_once(self, root: Path, selection: Selection) -> bool:
        """Show that there is nothing to do, and what was made earlier; False if the engine has to look.

        No file is written: what has to be written down, or was left by a killed build, is for the engine. So is a build
        beside another one.
        """
        if (root / SCRATCH).exists() or list(selection.names) != list(selection.possible):
            return False
        told: list[str] = []
        begun_s = clock.monotonic_s()
        control = selection.control
        with checkout_lock(root, told.append, lambda: True, told.append) as held:
            if not held or told:
                return False
            current = all_current(
                root, control.tasks, selection.names, control.targets, self.dep_manager, digests_of(root)
            )
            if current is None or not selection.predecessors.are_known(current):
                return False
            done = nothing_to_do_words(len(current), clock.monotonic_s() - begun_s)
            for line in (*selection.notes(), done, *result_lines(control.tasks, selection.names, current)):
                sys.stdout.write(f"{line}\n")
        return True

    def _refuse_settings(self) -> None:
        """Raise InvalidDodoFile for an option of doit's own runner that is set in a file."""
        for place, given in (("DOIT_CONFIG", self.loader.load_doit_config()), ("doit's settings", self.config_vals)):
            for name, option in _REFUSED_SETTINGS.items():
                if given.get(name) not in (None, False, 0, "console"):
                    raise InvalidDodoFile(f"the farm has no '{name}' ({place}): {_REFUSED[option]}; remove it there")


def _is_alone(farm: FarmSettings) -> bool:
    """Tell whether nothing but this machine has a part in a build."""
    return farm.remote is None and farm.executor == "local" and not farm.executors


def _check_option_order(words: list[str], tasks: dict[str, Any]) -> None:
    """Answer `doit build -n 4`, which doit takes for an option of the task `build`, with the right order."""
    task = None
    for position, word in enumerate(words):
        if word in tasks:
            task = tasks[word]
            if task.pos_arg is not None:
                return  # all the rest is for this task
        if word in ("--help", "-h") and task is not None and not takes_words(task):
            raise InvalidCommand(f"'doit help {task.name}' tells of this task, 'doit run --help' of building")
        if word.startswith("-") and (task is None or not takes_words(task)):
            options = _with_value(words, position)
            # doit has taken the name=value words out.
            rest = [*words[:position], *words[position + len(options) :], *command_line_words(sys.argv[1:])]
            raise InvalidCommand(f"options come before the task; type: doit {' '.join([*options, *rest])}")


def _with_value(words: list[str], position: int) -> list[str]:
    word = words[position]
    for option in _OPTIONS:
        if option["type"] is not bool and word in (f"-{option['short']}", f"--{option['long']}"):
            return words[position : position + 2]
    return [word]
