"""The first check of every parser: whether the text is of its kind."""

from __future__ import annotations

import re
from collections.abc import Callable

from reports.reading.errors import EmptyReportError, WrongKindError
from reports.reading.kind import HEAD_CHARACTERS

_FIRST = re.compile(r"\S[^\n]{0,200}")
_SKIPPED = re.compile(r"[\s#*=+|-]*|Copyright .*|\|.*")
_SEARCH_LINES = 40


def expect(text: str, file: str, matches: Callable[[str], bool], what: str) -> None:
    """Raise EmptyReportError for white space, and WrongKindError unless the head of `text` matches.

    `what` names the kind for the message, e.g. "a co-simulation report".
    """
    if is_blank(text):
        raise EmptyReportError(file, None, "the file is empty", "run the tool that writes it again")
    if not matches(text[:HEAD_CHARACTERS]):
        raise WrongKindError(file, 1, f"begins with '{title(text)}'", f"expected {what}")


def is_blank(text: str) -> bool:
    """Return whether a text is empty or white space, without a copy of it."""
    return not text or text.isspace()


def title(text: str) -> str:
    """Return the title of a text: its first line that is not blank, a rule, or part of Vivado's block at the top."""
    for line in text.split("\n", _SEARCH_LINES)[:_SEARCH_LINES]:
        if not _SKIPPED.fullmatch(line.strip()[:200]):
            return line.strip(" #*=\t\r")[:60].strip()
    found = _FIRST.search(text)
    return found[0].strip()[:60] if found else ""
