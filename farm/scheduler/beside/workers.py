"""Long work of the engine itself, in child processes: hashing, redaction, copies.

The loop has to answer to signals and to ended steps at any moment, so whatever reads or writes large files happens
beside it. A child is a copy of the engine at one moment: it sees all, and what it changes in memory is lost. So a job
returns what it has found, as plain data. A job can be ended at any moment, as the engine itself could.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from farm.results.lock import LockHeldError, patience

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
#: How long a job waits for a lock that somebody else holds.
LOCK_PATIENCE_S = 30.0
_MOST_READ = 1 << 16

Job = Callable[[], Any]
#: Takes what a job has returned, or the error that it has raised.
Then = Callable[[Any], None]


class WorkerError(Exception):
    """A job that was killed; the argument says so."""


@dataclass
class _Child:
    pid: int
    then: Then
    keep: bool
    answer: bytearray = field(default_factory=bytearray)


class Companion(Protocol):
    """A process beside the loop that lives as long as the build, and answers when it is asked."""

    def __len__(self) -> int:
        """Return how many answers the loop waits for."""

    @property
    def descriptors(self) -> list[int]:
        """What to wait for: one of them can be read when an answer has come."""

    def ended(self) -> list[Callable[[], None]]:
        """Return what to call for each answer since the last time; never waits."""

    def give_up(self) -> None:
        """Wait for no answer any more."""


class Workers:
    """The jobs in progress. All methods are called by one thread, which has to outlive the children."""

    def __init__(self, note: Callable[[str], None]) -> None:
        """`note` gets what a job says meanwhile."""
        self._note = note
        self._children: dict[int, _Child] = {}
        #: In a child, what it has said.
        self._said: list[str] | None = None
        self.companion: Companion | None = None

    def __len__(self) -> int:
        """Return how many jobs are in progress."""
        return len(self._children) + (len(self.companion) if self.companion is not None else 0)

    @property
    def descriptors(self) -> list[int]:
        """What to wait for: one of them can be read when a job has ended."""
        return [*self._children, *(self.companion.descriptors if self.companion is not None else ())]

    def note(self, text: str) -> None:
        """Say something, whether in the engine or in a job."""
        if self._said is None:
            self._note(text)
        else:
            self._said.append(text)

    def start(self, job: Job, then: Then, *, keep: bool = False) -> None:
        """Do a job in a child; `ended` gives `then` with its result, plain data, or with its error.

        `keep`: a signal leaves the job a moment to come to its end, since its input took long to make. Errors are
        OSError, LockHeldError and WorkerError. Raises OSError if no process can be made.
        """
        engine = os.getpid()
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        # A signal just after the fork would be handled in the child as if it were the engine.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                self._work(job, writer, engine, before)
        except OSError:
            os.close(reader)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(writer)
        self._children[reader] = _Child(pid, then, keep)

    def ended(self) -> list[Callable[[], None]]:
        """Return what to call for each job that has ended since the last time; never waits.

        Raises RuntimeError for a job with a fault of the engine's own.
        """
        found = []
        for reader, child in list(self._children.items()):
            if _read_all(reader, child.answer):
                self._remove(reader)
                notes, result = _decoded(bytes(child.answer))
                for text in notes:
                    self._note(text)
                found.append(_call(child.then, result))
        return [*found, *(self.companion.ended() if self.companion is not None else ())]

    def kill(self, *, kept: bool = False) -> None:
        """End the jobs at once; those to `keep` too if `kept`."""
        if self.companion is not None:
            self.companion.give_up()
        for reader, child in list(self._children.items()):
            if kept or not child.keep:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                # Until it is gone: it must not write to a file that somebody removes.
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, 0)
                self._remove(reader)

    def _remove(self, reader: int) -> None:
        os.close(reader)
        with contextlib.suppress(ChildProcessError):  # an executor collects the children too
            os.waitpid(self._children.pop(reader).pid, os.WNOHANG)

    def _work(self, job: Job, writer: int, engine: int, mask: set[signal.Signals | int]) -> None:
        """Be the child. Never returns."""
        status = 1
        try:
            part_from(engine, mask)
            self._said = []
            with patience(LOCK_PATIENCE_S):
                answer = _answer(job)
            with open(writer, "wb", closefd=False) as stream:
                stream.write(json.dumps({"notes": self._said, **answer}).encode())
            status = 0
        finally:
            os._exit(status)


def part_from(engine: int, mask: set[signal.Signals | int]) -> None:
    """Die with the engine, and ignore its signals: a Ctrl-C at the terminal is for the engine, which kills the job."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if os.getppid() != engine:
        os._exit(1)


def _answer(job: Job) -> dict[str, Any]:
    try:
        return {"result": job()}
    except LockHeldError as error:
        return {"held": [error.path, error.holder]}
    except OSError as error:
        filename = None if error.filename is None else os.fsdecode(error.filename)
        return {"os": [error.errno, error.strerror, filename]}
    except BaseException:  # whatever it is, the engine has to learn of it
        return {"fault": traceback.format_exc()}


def _decoded(answer: bytes) -> tuple[list[str], Any]:
    try:
        found = json.loads(answer)
    except ValueError:
        return [], WorkerError("a process of the engine was killed while it read or wrote large files")
    notes = found["notes"]
    if "result" in found:
        return notes, found["result"]
    if "held" in found:
        return notes, LockHeldError(*found["held"])
    if "os" in found:
        return notes, OSError(*found["os"])
    raise RuntimeError(f"a process of the engine failed:\n{found['fault']}")


def _call(then: Then, result: Any) -> Callable[[], None]:
    return lambda: then(result)


def _read_all(reader: int, answer: bytearray) -> bool:
    """Take what a child has written; tell whether that is all."""
    while True:
        try:
            part = os.read(reader, _MOST_READ)
        except BlockingIOError:
            return False
        if not part:
            return True
        answer += part
