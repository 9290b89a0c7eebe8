"""Signals that end a build: noted at once, acted upon by the loop between two of its actions.

An exception raised by a handler could strike between the moving of two outputs; a flag cannot.
"""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import types
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Notes SIGINT, SIGTERM and SIGHUP, and wakes `wait` for them and for ended children. Use as a context manager."""

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        self.count = 0
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
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(self._previous_wakeup)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float | None) -> None:
        """Sleep until a signal arrives (a child's end is one) or the time is over."""
        select.select([self._reader], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def _note(self, number: int, _: types.FrameType | None) -> None:
        self.number = self.number or signal.Signals(number)
        self.count += 1
        if self.interrupts:
            raise KeyboardInterrupt
