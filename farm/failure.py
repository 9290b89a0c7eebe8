"""How a step failed: data for the display, and what its log says about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Cause = Literal[
    "exit", "signal", "timeout", "lost", "program", "outputs", "log", "input", "published", "action", "engine"
]

_SHOWN_LINES = 4
_HEAD_BYTES = 4 << 20
_TAIL_BYTES = 1 << 20
_ERROR = re.compile(r"(?i)\b(fatal|error|undefined reference|assertion|abort(ed)?|exception|cannot|not found)\b")
# "0 errors", "no error", "-Werror", "error_count = 0": an ordinary line of a run that went well.
_NO_ERROR = re.compile(r"(?i)\b(0|no|without) (fatal )?errors?\b|-Werror|errors?\s*[:=]\s*0\b")


@dataclass(frozen=True)
class Failure:
    """Why a step counts as failed. `detail` is data by `cause`: a status, a signal's name, seconds, a path, a line."""

    cause: Cause
    detail: str
    lines: tuple[str, ...] = ()
    log: str = ""


def matching_line(log: Path, patterns: tuple[str, ...]) -> str | None:
    """Return the first line of a log that one of the patterns matches. The whole log is searched."""
    if not patterns:
        return None
    wanted = [re.compile(pattern) for pattern in patterns]
    with log.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if any(pattern.search(line) for pattern in wanted):
                return line.rstrip()
    return None


def telling_lines(log: Path, patterns: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the few lines of a log that say what went wrong.

    The first match of the step's own patterns; else the end of a Python traceback; else the first lines that speak of
    an error (later ones mostly follow from them); else the last lines.
    """
    try:
        text = _bounded_text(log)
    except OSError:
        return ()
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    wanted = [re.compile(pattern) for pattern in patterns]
    own = [line for line in lines if any(pattern.search(line) for pattern in wanted)]
    if own:
        return tuple(own[:_SHOWN_LINES])
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        last = max(number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)"))
        after = [line for line in lines[last + 1 :] if not line.startswith(" ")]
        if after:
            return tuple(after[:_SHOWN_LINES])
    errors = [line for line in lines if _ERROR.search(line) and not _NO_ERROR.search(line)]
    return tuple(errors[:_SHOWN_LINES] or lines[-_SHOWN_LINES:])


def _bounded_text(log: Path) -> str:
    with log.open("rb") as stream:
        data = stream.read(_HEAD_BYTES)
        rest = log.stat().st_size - len(data)
        if rest > 0:
            stream.seek(max(len(data), log.stat().st_size - _TAIL_BYTES))
            data += b"\n" + stream.read()
    return data.decode("utf-8", errors="replace")
