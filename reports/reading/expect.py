"""The first check of every parser: whether the text is of its kind."""

from __future__ import annotations

from collections.abc import Callable

from reports.reading.errors import EmptyReportError, WrongKindError
from reports.reading.kind import HEAD_CHARACTERS


def expect(text: str, file: str, matches: Callable[[str], bool], what: str) -> None:
    """Raise EmptyReportError for white space, and WrongKindError unless the head of `text` matches.

    `what` names the kind for the message, e.g. "a co-simulation report".
    """
    if not text.strip():
        raise EmptyReportError(file, None, "the file is empty", "run the tool that writes it again")
    if not matches(text[:HEAD_CHARACTERS]):
        first = next(line.strip() for line in text.split("\n") if line.strip())
        raise WrongKindError(file, 1, f"begins with '{first[:60]}'", f"expected {what}")
