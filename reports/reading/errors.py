"""What can be wrong with a report: one error for each kind of trouble, with file, line and what was expected."""

from __future__ import annotations


class ReportError(Exception):
    """A report that cannot be turned into a value.

    `file` is the name the caller gave, `line` counts from 1 and is None where no line is to blame (an empty file, a
    missing one). `what` says what was found, `expected` what should have been there or what to do.
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
    """The file is missing, not a file, not readable for this user or larger than any report."""


class EncodingError(ReportError):
    """The file is not UTF-8 text: another encoding, or no text at all."""


class EmptyReportError(ReportError):
    """Nothing but white space."""


class WrongKindError(ReportError):
    """A whole report, but of another kind than the parser reads, or of none that is known."""


class TruncatedReportError(ReportError):
    """The report begins as it should and ends too early."""


class UnknownLayoutError(ReportError):
    """The right kind of report with a section, a column or a value that this parser does not understand."""
