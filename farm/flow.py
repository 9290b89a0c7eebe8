"""A flow: tasks in the order in which data flows, each made of the steps that the project gives for its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from config.frozen import dataclass
from farm.hooks import Hook
from farm.step import Step
from farm.tasks import group, task


class Item(Protocol):
    """One step of a task, its help text, and further names under which a user may ask for it."""

    @property
    def step(self) -> Step:
        """The step."""

    @property
    def doc(self) -> str:
        """Its help text."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Further names: hls:res2a is hls:residual_3f2a9c."""

    @property
    def note(self) -> str:
        """A sentence that a build prints first if it needs the step."""

    @property
    def cannot_run(self) -> str:
        """The programs that this machine lacks for the step, in words; empty if none."""

    @property
    def hook(self) -> Hook | None:
        """Called with the outputs' paths whenever they are in place, if the task itself has no hook."""

    @property
    def result(self) -> Callable[[tuple[Path, ...]], Iterable[str]] | None:
        """Called with the outputs' paths after a build that was asked for the step; gives the lines of its result."""


@dataclass(frozen=True)
class Task:
    """A line of the flow.

    Attributes:
        name: The task's.
        doc: Its help text.
        hook: Called with the outputs' paths whenever they are in place, as `farm.tasks.task` says.
        note: A sentence that a build prints first if it needs the task.
    """

    name: str
    doc: str
    hook: Hook | None = None
    note: str = ""


#: Titles with the lines below each, in the order in which data flows.
Flow = Mapping[str, tuple[Task, ...]]


def tasks(flow: Flow, items: Callable[[str], Iterable[Item]]) -> dict[str, Callable[[], Iterator[Any]]]:
    """The `task_NAME` functions that doit looks for in a dodo.py; `items` gives the steps of a task by its name."""
    return {f"task_{line.name}": _creator(line, items) for lines in flow.values() for line in lines}


def names(flow: Flow) -> dict[str, tuple[str, ...]]:
    """The names of the tasks below each title, for a `Guide`."""
    return {title: tuple(line.name for line in lines) for title, lines in flow.items()}


def _creator(line: Task, items: Callable[[str], Iterable[Item]]) -> Callable[[], Iterator[Any]]:
    # doit tokenizes the body of each creator to learn in which line it begins. A long body takes 12 ms.
    def create() -> Iterator[Any]:
        return _created(line, items)

    create.__doc__ = line.doc
    return create


def _created(line: Task, items: Callable[[str], Iterable[Item]]) -> Iterator[Any]:
    found = list(items(line.name))
    for item in found:
        yield task(
            item.step,
            doc=item.doc,
            publish_hook=line.hook or item.hook,
            note="\n".join(filter(None, (item.note, line.note))),
            cannot_run=item.cannot_run,
            result=item.result,
        )
    for item in found:
        for block in item.blocks:
            yield group(block, item.step.name)
