"""One job from its submission to its verdict: what is known of it, and what is missing."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from farm import clock
from farm.execution.children import Children
from farm.execution.cluster.collector import Collector
from farm.execution.cluster.engine import Engine
from farm.execution.cluster.folder import ended_of, started_of
from farm.execution.cluster.job import CLIENT_LOG, FINISHED, STARTED, TOOL, Known, Sighting
from farm.execution.cluster.judge import Evidence, Verdict, judge
from farm.execution.ended import read_record
from farm.execution.run import Place, Run

#: How long a record, or the engine's last word, may come after the end: attributes of NFS are cached.
_PATIENCE_S = 10.0
_CLOCKS_APART_S = 60.0
_MOST_WORDS = 1 << 14
#: What the engine itself writes into a log that the node writes.
_ENGINE_LINES = ("slurmstepd",)


class Live:
    """A job that has not ended. `client` is the process that waits for it, if it is a child of this one."""

    def __init__(
        self,
        run: Run,
        known: Known,
        client: int | None,
        engine: Engine,
        note: Callable[[str], None],
        collector: Collector | None = None,
    ) -> None:
        """`collector` fetches what the job has left, if its node shares no folder with this machine."""
        self.run = run
        self.known = known
        self.client = client
        self.asked_to_end_s: float | None = None
        #: The number of the first question to the engine whose answer tells of the end; None before the end.
        self.question: int | None = None
        self.sighting: Sighting | None = None
        self._engine = engine
        self._note = note
        self._collector = collector
        self._signals = iter(dict.fromkeys((engine.end_signal, signal.SIGTERM)))
        #: Since when the engine has it no more.
        self._gone_s: float | None = None
        self._launcher: int | None = None
        self._started = client is None
        #: A job that was found again had begun before.
        self._submitted_s = clock.monotonic_s() if client is not None else 0.0
        self._ended_s = 0.0
        self._place = Place(engine.title, job=known.id)
        run.place = self._place

    @property
    def has_client(self) -> bool:
        """Whether its client runs."""
        return self.client is not None and self._launcher is None

    def end(self) -> None:
        """Have its client end the job: so that the job can clean up the first time, harder each time after."""
        self.end_client(next(self._signals, signal.SIGKILL))

    def end_client(self, number: signal.Signals) -> None:
        """Send its client a signal, and what a wrapper has started: that of a Ctrl-C does not reach their session."""
        if self.client is not None and self._launcher is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.client, number)
        if self._collector is not None:
            self._collector.end()

    def take_launcher(self, children: Children, asked: int) -> bool:
        """Take the status of its client if it has ended; tell whether it has just done so."""
        status = children.take(self.client) if self.client is not None and self._launcher is None else None
        if status is None:
            return False
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            self._launcher = code
        else:
            self.client = None  # somebody has killed the client, which says nothing about the job
        self.await_word(asked)
        return True

    def await_word(self, asked: int) -> None:
        """Note that it seems to have ended, after `asked` questions to the engine."""
        if self.question is None:
            self.question = asked + 1
            self._ended_s = clock.monotonic_s()

    def look(self, asked: int) -> None:
        """See what its node has written."""
        if (not self._started or not self._place.node) and self._is_there(STARTED):
            begun = started_of(self.run, self.known.token)
            if begun is not None:
                self._begun(str(begun.get("node", "")), str(begun.get("job", "")), begun.get("epoch_s"))
        # A client may take long to notice the end, or is gone with the farm that was killed.
        late = self.question is None and (self.client is None or self._engine.notices_late)
        if late and self._is_there(FINISHED) and ended_of(self.run, self.known.token) is not None:
            self.await_word(asked)

    def _is_there(self, name: str) -> bool:
        """Tell whether a file may be there: thousands of jobs are looked at, and most have none."""
        return os.path.lexists(f"{self.run.scratch}/{name}")

    def _begun(self, node: str, job: str, epoch_s: object) -> None:
        if not self._started:
            apart_s = abs(clock.epoch_s() - epoch_s) if isinstance(epoch_s, float) else 0.0
            if apart_s > _CLOCKS_APART_S + (clock.monotonic_s() - self._submitted_s):
                self._note(
                    f"the clock of {node} differs from this machine's by {apart_s:.0f} s; outputs do not depend on it, "
                    "but tools and licence servers may: let both ask one time server"
                )
        self._started = True
        self._runs()
        if job and not self.known.id:
            self.known = Known(self.known.name, self.known.token, job)
        self._show(Place(self._engine.title, node or self._place.node, job or self._place.job))

    def _runs(self) -> None:
        if self.run.queued:
            self.run.queued, self.run.started_s = False, clock.monotonic_s()

    def _show(self, place: Place) -> None:
        self._place = self.run.place = place

    def see(self, sighting: Sighting | None) -> None:
        """Take what the engine says of it now; None if it does not know the job."""
        self.sighting = sighting
        if sighting is not None and sighting.phase != "ended":
            self._gone_s = None
        elif self._gone_s is None:
            self._gone_s = clock.monotonic_s()
        if sighting is None:
            return
        self.known = Known(self.known.name, self.known.token, sighting.id)
        waits = sighting.reason if sighting.phase == "queued" else ""
        job = sighting.id or self._place.job
        self._show(Place(self._engine.title, sighting.node or self._place.node, job, waits))
        if sighting.phase == "running" and sighting.node:
            self._runs()
        elif sighting.phase == "queued":
            self.run.queued = True  # perhaps again: the engine puts a job back whose node has failed

    def verdict(self, asked: int, answered: int) -> Verdict:
        """Return how it has ended, or what is missing; of `asked` questions the `answered`-th has an answer."""
        if self.question is None:
            # A client that is not ours ends unseen: then the engine tells.
            is_alive = self.sighting is not None and self.sighting.phase != "ended"
            has_told = self._collector is not None and self._engine.notices_late and self.sighting is not None
            if is_alive or (self.client is not None and not has_told) or answered < asked:
                return "wait"
            self.await_word(asked)
        if self._collector is not None and self._collector.is_busy:
            return "wait"
        words, record = self._words(), ended_of(self.run, self.known.token)
        found = judge(
            Evidence(
                self._launcher,
                record,
                answered=self.question is not None and answered >= self.question,
                sighting=self.sighting,
                words=words,
                started=self._started or self.sighting is not None,
                patient=clock.monotonic_s() - self._ended_s < _PATIENCE_S,
                refusal=self._engine.refusal(words),
            )
        )
        if record is None and found != "wait" and self._collects():
            return "wait"
        return found

    def _collects(self) -> bool:
        """Fetch what the job has left: at its end, and again if the engine has seen the end later than that."""
        collector = self._collector
        if collector is None or (
            collector.begun_s is not None and (self._gone_s is None or collector.begun_s >= self._gone_s)
        ):
            return False
        collector.begin()
        return True

    def close(self, verdict: Verdict) -> None:
        """Tell the run how it has ended."""
        run = self.run
        run.ended_s = clock.monotonic_s()
        if read_record(run, TOOL) or run.queued:
            # The record tells how long the tool ran; the rest was the queue's.
            run.started_s = max(self._submitted_s, run.ended_s - run.cost.wall_s)
        run.queued = False
        if verdict not in ("good", "tool"):
            record = ended_of(run, self.known.token)
            run.trouble = verdict
            run.engine_words = self._explanation() if record is None or not record.problem else record.detail

    def _words(self) -> str:
        """Return what the client has said, and in a log that the node writes what the engine has."""
        words = _tail(self.run.scratch / CLIENT_LOG)
        if not self._engine.is_attached:
            words += "\n".join(line for line in _tail(self.run.log).splitlines() if line.startswith(_ENGINE_LINES))
        return words

    def _explanation(self) -> str:
        sighting = self.sighting
        reason = sighting.reason if sighting is not None and sighting.reason != "None" else ""
        state = ", ".join(filter(None, (sighting.word, reason))) if sighting is not None else ""
        lines = self._words().splitlines()
        own = [line.removeprefix("farm: ") for line in lines if line.startswith("farm: ")]
        said = own[-1] if own else next((line for line in reversed(lines) if "error" in line.lower()), "")
        return "; ".join(filter(None, (state, said.strip()[:300])))


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(max(0, size - _MOST_WORDS))
            return stream.read(_MOST_WORDS).decode("utf-8", errors="replace")
    except OSError:
        return ""
