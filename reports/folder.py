"""Find the reports in a folder: a project of Vivado, Vitis HLS or Vitis, whatever the names of its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.bounded.regular_file import open_regular
from reports.reading.errors import ReportError
from reports.reading.kind import HEAD_CHARACTERS
from reports.reading.source import read
from reports.registry import KINDS, parse_all

_SKIPPED_FOLDERS = frozenset({".git", ".Xil", "xsim.dir", "__pycache__", "node_modules"})
# Often large and never reports. Other files are judged by their first bytes.
_SKIPPED_ENDINGS = (".dcp", ".bit", ".xclbin", ".xo", ".zip", ".gz", ".pb", ".rpx", ".wdb", ".v", ".sv", ".vhd", ".edf")


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
    """The reports that were read, and the errors of those that could not be."""

    reports: tuple[Report, ...]
    errors: tuple[ReportError, ...]


def read_paths(paths: list[Path]) -> Reports:
    """Read reports from files, and from folders every file with the content of a known kind.

    A file named directly must be a report. In a folder, files of unknown kind are skipped silently.
    """
    reports: list[Report] = []
    errors: list[ReportError] = []
    for path in paths:
        files = _candidates(path) if path.is_dir() else iter((path,))
        for file in files:
            name = file.as_posix()
            try:
                found = parse_all(read(file, name), name)
            except ReportError as error:
                errors.append(error)
                continue
            errors += [one.error for one in found if one.error is not None]
            reports += [
                Report(name, one.kind, one.value, one.line, one.stand_in)
                for one in found
                if one.error is None and one.kind is not None
            ]
    return Reports(tuple(reports), tuple(errors))


def _candidates(folder: Path) -> Iterator[Path]:
    """Return the files below `folder` that begin like a report, sorted by name."""
    # Do not follow links to folders: projects may link to themselves.
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(where, name)
            if not name.endswith(_SKIPPED_ENDINGS) and path.is_file() and _begins_as_report(path):
                yield path


def _begins_as_report(path: Path) -> bool:
    try:
        with open_regular(path) as stream:
            data = stream.read(HEAD_CHARACTERS)
    except OSError:
        return False
    if b"\0" in data:
        return False
    head = data.decode("utf-8-sig", errors="replace")
    return any(kind.matches(head) for kind in KINDS)
