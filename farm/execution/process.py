"""Processes by /proc: the children of each, and an end for all processes of a step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from config.frozen import dataclass

_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)
#: Processes of the engine's own, which no step has started.
_SPARED: set[int] = set()


@dataclass(frozen=True)
class Process:
    """One process; `session` is the id of its session's leader."""

    pid: int
    parent: int
    session: int
    zombie: bool


def adopt_orphans(adopt: bool = True) -> None:
    """Make this process the parent of descendants whose own parent ends, to keep them all in sight."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def spare(pid: int) -> None:
    """Let `descendants` leave a process out, for good: it outlives the steps, and dies with the engine by itself."""
    _SPARED.add(pid)


def descendants(root_pid: int) -> list[Process]:
    """Return all processes below `root_pid`, in whatever group or session they are, but those that are spared."""
    children: dict[int, list[Process]] = {}
    for process in _all():
        if process.pid in _SPARED:
            continue
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    pending = [root_pid]
    while pending:
        below = children.pop(pending.pop(), [])
        found += below
        pending += [process.pid for process in below]
    return found


def belongs(process: Process, session: int, marker: str) -> bool:
    """Tell whether a process belongs to the session `session`, or has `marker` as its HOME."""
    return process.session == session or os.fsencode(f"HOME={marker}") in _environment(process)


def strays(home_prefix: str) -> list[Process]:
    """Return the processes of this user whose HOME begins with `home_prefix`, whoever their parent is."""
    prefix = os.fsencode(f"HOME={home_prefix}")
    own = os.getpid()
    return [
        process
        for process in _all()
        if process.pid != own and any(line.startswith(prefix) for line in _environment(process))
    ]


def send(processes: Iterable[Process], number: signal.Signals) -> None:
    """Send a signal to processes; those that have ended meanwhile do not matter."""
    for process in processes:
        if not process.zombie:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)


def _all() -> list[Process]:
    found = [_read(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - hundreds of names
    return [process for process in found if process is not None]


def _environment(process: Process) -> list[bytes]:
    try:
        return Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _read(pid: str) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:  # noqa: PTH123 - as above
            text = stream.read()
    except OSError:
        return None
    # The second field is the program's name in parentheses, and may itself hold blanks and parentheses.
    state, parent, _, session = text.rpartition(b")")[2].split()[:4]
    return Process(int(pid), int(parent), int(session), state in (b"Z", b"X"))
