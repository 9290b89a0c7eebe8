"""The two sides that the words of `doit diff` name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from reports.history.folder import NAME, History
from reports.history.index import Index, Line
from reports.history.revision import resolved
from reports.history.sides import Side, SideError, of_entry, of_folder
from reports.reading.errors import ReportError

LAST = re.compile(r"last(?:~(?P<back>[0-9]{1,5}))?")
_ID = re.compile(r"[0-9a-f]{8}")


def sides_of(words: Sequence[str], root: Path, folder: str, history: History, index: Index) -> tuple[Side, Side]:
    """Return both sides: no word means the last two builds of `folder`, one the build that it names and the last.

    Raises SideError for a word that names nothing.
    """
    if not words:
        words = ("last~1", "last")
    if len(words) == 1:
        words = (words[0], "last")
    before, after = (_side(word, root, folder, history, index) for word in words)
    return before, after


def _side(word: str, root: Path, folder: str, history: History, index: Index) -> Side:
    """Return what a word names: a build, else a folder written as a path, else a revision, else any folder."""
    line = _line(word, folder, index)
    if line is None and word.startswith(("./", "../", "/", "~")):
        return _folder(word)
    if line is None and (commit := resolved(root, word)) is not None:
        line = index.of_revision(folder, commit)
        if line is None and not Path(word).is_dir():
            what = f"no build of {folder} at {word} ({commit[:10]}) is in the history"
            raise SideError(what, "check it out and build it")
    if line is None:
        return _folder(word)
    try:
        return of_entry(history.read(line.name))
    except ReportError as error:
        raise SideError(f"{error.file}: {error.what}", error.expected) from None


def _line(word: str, folder: str, index: Index) -> Line | None:
    """Return the build that a word names: `last`, `last~2`, a build's name or its last eight digits."""
    if match := LAST.fullmatch(word):
        builds, back = index.builds(folder, whole=True), int(match["back"] or 0)
        if back >= len(builds):
            have = f"{len(builds)} build{'' if len(builds) == 1 else 's'}"
            raise SideError(f"'{word}': the history has {have} of {folder}", "build again, or name two folders")
        return builds[-1 - back]
    if NAME.fullmatch(word) or _ID.fullmatch(word):
        return next((line for line in index.builds() if line.name.endswith(word)), None)
    return None


def _folder(word: str) -> Side:
    path = Path(word).expanduser()
    if not path.is_dir():
        what = "is a file" if path.exists() else "is no build, no revision that git knows, and no folder"
        raise SideError(f"'{word}' {what}", "'doit history' lists the builds, 'git log' the revisions")
    return of_folder(path)
