"""A question to the engine, asked beside the loop: its command line may take seconds, or never end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO

from farm import clock
from farm.execution.children import Children

#: A controller that is away lets its clients try for some ten seconds.
_PATIENCE_S = 20.0
_MOST_BYTES = 16 << 20


class Asking:
    """One question at a time, as a child process."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._pid: int | None = None
        self._output: IO[bytes] | None = None
        self._until_s = 0.0
        #: How many questions have been asked: an answer tells of nothing that came after its question.
        self.asked = 0
        #: When the last one was asked, by the engine's clock.
        self.asked_s = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether an answer is to come."""
        return self._pid is not None

    def ask(self, words: Sequence[str]) -> None:
        """Start a command line. A program that is not there counts as no answer."""
        self.asked += 1
        self.asked_s = clock.monotonic_s()
        output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
        try:
            process = subprocess.Popen(
                list(words), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, start_new_session=True
            )
        except OSError:
            output.close()
            return
        process.returncode = 0
        self._children.expect(process.pid)
        self._pid, self._output, self._until_s = process.pid, output, self.asked_s + _PATIENCE_S

    def answer(self) -> str | None:
        """Return what the command has printed if it has ended with status 0; None while it runs, and if it failed."""
        if self._pid is None or self._output is None:
            return None
        status = self._children.take(self._pid)
        if status is None:
            if clock.monotonic_s() > self._until_s:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            return None
        output, self._pid, self._output = self._output, None, None
        with output:
            output.seek(0)
            return output.read(_MOST_BYTES).decode("utf-8", errors="replace") if status == 0 else None


def answer_now(words: Sequence[str], seconds: float) -> str | None:
    """Ask and wait for the answer; None if there is none in time. For the moments when no loop runs."""
    try:
        done = subprocess.run(
            list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            timeout=seconds,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None
