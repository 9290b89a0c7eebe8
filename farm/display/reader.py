"""The reader of a command's output may go away (`doit plan | head`), and stdout may be closed or on a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any

#: The status that a shell reports for a program that SIGPIPE ended.
NOBODY_READS = 141
_CANNOT_WRITE = 2
#: Errors of a write to stdout. Errors of files carry a name, and these do not.
_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
#: Those of a file. A file of the build that is open has no name in its errors either.
_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT)
#: Less than this is a full disk: a file system keeps a few blocks back.
_LITTLE_BYTES = 1 << 16


class OutputError(Exception):
    """Stdout cannot be written, so a build that goes on would tell nobody; the argument is the OSError."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.error = error


@contextlib.contextmanager
def output_errors() -> Iterator[None]:
    """Tell an error of stdout from one of a file. Raises OutputError."""
    try:
        yield
    except OSError as error:
        if not is_of_output(error):
            raise
        raise OutputError(error) from None


def is_of_output(error: OSError) -> bool:
    """Tell whether an error is one of stdout."""
    return error.filename is None and error.errno in _OF_OUTPUT and not (error.errno in _OF_A_DISK and _has_room())


def _has_room() -> bool:
    """Tell whether stdout takes more: a pipe, a socket, a terminal, or a file on a disk that is not full."""
    try:
        descriptor = sys.stdout.fileno()
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            disk = os.fstatvfs(descriptor)
            return disk.f_bavail * disk.f_frsize > _LITTLE_BYTES
        return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
    except (OSError, ValueError, AttributeError):
        return False


def give_up_writing(error: OSError) -> int:
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
    """Give descriptors 0, 1 and 2 to the null device where the parent has closed them.

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


def written(command: Callable[[], Any]) -> Any:
    """Run a command and write out what it has printed; if that cannot be, end quietly with an exit status."""
    try:
        status = command()
        sys.stdout.flush()
    except OutputError as problem:
        return give_up_writing(problem.error)
    except OSError as error:
        if not is_of_output(error):
            raise
        return give_up_writing(error)
    return status
