"""Errors of reports, one class for each kind of fault, with file, line and expectation."""

from __future__ import annotations


class ReportError(Exception):
    """A report that cannot be turned into a value.

    `file` is the name that the caller gave. `line` counts from 1; it is None if no line is at fault (an empty or
    missing file). `what` describes the fault, `expected` the correct content or the remedy.
    """

    def __init__(self, file: str, line: int | None, what: str, expected: str) -> None:
        self.file = file
        self.line = line
        self.what = what
        self.expected = expected
        super().__init__(file, line, what, expected)

    def __str__(self) -> str:
        name = self.file or "<text>"
        where = name if self.line is None else f"{name}:{self.line}"
        return f"{where}: {self.what}; {self.expected}"


class UnreadableError(ReportError):
    """The file is missing, is not a file, cannot be read by this user, or is larger than any report."""


class EncodingError(ReportError):
    """The file is not UTF-8: it has another encoding, or is not text."""


class EmptyReportError(ReportError):
    """The file has only white space."""


class WrongKindError(ReportError):
    """The text is of another kind than the parser reads, or of no known kind."""


class TruncatedReportError(ReportError):
    """The report begins correctly but ends too early."""


class UnknownLayoutError(ReportError):
    """The report has a section, a column or a value that this parser does not understand."""
