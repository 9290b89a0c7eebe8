"""All kinds of reports: which one is a text, and what is its value."""

from __future__ import annotations

from typing import Any

from reports import (
    accelerator,
    checks,
    clock_utilization,
    design_analysis,
    hierarchy,
    power,
    qor,
    timing,
    utilization,
)
from reports.errors import EmptyReportError, WrongKindError
from reports.kind import HEAD_CHARACTERS, Kind

KINDS: tuple[Kind, ...] = (
    timing.KIND,
    hierarchy.KIND,
    utilization.KIND,
    power.KIND,
    clock_utilization.KIND,
    checks.DRC,
    checks.METHODOLOGY,
    design_analysis.KIND,
    qor.KIND,
    qor.FAILFAST,
    accelerator.KIND,
)
"""Every kind, the more particular before the more general: the first that matches reads the text."""


def recognise(text: str, name: str = "") -> Kind:
    """Return the kind of `text`, judged by content; `name` is only for the message.

    Raises EmptyReportError for white space and WrongKindError for a text of no known kind.
    """
    if not text.strip():
        raise EmptyReportError(name, None, "the file is empty", "run the tool that writes it again")
    head = text[:HEAD_CHARACTERS]
    for kind in KINDS:
        if kind.matches(head):
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise WrongKindError(name, 1, "this is no report of a known kind", f"known: {known}")


def parse(text: str, name: str = "") -> Any:
    """Return the value of `text`: a frozen dataclass of the module that reads its kind. Raises ReportError."""
    return recognise(text, name).parse(text, name)
