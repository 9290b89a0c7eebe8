"""A flow: tasks in the order in which data flows, each made of the steps that the project gives for its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from inspect import isfunction
from pathlib import Path
from typing import Any, Protocol

from config.frozen import dataclass
from farm.hooks import Hook
from farm.results.folder import BUILD
from farm.step import Step, StepError
from farm.tasks import group, task

#: The attribute of a creator that holds what it needs.
_NEEDS = "farm_needs"


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


def tasks(
    flow: Flow, items: Callable[[str], Iterable[Item]], needs: Callable[[str], Iterable[str]]
) -> dict[str, Callable[[], Iterator[Any]]]:
    """The `task_NAME` functions that doit looks for in a dodo.py.

    `items` gives the steps of a task by its name, and `needs` the tasks of the flow whose outputs these read; a build
    may leave out the others. The functions raise StepError for a step that writes outside the build folder.
    """
    return {f"task_{line.name}": _creator(line, items, needs) for lines in flow.values() for line in lines}


def stage_needs(creator: Any) -> Callable[[], tuple[str, ...]] | None:
    """A function that tells which tasks a function of `tasks` needs; None of anything else."""
    return getattr(creator, _NEEDS, None) if isfunction(creator) else None


def names(flow: Flow) -> dict[str, tuple[str, ...]]:
    """The names of the tasks below each title, for a `Guide`."""
    return {title: tuple(line.name for line in lines) for title, lines in flow.items()}


def _creator(
    line: Task, items: Callable[[str], Iterable[Item]], needs: Callable[[str], Iterable[str]]
) -> Callable[[], Iterator[Any]]:
    @cache
    def found() -> tuple[Item, ...]:
        # doit may ask twice: see `farm.commands.building.needed`.
        return tuple(items(line.name))

    # doit tokenizes the body of each creator to learn in which line it begins. A long body takes 12 ms.
    def create() -> Iterator[Any]:
        return _created(line, found())

    create.__doc__ = line.doc
    setattr(create, _NEEDS, lambda: tuple(needs(line.name)))
    return create


def _created(line: Task, items: Iterable[Item]) -> Iterator[Any]:
    for item in items:
        _check_files(item.step)
        yield task(
            item.step,
            doc=item.doc,
            publish_hook=line.hook or item.hook,
            note="\n".join(filter(None, (item.note, line.note))),
            cannot_run=item.cannot_run,
            result=item.result,
        )
    for item in items:
        for block in item.blocks:
            yield group(block, item.step.name)


def _check_files(step: Step) -> None:
    for file in (*step.targets, step.log):
        if not file.startswith(f"{BUILD}/"):
            raise StepError(f"step '{step.name}' writes '{file}'; the steps of a flow write below {BUILD}/ only")
