"""The files of the history: `$XDG_DATA_HOME/dataflow-farm/history/<project>/`, a file for each build.

A file is made under another name and then renamed: it is whole or absent, and nobody changes it afterwards. Its name
begins with the time, so names sort like builds. Only the newest builds stay: `MOST_FILES`, and `MOST_BYTES` in all.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.bounded.regular_file import open_regular
from reports.history.entry import Entry, read_entry
from reports.reading.document import Record, read_json
from reports.reading.errors import UnreadableError

MOST_FILES = 20_000
MOST_BYTES = 256 << 20
_MOST_ENTRY_BYTES = 4 << 20
NAME = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9]{3}-[0-9a-f]{8}")
_ENDING = ".json"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def data_folder() -> Path:
    """Return the folder of this user's data. The XDG specification says that a relative path is to be ignored."""
    base = os.environ.get("XDG_DATA_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path(os.path.expanduser("~/.local/share"))  # noqa: PTH111
    return root / "dataflow-farm"


class History:
    """The history of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def of(project: str) -> History:
        """Return the history that is kept under the name of a project."""
        return History(data_folder() / "history" / project)

    def add(self, document: Mapping[str, Any]) -> str:
        """Write the entry of a build, and return its name. Raises OSError."""
        self.folder.mkdir(0o700, parents=True, exist_ok=True)
        began_s = float(document["began_s"])
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(began_s))
        name = f"{stamp}-{int(began_s % 1 * 1000):03}-{secrets.token_hex(4)}"
        temporary = self.folder / f".{name}"
        try:
            with os.fdopen(os.open(temporary, _NEW, 0o400), "wb") as stream:
                stream.write(json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            temporary.rename(self._path(name))
        finally:
            temporary.unlink(missing_ok=True)
        self._limit()
        return name

    def names(self) -> list[str]:
        """Return the names of all entries, the oldest first."""
        return sorted(entry.name.removesuffix(_ENDING) for entry in self._files())

    def read(self, name: str) -> Entry:
        """Return an entry. Raises ReportError."""
        path = self._path(name)
        try:
            with open_regular(path, most_bytes=_MOST_ENTRY_BYTES, follow=False) as stream:
                text = stream.read().decode("utf-8", "replace")
        except OSError as error:
            raise UnreadableError(str(path), None, f"cannot be read ({error.strerror or error})", "delete it") from None
        return read_entry(Record(read_json(text, str(path)), str(path)), name)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"

    def _files(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder) as found:
                return [each for each in found if NAME.fullmatch(each.name.removesuffix(_ENDING))]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _limit(self) -> None:
        """Remove the oldest files above the limits. Another farm may be doing the same."""
        files = sorted(self._files(), key=lambda each: each.name, reverse=True)
        kept_bytes = 0
        for number, each in enumerate(files):
            with contextlib.suppress(OSError):
                kept_bytes += each.stat(follow_symlinks=False).st_size
                if number and (number >= MOST_FILES or kept_bytes > MOST_BYTES):
                    Path(each.path).unlink()
