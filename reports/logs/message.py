"""Messages of a log, and tables of their codes.

A message is at the start of a line: `ERROR: [Synth 8-439] …`. Words like ERROR elsewhere in a line do not count
(echoed scripts, environment dumps, "finished with 0 Errors"). v++ repeats messages of its children under its own name
(`VPL 35-3` is Vivado's `Route 35-3`), so a code is judged by its number alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MESSAGE = re.compile(
    r"(?P<severity>ERROR|CRITICAL WARNING|WARNING|INFO): ?(?:\[(?P<code>[A-Za-z][\w+ -]{0,40} [A-Z0-9]+-[0-9]+)\] ?)?"
    r"(?P<text>.*)"
)
MAX_TEXT = 1000
"""Texts of messages are cut to this length: a message about congestion may list nets for 100 kB."""

TAILS = frozenset(
    {
        "12-13638",
        "12-4756",
        "17-39",
        "17-69",
        "200-478",
        "200-70",
        "200-1715",
        "213-28",
        "211-100",
        "212-4",
        "212-5",
        "30-99",
        "4-23",
        "4-78",
        "60-300",
        "60-587",
        "60-592",
        "60-599",
        "60-626",
        "60-661",
        "60-703",
        "60-704",
        "60-773",
        "60-806",
        "60-1328",
    }
)
"""Codes of messages that only repeat an earlier failure. The cause is another message, if there is one."""

CATEGORIES = {
    "17-345": "license",
    "17-102": "disk_write",
    "17-1294": "disk_write",
    "17-1257": "disk_write",
    "8-439": "missing_module",
    "INBB-3": "missing_module",
    "31-30": "missing_module",
    "UTLZ-1": "over_utilised",
    "30-640": "over_utilised",
    "30-487": "placement_failed",
    "35-3": "unroutable",
    "35-2": "unroutable",
    "18-1000": "unroutable",
    "41-237": "block_design_invalid",
    "41-238": "block_design_invalid",
    "41-1031": "block_design_invalid",
    "60-1258": "platform_not_found",
    "60-633": "kernel_not_found",
    "60-602": "input_not_found",
    "200-101": "usage",
    "200-642": "usage",
    "200-627": "hls_csim",
    "200-1023": "part_not_installed",
    "200-1715": "hls_source",
    "200-70": "hls_source",
}
"""The category of a code. A code without a row is judged by the number before the dash, see `_GROUPS`."""

_GROUPS = {
    "8": "rtl_source",
    "202": "hls_source",
    "203": "hls_source",
    "204": "hls_source",
    "207": "hls_source",
    "214": "hls_source",
    "211": "hls_csim",
    "212": "hls_cosim",
    "41": "block_design_invalid",
    "82": "connectivity",
    "83": "connectivity",
}


@dataclass(frozen=True)
class Message:
    """A message: severity as printed, code as printed or None, text (at most MAX_TEXT), and line, from 1."""

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
        return self.number in TAILS

    @property
    def category(self) -> str | None:
        """The category of the failure; None if the code is unknown."""
        number = self.number
        if number is None:
            return "y2k22_revision" if is_date_overflow(self.text) else None
        return CATEGORIES.get(number) or _GROUPS.get(number.partition("-")[0])


def is_date_overflow(text: str) -> bool:
    """Whether a text is the error of an HLS release before 2022 that packages an IP after 2021."""
    return re.match(r"'2[2-9][0-9]{8}' is an invalid argument", text) is not None


def read_message(line: str, number: int) -> Message | None:
    """Return the message in `line`; None if it has none. `number` is the number of the line."""
    # Most lines can be ruled out by their first word, without the pattern.
    if not line.startswith(("ERROR:", "CRITICAL WARNING:", "WARNING:", "INFO:")):
        return None
    found = _MESSAGE.fullmatch(line)
    if found is None:
        return None
    return Message(found["severity"], found["code"], found["text"].strip()[:MAX_TEXT], number)
