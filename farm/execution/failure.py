"""How a step failed: the cause as data, and the telling lines of its log."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

from config.frozen import dataclass
from farm.execution.log_file import lines_of, open_log
from farm.step import FailureClass, Signature, Step

Cause = Literal[
    "exit",
    "signal",
    "timeout",
    "lost",
    "program",
    "outputs",
    "refused",
    "log",
    "cut",
    "input",
    "hook",
    "action",
    "engine",
    "cluster",
]

# a.cpp:3:5: error, [a.v:12], /x/b.sv:7: but no time of day and no address of a host.
# As texts, which `re` compiles when they are first used: most builds have no failure.
_LOCATION = r"(?:^|[\s\[(\"'])([\w./+-]*[A-Za-z_][\w./+-]*\.[A-Za-z]\w{0,4}):(\d+)(?=$|[\]:,)\s])"
_FRAME = r'(?m)^\s+File "([^"]+)", line (\d+)'
_TRACEBACK = "Traceback (most recent call last)"
_SHOWN_LINES = 4
#: Some tools write all that they have on one line.
_SHOWN_LETTERS = 2000
_HEAD_BYTES = 4 << 20
_TAIL_BYTES = 1 << 20
_ERROR = r"(?i)\b(fatal|error|undefined reference|assertion|abort(ed)?|exception|cannot|not found)\b"
# "0 errors", "no error", "-Werror", "error_count = 0": an ordinary line of a run that went well.
_NO_ERROR = r"(?i)\b(0|no|without) (fatal )?errors?\b|-Werror|errors?\s*[:=]\s*0\b"


#: The class of each cause, unless the log or the kernel tells more.
_KINDS: dict[Cause, FailureClass] = {
    "exit": "source",
    "signal": "crash",
    "timeout": "timeout",
    "lost": "infrastructure",
    "program": "config",
    "outputs": "crash",
    "refused": "source",
    "log": "source",
    "cut": "crash",
    "input": "source",
    "hook": "infrastructure",
    "action": "source",
    "engine": "infrastructure",
    "cluster": "infrastructure",
}
#: The class of each way in which a cluster ends a job in place of its tool, and how often it is started in all.
#: Somebody who cancels a job does not want it back. Another node may have what one lacks.
_TROUBLES: dict[str, FailureClass] = {
    "time limit": "timeout",
    "out of memory": "memory",
    "refused": "config",
    "other modules": "config",
    "no folder": "config",
    "no program": "config",
    "no disk": "disk",
    "no secret": "config",
    "store refuses": "config",
}


@dataclass(frozen=True)
class Retry:
    """How often a step is started in all after failures of a class, and the pause before each further start."""

    attempts: int
    pause_s: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why a step counts as failed.

    `detail` is data by `cause`: a status, a signal's name, seconds, a path, a line. `lines` are the telling ones of the
    log, `place` the file and line that they name ("a.cpp:3"). `kind` decides whether it is tried again. `remedy` is the
    toolchain's own advice; `retries` is False if the log shows that another attempt would fail in the same way. For
    memory, in GiB: the peak of the step, its expected amount, and the limit for all steps together. For a run on a
    cluster, its node and its job; for the cause "cluster", `detail` is one of its troubles, and `said` its engine's
    words.
    """

    cause: Cause
    detail: str
    lines: tuple[str, ...] = ()
    log: str = ""
    place: str = ""
    kind: FailureClass = "infrastructure"
    remedy: str = ""
    peak_memory_gib: float | None = None
    memory_gib: float | None = None
    limit_gib: float | None = None
    retries: bool = True
    node: str = ""
    job: str = ""
    said: str = ""


_ONCE = Retry(1)
#: Failures that the same inputs bring about again are not tried again.
_RETRIES: dict[FailureClass, Retry] = {
    # Others give their licences back; the time until then does not count as run time.
    "licence": Retry(20, 30.0),
    "crash": Retry(2),
    # With all the memory of the machine for itself.
    "memory": Retry(2),
    "infrastructure": Retry(3, 0.5),
}
#: After the troubles of a cluster. Those that are not here are not tried again: somebody who cancels a job does not
#: want it back, and a job that is refused would be refused again.
_TROUBLE_RETRIES: dict[str, Retry] = {
    # On another node, if there is one.
    "node failed": Retry(3, 1.0),
    "no program": Retry(2),
    "lost": Retry(3, 2.0),
    "unsound": Retry(2),
    # Others' jobs go first for a while.
    "preempted": Retry(10, 5.0),
    # With twice the memory each time.
    "out of memory": Retry(4),
    # A controller is restarted within minutes.
    "unreachable": Retry(40, 15.0),
    # The store may be restarted meanwhile. What has run is not run again: its node has told where its outputs are.
    "no store": Retry(4, 10.0),
    # With all inputs sent again.
    "no object": Retry(4, 1.0),
    # Another farm has the result, and is about to store it.
    "elsewhere": Retry(600, 1.0),
}


def retry_of(failure: Failure) -> Retry:
    """Return how often a step that has failed in this way is started."""
    if not failure.retries:
        return _ONCE
    if failure.cause == "cluster":
        return _TROUBLE_RETRIES.get(failure.detail, _ONCE)
    # A step that never started, or whose outputs cannot be written, would fail again at once.
    return _RETRIES.get(failure.kind, _ONCE) if failure.cause in ("exit", "signal", "lost", "log", "cut") else _ONCE


def failed(cause: Cause, detail: str, log: str = "", findings: LogFindings | None = None) -> Failure:
    """Return a failure of the class of its cause; `findings` from the log take precedence."""
    found = findings or LogFindings((), "", None)
    by_log = found.signature if cause in ("exit", "signal", "log", "cut", "outputs", "lost") else None
    kind = _KINDS[cause] if by_log is None else by_log.kind
    remedy, retries = ("", True) if by_log is None else (by_log.remedy, by_log.retries)
    return Failure(cause, detail, found.lines, log, found.place, kind, remedy, retries=retries)


def troubled(trouble: str, log: str, said: str) -> Failure:
    """Return the failure of a job that a cluster ended in place of its tool."""
    return Failure("cluster", trouble, log=log, kind=_TROUBLES.get(trouble, "infrastructure"), said=said)


def out_of_disk(failure: Failure, error: OSError) -> Failure:
    """Return the failure as one of the disk's if the error is that."""
    return replace(failure, kind="disk") if error.errno in (errno.ENOSPC, errno.EDQUOT) else failure


@dataclass(frozen=True)
class LogFindings:
    """A few telling lines of a log, the file and line that they name, and the signature that matched."""

    lines: tuple[str, ...]
    place: str
    signature: Signature | None


def log_findings(log: Path, step: Step) -> LogFindings:
    """Read the log of a failed step. Never raises: a log that cannot be read tells nothing."""
    signature, line = _signature(log, step.signatures)
    lines = telling_lines(log, step.error_lines)
    if line and line not in lines:
        lines = (line, *lines[: _SHOWN_LINES - 1])
    return LogFindings(lines, _place(log, lines), signature)


def _signature(log: Path, signatures: tuple[Signature, ...]) -> tuple[Signature | None, str]:
    """Return the first signature that matches any line, and its first line."""
    wanted = [re.compile(signature.pattern) for signature in signatures]
    best, its_line = len(wanted), ""
    try:
        for line in lines_of(log):
            for number in range(best):
                if wanted[number].search(line):
                    best, its_line = number, line.strip()[:_SHOWN_LETTERS]
                    break
            if best == 0:
                break
    except OSError:
        return None, ""
    return (signatures[best], its_line) if best < len(signatures) else (None, "")


def _place(log: Path, lines: tuple[str, ...]) -> str:
    """Return "file:line" as the first telling line names it, else as the last entry of a traceback does."""
    for line in lines:
        match = re.search(_LOCATION, line)
        if match:
            return f"{match[1]}:{match[2]}"
    frames = []
    with contextlib.suppress(OSError):
        frames = re.findall(_FRAME, _bounded_text(log))
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else ""


def matching_line(log: Path, patterns: tuple[str, ...]) -> str | None:
    """Return the first line of a log that one of the patterns matches. The whole log is searched."""
    if not patterns:
        return None
    wanted = [re.compile(pattern) for pattern in patterns]
    for line in lines_of(log):
        if any(pattern.search(line) for pattern in wanted):
            return line.rstrip()[:_SHOWN_LETTERS]
    return None


def telling_lines(log: Path, patterns: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the few lines of a log that explain a failure.

    The first match of the step's own patterns; else the end of a Python traceback; else the first lines that speak of
    an error (later ones mostly follow from them); else the last lines. If none of them names a place, the first line
    that begins with one comes before them: the program said where, and then summed up.
    """
    try:
        text = _bounded_text(log)
    except OSError:
        return ()
    lines = [line.rstrip()[:_SHOWN_LETTERS] for line in text.splitlines() if line.strip()]
    wanted = [re.compile(pattern) for pattern in patterns]
    own = [line for line in lines if not line.startswith(_TRACEBACK) and any(one.search(line) for one in wanted)]
    if own:
        return _with_place(lines, own)
    if any(line.startswith(_TRACEBACK) for line in lines):
        last = max(number for number, line in enumerate(lines) if line.startswith(_TRACEBACK))
        after = [line for line in lines[last + 1 :] if not line.startswith(" ")]
        if after:
            return tuple(after[:_SHOWN_LINES])
    errors = [line for line in lines if _is_error(line)]
    return _with_place(lines, errors) if errors else tuple(lines[-_SHOWN_LINES:])


def _is_error(line: str) -> bool:
    return bool(re.search(_ERROR, line)) and not re.search(_NO_ERROR, line)


def _with_place(lines: list[str], telling: list[str]) -> tuple[str, ...]:
    shown = telling[:_SHOWN_LINES]
    if not any(re.search(_LOCATION, line) for line in shown):
        placed = [line for line in lines if (match := re.match(_LOCATION, line)) and match.start(1) == 0]
        first = next((line for line in placed if _is_error(line)), placed[0] if placed else None)
        if first is not None:
            shown = [first, *shown[: _SHOWN_LINES - 1]]
    return tuple(shown)


def _bounded_text(log: Path) -> str:
    with open_log(log) as stream:
        size = os.fstat(stream.fileno()).st_size
        data = stream.read(_HEAD_BYTES)
        if size > len(data):
            stream.seek(max(len(data), size - _TAIL_BYTES))
            data += b"\n" + stream.read()
    return data.decode("utf-8", errors="replace")
