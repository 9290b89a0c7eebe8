"""Which commit changed a value, in words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.history.revision import Revision

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_SUBJECT = 60
_WITHIN_S = 5.0


@dataclass(frozen=True)
class Commit:
    """A commit as git knows it."""

    parents: tuple[str, ...]
    subject: str


def commits(root: Path, names: Iterable[str | None]) -> dict[str, Commit]:
    """Return what git knows of commits, with one call for all of them; those that it does not know are absent."""
    wanted = sorted({name for name in names if name is not None and _COMMIT.fullmatch(name)})
    if not wanted:
        return {}
    # --ignore-missing: a commit that was rebased away must not hide the others.
    command = ["git", "log", "--no-walk=unsorted", "--ignore-missing", "--format=%H%x00%P%x00%s", *wanted]
    try:
        done = subprocess.run(
            command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = [line.split("\0") for line in done.stdout.decode("utf-8", "replace").splitlines()]
    return {line[0]: Commit(tuple(line[1].split()), line[2]) for line in lines if len(line) == 3}


def change_words(before: Revision, after: Revision, known: Mapping[str, Commit]) -> str:
    """Return which commit lies between two builds."""
    if before.commit is None or after.commit is None:
        return "without git nobody knows the commit"
    if before.commit == after.commit:
        if after.dirty or before.dirty:
            return f"files that are not committed, on {after.commit[:10]}"
        return f"the same commit, {after.commit[:10]}"
    found = known.get(after.commit)
    subject = "" if found is None else f": {found.subject[:_SUBJECT]}"
    also = " and files that are not committed" if after.dirty else ""
    if found is not None and before.commit in found.parents:
        return f"{after.commit[:10]}{subject}{also}"
    return f"a commit after {before.commit[:10]}, up to {after.commit[:10]}{subject}{also}"
