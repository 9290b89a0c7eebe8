"""The verdict on an ended run: how it failed, or that nothing says so. The same rules wherever the step ran.

It rests on the report of the executor, on the log as the tool wrote it, and on the files that the step declares.
"""

from __future__ import annotations

import os
import signal
import stat
from dataclasses import replace
from pathlib import Path

from config.frozen import dataclass
from farm.beneath import open_beneath
from farm.execution.failure import Cause, Failure, failed, log_findings, matching_line, troubled
from farm.execution.log_file import log_problem, refused_file
from farm.execution.run import Run
from farm.step import Step

# A tool that was killed while it held this share of its limit has run out of memory.
_NEARLY_ALL = 0.9
_REFUSED_REMEDY = (
    "a step may write plain files in its own folder only; look for what its tool does there, or who else writes here"
)


@dataclass(frozen=True)
class Memory:
    """The expected memory of a run, and the most that it may take where it runs, in GiB."""

    expected_gib: float
    limit_gib: float


def verdict(run: Run, memory: Memory) -> Failure | None:
    """Return how an ended run failed; None if exit status, log and expected files all say that it did not."""
    failure = _by_its_log(run) or _by_its_end(run) or _by_log_and_files(run)
    if failure is not None and run.place is not None:
        failure = replace(failure, node=run.place.node, job=run.place.job)
    return None if failure is None else _of_memory(failure, run, memory)


def _by_its_log(run: Run) -> Failure | None:
    """Return a failure if the log is not the file that the engine made. First, as other rules read the log."""
    problem = log_problem(run)
    if problem == "was removed":
        return failed("engine", "the log is gone: the outputs cannot be trusted", run.step.log)
    return None if problem is None else _refusal(f"its log {run.step.log} {problem}", "")


def _refusal(detail: str, log: str) -> Failure:
    return replace(failed("refused", detail, log), remedy=_REFUSED_REMEDY)


def _by_its_end(run: Run) -> Failure | None:
    step = run.step
    if run.errno:
        return failed("program", f"{step.argv[0]}: {os.strerror(run.errno)}", step.log)
    if run.timed_out:
        failure = _failure(run, "timeout", f"{step.timeout_s:g}")
        remedy = f"look in the log how far it came; raise {step.timeout_setting} if it was making progress"
        return replace(failure, remedy=remedy) if step.timeout_setting else failure
    if run.trouble:
        return troubled(run.trouble, step.log, run.engine_words)
    if run.status is None:
        return _failure(run, "lost", "")
    if run.status < 0:
        return _failure(run, "signal", _signal_name(-run.status))
    if run.status != 0:
        return _failure(run, "exit", str(run.status))
    return None


def _by_log_and_files(run: Run) -> Failure | None:
    step = run.step
    try:
        line = matching_line(run.log, step.error_lines)
        cut = _cut(run)
    except OSError:
        return failed("engine", "the log cannot be read: the outputs cannot be trusted", step.log)
    if line is not None:
        return _failure(run, "log", line)
    if cut:
        return _failure(run, "cut", cut)
    problem = output_problem(step, run.work)
    if problem is not None:
        return _failure(run, "outputs", problem)
    refused = next((why for output in step.outputs if (why := _refused(run.work, output.path))), None)
    return None if refused is None else _refusal(f"its output {refused}", step.log)


def _failure(run: Run, cause: Cause, detail: str) -> Failure:
    return failed(cause, detail, run.step.log, log_findings(run.log, run.step))


def _cut(run: Run) -> str:
    """Return how the log shows that its end is missing; nothing if it seems whole. Raises OSError."""
    size = run.log.lstat().st_size
    if size < run.log_bytes:
        return f"{size} of the {run.log_bytes} bytes that were written are there"
    closing = run.step.closing_line
    if closing and matching_line(run.log, (closing,)) is None:
        return f"no line matches '{closing}'"
    return ""


def output_problem(step: Step, folder: Path) -> str | None:
    """Return the first output of a step that is not there, is a folder, or has no bytes; None if there is none."""
    for output in step.outputs:
        path = folder / output.path
        try:
            status = path.lstat()
        except OSError:
            return f"{output.path} was not written"
        if stat.S_ISDIR(status.st_mode):
            return f"{output.path} is a folder"
        if stat.S_ISREG(status.st_mode) and status.st_size == 0 and not output.may_be_empty:
            return f"{output.path} is empty"
    return None


def _refused(work: Path, output: str) -> str | None:
    """Return why an output that is there is not taken over: it would lead out of the step's folder."""
    try:
        descriptor = open_beneath(work, output)
    except OSError as error:
        found = str(error.filename or output).removeprefix(f"{work}/")
        return (
            f"{output} {error.strerror}" if found == output else f"{output} lies below {found}, which {error.strerror}"
        )
    try:
        why = refused_file(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    return None if why is None else f"{output} {why}"


def _of_memory(failure: Failure, run: Run, memory: Memory) -> Failure:
    """Return the failure as one of memory if it was that; the kernel kills without a word.

    It was if the kernel counts that it has killed, or if the tool got SIGKILL while its tree held nearly all there is.
    """
    counted = run.oom_kills > 0 and failure.cause in ("signal", "exit", "outputs")
    killed = failure.cause == "signal" and failure.detail == "SIGKILL"
    peak_gib = run.cost.peak_memory_gib
    if counted or failure.kind == "memory" or (killed and peak_gib > _NEARLY_ALL * memory.limit_gib):
        return replace(
            failure,
            kind="memory",
            peak_memory_gib=peak_gib,
            memory_gib=memory.expected_gib,
            limit_gib=memory.limit_gib,
        )
    return failure


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
