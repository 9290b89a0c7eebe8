"""The text that a tool wrote, without what terminals, CI systems and mail programs put into or in front of its lines.

Colours and cursor movements are removed. A time, a job's name or quote marks in front of most lines are removed from
every line that has them. The number of lines stays the same, so messages name the lines of the file.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-9;:?]{0,40}[ -/]?[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)?|[()][0-9A-B]|[=>78cM])"
)
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_FRONTS = tuple(
    re.compile(pattern)
    for pattern in (
        # `gh run view --log`: job, step, time; then GitHub, Azure, GitLab (a stream behind the time), Jenkins.
        rf"[^\t\n]{{1,100}}\t[^\t\n]{{1,100}}\t\ufeff?{_ISO} ?",
        rf"\ufeff?{_ISO}(?: [0-9]{{2}}[OE]\+?)?(?: |$)",
        rf"\[{_ISO}\](?: |$)",
        # `ts`, syslog and journalctl, and times alone.
        r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
        r"(?: [\w.-]{1,60} [\w./-]{1,60}(?:\[[0-9]{1,8}\])?:)?(?: |$)",
        r"\[[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,6})?\](?: |$)",
        r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,6})?(?: {1,2}|$)",
        # docker compose: the service.
        r"[a-z][\w.-]{0,60} {1,40}\|(?: |$)",
        r"(?:> ?){1,6}",
    )
)
_JUDGED_LINES = 200
_MOST = 0.6
"""The share of the lines that must have the same thing in front before it is taken for one."""


def shown(text: str) -> str:
    """Return the text as its tool wrote it, line by line."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    # Quote marks may stand in front of times, and times in front of quote marks.
    for _ in range(2):
        front = _front(text)
        if front is None:
            return text
        text = "\n".join(_without(front, line) for line in text.split("\n"))
    return text


def _front(text: str) -> re.Pattern[str] | None:
    lines = [line for line in text.split("\n", _JUDGED_LINES)[:_JUDGED_LINES] if line.strip()]
    if len(lines) < 3:
        return None
    for front in _FRONTS:
        if sum(front.match(line) is not None for line in lines) >= _MOST * len(lines):
            return front
    return None


def _without(front: re.Pattern[str], line: str) -> str:
    found = front.match(line)
    return line if found is None else line[found.end() :]
