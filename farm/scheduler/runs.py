"""The runs in progress: from copied inputs to a verdict, whatever the executor is."""

from __future__ import annotations

from collections.abc import Iterator

from farm.execution.executor import Executor
from farm.execution.failure import Failure
from farm.execution.log_file import remove_log
from farm.execution.redact_log import redact_log
from farm.execution.run import Run
from farm.execution.scratch import Scratch
from farm.execution.verdict import Memory, verdict
from farm.redaction import Redaction
from farm.scheduler.checkout import Checkout
from farm.scheduler.work import Work


class Runs:
    """Prepares, starts and stops runs by an executor, and judges them when they have ended."""

    def __init__(self, checkout: Checkout, executor: Executor, redaction: Redaction, limit_gib: float) -> None:
        """`limit_gib` is the memory that all steps together may take."""
        self._checkout = checkout
        self._executor = executor
        self._redaction = redaction
        self._limit_gib = limit_gib
        self._scratch = Scratch(checkout.root)
        self._by_name: dict[str, tuple[Work, Run]] = {}

    def __len__(self) -> int:
        """Return how many runs are in progress."""
        return len(self._by_name)

    def __iter__(self) -> Iterator[tuple[Work, Run]]:
        """Iterate over the runs in progress, in the order of their starts."""
        return iter(self._by_name.values())

    @property
    def poll_s(self) -> float | None:
        """Seconds after which to ask again for ended runs; None if their end wakes the engine, or there is none."""
        return self._executor.poll_s if self._by_name else None

    def prepare(self, work: Work, *, fresh: bool = False) -> Run:
        """Return the run of a step, `fresh` as in `Run`. It counts as in progress, and has no scratch folder yet."""
        run = self._scratch.run_of(work.step, work.probe.parts.key, self._executor.folder(work.step))
        run.queued, run.fresh = True, fresh
        run.resources, run.expected_s = work.candidate.resources, work.candidate.duration_s
        self._by_name[work.step.name] = (work, run)
        return run

    def copy_inputs(self, run: Run) -> None:
        """Make the scratch folder of a run with copies of its inputs. Raises CannotStart or OSError."""
        if not self._executor.holds(run):
            self._scratch.prepare(run)

    def start(self, work: Work, run: Run) -> bool:
        """Start a run whose inputs are copied; False if an input has moved since the probe.

        Raises CannotStart or OSError. A run that did not start is none any more, and leaves no scratch folder.
        """
        started = False
        try:
            # The copies are what the key says only if no source moved between hashing and copying.
            if self._checkout.unmoved(work.probe):
                run.queued = False
                self._executor.start(run)
                started = True
        finally:
            if not started:
                self.give_up(run)
        return started

    def give_up(self, run: Run) -> None:
        """Forget a run that has not started."""
        del self._by_name[run.step.name]
        self.discard(run)

    def enforce_timeouts(self) -> float | None:
        """Stop the runs whose time is over. Returns the seconds until the next one's is; None if there is none."""
        waits = []
        for _, run in self:
            timeout_s = run.step.timeout_s
            if timeout_s is not None:
                run.timed_out = run.timed_out or run.elapsed_s >= timeout_s
                waits.append(self._executor.stop(run) if run.timed_out else timeout_s - run.elapsed_s)
        return min(waits, default=None)

    def ended(self) -> list[tuple[Work, Run]]:
        """Return the runs that have ended since the last call."""
        return [self._by_name.pop(run.step.name) for run in self._executor.ended()]

    def judge(self, work: Work, run: Run) -> Failure | None:
        """Return how an ended run failed, and redact its log."""
        failure = verdict(run, Memory(work.candidate.resources.memory_gib, self._limit_gib))
        # After the verdict, which is on the log as the tool wrote it, and before anything of the log is stored.
        return self.redact(run, failure)

    def redact(self, run: Run, failure: Failure | None = None) -> Failure | None:
        """Redact the log of an ended run; return the failure without what is private."""
        if failure is not None and failure.cause == "refused" and not failure.log:
            remove_log(run)  # it is another's file, or none
            return failure
        return redact_log(run.log, run.step.log, failure, self._redaction)

    def ask_to_end(self) -> None:
        """Ask all runs to end, and do not wait."""
        for _, run in self:
            self._executor.stop(run)

    def stop_all(self) -> list[tuple[Work, Run]]:
        """End all runs and return them, without a verdict. Their logs may still hold what is private."""
        self._executor.stop_all()
        found = list(self._by_name.values())
        self._by_name.clear()
        return found

    def discard(self, run: Run) -> None:
        """Remove the scratch folder of a run."""
        self._scratch.discard(run)
