"""A child process under limits: started safely, talked to with deadlines, and never left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

STDERR_KEPT_BYTES = 64 * 1024
_CHUNK_BYTES = 1 << 20
_LAUNCH = Path(__file__).with_name("launch.py")
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class DeadlineError(Exception):
    """The child did not take or give its bytes in time."""


class EndedError(Exception):
    """The child closed its pipes."""


class _Starter:
    """Starts processes from one thread that lives as long as the interpreter.

    The parent-death signal fires when the *thread* that forked ends: a child started from a short-lived thread of the
    host program would be killed in the middle of its work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, job: Callable[[], Any]) -> Any:
        """The job's result, or its exception, from the starter's thread."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                # Also in a forked child, where only the forking thread goes on living.
                self._jobs = queue.SimpleQueue()
                self._thread = threading.Thread(target=self._loop, name="payload-starter", daemon=True)
                self._thread.start()
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._jobs.put((job, answer))
        result = answer.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def _loop(self) -> None:
        jobs = self._jobs
        while True:
            job, answer = jobs.get()
            try:
                answer.put(job())
            except BaseException as error:  # handed to the thread that asked
                answer.put(error)


_starter = _Starter()


class Process:
    """One running program.

    ``program`` is the bytes of the executable: it runs from a sealed memory file, so nobody can exchange it
    between the check of its digest and its start. Its environment is empty, its folder is ``/``, it leads its own
    session, writes no file and no core dump, and dies with this process.
    """

    def __init__(self, program: bytes, *, address_space_bytes: int, open_files: int) -> None:
        self._owner = os.getpid()
        memory = os.memfd_create("payload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            view = memoryview(program)
            while view:
                view = view[os.write(memory, view) :]
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
            numbers = (memory, os.getpid(), address_space_bytes, open_files)
            argv = [sys.executable, "-I", "-S", str(_LAUNCH), *map(str, numbers)]
            self._child: subprocess.Popen[bytes] = _starter.run(lambda: _popen(argv, memory))
        finally:
            os.close(memory)
        self._stdin, self._stdout = _pipe(self._child.stdin), _pipe(self._child.stdout)
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)
        self._errors = bytearray()
        self._listener = threading.Thread(target=self._listen, name="payload-stderr", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Process id, which is also that of its session and process group."""
        return self._child.pid

    @property
    def ours(self) -> bool:
        """Whether this process started it; a fork of this process must not share the pipes."""
        return self._owner == os.getpid()

    def send(self, parts: Sequence[bytes | memoryview], deadline_s: float) -> None:
        """Write all parts before the deadline (of ``time.monotonic``). Raises DeadlineError or EndedError."""
        handle = self._stdin.fileno()
        for part in parts:
            view = memoryview(part).cast("B")
            while view:
                _wait(handle, select.POLLOUT, deadline_s)
                try:
                    view = view[os.write(handle, view[:_CHUNK_BYTES]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError as error:
                    raise EndedError from error

    def receive(self, size: int, deadline_s: float) -> bytes:
        """Exactly ``size`` bytes before the deadline. Raises DeadlineError or EndedError."""
        handle = self._stdout.fileno()
        data = bytearray()
        while len(data) < size:
            _wait(handle, select.POLLIN, deadline_s)
            try:
                more = os.read(handle, min(size - len(data), _CHUNK_BYTES))
            except BlockingIOError:
                continue
            if not more:
                raise EndedError
            data += more
        return bytes(data)

    def unasked(self) -> bool:
        """Whether it has written, or closed its output, without having been asked."""
        poll = select.poll()
        poll.register(self._stdout.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def ended(self, within_s: float) -> str:
        """How it ended, in words; empty if it has not in that time. It stays unreaped: its group is safe to kill."""
        deadline_s = time.monotonic() + within_s
        while True:
            found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if found is not None:
                if found.si_code == os.CLD_EXITED:
                    return f"ended with exit status {found.si_status}"
                name = signal.Signals(found.si_status).name
                return f"was killed by {name} ({signal.strsignal(found.si_status)})"
            if time.monotonic() >= deadline_s:
                return ""
            time.sleep(0.005)

    def last_words(self, lines: int = 6) -> str:
        """The last lines it wrote to stderr."""
        self._listener.join(timeout=0.2)
        text = bytes(self._errors).decode("utf-8", "replace").strip()
        return " | ".join(line.strip() for line in text.splitlines()[-lines:])

    def interrupt(self) -> None:
        """End it and everything it started from another thread than the one that talks to it."""
        if self.ours and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it and everything it started, now. Safe to call again."""
        if not self.ours:
            return
        if self._child.returncode is None:
            # The group first: once the leader is reaped, its number may belong to someone else.
            self.interrupt()
            self._child.wait()
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                pipe.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError), _pipe(self._child.stderr) as pipe:
            while more := os.read(pipe.fileno(), 4096):
                self._errors += more
                del self._errors[:-STDERR_KEPT_BYTES]


def _popen(argv: list[str], memory: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(memory,),
        start_new_session=True,
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # pragma: no cover - all three are asked for
        raise EndedError
    return pipe


def _wait(handle: int, events: int, deadline_s: float) -> None:
    poll = select.poll()
    poll.register(handle, events)
    left_s = deadline_s - time.monotonic()
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise DeadlineError
