"""The table of lines that tell how a run failed (`failures.yaml`), as the reports use it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.document import load
from config.problem import Problems
from reports.logs.line_filter import lines_with

# A message of another severity, an echoed script, a command that was typed.
_OTHERS = re.compile(
    r"(?:INFO|WARNING|CRITICAL WARNING):|#(?! (?:A fatal|An unexpected) )|puts\b|(?:Command|Resolution): "
)
NAME = "reports/logs/failures.yaml"


@dataclass(frozen=True)
class FailureLine:
    """A row of the table.

    If it has `words`, such a line proves a failure although no tool marks it as an error, and holds one of them.
    """

    pattern: re.Pattern[str]
    category: str | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class FailureTable:
    """All rows, the most specific first, and the numbers of messages that only repeat an earlier failure."""

    rows: tuple[FailureLine, ...]
    echoes: frozenset[str]

    def category(self, line: str) -> str | None:
        """Return the category of the first row that matches a line; None if that row has none, or no row matches."""
        return next((row.category for row in self.rows if row.pattern.search(line)), None)


@cache
def failure_table() -> FailureTable:
    """Return the table. Raises ConfigError with all mistakes in it."""
    problems = Problems()
    document = load(Path(__file__).with_name("failures.yaml"), name=NAME, problems=problems)
    rows = tuple(
        FailureLine(
            re.compile(entry.text("pattern")),
            entry.text("category", default="") or None,
            entry.texts("alone", default=()),
        )
        for entry in document.sections("signatures")
    )
    echoes = frozenset(document.texts("echoes"))
    problems.raise_if_any()
    return FailureTable(rows, echoes)


def proof_of_failure(text: str) -> tuple[int, str, str | None] | None:
    """Return the line that best proves that a run failed although no tool marks it as an error.

    It is returned as its number (from 0), the line, and its category; None if there is none. A row that stands earlier
    in the table counts more than an earlier line.
    """
    for row in failure_table().rows:
        for begin, end in lines_with(text, row.words):
            line = text[begin:end].strip()
            if row.pattern.search(line) and not _OTHERS.match(line):
                return text.count("\n", 0, begin), line, row.category
    return None
