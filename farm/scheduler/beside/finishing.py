"""The end of a run: its verdict and the redaction of its log, then its outputs: hashed, stored, put in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from farm.execution.failure import Failure, failed, out_of_disk
from farm.execution.run import Run
from farm.planning.graph import Task, hook_of
from farm.results.digest import Digest
from farm.results.lock import LockHeldError
from farm.scheduler.beside.aside import Aside
from farm.scheduler.beside.effort import log_takes_long, reads_long
from farm.scheduler.beside.workers import WorkerError
from farm.scheduler.checkout import Checkout, HookError
from farm.scheduler.outcome import Outcome
from farm.scheduler.runs import Runs
from farm.scheduler.work import Work

Ended = Callable[[Work, Run, Failure | None], None]


class Finishing:
    """The runs that have ended and are not finished yet."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        checkout: Checkout,
        runs: Runs,
        aside: Aside,
        *,
        outcome: Outcome,
        ended: Ended,
    ) -> None:
        """`ended` gets each run when it is finished, with how it failed; its outputs are in place if it did not."""
        self._tasks = tasks
        self._checkout = checkout
        self._runs = runs
        self._aside = aside
        self._outcome = outcome
        self._ended = ended
        self._open: dict[str, tuple[Work, Run]] = {}

    def begin(self, work: Work, run: Run) -> None:
        """Judge a run that has ended, and clean its log."""
        self._open[run.step.name] = (work, run)
        self._aside.do(
            lambda: _document(self._runs.judge(work, run)),
            lambda result: self._judged(work, run, result),
            long=log_takes_long(run.log),
            keep=True,
        )

    def abandon(self) -> list[tuple[Work, Run]]:
        """Return the runs that are not finished, and finish none of them."""
        found = list(self._open.values())
        self._open.clear()
        return found

    def _judged(self, work: Work, run: Run, result: Any) -> None:
        failure = self._problem(result, run) or failure_from(result)
        if failure is not None:
            self._end(work, run, failure)
            return
        earlier = self._checkout.earlier(run.step, work.probe.parts.key)
        outputs = [run.work / output.path for output in run.step.outputs]
        self._aside.do(
            lambda: {path: list(_fields(digest)) for path, digest in self._checkout.keep(run, work.probe).items()},
            lambda result: self._kept(work, run, earlier, result),
            long=reads_long([*outputs, run.log]),
            keep=True,
        )

    def _kept(self, work: Work, run: Run, earlier: Mapping[str, Digest], result: Any) -> None:
        if isinstance(result, LockHeldError):
            # Several runs may have waited for it: the first has left the store, and the others go on without it too.
            self._checkout.leave_store(result)
            self._judged(work, run, None)
            return
        self._end(work, run, self._problem(result, run) or self._publish(work, run, earlier, result))

    def _publish(self, work: Work, run: Run, earlier: Mapping[str, Digest], kept: Any) -> Failure | None:
        digests = {path: Digest(*fields) for path, fields in kept.items()}
        try:
            differences = self._checkout.publish(run, work.probe, digests, earlier, hook_of(self._tasks[run.step.name]))
        except (OSError, HookError) as error:
            return failure_of(error, run.step.log)
        if differences:
            self._outcome.differing[run.step.name] = differences
        return None

    def _problem(self, result: Any, run: Run) -> Failure | None:
        """Return the failure if a job has ended with an error."""
        return failure_of(result, run.step.log) if isinstance(result, (OSError, WorkerError, LockHeldError)) else None

    def _end(self, work: Work, run: Run, failure: Failure | None) -> None:
        self._open.pop(run.step.name, None)
        self._ended(work, run, failure)


def failure_of(error: Exception, log: str) -> Failure:
    """Return an error of the engine, or of a hook, as the failure of a step."""
    if isinstance(error, HookError):
        return failed("hook", str(error), log)
    if isinstance(error, OSError):
        return out_of_disk(failed("engine", f"{error.filename}: {error.strerror}", log), error)
    return failed("engine", str(error), log)


def _document(failure: Failure | None) -> dict[str, Any] | None:
    return None if failure is None else asdict(failure)


def failure_from(document: dict[str, Any] | None) -> Failure | None:
    """Return a failure that was plain data on its way from a job."""
    return None if document is None else Failure(**{**document, "lines": tuple(document["lines"])})


def _fields(digest: Digest) -> tuple[str, str, int]:
    return digest.sha256, digest.meaning, digest.size
