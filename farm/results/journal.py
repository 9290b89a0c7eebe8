"""doit's own memory of tasks, as a journal: each finished task appends one line at once.

doit's own backends write when the run ends, so a killed run forgets everything that it did. They also know nothing of
our records, which must go when a task is forgotten.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Protocol

from doit.exceptions import InvalidCommand

from farm.beneath import discard_beneath
from farm.results import schema
from farm.results.confined import DamagedError, open_regular, read_most
from farm.results.folder import RECORDS, write_atomically

#: A journal begins with a line that names it, under a name that no task can have. The first journals had none.
_FORMAT = 1
_HEAD = ""
#: The name under which a task's values hold the path of its record.
RECORD_VALUE = "record"
_VALUES = "_values_:"
# The last entry that doit sets for a finished task.
_LAST = "deps:"
#: Two orders of magnitude more than the journal of a thousand tasks.
_MOST_BYTES = 256 << 20


class Codec(Protocol):
    """What doit hands to a backend to encode values with."""

    def encode(self, data: Any) -> str:
        """Return the text of plain values."""
        ...

    def decode(self, data: str) -> Any:
        """Return the values of a text."""
        ...


class Journal:
    """A doit BACKEND: the last line of each task counts; a torn last line is a task that had not finished."""

    desc = "a journal that is written as tasks finish"

    def __init__(self, name: str, codec: Codec, *, module_name: str | None = None) -> None:
        """Read the journal. Raises InvalidCommand for one of a newer farm."""
        self.name = name
        self._codec = codec
        self._path = Path(name)
        self._tasks: dict[str, dict[str, Any]] = {}
        self._unwritten: set[str] = set()
        self._lines = 0
        self._torn = False
        #: Something that is no journal, or not only that, is in its place. The first write replaces it.
        self._damaged = False
        self._load()

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Keep one value of a task. The last value that doit sets writes them all."""
        self._tasks.setdefault(task_id, {})[dependency] = value
        self._unwritten.add(task_id)
        if dependency == _LAST:
            self._append(task_id)

    def get(self, task_id: str, dependency: str) -> Any:
        """Return one value of a task, None if there is none."""
        return self._tasks.get(task_id, {}).get(dependency)

    def in_(self, task_id: str) -> bool:
        """Tell whether anything is known of a task."""
        return task_id in self._tasks

    def remove(self, task_id: str) -> None:
        """Forget a task and remove the record of its step."""
        values = self._tasks.pop(task_id, {}).get(_VALUES) or {}
        self._unwritten.discard(task_id)
        if not self._path.exists() and not values:
            return
        self._append(task_id)
        record = values.get(RECORD_VALUE)
        # The journal is a file like any other: what it names is removed only where records are kept.
        with contextlib.suppress(schema.SchemaError, OSError):
            if schema.path(record).startswith(f"{RECORDS}/"):
                discard_beneath(Path.cwd(), str(record))

    def remove_all(self) -> None:
        """Forget all tasks."""
        for task_id in list(self._tasks):
            self.remove(task_id)

    def dump(self) -> None:
        """Write all values that are not written yet, and shorten a journal that is mostly history."""
        for task_id in sorted(self._unwritten):
            self._append(task_id)
        if self._lines > 2 * len(self._tasks) + 100:
            self._rewrite()

    def _rewrite(self) -> None:
        write_atomically(self._path, self._head() + "".join(self._line(task_id) for task_id in self._tasks))
        self._lines = len(self._tasks)
        self._torn = self._damaged = False
        self._unwritten.clear()

    def _line(self, task_id: str) -> str:
        return self._codec.encode([task_id, self._tasks.get(task_id)]) + "\n"

    def _head(self) -> str:
        return self._codec.encode([_HEAD, _FORMAT]) + "\n"

    def _append(self, task_id: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._damaged:
            self._rewrite()
            return
        # One write of a whole line in append mode; the newline first closes a line that a kill has torn.
        with open(self._path, "a", encoding="utf-8", opener=_append_only) as stream:
            begin = self._head() if not stream.tell() else "\n" if self._torn else ""
            stream.write(begin + self._line(task_id))
        self._torn = False
        self._lines += 1
        self._unwritten.discard(task_id)

    def _load(self) -> None:
        try:
            with open_regular(self._path) as stream:
                text = read_most(stream, _MOST_BYTES).decode("utf-8", errors="replace")
                # A file with a second name is another file too: a line that is appended here would appear there.
                self._damaged = os.fstat(stream.fileno()).st_nlink > 1
        except DamagedError:
            self._damaged = True
            return
        except OSError:
            return
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                task_id, entry = schema.shallow(line, self._codec.decode(line))
                if task_id == _HEAD:
                    self._check(entry)
                    continue
                self._lines += 1
                if isinstance(entry, dict):
                    self._tasks[schema.text(task_id)] = _checked(entry)
                else:
                    self._tasks.pop(task_id, None)

    def _check(self, found: Any) -> None:
        if isinstance(found, int) and found > _FORMAT:
            raise InvalidCommand(
                f"{self._path} has format {found}, and this farm knows {_FORMAT}: it belongs to a newer farm. Update "
                "this checkout, or remove the file: what it remembers is then found out again"
            )


def _checked(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a task if each has the type that doit expects. Raises SchemaError."""
    if not isinstance(entry.get(_VALUES), dict | None):
        raise schema.SchemaError("values are a table")
    schema.texts(entry.get(_LAST) or [])
    if not isinstance(entry.get("checker:"), str | None):
        raise schema.SchemaError("a checker is a name")
    return entry


def _append_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
