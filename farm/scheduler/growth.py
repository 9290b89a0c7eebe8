"""The graph of a build while it grows: with doit, a task may learn during the run what else it needs.

Another task may calculate it (`calc_dep`). Tasks may be created after a task (`create_after`). A task that has to run
may need others first (`setup`, `getargs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from doit.control import TaskControl
from doit.exceptions import InvalidCommand, InvalidTask
from doit.loader import generate_tasks
from doit.task import DelayedLoaded

from farm.planning.graph import Task, in_order, needs_of, order, step_of
from farm.scheduler.frontier import Frontier
from farm.step import Step


class Growth:
    """Adds tasks to the graph that turn out to be needed."""

    def __init__(
        self,
        tasks: dict[str, Task],
        targets: dict[str, str],
        frontier: Frontier,
        *,
        work: list[str],
        skip: Callable[[str, str], None],
        fits: Callable[[Step], bool],
    ) -> None:
        """`targets` maps each target to its task; `work` are the tasks that have actions. All three grow.

        `skip` ends a task because of another one that failed or was skipped.
        """
        self._tasks = tasks
        self._targets = targets
        self._frontier = frontier
        self._work = work
        self._skip = skip
        self._fits = fits
        self._calculated: dict[str, set[str]] = {}

    def complete(self, name: str) -> bool:
        """Tell whether all that a ready task needs has ended. If not, the task waits for it, or has ended itself.

        Raises InvalidTask, InvalidCommand for a target that no created task makes, and what the code of dodo.py raises.
        """
        loader = self._tasks[name].loader
        if loader:
            by_target = loader.regex_groups.get(name)
            if by_target and by_target.found:
                self._frontier.end(name)
                return False
            self._create(name)
        self._calculate(name)
        return self.ended(name, needs_of(self._tasks[name]))

    def ended(self, name: str, needed: Iterable[str]) -> bool:
        """Tell whether tasks that another one needs have ended well. If not, it waits for them, or is skipped."""
        needed = list(needed)
        lost = self._lost(needed)
        if lost is not None:
            self._skip(name, lost)
            return False
        if all(one in self._frontier.ended for one in needed):
            return True
        new = [one for one in order(self._tasks, needed) if one not in self._frontier.place]
        # Raises for a circle: two tasks that wait for each other would end the build silently.
        order(self._tasks, [name, *new], setups=True)
        for step in filter(None, map(step_of, (self._tasks[one] for one in new))):
            if not self._fits(step):
                raise InvalidTask(f"it needs step '{step.name}', which needs more than this machine has")
        self._work += [one for one in new if self._tasks[one].actions]
        self._frontier.grow(name, new, needed)
        for one in new:
            lost = self._lost(needs_of(self._tasks[one]))
            if lost is not None:
                self._skip(one, lost)
        return False

    def _lost(self, needed: Iterable[str]) -> str | None:
        return next((one for one in needed if one in self._frontier.lost), None)

    def _create(self, name: str) -> None:
        """Run the creator that a task stands for; its tasks take their places in the graph."""
        task = self._tasks[name]
        loader = task.loader
        base = loader.basename or name
        first = self._tasks[base].loader
        if first and not first.created:
            made = generate_tasks(base, loader.creator(**(first.kwargs or {})), loader.creator.__doc__)
            for one in made:
                if step_of(one) is not None:
                    raise InvalidTask(f"it creates step '{one.name}', and all steps have to be known before a build")
            in_order(made)
            TaskControl.set_implicit_deps(self._targets, made)
            for one in made:
                one.loader = one.loader or DelayedLoaded
                self._tasks[one.name] = one
                if one.name in self._frontier.place and one.actions and one.name not in self._work:
                    self._work.append(one.name)
        TaskControl.add_implicit_task_dep(self._targets, task, task.file_dep)
        self._settle_target(name, task)
        loader.created = True
        task.loader = DelayedLoaded

    def _settle_target(self, name: str, task: Task) -> None:
        """Note whether a file that was asked for by its name is made by what was created."""
        by_target = task.loader.regex_groups.get(name)
        if by_target is None:
            return
        # The created tasks need not make the file: other creators may match it too.
        task.file_dep = set()
        if by_target.target in self._targets:
            by_target.found = True
            return
        by_target.tasks.discard(task.loader.basename)
        if not by_target.tasks:
            raise InvalidCommand(not_found=by_target.target)

    def _calculate(self, name: str) -> None:
        """Take over what other tasks have calculated for a task. That may name more such tasks."""
        task = self._tasks[name]
        known = self._calculated.setdefault(name, set()) if task.calc_dep else set()
        for one in sorted(task.calc_dep - known):
            if one in self._frontier.ended:
                known.add(one)
                values = self._tasks[one].values
                task.update_deps(values)
                TaskControl.add_implicit_task_dep(self._targets, task, values.get("file_dep", ()))
