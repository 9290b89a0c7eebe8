"""The step that a group task stood for when it last ended well, to compare a step of another name with.

Cores are named by their parameters: a folding change makes "hls:res2a" stand for another step, which has no record of
its own. Its predecessor is the step that the same name stood for before.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from config.frozen import dataclass
from farm.beneath import open_beneath, write_beneath
from farm.key import Parts
from farm.planning.graph import Task, step_of
from farm.reason import Reason, differences
from farm.results import schema
from farm.results.confined import DamagedError, read_most
from farm.results.folder import FARM_FOLDER
from farm.results.record import Records
from farm.step import kind_of

_FOLDER = f"{FARM_FOLDER}/groups"
_FORMAT = 1
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Predecessor:
    """The step that the group task `group` stood for: its name, its key's parts and its facts."""

    group: str
    name: str
    parts: Parts
    facts: Mapping[str, str]


class Predecessors:
    """Remembers which step each group stood for, of groups of one step. One file a build; `dep_file` names it."""

    def __init__(self, root: Path, tasks: Mapping[str, Task], dep_file: str) -> None:
        self._root = root
        self._file = f"{_FOLDER}/{dep_file.strip('/')}.json"
        self._tasks = tasks
        self._groups: dict[str, list[str]] = {}
        for group, task in tasks.items():
            needed = [] if task.actions else list(task.task_dep)
            if len(needed) == 1 and needed[0] in tasks and step_of(tasks[needed[0]]) is not None:
                self._groups.setdefault(needed[0], []).append(group)
        self._known: dict[str, Any] | None = None

    def groups(self, name: str) -> tuple[str, ...]:
        """Return the groups of its own kind that stand for a step alone: the names by which people know it."""
        kind = f"{kind_of(name)}:"
        return tuple(group for group in self._groups.get(name, ()) if group.startswith(kind))

    def of(self, name: str) -> Predecessor | None:
        """Return what one of the step's groups stood for; None if it was the same step, or nothing is known."""
        for group in self._groups.get(name, ()):
            item = self._load().get(group)
            if item is not None and item["name"] != name:
                return Predecessor(group, item["name"], Parts.of_document(item["parts"]), item["facts"])
        return None

    def explain(self, name: str, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """Return the differing facts in place of "no record", where a predecessor tells them."""
        step = step_of(self._tasks[name])
        before = self.of(name) if reasons and reasons[0].kind == "no record" and step is not None else None
        if before is None or step is None:
            return reasons
        facts = differences(before.parts, before.parts, before.facts, dict(step.facts))
        return facts or reasons

    def are_known(self, current: Iterable[str]) -> bool:
        """Tell whether it is written already which of these steps the groups stand for."""
        return self._after((), current) == self._load()

    def remember(self, changed: Iterable[str], current: Iterable[str]) -> None:
        """Write which steps the groups stand for now. `changed` were run or restored, `current` needed nothing."""
        known = self._after(changed, current)
        if known != self._known:
            write_beneath(self._root, self._file, json.dumps({"format": _FORMAT, "groups": known}).encode())
            self._known = known

    def _after(self, changed: Iterable[str], current: Iterable[str]) -> dict[str, Any]:
        """Return which steps the groups stand for after a build."""
        records = Records(self._root)
        known = dict(self._load())
        same = {
            name for name in current if any(known.get(g, {}).get("name") == name for g in self._groups.get(name, ()))
        }
        for name in sorted({*changed, *current} - same):
            if name not in self._groups:
                continue
            step = step_of(self._tasks[name])
            record = records.read(step) if step is not None else None
            if record is not None:
                item = {"name": name, "parts": record.parts.document(), "facts": dict(record.facts)}
                known.update(dict.fromkeys(self._groups[name], item))
        return known

    def _load(self) -> dict[str, Any]:
        if self._known is None:
            self._known = {}
            # Without the file, or with a damaged one, only the comparison is lost.
            with contextlib.suppress(OSError, DamagedError, schema.SchemaError):
                with os.fdopen(open_beneath(self._root, self._file), "rb") as stream:
                    content = read_most(stream, _MOST_BYTES)
                document = schema.fields(schema.document(content), "format", "groups")
                if document["format"] == _FORMAT:
                    self._known = schema.table(document["groups"], schema.text, _item)
        return self._known


def _item(value: Any) -> dict[str, Any]:
    item = schema.fields(value, "name", "parts", "facts")
    schema.name(item["name"])
    Parts.of_document(item["parts"])
    schema.words(item["facts"])
    return item
