"""Actions of a dodo.py that are not steps: functions and commands, run by doit's own code in the engine's process."""

from __future__ import annotations

from doit.exceptions import BaseFail
from doit.task import Stream

from farm.execution.failure import Failure, LogFindings, failed
from farm.planning.graph import Task
from farm.scheduler.stop import Stop


def run_python_action(task: Task, stream: Stream, stop: Stop) -> Failure | None:
    """Run the actions of a task to their end; return how they failed. Raises KeyboardInterrupt for a signal."""
    task.overwrite_verbosity(stream)
    stop.interrupts = True
    try:
        problem = task.execute(stream)
    finally:
        stop.interrupts = False
    if isinstance(problem, BaseFail):
        lines = tuple(line for line in problem.get_msg().splitlines() if line.strip())
        findings = LogFindings(lines[-1:] if len(lines) > 1 else (), "", None)
        return failed("action", lines[0] if lines else "", "", findings)
    task.save_extra_values()
    return None
