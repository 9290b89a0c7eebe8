"""The first look at a step: whether it is current, comes from the store, or has to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from farm import clock
from farm.execution.failure import Failure, failed
from farm.planning.graph import Task, hook_of
from farm.results.lock import LockHeldError
from farm.results.store import StoreEntry
from farm.scheduler.beside.file_work import FileWork
from farm.scheduler.beside.finishing import failure_of
from farm.scheduler.books import Books
from farm.scheduler.checkout import Checkout, HookError, Probe
from farm.scheduler.frontier import Frontier
from farm.step import Step

#: How often a step is probed while its inputs keep changing.
PROBES = 5
#: Seconds after which to see again whether another has done what a step waits for.
CONTENDED_S = 0.1


class Probing:
    """Probes steps, and ends those that need not run. Neither takes a slot."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        checkout: Checkout,
        books: Books,
        frontier: Frontier,
        files: FileWork,
        *,
        always: bool,
        enqueue: Callable[[str, Step, Probe], None],
    ) -> None:
        """`always` is that of the loop's options; `enqueue` gets the steps that have to run."""
        self._tasks = tasks
        self._checkout = checkout
        self._books = books
        self._frontier = frontier
        self._files = files
        self._always = always
        self._enqueue = enqueue
        self._hashed: Counter[str] = Counter()

    def probe(self, name: str, step: Step) -> None:
        """End a step that is current or stored; queue any other."""
        if self._hash_first(name, step):
            return
        try:
            probe = self._checkout.probe(step)
            entry = None
            if not probe.reasons and not self._always:
                self._checkout.run_hook(step, probe, hook_of(self._tasks[name]), probe.origin, current=True)
                self._books.current(name)
                return
            if not self._always:
                entry = self._checkout.stored(step, probe)
        except (OSError, HookError) as error:
            self._books.failed(name, _unread(error, name))
            return
        if (
            entry is None
            and not self._always
            and self._checkout.ask_others(step, probe, lambda: self._answered(name, step, probe))
        ):
            return
        self._restore_or_run(name, step, probe, entry)

    def _answered(self, name: str, step: Step, probe: Probe) -> None:
        """Look again after others were asked for a result."""
        self._restore_or_run(name, step, probe, self._checkout.stored(step, probe))

    def _restore_or_run(self, name: str, step: Step, probe: Probe, entry: StoreEntry | None) -> None:
        if entry is None:
            self._has_to_run(name, step, probe)
        else:
            self._files.fetch(step, probe, entry, lambda result: self._fetched(name, step, probe, entry, result))

    def _has_to_run(self, name: str, step: Step, probe: Probe) -> None:
        """Queue a step; one that cannot run here fails now, before others have started in vain."""
        missing = (self._tasks[name].meta or {}).get("cannot_run")
        if missing:
            self._books.failed(name, failed("program", "; ".join(str(missing).splitlines())))
        else:
            self._enqueue(name, step, probe)

    def _hash_first(self, name: str, step: Step) -> bool:
        """Hash large files beside the loop; the step is probed again when that is done."""
        if self._hashed[name] >= PROBES:
            return False  # they change all the time, and the rules for that come with the start
        found = self._files.hash(step, lambda result: self._hashed_files(name, result))
        if found == "busy":
            self._frontier.again(name, clock.monotonic_s() + CONTENDED_S)
        elif found == "begun":
            self._hashed[name] += 1
        return found != "known"

    def _hashed_files(self, name: str, error: Exception | None) -> None:
        if error is not None:
            self._books.failed(name, _unread(error, name))
        else:
            self._frontier.again(name, None)

    def _fetched(self, name: str, step: Step, probe: Probe, entry: StoreEntry, result: Any) -> None:
        """Put what came from the store into place; run the step if nothing whole came."""
        if isinstance(result, LockHeldError):
            self._checkout.leave_store(result)
        elif isinstance(result, Exception):
            self._books.failed(name, failure_of(result, ""))
            return
        elif result is not None:
            try:
                cost = self._checkout.place_fetched(step, probe, entry, result, hook_of(self._tasks[name]))
            except (OSError, HookError) as error:
                self._books.failed(name, failure_of(error, ""))
            else:
                self._books.restored(name, step, cost)
            return
        self._checkout.not_restored(entry)
        self._has_to_run(name, step, probe)


def _unread(error: Exception, name: str) -> Failure:
    """Return the failure of a step that could not be probed."""
    if isinstance(error, OSError) and not isinstance(error, HookError):
        return failed("input", f"{error.filename or name}: {error.strerror or error}")
    return failure_of(error, "")
