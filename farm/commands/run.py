"""`doit run`, the command behind `doit build`: the farm's own engine in place of doit's runner."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import traceback
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from doit.cmd_run import Run as DoitRun
from doit.cmd_run import opt_always, opt_auto_delayed_regex, opt_continue, opt_verbosity
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask

from config.settings import command_line_words
from farm.commands.helpful import MORE_FILES, RUN_ABOUT, RUN_EXAMPLES, RUN_OPTIONS, Helpful, remedy_of
from farm.commands.own_folder import check_own_folders
from farm.commands.team import stores_for
from farm.display.build_log import BuildLog
from farm.display.progress import display_for
from farm.display.reader import OutputError, give_up_writing
from farm.display.tally import Tally
from farm.display.wording import limit_words, shortage_lines
from farm.execution.scratch import Scratch
from farm.machine import capacity_of, ledger_path, store_folder
from farm.planning.admission import NeverFitsError
from farm.planning.engines import cluster_of, executor_of
from farm.planning.forecast import Forecast
from farm.planning.graph import check_selection, check_sources, linked, order, step_of, takes_words
from farm.planning.predecessors import Predecessors
from farm.planning.priority import Priority
from farm.project import AfterBuild, project_of
from farm.results.digest import digests_of
from farm.results.ledger import Ledger
from farm.results.lock import checkout_lock
from farm.results.store import Store
from farm.results.store_care import limit
from farm.scheduler.beside.workers import Workers
from farm.scheduler.checkout import Checkout
from farm.scheduler.loop import Loop, Options
from farm.scheduler.outcome import Outcome
from farm.scheduler.stop import Stop
from farm.settings import FarmSettings
from farm.tasks import plain_errors

_ENGINE_ERROR = 2
#: Files that a build has open at once.
_FILES, _FILES_A_SLOT = 32, 4
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

    def parse_execute(self, in_args: list[str]) -> Any:
        """Refuse the options that only doit's own runner knows, then go on as doit does."""
        for word in in_args:
            if not word.startswith("-"):
                break
            option = word.split("=")[0] if word.startswith("--") else word[:2]
            if option in _REFUSED:
                raise InvalidCommand(f"the farm has no option {option}: {_REFUSED[option]}")
        return super().parse_execute(in_args)

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
        tasks = {task.name: task for task in self.task_list}
        _check_option_order(pos_args or [], tasks)
        if num_process < 0:
            raise InvalidCommand(f"-n {num_process}: give at least 1")
        control = linked(self.task_list, auto_delayed_regex=auto_delayed_regex)
        if not auto_delayed_regex:
            check_selection(self.sel_tasks, tasks, control.targets)
        control.process(self.sel_tasks)
        names = order(control.tasks, control.selected_tasks)
        possible = order(control.tasks, control.selected_tasks, setups=True)
        root = Path.cwd()
        check_sources(control.tasks, possible, control.targets, root)
        project = project_of(self.loader)
        farm = project.farm
        folder = store_folder(farm)
        with plain_errors():
            engine, elsewhere, unanswered = cluster_of(project.settings, control.tasks)
        capacity = capacity_of(farm, num_process, elsewhere)
        _allow_open_files(_FILES + _FILES_A_SLOT * capacity.slots)
        ledger = Ledger(ledger_path(farm), lambda text: display.note(text))  # noqa: PLW0108 - it comes later
        forecast = Forecast(control.tasks, possible, ledger)
        priority = Priority(forecast.needs, forecast.of, capacity)
        predecessors = Predecessors(root, control.tasks, dep_file)
        tally = Tally(forecast, capacity, priority)
        display = display_for(
            sys.stdout,
            tally,
            reasons=force_verbosity and verbosity == 2,
            explain=predecessors.explain,
            groups=predecessors.groups,
        )
        with Stop() as stop, display, checkout_lock(root, _waiting, lambda: stop.requested, display.note) as held:
            if not held:
                return stop.exit_code
            for note in _notes(control.tasks, possible):
                display.note(note)
            workers = Workers(display.note)
            store, courier = stores_for(project, folder, workers.note, display.note)
            workers.companion = courier
            if unanswered:
                display.note(unanswered)
            executor = executor_of(root, engine, farm, capacity, folder, display.note)
            scratch = Scratch(root)
            executor.open()
            try:
                scratch.clear()
            except OSError as error:
                raise InvalidCommand(f"{error.filename}: {error.strerror}") from None
            checkout = Checkout(root, digests_of(root), store, workers.note)
            log = BuildLog(root, display, is_step=lambda name: step_of(control.tasks[name]) is not None)
            loop = Loop(
                control.tasks,
                names,
                self.dep_manager,
                targets=control.targets,
                checkout=checkout,
                executor=executor,
                workers=workers,
                redaction=project.redaction,
                ledger=ledger,
                capacity=capacity,
                priority=priority,
                watcher=log,
                stop=stop,
                options=Options(
                    always, continue_, farm.keep_failed, 2 if verbosity is None else verbosity, force_verbosity
                ),
            )
            try:
                outcome: Outcome = loop.run()
                if courier is not None:
                    courier.finish(stop)
            except (InvalidTask, InvalidCommand, InvalidDodoFile):
                raise
            except NeverFitsError as error:
                raise InvalidTask("\n".join(shortage_lines(error.steps))) from None
            except OutputError as error:
                # `doit build | head`: nobody reads any more. The loop has ended its steps on the way here.
                return give_up_writing(error)
            except OSError as error:
                # A file of the engine itself, not of a step: build/.farm, the journal.
                what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
                what = "; ".join(filter(None, (what, remedy_of(error, folder))))
                sys.stderr.write(f"ERROR: the engine cannot go on: {what}; finished steps are recorded\n")
                return _ENGINE_ERROR
            except Exception:  # whatever it is, it is the engine's and has its own exit code
                sys.stderr.write(traceback.format_exc())
                sys.stderr.write("ERROR: the engine failed; finished steps are recorded\n")
                return _ENGINE_ERROR
            finally:
                if courier is not None:
                    courier.close()
                executor.close()
                log.close()
                ledger.close()
                self.dep_manager.close()
                if not farm.keep_failed:
                    with contextlib.suppress(OSError):
                        scratch.clear()
            if (outcome.ran or outcome.restored) and not stop.requested:
                copies = courier.copies if courier is not None else None
                for store in [one for one in (checkout.store, copies) if one is not None]:
                    display.note(_limit_store(store, checkout.keys, farm, workers, stop))
            predecessors.remember([*outcome.ran, *outcome.restored], outcome.current)
            display.summary(outcome)
            if project.after_build is not None and log.has_begun:
                # After a signal too: the alarm of `stop` is set, and ends this if it takes too long.
                sys.stdout.flush()
                display.note(_after_build(project.after_build, root, dep_file, outcome, tally))
            return stop.exit_code or outcome.exit_code

    def _refuse_settings(self) -> None:
        """Raise InvalidDodoFile for an option of doit's own runner that is set in a file."""
        for place, given in (("DOIT_CONFIG", self.loader.load_doit_config()), ("doit's settings", self.config_vals)):
            for name, option in _REFUSED_SETTINGS.items():
                if given.get(name) not in (None, False, 0, "console"):
                    raise InvalidDodoFile(f"the farm has no '{name}' ({place}): {_REFUSED[option]}; remove it there")


def _after_build(hook: AfterBuild, root: Path, dep_file: str, outcome: Outcome, tally: Tally) -> str:
    """Call what the project wants to be done after a build. Returns a sentence to print; its faults fail nothing."""
    from farm.display.account import account_of  # noqa: PLC0415 - a build that has nothing to do needs none

    folder = os.path.relpath(Path(dep_file).parent, root)
    try:
        return hook(account_of(root, folder, outcome, tally.bound(), tally.capacity)) or ""
    except Exception as error:  # the words and the code are the project's; the build is over
        return f"what follows a build failed ({type(error).__name__}: {error}); its results are not affected"


def _limit_store(store: Store, keys: Collection[str], farm: FarmSettings, workers: Workers, stop: Stop) -> str:
    """Keep a store below the limit; the results `keys` stay. Returns a sentence if anything was removed."""
    limit_gib = farm.store_gib
    if limit_gib is None:
        return ""
    found: list[str] = []

    def job() -> str:
        # A store that cannot be read or written has been reported.
        with contextlib.suppress(OSError):
            gone = limit(store, int(limit_gib * 2**30), keys)
            return "" if gone is None else limit_words(gone, limit_gib)
        return ""

    # Beside the engine, as a store can be large, and ended by a signal: the next build goes on with it.
    with contextlib.suppress(OSError):  # without a process the next build does it
        workers.start(job, found.append)
    while workers and not stop.requested:
        stop.wait(None, workers.descriptors)
        for call in workers.ended():
            call()
    workers.kill(kept=True)
    return found[0] if found and isinstance(found[0], str) else ""


def _notes(tasks: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Return the notes of a build's tasks, each once: they are printed first."""
    return list(dict.fromkeys(note for name in names if (note := (tasks[name].meta or {}).get("note"))))


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


def _allow_open_files(needed: int) -> None:
    """Let this process open so many files. Raises InvalidCommand if it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise InvalidCommand(f"a process may open {hard} files here, and this build needs {needed}; {MORE_FILES}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _waiting(holder: str) -> None:
    sys.stderr.write(f"another build runs in this checkout ({holder}); waiting for it to end\n")
    sys.stderr.flush()
