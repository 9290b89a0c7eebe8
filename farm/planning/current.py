"""The look before a build: most builds have nothing to do, and need no engine to see that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from farm.hooks import Hook
from farm.key import parts_of
from farm.planning.graph import Task, hook_of, step_of
from farm.planning.vouched import Vouched
from farm.results.digest import Digests
from farm.results.folder import BUILD
from farm.results.journal import RECORD_VALUE
from farm.results.record import Records, record_path, why
from farm.step import Step


def all_current(
    root: Path,
    tasks: Mapping[str, Task],
    names: Iterable[str],
    targets: Mapping[str, str],
    dep_manager: Any,
    digests: Digests,
) -> list[str] | None:
    """Return the names of the steps among `names` if nothing else is there and each is current; else None.

    None also where the engine has more to do than to look: hashing a file, calling a hook, telling doit of a record, or
    naming what is wrong with an input. Nothing is written. `names` has needed tasks first; `targets` maps files to the
    tasks that make them.
    """
    look = _Look(root, digests)
    found: list[str] = []
    for name in names:
        task = tasks[name]
        step = step_of(task)
        has_work = bool(task.loader or (step is None and (task.actions or task.setup_tasks)))
        if has_work or dep_manager.status_is_ignore(task):
            return None
        if step is not None:
            is_remembered = dep_manager.get_values(name).get(RECORD_VALUE) == record_path(step)
            if not is_remembered or _may_be_made(step, targets) or not look.is_current(step, hook_of(task)):
                return None
            found.append(name)
    return found


def _may_be_made(step: Step, targets: Mapping[str, str]) -> bool:
    """Tell whether a task makes what a step seeks, which is a mistake, or one may that is not loaded."""
    sought = set(step.sources).difference(step.given_sources)
    return any(source in targets or source.startswith(f"{BUILD}/") for source in sought)


class _Look:
    """Looks at one step after the other, and at each source once: many steps read the same."""

    def __init__(self, root: Path, digests: Digests) -> None:
        self._records = Records(root)
        self._vouched = Vouched(root)
        self._digests = digests
        self._meanings: dict[str, str] = {}

    def is_current(self, step: Step, hook: Hook | None) -> bool:
        """Tell whether a step is current, as far as that can be seen without reading a source or an output."""
        record = self._records.read(step)
        if record is None or not all(self._sees(source) for source in step.sources):
            return False
        parts = parts_of(step, lambda item: self._meanings[item.source])
        if not all(map(self._digests.knows, step.targets)) or why(step, parts, record, self._digests):
            return False
        return hook is None or self._vouched.stands(step, parts.key, hook)

    def _sees(self, source: str) -> bool:
        if source not in self._meanings:
            digest = self._digests.known(source)
            if digest is None:
                return False
            self._meanings[source] = digest.meaning
        return True
