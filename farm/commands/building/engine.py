"""The engine for a build that has something to do: put together, run, and closed however it ends."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask

from farm.commands.building.team import stores_for
from farm.commands.helpful import MORE_FILES, remedy_of
from farm.display.build_log import BuildLog
from farm.display.progress import display_for
from farm.display.reader import OutputError, give_up_writing
from farm.display.result import result_lines
from farm.display.tally import Tally
from farm.display.wording import limit_words, shortage_lines
from farm.execution.scratch import Scratch
from farm.machine import capacity_of, ledger_path, store_folder
from farm.planning.admission import NeverFitsError
from farm.planning.engines import cluster_of, executor_of
from farm.planning.forecast import Forecast
from farm.planning.graph import check_sources, step_of
from farm.planning.priority import Priority
from farm.planning.selection import Selection
from farm.project import AfterBuild, Project
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
from farm.step import StepError
from farm.tasks import plain_errors

_ENGINE_ERROR = 2
#: Files that a build has open at once.
_FILES, _FILES_A_SLOT = 32, 4


def build(
    root: Path,
    project: Project,
    selection: Selection,
    *,
    dep_manager: Any,
    dep_file: str,
    slots: int = 0,
    always: bool = False,
    go_on: bool = False,
    verbosity: int | None = None,
    force_verbosity: bool = False,
) -> int:
    """Bring the selected tasks up to date and return doit's exit status. `dep_manager` is closed.

    `slots` 0 takes the setting; the other options are those of `doit run`. Raises InvalidTask and InvalidCommand for
    what is wrong before anything has begun.
    """
    # What a command has loaded stays: the collector need not look at it, and copies of the engine share its pages.
    gc.freeze()
    gc.enable()
    control, possible, predecessors = selection.control, selection.possible, selection.predecessors
    check_sources(control.tasks, possible, control.targets, root)
    farm = project.farm
    folder = store_folder(farm)
    with plain_errors():
        engine, elsewhere, unanswered = cluster_of(project.settings, control.tasks)
    capacity = capacity_of(farm, slots, elsewhere)
    _allow_open_files(_FILES + _FILES_A_SLOT * capacity.slots)
    ledger = Ledger(ledger_path(farm), lambda text: display.note(text))  # noqa: PLW0108 - it comes later
    forecast = Forecast(control.tasks, possible, ledger)
    priority = Priority(forecast.needs, forecast.of, capacity)
    tally = Tally(forecast, capacity, priority)
    display = display_for(
        sys.stdout,
        tally,
        reasons=force_verbosity and verbosity == 2,
        explain=predecessors.explain,
        groups=predecessors.groups,
        results=lambda made: result_lines(control.tasks, possible, made),
    )
    with Stop() as stop, display, checkout_lock(root, _waiting, lambda: stop.requested, display.note) as held:
        if not held:
            return stop.exit_code
        for note in selection.notes():
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
            selection.names,
            dep_manager,
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
            options=Options(always, go_on, farm.keep_failed, 2 if verbosity is None else verbosity, force_verbosity),
        )
        try:
            outcome: Outcome = loop.run()
            if courier is not None:
                courier.finish(stop)
        except (InvalidTask, InvalidCommand, InvalidDodoFile, StepError):
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
            dep_manager.close()
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
