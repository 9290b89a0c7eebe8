"""The end of a build before its time: nothing runs on, and all is over within three seconds of the signal."""

from __future__ import annotations

import contextlib
from typing import Any

from farm import clock
from farm.execution.log_file import remove_log
from farm.execution.run import Run
from farm.scheduler.beside.finishing import Finishing
from farm.scheduler.beside.workers import Workers
from farm.scheduler.runs import Runs
from farm.scheduler.stop import Stop
from farm.scheduler.work import Work

#: Until when after the signal runs that had ended may still be finished, and the logs of all others be cleaned.
_FINISHED_S, _CLEANED_S = 0.8, 2.5


class WindingDown:
    """Ends what is in progress when the loop has ended, for whatever reason."""

    def __init__(self, stop: Stop, workers: Workers, runs: Runs, finishing: Finishing) -> None:
        self._stop = stop
        self._workers = workers
        self._runs = runs
        self._finishing = finishing
        self._begun_s = stop.since_s if stop.requested else clock.monotonic_s()
        #: Logs that are being cleaned.
        self._unclean: dict[str, Run] = {}

    def end_all(self) -> list[tuple[Work, Run]]:
        """End the runs and return them, except those that had ended and could be finished."""
        self._workers.kill()
        self._runs.ask_to_end()
        killed: list[tuple[Work, Run]] = []
        try:
            self._work_until(_FINISHED_S)
        finally:
            # Also if nobody reads any more that a run has been finished.
            self._end_the_rest(killed)
        return killed

    def _end_the_rest(self, killed: list[tuple[Work, Run]]) -> None:
        self._workers.kill(kept=True)
        killed += [*self._finishing.abandon(), *self._runs.stop_all()]
        for work, run in killed:
            self._clean(run)
            work.release()
        self._work_until(_CLEANED_S)
        self._workers.kill(kept=True)
        for run in self._unclean.values():
            # Nothing unredacted is kept, and there is no time left to redact it.
            remove_log(run)

    def _clean(self, run: Run) -> None:
        def cleaned(result: Any) -> None:
            if not isinstance(result, Exception):
                del self._unclean[run.step.name]

        self._unclean[run.step.name] = run
        with contextlib.suppress(OSError):  # without a process it counts as not cleaned
            self._workers.start(lambda: self._clean_up(run), cleaned, keep=True)

    def _clean_up(self, run: Run) -> None:
        self._runs.redact(run)
        self._runs.discard(run)

    def _work_until(self, seconds: float) -> None:
        """Let the jobs go on until so long after the signal."""
        while self._workers and (left_s := self._begun_s + seconds - clock.monotonic_s()) > 0:
            self._stop.wait(left_s, self._workers.descriptors)
            for call in self._workers.ended():
                call()
