"""The worst setup path and the worst hold path in the details of a timing summary.

A path begins with a line `Slack (MET) : 0.123ns`, continues with `  Source: …` and ends with `slack 0.123`. Paths
without constraints begin with `Slack: inf` and are skipped (public reports of 2014.2 to 2026.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import ReportError, TruncatedReportError, UnknownLayoutError
from reports.reading.number import number

_SLACK = re.compile(r"Slack \((?:MET|VIOLATED)\) : +(-?[0-9.]{1,20})ns")


@dataclass(frozen=True)
class Path:
    """The worst path of a kind of check. Delays are in ns, as printed with their parts (`5.982ns  (logic …`)."""

    slack_ns: float
    source: str | None
    destination: str | None
    group: str | None
    requirement: str | None
    data_path_delay: str | None
    logic_levels: str | None


def worst_paths(text: str, begin: int, file: str) -> tuple[Path | None, Path | None]:
    """Return the worst setup path and the worst hold path of `text` after `begin`; None if not printed.

    `begin` is the position of the path details, negative if there are none. The text is searched but never split, so
    large files cost little. Raises TruncatedReportError if it ends within a path, and UnknownLayoutError.
    """
    worst: dict[str, tuple[float, int, int]] = {}
    at = text.find("\nSlack (", begin) if begin >= 0 else -1
    last = at
    while at >= 0:
        following = text.find("\nSlack (", at + 1)
        end = following if following >= 0 else min(len(text), at + 10_000)
        match = _SLACK.match(text, at + 1)
        value = number(match[1]) if match else None
        if value is None:
            raise _unreadable_slack(text, at + 1, file)
        kind = text.find("\n  Path Type:", at, end)
        if kind >= 0:
            line = text[kind + 1 : text.find("\n", kind + 1)]
            name = "setup" if "Setup" in line else "hold" if "Hold" in line else ""
            if name and (name not in worst or value < worst[name][0]):
                worst[name] = (float(value), at + 1, end)
        last, at = at, following
    if last >= 0 and text.find("\n                         slack ", last) < 0 and not text.endswith(("\n\n", "\n\r\n")):
        raise TruncatedReportError(file, text.count("\n") + 1, "ends within a path", "the file was cut off")
    return _path(text, worst.get("setup")), _path(text, worst.get("hold"))


def _unreadable_slack(text: str, at: int, file: str) -> ReportError:
    end = text.find("\n", at)
    line = text.count("\n", 0, at) + 1
    if end < 0:
        return TruncatedReportError(file, line, "ends within a path", "the file was cut off")
    return UnknownLayoutError(file, line, f"'{text[at : min(end, at + 60)]}'", "expected 'Slack (MET) : 0.123ns'")


def _path(text: str, place: tuple[float, int, int] | None) -> Path | None:
    if place is None:
        return None
    slack, begin, end = place
    fields: dict[str, str] = {}
    for line in text[begin:end].split("\n", 40)[1:40]:
        name, colon, value = line.strip().partition(":")
        if colon and len(name) < 30:
            fields.setdefault(name, value.strip())
    return Path(
        slack_ns=slack,
        source=fields.get("Source"),
        destination=fields.get("Destination"),
        group=fields.get("Path Group"),
        requirement=fields.get("Requirement"),
        data_path_delay=fields.get("Data Path Delay"),
        logic_levels=fields.get("Logic Levels"),
    )
