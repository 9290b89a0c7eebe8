"""The loop with an executor that starts no process: a stand-in for a cluster whose jobs end when the test says so."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farm import clock
from farm.execution.executor import Executor
from farm.execution.failure import Failure, failed
from farm.execution.run import CannotStart, Place, Run
from farm.planning.admission import Capacity
from farm.planning.forecast import Forecast
from farm.planning.priority import Priority
from farm.redaction import NOTHING_PRIVATE, Redaction
from farm.results.digest import Digests
from farm.results.folder import SCRATCH
from farm.results.ledger import Ledger
from farm.scheduler.beside.workers import Workers
from farm.scheduler.checkout import Checkout
from farm.scheduler.loop import Loop, Options
from farm.scheduler.outcome import Outcome
from farm.scheduler.stop import Stop
from farm.step import File, Output, Step

Job = Callable[[Run], int | None]


class FakeExecutor:
    """Runs a job (a function by the step's name) at the `after`-th call of `ended`."""

    poll_s: float | None = 0.0

    def __init__(self, jobs: Mapping[str, Job], after: int = 1) -> None:
        self.jobs = jobs
        self.after = after
        self.asked: dict[str, int] = {}
        self.runs: dict[str, Run] = {}
        self.started: list[str] = []
        self.most = 0
        self.stopped: list[str] = []

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def holds(self, run: Run) -> bool:
        return False

    def folder(self, step: Step) -> str:
        return SCRATCH

    def start(self, run: Run) -> None:
        name = run.step.name
        if name not in self.jobs:
            raise CannotStart(failed("program", "the cluster has no such partition"))
        run.log.parent.mkdir(parents=True, exist_ok=True)
        run.log.write_text(f"log of {name}\n")
        run.started_s, run.place = clock.monotonic_s(), Place("queue", "node7")
        self.started.append(name)
        self.runs[name] = run
        self.asked[name] = 0
        self.most = max(self.most, len(self.runs))

    def ended(self) -> list[Run]:
        found = []
        for name, run in list(self.runs.items()):
            self.asked[name] += 1
            if self.asked[name] >= self.after:
                run.status = self.jobs[name](run)
                found.append(self._end(run))
        return found

    def stop(self, run: Run) -> float:
        self.stopped.append(run.step.name)
        self.asked[run.step.name] = self.after
        return 1.0

    def stop_all(self) -> list[Run]:
        return [self._end(run) for run in list(self.runs.values())]

    def _end(self, run: Run) -> Run:
        run.ended_s = clock.monotonic_s()
        return self.runs.pop(run.step.name)


class Watch:
    """Records the loop's events."""

    refresh_s: float | None = None

    def __init__(self) -> None:
        self.repeats: list[tuple[str, str]] = []
        self.places: set[str] = set()

    def repeated(self, name: str, failure: Failure, attempt: int) -> None:
        self.repeats.append((name, failure.kind))

    def progress(self, done: int, total: int, running: Any) -> None:
        self.places |= {run.place.node for run in running if run.place is not None}

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Memory:
    """doit's memory, empty."""

    def status_is_ignore(self, task: Any) -> bool:
        return False

    def get_values(self, name: str) -> dict[str, Any]:
        return {}

    def save_success(self, task: Any) -> None:
        """Forget it."""


def step(name: str, *needs: str, **more: Any) -> Step:
    return Step(
        name,
        ("tool",),
        (File("a", "a"), *(File(need, f"build/{need}") for need in needs)),
        (Output("out", f"build/{name}"),),
        log=f"build/{name}.log",
        **more,
    )


def task(one: Step, *needs: str) -> Any:
    return SimpleNamespace(
        name=one.name,
        actions=["x"],
        meta={"step": one},
        task_dep=list(needs),
        file_dep=set(),
        calc_dep=set(),
        setup_tasks=[],
        teardown=[],
        getargs={},
        values={},
    )


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., tuple[Outcome, Watch]]:
    (tmp_path / "a").write_text("A")

    def run(
        executor: Executor,
        *tasks: Any,
        slots: int = 2,
        redaction: Redaction = NOTHING_PRIVATE,
        stop: Stop | None = None,
        **options: Any,
    ) -> tuple[Outcome, Watch]:
        by_name = {one.name: one for one in tasks}
        capacity = Capacity(slots, slots, 8.0, {})
        ledger = Ledger(tmp_path / "ledger.db")
        forecast = Forecast(by_name, list(by_name), ledger)
        watch = Watch()
        stop = stop or Stop()
        loop = Loop(
            by_name,
            list(by_name),
            Memory(),
            targets={},
            checkout=Checkout(tmp_path, Digests(tmp_path), None),
            executor=executor,
            workers=Workers(watch.note),
            redaction=redaction,
            ledger=ledger,
            capacity=capacity,
            priority=Priority(forecast.needs, forecast.of, capacity),
            watcher=watch,  # type: ignore[arg-type]
            stop=stop,
            options=Options(**options),
        )
        with stop:
            outcome = loop.run()
        assert not (tmp_path / "build/.farm/scratch").exists() or not list((tmp_path / "build/.farm/scratch").iterdir())
        return outcome, watch

    return run


def writes(run: Run) -> int:
    """A job that succeeds."""
    (run.work / "out").write_text("+".join(sorted(path.read_text() for path in run.work.iterdir() if path.is_file())))
    return 0


def test_steps_run_in_order_within_the_slots(build, tmp_path: Path) -> None:
    executor = FakeExecutor(dict.fromkeys(["one", "two", "three", "last"], writes), after=3)
    tasks = [*(task(step(name)) for name in ("one", "two", "three")), task(step("last", "one"), "one", "two", "three")]
    outcome, watch = build(executor, *tasks)
    assert sorted(executor.started[:3]) == ["one", "three", "two"] and executor.started[3:] == ["last"]
    assert executor.most == 2
    assert outcome.ran[-1] == "last" and not outcome.failed
    assert (tmp_path / "build/last").read_text() == "A+A"
    assert watch.places == {"node7"}
    outcome, _ = build(executor, *tasks)
    assert sorted(outcome.current) == ["last", "one", "three", "two"]


def test_a_refused_run_fails_and_what_needs_it_is_skipped(build) -> None:
    outcome, _ = build(FakeExecutor({"last": writes}), task(step("one")), task(step("last", "one"), "one"))
    assert outcome.failed["one"].detail == "the cluster has no such partition"
    assert outcome.skipped == {"last": "one"}


@pytest.mark.slow
def test_a_lost_run_is_tried_again(build) -> None:
    statuses = iter([None, None, 0])

    def job(run: Run) -> int | None:
        writes(run)
        return next(statuses)

    outcome, watch = build(FakeExecutor({"one": job}), task(step("one")))
    assert outcome.ran == ["one"]
    assert watch.repeats == [("one", "infrastructure")] * 2


def test_exit_status_0_is_not_enough(build, tmp_path: Path) -> None:
    outcome, _ = build(FakeExecutor({"one": lambda run: 0}), task(step("one")))
    assert outcome.failed["one"].cause == "outputs"
    assert not (tmp_path / "build/one").exists()


def test_the_loop_stops_a_run_that_is_over_its_time(build, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic_s", lambda: now[0])

    def waits(stop: Stop, seconds: float | None, descriptors: object = ()) -> None:
        now[0] += seconds or 0.0

    monkeypatch.setattr(Stop, "wait", waits)
    executor = FakeExecutor({"one": lambda run: -signal.SIGTERM}, after=1000)
    executor.poll_s = None
    outcome, _ = build(executor, task(step("one", timeout_s=3600.0)))
    assert executor.stopped[0] == "one"
    assert outcome.failed["one"].cause == "timeout"
    assert 3600.0 <= now[0] <= 3700.0


def test_time_in_a_queue_is_no_run_time(build, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic_s", lambda: now[0])
    monkeypatch.setattr(
        Stop, "wait", lambda stop, seconds, descriptors=(): now.__setitem__(0, now[0] + (seconds or 0.0))
    )

    class Queueing(FakeExecutor):
        """Starts a job after a day."""

        poll_s = 600.0

        def start(self, run: Run) -> None:
            super().start(run)
            run.queued = True

        def ended(self) -> list[Run]:
            for run in self.runs.values():
                if run.queued and now[0] < 86400.0:
                    return []
                if run.queued:
                    run.queued, run.started_s = False, now[0]
            return super().ended()

    outcome, _ = build(Queueing({"one": writes}, after=2), task(step("one", timeout_s=3600.0)))
    assert outcome.ran == ["one"]
    assert now[0] >= 86400.0


def test_a_signal_stops_all_runs(build, tmp_path: Path) -> None:
    stop = Stop()

    class Interrupted(FakeExecutor):
        """A signal arrives while jobs run."""

        def ended(self) -> list[Run]:
            stop._note(signal.SIGINT, None)
            return []

    redaction = Redaction(lambda text, log: text.replace("log", "<redacted>"))
    outcome, _ = build(
        Interrupted({"one": writes, "two": writes}),
        task(step("one")),
        task(step("two")),
        stop=stop,
        redaction=redaction,
    )
    assert sorted(outcome.killed) == ["one", "two"]
    assert (outcome.stopped_by, outcome.ran, outcome.not_started) == ("SIGINT", [], [])
    assert (tmp_path / "build/one.log").read_text() == "<redacted> of one\n"


def test_a_verdict_is_on_the_log_as_written_and_what_is_kept_is_redacted(build, tmp_path: Path) -> None:
    def job(run: Run) -> int:
        run.log.write_text("ERROR: secret\n")
        return writes(run)

    redaction = Redaction(lambda text, log: text.replace("secret", "<redacted>"))
    outcome, _ = build(
        FakeExecutor({"one": job}), task(step("one", error_lines=("^ERROR: secret",))), redaction=redaction
    )
    assert (outcome.failed["one"].cause, outcome.failed["one"].detail) == ("log", "ERROR: <redacted>")
    assert (tmp_path / "build/one.log").read_text() == "ERROR: <redacted>\n"
