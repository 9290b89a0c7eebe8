"""What the farm keeps or shows of a log is redacted first. What is private, the project says: the engine knows no tool.

A dodo.py holds a `Redaction`, and the commands find it there by its type. Without one, texts stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from farm.execution.failure import Failure
from farm.results.folder import write_atomically


def _as_it_is(text: str, log: str) -> str:
    return text


@dataclass(frozen=True)
class Redaction:
    """`clean(text, log)` returns a text without what is private; `log` is all of the log that it is from.

    The log tells who the user and the host are; a line alone does not. Cleaning twice must change nothing.
    """

    clean: Callable[[str, str], str] = _as_it_is

    def apply(self, path: Path, failure: Failure | None) -> Failure | None:
        """Redact the log of an ended run in its place, and what a failure quotes of it; return the failure.

        Raises OSError for a log that cannot be read or written: it must then not be stored.
        """
        if self.clean is _as_it_is or not path.exists():
            return failure
        # Bytes that are no UTF-8 stay as they are.
        log = path.read_bytes().decode("utf-8", errors="surrogateescape")
        clean = self.clean(log, log)
        if clean != log:
            write_atomically(path, clean.encode("utf-8", errors="surrogateescape"))
        return None if failure is None else self.failure(failure, log)

    def failure(self, failure: Failure, log: str) -> Failure:
        """Return a failure whose quotations of `log` are redacted."""
        return replace(
            failure,
            # Whatever the cause, a detail is a sentence or quotes one.
            detail=self.clean(failure.detail, log),
            lines=tuple(self.clean(line, log) for line in failure.lines),
            place=self.clean(failure.place, log),
        )

    def hides(self, text: str) -> bool:
        """Tell whether anything in a text is private."""
        return self.clean(text, "") != text


NOTHING_PRIVATE = Redaction()


def redaction_of(loader: Any) -> Redaction:
    """Return the redaction that the dodo.py names; without one, texts stay as they are."""
    return next((value for value in (loader.namespace or {}).values() if isinstance(value, Redaction)), NOTHING_PRIVATE)
