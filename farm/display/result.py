"""What a build shows at its end: that nothing was to be done, and the results of what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from farm.display.wording import duration_words
from farm.planning.graph import Task, step_of, work_needs

#: Of how many tasks all lines of the result are shown.
_SHOWN_RESULTS = 4


def nothing_to_do_words(current: int, seconds: float) -> str:
    """Return the sentence of a build that found so many steps, all of them current."""
    return f"nothing to do: {current} current ({duration_words(seconds)})"


def result_lines(tasks: Mapping[str, Task], names: Sequence[str], made: Collection[str]) -> Iterator[str]:
    """Return the results of the tasks that were asked for and are `made`: all lines of a few, one line each of many.

    `names` are the tasks of the build, needed ones first. What no other one of them needs was asked for.
    """
    needs = work_needs(tasks, names)
    needed = {name for ones in needs.values() for name in ones}
    results = [lines for name in needs if name not in needed and name in made if (lines := _result(tasks[name]))]
    for lines in results:
        yield from lines if len(results) <= _SHOWN_RESULTS else lines[:1]


def _result(task: Task) -> tuple[str, ...]:
    """Return the lines that tell what a step has made; none if its task defines none."""
    step, words = step_of(task), (task.meta or {}).get("result")
    try:
        return tuple(words(tuple(Path(target) for target in step.targets))) if step and words else ()
    except Exception as error:  # the words come from the project; the build is over, and well
        return (f"{task.name}: no result can be shown ({type(error).__name__}: {error})",)
