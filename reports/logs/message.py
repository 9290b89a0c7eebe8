"""Messages of a log.

A message is at the start of a line: `ERROR: [Synth 8-439] …`. Words like ERROR elsewhere in a line do not count
(echoed scripts, environment dumps, "finished with 0 Errors"). v++ repeats messages of its children under its own name
(`VPL 35-3` is Vivado's `Route 35-3`), so a code is judged by its number alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.logs.failures import failure_table

_MESSAGE = re.compile(
    r"(?P<severity>ERROR|CRITICAL WARNING|WARNING|INFO|FATAL|FATAL_ERROR|Fatal|Error|@[EWI]) ?(?::|(?=\[)) ?"
    r"(?:\[(?P<code>[A-Za-z][\w+:./ -]{0,60}-[0-9]{1,6}|#UNDEF)\]:? ?)?(?P<text>.*)"
)
_SEVERITIES = {"FATAL": "ERROR", "FATAL_ERROR": "ERROR", "Fatal": "ERROR", "Error": "ERROR"}
_SEVERITIES |= {"@E": "ERROR", "@W": "WARNING", "@I": "INFO"}
"""Words of xsim, of compilers within a run, and of Vivado HLS until 2016, with the severity that they mean."""
_STARTS = (
    "ERROR",
    "CRITICAL WARNING:",
    "WARNING:",
    "INFO:",
    "FATAL",
    "Fatal",
    "Error:",
    "Error [",
    "@E [",
    "@W [",
    "@I [",
)
MAX_TEXT = 1000
"""Texts of messages are cut to this length: a message about congestion may list nets for 100 kB."""


@dataclass(frozen=True)
class Message:
    """A message: severity (`ERROR`, `INFO`; `CRASHED` or `KILLED` for a line that only proves a failure), code or None,
    text (at most MAX_TEXT), and line, from 1.
    """

    severity: str
    code: str | None
    text: str
    line: int

    @property
    def number(self) -> str | None:
        """The number in the code, `35-3` of `VPL 35-3`. It is the same in v++ and in the tool itself."""
        return self.code.rpartition(" ")[2] if self.code else None

    @property
    def is_tail(self) -> bool:
        """Whether the message only repeats an earlier failure."""
        return self.number in failure_table().echoes

    @property
    def category(self) -> str | None:
        """The category of the failure, after the table of failures; None if the table does not know the message."""
        # A code says more than the words behind it: a co-simulation may speak of a segmentation fault.
        by_code = failure_table().category(f"ERROR: [{self.code}]") if self.code else None
        return by_code or failure_table().category(f"ERROR: {self.text}")


def is_date_overflow(text: str) -> bool:
    """Whether a text is the error of an HLS release before 2022 that packages an IP after 2021."""
    return re.match(r"'2[2-9][0-9]{8}' is an invalid argument", text) is not None


def read_message(line: str, number: int) -> Message | None:
    """Return the message in `line`; None if it has none. `number` is the number of the line."""
    # Most lines can be ruled out by their first word, without the pattern.
    if not line.startswith(_STARTS):
        return None
    found = _MESSAGE.fullmatch(line)
    if found is None:
        return None
    severity = _SEVERITIES.get(found["severity"], found["severity"])
    return Message(severity, found["code"], found["text"].strip()[:MAX_TEXT], number)
