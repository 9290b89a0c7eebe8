"""The reader of a command's output may go away (`doit plan | head`), and stdout may be closed or on a full disk."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any

#: The status that a shell reports for a program that SIGPIPE ended.
NOBODY_READS = 141
_CANNOT_WRITE = 2


class OutputError(OSError):
    """Stdout or stderr cannot be written, so a build that goes on would tell nobody. It has the error's number."""


class _Marked(io.FileIO):
    """The descriptor of stdout or stderr. Its errors are marked here: nothing else tells them from those of a file."""

    def write(self, data: Any) -> int | None:  # type: ignore[override]
        """Write bytes, as FileIO does. Raises OutputError."""
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None


def _mark_errors(name: str, number: int) -> None:
    """Let a stream that Python has made at its start raise OutputError; others, as of a test, stay."""
    stream = getattr(sys, name)
    if type(stream) is not io.TextIOWrapper or stream is not getattr(sys, f"__{name}__") or stream.fileno() != number:
        return
    stream.flush()
    raw = _Marked(number, "w", closefd=False)
    buffer: Any = raw if isinstance(stream.buffer, io.RawIOBase) else io.BufferedWriter(raw)
    made = io.TextIOWrapper(
        buffer,
        stream.encoding,
        stream.errors,
        newline="\n",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    setattr(sys, name, made)


def give_up_writing(error: OutputError) -> int:
    """Send all further output to the null device, name the error, and return the exit status."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    if error.errno == errno.EPIPE:
        return NOBODY_READS
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"ERROR: what is to be said cannot be written to stdout ({error.strerror})\n")
        sys.stderr.flush()
    return _CANNOT_WRITE


def open_streams() -> None:
    """Give descriptors 0, 1 and 2 to the null device where the parent has closed them, and mark errors of 1 and 2.

    The next file that is opened would get such a number, and what a tool prints would go into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given, and all below are taken.
            os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
            setattr(sys, name, stream)
        elif number:
            _mark_errors(name, number)


def written(command: Callable[[], Any]) -> Any:
    """Run a command and write out what it has printed; if that cannot be, end quietly with an exit status."""
    try:
        status = command()
        sys.stdout.flush()
    except OutputError as error:
        return give_up_writing(error)
    return status
