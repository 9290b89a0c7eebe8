"""The events of the last build in a file, line by line as they happen, and as a trace for Chrome and Perfetto."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from farm.beneath import open_beneath, unlink_beneath
from farm.execution.failure import Failure
from farm.execution.run import Place, Run
from farm.reason import Reason
from farm.results import schema
from farm.results.folder import FARM_FOLDER
from farm.results.record import Cost
from farm.scheduler.watcher import Watcher

LAST_BUILD = f"{FARM_FOLDER}/last_build.jsonl"
#: Given in the first event.
_FORMAT = 1
_KEPT_REASONS = 20
_MOST_BYTES = 256 << 20
_US = 1_000_000

Event = dict[str, Any]


class BuildLog:
    """A watcher that writes events to a file and passes them on; a build that did nothing keeps the older file.

    A build that runs and restores no step keeps it too (`doit build reports` when all is current): `doit trace` then
    shows the build before. Events of other tasks wait until the first event of a step.
    Each event is one write of a whole line, and a killed build leaves all events up to then.
    """

    def __init__(
        self,
        root: Path,
        watcher: Watcher,
        clock: Callable[[], float] = time.monotonic,
        is_step: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self.refresh_s = watcher.refresh_s
        self._root = root
        self._watcher = watcher
        self._clock = clock
        self._begun_s = clock()
        self._file: int | None = None
        self._is_step = is_step
        #: Whether a step has run, failed or come from the store.
        self.has_begun = False
        self._waiting: list[Event] = []

    def close(self) -> None:
        """Note that the build came to its end, and close the file."""
        if self._file is not None:
            self._write("end", "")
            os.close(self._file)
            self._file = None

    def started(self, name: str, reasons: Sequence[Reason]) -> None:
        self._write("started", name, reasons=[asdict(reason) for reason in reasons[:_KEPT_REASONS]])
        self._watcher.started(name, reasons)

    def finished(self, name: str, elapsed_s: float, place: Place | None = None, waited_s: float = 0.0) -> None:
        where = {} if place is None else {"node": place.node, "job": place.job, "waited_s": round(waited_s, 6)}
        self._write("finished", name, elapsed_s=round(elapsed_s, 6), **where)
        self._watcher.finished(name, elapsed_s, place, waited_s)

    def current(self, name: str) -> None:
        self._watcher.current(name)

    def restored(self, name: str, cost: Cost) -> None:
        self._write("restored", name, cost=asdict(cost))
        self._watcher.restored(name, cost)

    def failed(self, name: str, failure: Failure) -> None:
        self._write("failed", name, failure=asdict(failure))
        self._watcher.failed(name, failure)

    def repeated(self, name: str, failure: Failure, attempt: int) -> None:
        self._write("repeated", name, failure=asdict(failure), attempt=attempt)
        self._watcher.repeated(name, failure, attempt)

    def note(self, text: str) -> None:
        self._watcher.note(text)

    def python_action(self, name: str) -> None:
        self._watcher.python_action(name)

    def progress(self, done: int, total: int, running: Sequence[Run]) -> None:
        self._watcher.progress(done, total, running)

    def _write(self, event: str, name: str, **more: Any) -> None:
        line = {"event": event, "at_s": round(self._clock() - self._begun_s, 6), "name": name, **more}
        if self._file is None and not self._is_step(name):
            self._waiting.append(line)
            return
        self.has_begun = True
        try:
            if self._file is None:
                # A new file: what stood there may have another name too, or lead elsewhere.
                with contextlib.suppress(OSError):
                    unlink_beneath(self._root, LAST_BUILD)
                self._file = open_beneath(
                    self._root, LAST_BUILD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, make_folders=True
                )
                began_s = round(time.time(), 3)
                self._line(
                    {"event": "begin", "at_s": 0.0, "format": _FORMAT, "began_s": began_s, "process": os.getpid()}
                )
            while self._waiting:
                self._line(self._waiting.pop(0))
            self._line(line)
        except OSError:
            # A full disk fails the steps themselves, with a message; this file is for looking back only.
            pass

    def _line(self, document: Event) -> None:
        if self._file is not None:
            os.write(self._file, (json.dumps(document) + "\n").encode())


class NewerLogError(Exception):
    """The events were written by a later version of the farm; the argument says so."""


def read_events(root: Path) -> list[Event]:
    """Return the events of the last build in a checkout; a torn or damaged line is left out.

    Raises OSError if there are none, and NewerLogError. The first logs had no format number.
    """
    events: list[Event] = []
    with os.fdopen(open_beneath(root, LAST_BUILD), "rb") as stream:
        text = stream.read(_MOST_BYTES).decode("utf-8", errors="replace")
    for line in text.splitlines():
        with contextlib.suppress(schema.SchemaError):
            events.append(_event(schema.document(line)))
    found = events[0].get("format", 0) if events else 0
    if isinstance(found, int) and found > _FORMAT:
        raise NewerLogError(
            f"{LAST_BUILD} has format {found}, and this farm knows {_FORMAT}: a newer farm wrote it. Update this "
            "checkout, or build again"
        )
    return events


def _event(value: Any) -> Event:
    """Return an event whose fields have their types. Raises SchemaError."""
    if not isinstance(value, dict):
        raise schema.SchemaError("is no event")
    schema.text(value.get("event"))
    schema.text(value.get("name", ""))
    schema.amount(value.get("at_s"))
    schema.amount(value.get("elapsed_s", 0.0))
    schema.text(value.get("node", ""))
    schema.text(value.get("job", ""))
    failure = value.get("failure", {})
    if not isinstance(failure, dict):
        raise schema.SchemaError("has a failure that is no table")
    for reason in schema.items(value.get("reasons", [])):
        schema.words(reason)
    return value


@dataclass(frozen=True)
class Span:
    """A bar of the trace: its lane ("" is this machine), its times in seconds, its name and what it tells."""

    lane: str
    begun_s: float
    ended_s: float
    name: str
    args: Mapping[str, Any]


QUEUE = "waiting in the queue"
UNFINISHED = "when the build was killed"


def chrome_trace(events: Sequence[Event], *, reason_words: Callable[[Mapping[str, str]], str]) -> dict[str, Any]:
    """Return a trace in the JSON form of Chrome's trace viewer; times in microseconds from the build's begin.

    Each node of a cluster has a lane, and one shows what waited in its queue; this machine's is "build". Steps that ran
    at the same time are in different rows of a lane. A step that had not ended when the build was killed lasts to the
    last event, and says so.
    """
    spans = list(spans_of(events, reason_words))
    # This machine's lane comes first, then the queue, then the nodes by name.
    lanes = sorted({span.lane for span in spans} | {""}, key=lambda lane: (lane != "", lane != QUEUE, lane))
    out: list[dict[str, Any]] = []
    for pid, lane in enumerate(lanes, 1):
        out.append({"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": lane or "build"}})
        out += _bars([span for span in spans if span.lane == lane], pid)
    changes = [change for span in spans if span.lane != QUEUE for change in ((span.begun_s, 1), (span.ended_s, -1))]
    count = 0
    for at_s, change in sorted(changes):
        count += change
        out.append({"name": "steps", "ph": "C", "pid": 1, "ts": round(at_s * _US), "args": {"running": count}})
    return {"traceEvents": out, "displayTimeUnit": "ms"}


def spans_of(events: Sequence[Event], reason_words: Callable[[Mapping[str, str]], str]) -> Iterator[Span]:
    """Give the bars of all steps; one that ran on a cluster has a second one for its time in the queue."""
    end_s = max((float(event["at_s"]) for event in events), default=0.0)
    open_spans: dict[str, Event] = {}
    for event in events:
        name, at_s = str(event.get("name", "")), float(event["at_s"])
        if event["event"] == "started":
            open_spans[name] = event
        elif event["event"] in ("finished", "failed", "repeated", "restored"):
            begun = open_spans.pop(name, None)
            ran_s = at_s - float(event.get("elapsed_s", 0.0))
            begun_s = max(0.0, float(begun["at_s"]) if begun else ran_s)
            failure = event.get("failure", {})
            node, job = str(event.get("node") or failure.get("node") or ""), event.get("job") or failure.get("job")
            args = {"ended": event["event"], **_why(begun, reason_words), **({"job": job} if job else {})}
            if failure:
                args["failure"] = failure
            if node and begun_s < ran_s and "elapsed_s" in event:
                yield Span(QUEUE, begun_s, ran_s, name, {"job": job})
                begun_s = ran_s
            yield Span(node, begun_s, at_s, name, args)
    for name, begun in open_spans.items():
        args = {"ended": UNFINISHED, **_why(begun, reason_words)}
        yield Span("", float(begun["at_s"]), end_s, name, args)


def _bars(spans: Sequence[Span], pid: int) -> Iterator[dict[str, Any]]:
    """Give the events of one lane: bars of the same time are in different rows."""
    rows: list[float] = []
    for span in sorted(spans, key=lambda one: (one.begun_s, one.name)):
        row = next((number for number, free_s in enumerate(rows) if free_s <= span.begun_s), len(rows))
        if row == len(rows):
            rows.append(0.0)
        rows[row] = span.ended_s
        bar = {"name": span.name, "cat": span.name.partition(":")[0], "ph": "X", "pid": pid, "tid": row + 1}
        times = {"ts": round(span.begun_s * _US), "dur": round((span.ended_s - span.begun_s) * _US)}
        yield {**bar, "args": dict(span.args), **times}


def _why(begun: Event | None, reason_words: Callable[[Mapping[str, str]], str]) -> dict[str, str]:
    reasons = (begun or {}).get("reasons") or []
    return {"why": "; ".join(reason_words(reason) for reason in reasons)} if reasons else {}
