"""Redacts the log of an ended run in place, and the lines that its failure quotes. It reads pieces."""

from __future__ import annotations

import contextlib
import copy
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from farm.execution.failure import Failure, failed
from farm.execution.log_file import open_log, pieces_of
from farm.redaction import NOTHING_PRIVATE, LogCleaner, Redaction

_COPY_BYTES = 1 << 20


def redact_log(path: Path, log: str, failure: Failure | None, redaction: Redaction) -> Failure | None:
    """Redact the file at `path`, and return the failure with its quotations redacted; `log` names the file to people.

    A log that cannot be redacted is removed, and then this is the failure: nothing unredacted may be kept, and a run
    without a log has nothing that vouches for its outputs.
    """
    try:
        return _redacted(path, failure, redaction)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        return failed("engine", f"the log could not be redacted ({error.strerror})", log)


def _redacted(path: Path, failure: Failure | None, redaction: Redaction) -> Failure | None:
    if redaction is NOTHING_PRIVATE:
        return failure
    cleaner = redaction.log_cleaner()
    try:
        with open_log(path) as stream:
            for piece in pieces_of(stream):
                cleaner.learn(_text(piece))
    except FileNotFoundError:
        return failure
    # Of its own: a quoted line is not the next one of the log.
    quoted = copy.deepcopy(cleaner)
    _clean_in_place(path, cleaner)
    if failure is None:
        return None
    return replace(
        failure,
        # A detail may quote the log, whatever the cause is.
        detail=quoted.clean(failure.detail),
        said=quoted.clean(failure.said),
        lines=tuple(quoted.clean(line) for line in failure.lines),
        place=quoted.clean(failure.place),
    )


def _clean_in_place(path: Path, cleaner: LogCleaner) -> None:
    """Replace the log by a redacted one; at any moment it is the old file or the new one."""
    done = 0
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(open_log(path))
        target: int | None = None
        for piece in pieces_of(source):
            clean = cleaner.clean(_text(piece)).encode("utf-8", errors="surrogateescape")
            if target is None and clean != piece:
                target, temporary = stack.enter_context(_new_beside(path))
                os.fchmod(target, os.fstat(source.fileno()).st_mode & 0o777)
                _copy(source.fileno(), target, done)
            if target is not None:
                _write_all(target, clean)
            done += len(piece)
        if target is not None:
            temporary.replace(path)


@contextlib.contextmanager
def _new_beside(path: Path) -> Iterator[tuple[int, Path]]:
    """Make a file in the folder of another; it is gone afterwards unless it was renamed."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        yield descriptor, Path(name)
    finally:
        os.close(descriptor)
        Path(name).unlink(missing_ok=True)


def _copy(source: int, target: int, size: int) -> None:
    """Copy the first bytes of a file; its position stays."""
    at = 0
    while at < size and (part := os.pread(source, min(_COPY_BYTES, size - at), at)):
        _write_all(target, part)
        at += len(part)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _text(piece: bytes) -> str:
    # Bytes that are not UTF-8 stay as they are.
    return piece.decode("utf-8", errors="surrogateescape")
