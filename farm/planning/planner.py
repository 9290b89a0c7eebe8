"""What a build would do, without doing it: a state for every task, with its reasons, as data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from farm.key import parts_of
from farm.planning.graph import Task, needs_of, order, step_of
from farm.planning.predecessors import Predecessor, Predecessors
from farm.reason import Reason, differences
from farm.results.digest import Digest, Digests
from farm.results.record import Records, why
from farm.step import File, Step

State = Literal["run", "restore", "depends", "current", "ignored"]
#: Gives the digests of a stored run's outputs by their paths in the scratch folder; None if the key is not stored. It
#: gets the key and the paths that the step declares.
Stored = Callable[[str, Collection[str]], Mapping[str, Digest] | None]
#: The meaning of an input that is not known before another step has run.
_UNKNOWN = ""


@dataclass(frozen=True)
class Planned:
    """What would become of one task.

    `after` are the tasks whose outcome decides, for the state "depends". `before` is the predecessor that the reasons
    compare with, if the step itself has no record. `key` is known for the state "restore"; `fetch_bytes` is what would
    come from a remote store for that, if the result has to come from there.
    """

    name: str
    state: State
    reasons: tuple[Reason, ...] = ()
    after: tuple[str, ...] = ()
    before: Predecessor | None = None
    key: str = ""
    fetch_bytes: int | None = None


class Planner:
    """Judges tasks one after the other, needed ones first; nothing is written and no tool is started."""

    def __init__(
        self,
        root: Path,
        tasks: Mapping[str, Task],
        targets: Mapping[str, str],
        dep_manager: Any,
        *,
        digests: Digests,
        stored: Stored,
        predecessors: Predecessors,
    ) -> None:
        """`targets` maps each target to the task that makes it."""
        self._tasks = tasks
        self._targets = targets
        self._dep_manager = dep_manager
        self._digests = digests
        self._root = root
        self._records = Records(root)
        self._stored = stored
        self._predecessors = predecessors
        self._planned: dict[str, Planned] = {}
        # Digests of files that restored steps would put into place.
        self._coming: dict[str, str] = {}

    def plan(self, names: Sequence[str]) -> tuple[Planned, ...]:
        """Return the tasks of `names` that have actions, each with its state. `names` has needed ones first."""
        for name in names:
            task = self._tasks[name]
            step = step_of(task)
            if self._is_ignored(task):
                self._planned[name] = Planned(name, "ignored")
            elif step is not None:
                self._planned[name] = self._step(name, step)
            elif task.actions:
                planned = self._own_task(name, task)
                if planned.state != "current" and task.setup_tasks:
                    self.plan([one for one in order(self._tasks, task.setup_tasks) if one not in self._planned])
                self._planned[name] = planned
            elif task.loader:
                # The build creates the tasks that it stands for.
                self._planned[name] = Planned(name, "depends", (), tuple(needs_of(task)))
        return tuple(self._planned.values())

    def _is_ignored(self, task: Task) -> bool:
        if self._dep_manager.status_is_ignore(task):
            return True
        return any(needed in self._planned and self._planned[needed].state == "ignored" for needed in needs_of(task))

    def _step(self, name: str, step: Step) -> Planned:
        pending: dict[str, None] = {}
        unknown: set[str] = set()

        def meaning_of(item: File) -> str:
            maker = self._planned.get(self._targets.get(item.source, ""))
            if maker is not None and maker.state in ("run", "depends"):
                pending[maker.name] = None
                unknown.add(item.path)
                return _UNKNOWN
            return self._coming.get(item.source) or self._digests.of(item.source).meaning

        record = self._records.read(step)
        try:
            parts = parts_of(step, meaning_of)
        except OSError as error:
            # It may not be read, or went after the check of sources: the build would fail there.
            place = str(error.filename).removeprefix(f"{self._root}/")
            return Planned(name, "run", (Reason("unreadable", place, after=str(error.strerror)),))
        before = None if record else self._predecessors.of(name)
        reasons: tuple[Reason, ...]
        if before is not None:
            reasons = differences(before.parts, parts, before.facts, dict(step.facts))
        elif unknown and record is not None:
            reasons = differences(record.parts, parts, record.facts, dict(step.facts))
        else:
            reasons = why(step, parts, record, self._digests)
        if unknown:
            certain = tuple(reason for reason in reasons if reason.kind != "input" or reason.subject not in unknown)
            return Planned(name, "depends", certain, tuple(pending), before)
        if not reasons and record is not None:
            return Planned(name, "current")
        outputs = self._stored(parts.key, [output.path for output in step.outputs])
        if outputs is None:
            return Planned(name, "run", reasons, (), before)
        for output in step.outputs:
            if output.path in outputs:
                self._coming[output.target] = outputs[output.path].meaning
        return Planned(name, "restore", reasons, (), before, parts.key)

    def _own_task(self, name: str, task: Task) -> Planned:
        pending = [needed for needed in needs_of(task) if needed in self._planned]
        moving = tuple(needed for needed in pending if self._planned[needed].state != "current")
        if moving:
            return Planned(name, "depends", (), moving)
        current = self._dep_manager.get_status(task, self._tasks).status == "up-to-date"
        return Planned(name, "current" if current else "run")
