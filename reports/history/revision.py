"""What git says of a checkout: the commit, whether files differ from it, and which project it is."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_WITHIN_S = 5.0
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
#: Words that git could take for options are no revisions; neither is more than a reference's name.
_SUBJECT = 60
_WORD = re.compile(r"[A-Za-z0-9_.@][A-Za-z0-9_./@^~{}+-]{0,199}")


@dataclass(frozen=True)
class Revision:
    """The commit of a checkout, None without git. `dirty`: files differ from it, or are not in it."""

    commit: str | None
    dirty: bool | None

    @property
    def short(self) -> str:
        """The commit as people write it; `+` follows it if files differ."""
        return "no commit" if self.commit is None else self.commit[:10] + ("+" if self.dirty else "")


def revision_of(root: Path) -> Revision:
    """Return the revision of a checkout. Without git, or if git does not answer in time, nothing is known."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if commit is None or not _COMMIT.fullmatch(commit):
        return Revision(None, None)
    changed = _git(root, "status", "--porcelain", "--untracked-files=normal")
    return Revision(commit, None if changed is None else bool(changed))


def resolved(root: Path, word: str) -> str | None:
    """Return the commit that a user's word names (a branch, a tag, the beginning of a commit); None if none."""
    if not _WORD.fullmatch(word):
        return None
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}")
    return commit if commit is not None and _COMMIT.fullmatch(commit) else None


def project_of(root: Path) -> str:
    """Return the name under which the history of a checkout is kept.

    All clones and work trees of a repository have one history: the name is made of its first commit. Without git, or in
    a shallow clone whose first commit is not there, it is made of the folder's path.
    """
    if _git(root, "rev-parse", "--is-shallow-repository") == "false":
        first = (_git(root, "rev-list", "--max-parents=0", "HEAD") or "").splitlines()
        if first and _COMMIT.fullmatch(first[-1]):
            return first[-1][:20]
    return "path-" + hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:20]


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
    found = _git(root, "log", "--no-walk=unsorted", "--ignore-missing", "--format=%H%x00%P%x00%s", *wanted)
    lines = [line.split("\0") for line in (found or "").splitlines()]
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


def _git(root: Path, *words: str) -> str | None:
    """Return what git prints; None if it fails, is missing or takes too long."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=root,
            # Without optional locks git writes nothing: the checkout may be read-only, or another git at work.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
