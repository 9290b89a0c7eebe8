"""Runs steps on a cluster: for each a client of the engine that waits, and on the node the shim with the tool below it.

The client is a process of its own session. It outlives a farm that is killed, and so does its job: the next build finds
both by the job's folder, and waits for them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from farm import clock
from farm.beneath import remove_beneath
from farm.execution.children import Children
from farm.execution.cluster.asking import Asking, answer_now
from farm.execution.cluster.collector import Collector
from farm.execution.cluster.engine import Engine
from farm.execution.cluster.folder import Left, client_lives, left_in, note_client
from farm.execution.cluster.job import CLIENT_LOG, FINISHED, Known
from farm.execution.cluster.judge import Verdict
from farm.execution.cluster.live import Live
from farm.execution.cluster.ways import Way
from farm.execution.failure import failed
from farm.execution.log_file import new_log
from farm.execution.run import CannotStart, Run
from farm.results.folder import JOBS
from farm.step import Step

#: How long a job may take to end after it was asked to.
GRACE_S = 5.0
#: How often to look for records and to ask the engine: each half second; for many jobs, a hundredth of their number.
_LEAST_LOOK_S, _LOOK_A_JOB_S = 0.5, 0.01
_OPEN_S = 15.0
#: For a farm that ends, three seconds in all: how long its jobs may clean up, how long a client may take that has them
#: killed, and how long the engine may take to clear them, once for those before and once for these.
_CLEAN_S, _KILL_S, _STOP_S = 1.0, 0.3, 0.8
#: After these the step is tried on another node.
_OF_THE_NODE = ("node failed", "no program", "no folder", "lost", "unsound")


class ClusterExecutor:
    """Submits, watches and clears the jobs of one checkout."""

    def __init__(
        self,
        root: Path,
        engine: Engine,
        way: Way,
        children: Children,
        store: Path,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`store` is the folder by which farms of one user learn of each other's results; `note` gets sentences."""
        self._root = root
        self._engine = engine
        self._way = way
        self._children = children
        self._store = store
        self._note = note
        self._live: dict[str, Live] = {}
        self._left: dict[str, Left] = {}
        #: Folders of those that the engine does not know any more.
        self._gone: set[str] = set()
        self._asking = Asking(children)
        self._clearing = Asking(children)
        #: The number of the last question that has been answered.
        self._answered = 0
        self._to_clear: list[Known] = []
        self._claims: list[Path] = []
        self._avoid: dict[str, str] = {}
        self._unlimited: set[str] = set()
        #: Steps that have met a wrong file in the store.
        self._distrusts: set[str] = set()
        self._looked_s = 0.0

    @property
    def poll_s(self) -> float | None:
        """How often records and states are to be looked at; None if no job is there."""
        return self._interval_s if self._live else None

    @property
    def _interval_s(self) -> float:
        return max(_LEAST_LOOK_S, len(self._live) * _LOOK_A_JOB_S)

    def open(self) -> None:
        """Find the jobs that a killed farm has left: those that are known to be gone leave no folder."""
        found = list(left_in(self._root / JOBS))
        left = [one for one in found if isinstance(one, Left)]
        output = answer_now(self._engine.query([one.known for one in left]), _OPEN_S) if left else ""
        if output is None:
            self._note(f"{self._engine.title} does not answer; {len(left)} jobs of an earlier build count as running")
        seen = {} if output is None else self._engine.sightings(output, [one.known for one in left])
        for one in found:
            if isinstance(one, Left):
                sighting = seen.get(one.known.token)
                is_alive = output is None or (sighting is not None and sighting.phase != "ended")
                folder = self._root / JOBS / one.folder
                # What a node that shares no folder has done shows when it is asked for.
                if is_alive or one.is_far or (folder / FINISHED).is_file() or client_lives(one, folder):
                    if not is_alive:
                        self._gone.add(one.folder)
                    self._left[one.folder] = one.with_id(sighting.id if sighting is not None else "")
                    continue
            remove_beneath(self._root, f"{JOBS}/{one.folder if isinstance(one, Left) else one}")

    def holds(self, run: Run) -> bool:
        """Tell whether a job of a killed farm already runs this step: then nothing is prepared for it."""
        return run.scratch.name in self._left

    def folder(self, step: Step) -> str:
        """Return the folder that no build empties: a job may still work there."""
        return JOBS

    def start(self, run: Run) -> None:
        """Submit the job of a run, or wait for the one that a killed farm has left."""
        run.queued, run.started_s = True, clock.monotonic_s()
        left = self._left.pop(run.scratch.name, None)
        self._live[run.step.name] = self._submitted(run) if left is None else self._attached(run, left)

    def _attached(self, run: Run, left: Left) -> Live:
        run.log_id = left.log_id
        live = Live(run, left.known, None, self._engine, self._note, self._collector(run, is_far=left.is_far))
        if not client_lives(left, run.scratch):
            live.await_word(self._asking.asked)
        return live

    def _submitted(self, run: Run) -> Live:
        name = run.step.name
        avoid = tuple(filter(None, (self._avoid.get(name),)))
        job = self._way.job(run, avoid=avoid, unlimited=name in self._unlimited)
        with os.fdopen(new_log(run), "wb") as log, (run.scratch / CLIENT_LOG).open("xb") as said:
            self._way.write(run, job, distrusts=name in self._distrusts)
            try:
                process = subprocess.Popen(
                    self._way.client(run, self._engine.submit(job)),
                    cwd=self._root,
                    env=self._way.environment(run),
                    stdin=subprocess.DEVNULL,
                    stdout=log if self._engine.is_attached else said,
                    stderr=said,
                    start_new_session=True,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise CannotStart(failed("program", f"{self._engine.title}: {error}")) from None
        # Its status is collected with those of all children.
        process.returncode = 0
        self._children.expect(process.pid)
        note_client(run, process.pid)
        collector = self._collector(run, is_far=job.is_far)
        return Live(run, Known(job.name, job.token), process.pid, self._engine, self._note, collector)

    def _collector(self, run: Run, *, is_far: bool) -> Collector | None:
        return Collector(run.scratch, self._children) if is_far else None

    def ended(self) -> list[Run]:
        """Return the runs that have a verdict; never waits."""
        self._children.collect()
        self._take_answer()
        now_s = clock.monotonic_s()
        looks = now_s - self._looked_s >= self._interval_s
        if looks:
            self._looked_s = now_s
        done = []
        for live in list(self._live.values()):
            if live.take_launcher(self._children, self._asking.asked) or looks:
                live.look(self._asking.asked)
            if live.question is None and not looks:
                continue
            verdict = live.verdict(self._asking.asked, self._answered)
            if verdict not in ("ask", "wait"):
                self._close(live, verdict)
                done.append(live.run)
        self._ask(looks)
        self._clear()
        return done

    def stop(self, run: Run) -> float:
        """Ask a job to end: its client ends it, and the engine is told. Later calls are harder."""
        live = self._live.get(run.step.name)
        if live is None:
            return GRACE_S
        now_s = clock.monotonic_s()
        if live.asked_to_end_s is None or now_s - live.asked_to_end_s >= GRACE_S:
            live.end()
            self._to_clear.append(live.known)
            live.asked_to_end_s = now_s
        self._clear()
        return max(0.0, live.asked_to_end_s + GRACE_S - now_s)

    def stop_all(self) -> list[Run]:
        """End all jobs of this build, and return their runs. The engine is given a moment for it."""
        lives = list(self._live.values())
        for live in lives:
            if live.asked_to_end_s is None:
                live.end()
        self._await_clients(lives, _CLEAN_S)
        for live in lives:
            live.end()
        self._await_clients(lives, _KILL_S)
        for live in lives:
            live.end_client(signal.SIGKILL)
            live.run.ended_s = clock.monotonic_s()
        self._to_clear += [live.known for live in lives]
        self._live.clear()
        self._clear_all()
        return [live.run for live in lives]

    def _await_clients(self, lives: Sequence[Live], seconds: float) -> None:
        """Wait until all clients have ended, or until the time is over."""
        until_s = clock.monotonic_s() + seconds
        while any(live.has_client for live in lives) and clock.monotonic_s() < until_s:
            time.sleep(0.01)
            self._children.collect()
            for live in lives:
                live.take_launcher(self._children, self._asking.asked)

    def _clear_all(self) -> None:
        """Clear all that has ended, and wait a moment for it: what runs below a farm that ends is killed."""
        until_s = clock.monotonic_s() + _STOP_S
        while self._clearing.is_busy and clock.monotonic_s() < until_s:
            time.sleep(0.005)
            self._children.collect()
            self._clearing.answer()
        words = self._engine.clear(self._to_clear) if self._to_clear else ()
        self._to_clear.clear()
        if words:
            answer_now(words, _STOP_S)

    def close(self) -> None:
        """Clear what has ended, and remove what other farms need no more."""
        self._clear_all()
        for folder in self._gone & self._left.keys():
            remove_beneath(self._root, f"{JOBS}/{folder}")  # nobody has wanted it
        for claim in self._claims:
            with contextlib.suppress(OSError):
                claim.unlink()

    def _take_answer(self) -> None:
        if not self._asking.is_busy:
            return
        output = self._asking.answer()
        if output is not None:
            self._answered = self._asking.asked
            seen = self._engine.sightings(output, [live.known for live in self._live.values()])
            for live in self._live.values():
                live.see(seen.get(live.known.token))
        elif not self._asking.is_busy:
            # Unknown is not "ended": a second job of the same step would be the consequence.
            self._note(f"{self._engine.title} does not answer; jobs count as running until it does")

    def _close(self, live: Live, verdict: Verdict) -> None:
        """Let go of a job that has ended."""
        run, name = live.run, live.run.step.name
        del self._live[name]
        live.end_client(signal.SIGTERM)
        live.close(verdict)
        if verdict in _OF_THE_NODE and run.place is not None:
            self._avoid[name] = run.place.node
        elif verdict == "time limit":
            self._unlimited.add(name)
        elif verdict == "no object":
            self._distrusts.add(name)
        elif verdict == "good":
            self._claims.append(self._store / "jobs" / run.key[:2] / run.key)
        self._to_clear.append(live.known)

    def _ask(self, looks: bool) -> None:
        """Ask the engine if a job waits for its word, or to show where the jobs are."""
        if self._asking.is_busy or not self._live:
            return
        waiting = [live.question for live in self._live.values() if live.question is not None]
        new = any(question > self._asking.asked for question in waiting)
        again = clock.monotonic_s() - self._asking.asked_s >= self._interval_s
        if new or (again and (waiting or looks)):
            self._asking.ask(self._engine.query([live.known for live in self._live.values()]))

    def _clear(self) -> None:
        """Clear jobs by their ids: one whose end the controller has missed would go on holding its licences."""
        self._clearing.answer()
        if self._to_clear and not self._clearing.is_busy:
            words = self._engine.clear(self._to_clear)
            self._to_clear.clear()
            if words:
                self._clearing.ask(words)
