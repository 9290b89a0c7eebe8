"""Find the reports in a folder: a project of Vivado, Vitis HLS or Vitis, whatever the names of its files.

Files that hold no values are passed over. Nothing that looked like a report is passed over without a word: a note names
a report of a kind that nobody reads, a file that cannot be opened, and bytes that are not UTF-8.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.bounded.regular_file import open_regular
from reports.reading.errors import EncodingError, ReportError, WrongKindError
from reports.reading.kind import HEAD_CHARACTERS, Precedence
from reports.reading.note import Note
from reports.reading.shown import shown
from reports.reading.source import Decoded, decode, read_noted
from reports.registry import Parsed, kind_of, may_hold_reports, parse_all

_SKIPPED_FOLDERS = frozenset({".git", ".Xil", ".autopilot", "xsim.dir", "__pycache__", "node_modules"})
"""Data bases of tools and of git. HLS keeps unfinished copies of its reports in `.autopilot`."""
# Often large and never reports. Other files are judged by their first bytes.
_SKIPPED_ENDINGS = (".dcp", ".bit", ".xclbin", ".xo", ".zip", ".gz", ".pb", ".rpx", ".wdb", ".v", ".sv", ".vhd", ".edf")
_SCRIPTS = (".tcl", ".sh", ".bat", ".csh", ".mk", ".py", ".pl", ".jou", ".mdd", ".mss", ".xdc", ".do", ".prj")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".cl", ".md", ".rst", ".html", ".yml", ".yaml")
_NO_LOGS = (*_SCRIPTS, *_SOURCES)
"""Scripts, sources and documents: they may hold a tool's banner or quote its messages, but are not logs of a run."""
_ZEROS_READ = 64 * 1024 * 1024
"""A log that was emptied while its tool held it open begins with as many zero bytes as it had before."""


@dataclass(frozen=True)
class Report:
    """A report: its file, kind and value. `line` is where it begins, because some files hold several reports.

    If `stand_in` is set, a stand-in of a tool has written it and its figures are invented.
    """

    file: str
    kind: str
    value: Any
    line: int = 1
    stand_in: bool = False


@dataclass(frozen=True)
class Reports:
    """The reports that were read, the errors of those that could not be, and remarks about what was odd."""

    reports: tuple[Report, ...]
    errors: tuple[ReportError, ...]
    notes: tuple[Note, ...] = ()


def read_paths(paths: list[Path]) -> Reports:
    """Read reports from files, and from folders every file with the content of a known kind.

    A file named directly must be a report. In a folder, a report of unknown kind is only noted.
    """
    reports: list[Report] = []
    errors: list[ReportError] = []
    notes: list[Note] = []
    for path in paths:
        in_folder = path.is_dir()
        for file in _candidates(path, notes) if in_folder else iter((path,)):
            name = file.as_posix()
            try:
                decoded = read_noted(file, name)
            except ReportError as error:
                if in_folder and isinstance(error, EncodingError):
                    notes.append(_note(error))
                else:
                    errors.append(error)
                continue
            found = _parsed(decoded, name)
            known = [one for one in found if one.error is None and one.kind is not None]
            notes += decoded.notes
            for one in found:
                if one.error is not None and isinstance(one.error, WrongKindError) and (in_folder or known):
                    notes.append(_note(one.error))
                elif one.error is not None:
                    errors.append(one.error)
            reports += [Report(name, one.kind or "", one.value, one.line, one.stand_in) for one in known]
    return Reports(tuple(reports), tuple(errors), tuple(notes))


def _parsed(decoded: Decoded, name: str) -> tuple[Parsed, ...]:
    return parse_all(shown(decoded.text), name)


def _note(error: ReportError) -> Note:
    return Note(error.file, error.line, f"passed over: {error.what}")


def _candidates(folder: Path, notes: list[Note]) -> Iterator[Path]:
    """Yield the files below `folder` that begin like a report, sorted by name. Notes say which cannot be opened."""

    def unreadable(error: OSError) -> None:
        notes.append(Note(str(error.filename), None, f"passed over: cannot be opened ({error.strerror})"))

    # Do not follow links to folders: projects may link to themselves.
    for where, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(where, name)
            if name.endswith(_SKIPPED_ENDINGS) or not path.is_file():
                continue
            try:
                begins = _begins_as_report(path)
            except OSError as error:
                unreadable(error)
                continue
            if begins:
                yield path


def _begins_as_report(path: Path) -> bool:
    """Whether a file begins like a report. Raises OSError if it cannot be opened."""
    with open_regular(path) as stream:
        data = stream.read(HEAD_CHARACTERS)
        skipped = 0
        while data and skipped < _ZEROS_READ and not data.strip(b"\0"):
            skipped += len(data)
            data = stream.read(HEAD_CHARACTERS * 16)
    try:
        # The last character may be half read.
        head = shown(decode(data[: len(data) // 4 * 4], path.as_posix()))[:HEAD_CHARACTERS]
    except EncodingError:
        return False
    if path.name.lower().endswith(_NO_LOGS):
        kind = kind_of(head)
        return kind is not None and kind.precedence is not Precedence.MESSAGE
    return may_hold_reports(head)
