"""Tasks of a dodo.py that are no steps: functions and commands. They run as doit runs them, in the engine's process.

One runs at a time, when no step can be started, in the order of the graph.
"""

from __future__ import annotations

import heapq
from typing import Any

from doit.exceptions import BaseFail, InvalidCommand, TaskError, TaskFailed
from doit.task import Stream

from farm import clock
from farm.execution.failure import Failure, LogFindings, failed
from farm.planning.graph import Task
from farm.scheduler.books import Books
from farm.scheduler.growth import Growth
from farm.scheduler.stop import Stop
from farm.scheduler.watcher import Watcher

_SHOWN_LINES = 4


class OwnTasks:
    """Decides whether such a task has to run, and runs it."""

    def __init__(
        self,
        tasks: dict[str, Task],
        dep_manager: Any,
        growth: Growth,
        books: Books,
        *,
        watcher: Watcher,
        stop: Stop,
        always: bool,
        stream: Stream,
    ) -> None:
        self._tasks = tasks
        self._dep_manager = dep_manager
        self._growth = growth
        self._books = books
        self._watcher = watcher
        self._stop = stop
        self._always = always
        self._stream = stream
        self._turns: list[tuple[float, str]] = []
        #: Tasks that have to run; some of them wait for their setup.
        self._chosen: set[str] = set()
        self._teardowns: list[Task] = []

    def __bool__(self) -> bool:
        """Tell whether a task waits for its turn."""
        return bool(self._turns)

    def admit(self, name: str, place: float) -> None:
        """Let a ready task wait for its turn, or for what it has turned out to need; end it if it has nothing to do.

        Raises InvalidCommand for a target that no created task makes.
        """
        try:
            complete = self._growth.complete(name)
        except InvalidCommand:
            raise
        except Exception as error:  # code of dodo.py has run
            self._fail(name, failed("action", f"cannot be prepared: {_words(error)}"))
            return
        task = self._tasks[name]
        if complete and (task.actions or task.setup_tasks):
            heapq.heappush(self._turns, (place, name))
        elif complete:
            self._books.stood_for(name)

    def run_next(self) -> None:
        """Run the next task, if it is not up to date. One that needs a setup first waits for it, and for its turn."""
        name = heapq.heappop(self._turns)[1]
        task = self._tasks[name]
        try:
            due = name in self._chosen or self._is_due(name, task)
        except Exception as error:  # as above
            self._fail(name, failed("action", f"cannot be checked: {_words(error)}"))
            return
        if due:
            self._run(name, task)

    def tear_down(self) -> None:
        """Run the teardowns of all tasks that ran, the last one first, however the build has ended."""
        while self._teardowns:
            task = self._teardowns.pop()
            problem = _executed(task.execute_teardown, self._stream, self._stop)
            if problem is not None:
                self._watcher.note(f"the teardown of {task.name} failed: {_lines(problem)[-1]}")

    def _is_due(self, name: str, task: Task) -> bool:
        task.overwrite_verbosity(self._stream)
        status = self._dep_manager.get_status(task, self._tasks)
        if status.status == "error":
            self._fail(name, failed("input", str(status.get_error_message())))
            return False
        if status.status == "up-to-date" and not self._always:
            # For tasks that calculate what others need.
            task.values = self._dep_manager.get_values(name)
            self._books.current(name)
            return False
        self._chosen.add(name)
        return self._growth.ended(name, task.setup_tasks)

    def _run(self, name: str, task: Task) -> None:
        try:
            self._give_arguments(task)
        except Exception as error:  # doit raises plain Exception for a value that is not there
            self._fail(name, failed("action", f"cannot get its arguments: {_words(error)}"))
            return
        if task.teardown:
            self._teardowns.append(task)
        self._watcher.python_action(name)
        started_s = clock.monotonic_s()
        problem = _executed(task.execute, self._stream, self._stop)
        if problem is not None:
            if not self._stop.requested:
                self._fail(name, _failure_of(problem, task), error=not isinstance(problem, TaskFailed))
            return
        try:
            task.save_extra_values()
            self._books.save(name)
        except OSError as error:
            self._fail(name, failed("input", f"'{error.filename}' cannot be read: {error.strerror}"))
        except Exception as error:  # values that are not plain data, or code of dodo.py
            self._fail(name, failed("action", f"cannot be recorded: {_words(error)}"))
        else:
            self._books.ran(name, clock.monotonic_s() - started_s)

    def _give_arguments(self, task: Task) -> None:
        """Set the options of a task to the values that it asks other tasks for. Raises Exception for a missing one."""
        task.init_options()
        for argument, (name, key) in task.getargs.items():
            if self._tasks[name].has_subtask:
                items = self._tasks[name].task_dep
                task.options[argument] = {item[len(name) + 1 :]: self._value(item, key) for item in items}
            else:
                task.options[argument] = self._value(name, key)

    def _value(self, name: str, key: str | None) -> Any:
        if key is None:
            return self._dep_manager.get_values(name)
        return self._dep_manager.get_value(name, key)

    def _fail(self, name: str, failure: Failure, *, error: bool = True) -> None:
        # doit runs it again next time, even if everything is then as it was when it last ended well.
        self._dep_manager.remove(name)
        self._books.failed(name, failure, error=error)


def _executed(execute: Any, stream: Stream, stop: Stop) -> BaseFail | None:
    """Run actions to their end, or until a signal; return how they failed."""
    stop.interrupts = True
    try:
        problem: BaseFail | None = execute(stream)
    except KeyboardInterrupt:
        return TaskError("interrupted")
    except Exception as error:  # doit lets some mistakes of an action through: a program that is not there
        return TaskError(f"cannot be executed: {_words(error)}")
    finally:
        stop.interrupts = False
    return problem


def _failure_of(problem: BaseFail, task: Task) -> Failure:
    lines = _lines(problem)
    # Output of the action that was not shown.
    hidden = [*(["err"] if task.verbosity < 1 else []), *(["out"] if task.verbosity < 2 else [])]
    printed = "\n".join(getattr(action, one) or "" for one in reversed(hidden) for action in task.actions)
    seen = [line for line in printed.splitlines() if line.strip()][-_SHOWN_LINES:]
    return failed("action", lines[0], "", LogFindings((*seen, *lines[1:][-1:]), "", None))


def _lines(problem: BaseFail) -> list[str]:
    return [line for line in problem.get_msg().splitlines() if line.strip()] or ["failed"]


def _words(error: Exception) -> str:
    kind = type(error).__name__
    return str(error) if kind in ("Exception", "InvalidTask") else f"{kind}: {error}"
