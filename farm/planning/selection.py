"""The part of the graph of tasks that a build was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from doit.control import TaskControl

from config.frozen import dataclass
from farm.planning.graph import Task, check_selection, linked, order
from farm.planning.predecessors import Predecessors


@dataclass(frozen=True)
class Selection:
    """The selected tasks with all that they need.

    Attributes:
        control: doit's control of all loaded tasks.
        names: The selected tasks and those that they need, needed ones first.
        possible: These and the tasks that may come to be needed, in an order in which each follows what it needs.
        predecessors: What groups of the loaded tasks stood for before.
    """

    control: TaskControl
    names: Sequence[str]
    possible: Sequence[str]
    predecessors: Predecessors

    def notes(self) -> tuple[str, ...]:
        """Return the lines of the tasks' notes, each once: a build prints them first."""
        tasks = self.control.tasks
        texts = dict.fromkeys(note for name in self.possible if (note := (tasks[name].meta or {}).get("note")))
        return tuple(dict.fromkeys(line for text in texts for line in text.splitlines()))


def select(
    task_list: Sequence[Task],
    words: Sequence[str] | None,
    root: Path,
    dep_file: str,
    *,
    auto_delayed_regex: bool = False,
) -> Selection:
    """Return what the words of a command line select, None for all tasks. `dep_file` is that of doit's memory.

    Raises InvalidCommand and InvalidTask for words and tasks that are wrong.
    """
    control = linked(task_list, auto_delayed_regex=auto_delayed_regex)
    if not auto_delayed_regex:
        check_selection(words, {task.name: task for task in task_list}, control.targets)
    control.process(words)
    names = order(control.tasks, control.selected_tasks)
    possible = order(control.tasks, control.selected_tasks, setups=True)
    return Selection(control, names, possible, Predecessors(root, control.tasks, dep_file))
