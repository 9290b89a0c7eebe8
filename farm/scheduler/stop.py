"""Signals that end a build: noted at once, acted upon by the loop between two of its actions.

An exception raised by a handler could strike between the moving of two outputs; a flag cannot. Should the engine not
come to its end by itself (it writes to a pipe that nobody reads, say), an alarm ends it hard.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import types
from collections.abc import Iterator, Sequence
from typing import Any

from farm import clock
from farm.execution.process import descendants, send

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: How long after the signal a build has ended, however it has to be ended.
_HARD_END_S = 2.9


class Stop:
    """Notes SIGINT, SIGTERM and SIGHUP, and wakes `wait` for them and for ended children. Use as a context manager."""

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        self.count = 0
        #: When the first signal came, by the engine's clock.
        self.since_s = 0.0
        #: While set, SIGINT raises KeyboardInterrupt: Python code of a dodo.py runs and would not look at the flag.
        self.interrupts = False
        self._previous: dict[signal.Signals, Any] = {}
        self._reader, self._writer = socket.socketpair()
        self._previous_wakeup = -1

    @property
    def requested(self) -> bool:
        """Tell whether the build is to end."""
        return self.number is not None

    @property
    def exit_code(self) -> int:
        """Return the shell's code for the signal: 130 for Ctrl-C."""
        return 0 if self.number is None else 128 + self.number

    def __enter__(self) -> Stop:
        for channel in (self._reader, self._writer):
            channel.setblocking(False)
        self._previous_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            # A build under nohup has to outlive its terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._note)
        self._previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._previous[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._end_hard)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(self._previous_wakeup)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float | None, descriptors: Sequence[int] = ()) -> None:
        """Sleep until a signal arrives (a child's end is one), one of the descriptors can be read, or time is over."""
        poll = select.poll()  # unlike `select` it takes descriptors of any number
        for descriptor in (self._reader.fileno(), *descriptors):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if seconds is None else max(0.0, seconds * 1000))
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    @contextlib.contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let Python code of a dodo.py take its time in this block, as long as no further signal comes."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        yield
        if self.requested:
            signal.setitimer(signal.ITIMER_REAL, _HARD_END_S)

    def _note(self, number: int, _: types.FrameType | None) -> None:
        if self.number is None:
            self.since_s = clock.monotonic_s()
            self.number = signal.Signals(number)
            signal.setitimer(signal.ITIMER_REAL, _HARD_END_S)
        self.count += 1
        if self.interrupts:
            raise KeyboardInterrupt

    def _end_hard(self, _: int, __: types.FrameType | None) -> None:
        send(descendants(os.getpid()), signal.SIGKILL)
        os._exit(self.exit_code)
