"""Redacts the log of an ended run in its place, and what its failure quotes of the log."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from farm.execution.failure import Failure, failed
from farm.redaction import NOTHING_PRIVATE, Redaction
from farm.results.folder import write_atomically


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
    if redaction is NOTHING_PRIVATE or not path.exists():
        return failure
    # Bytes that are not UTF-8 stay as they are.
    log = path.read_bytes().decode("utf-8", errors="surrogateescape")
    clean = redaction.clean(log, log)
    if clean != log:
        write_atomically(path, clean.encode("utf-8", errors="surrogateescape"))
    if failure is None:
        return None
    return replace(
        failure,
        # A detail may quote the log, whatever the cause is.
        detail=redaction.clean(failure.detail, log),
        lines=tuple(redaction.clean(line, log) for line in failure.lines),
        place=redaction.clean(failure.place, log),
    )
