"""Runs that failed, as any of their files tells: a log, a crash report, a co-simulation, the steps of v++."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reports.folder import Report
from reports.hls.cosim import Cosim
from reports.logs.crash import Crash
from reports.logs.value import Log
from reports.vivado.analysis.route_status import RouteStatus
from reports.vpp.link_steps import LinkSteps
from reports.vpp.link_summary import LinkSummary


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: the file and line that tell it, the reason, and the step if it is known."""

    file: str
    line: int | None
    why: str
    step: str | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        step = f" in {self.step}" if self.step else ""
        return f"{where}: failed{step}: {self.why}"


def failed_runs(reports: Iterable[Report]) -> tuple[FailedRun, ...]:
    """Return the failed runs among the reports, in the order of the files."""
    return tuple(found for report in reports for found in _of(report))


def _of(report: Report) -> Iterator[FailedRun]:
    value, file = report.value, report.file
    if isinstance(value, Log) and value.outcome == "failed":
        cause = value.cause
        code = f"[{cause.code}] " if cause is not None and cause.code else ""
        why = "no value" if cause is None else f"{code}{cause.text}"
        yield FailedRun(file, None if cause is None else cause.line, why, value.innermost_step)
    elif isinstance(value, Crash):
        yield FailedRun(
            file, report.line, f"the tool crashed ({value.signal})" + (f" in {value.place}" if value.place else "")
        )
    elif isinstance(value, Cosim) and value.passed is False:
        languages = ", ".join(run.language for run in value.runs if run.passed is False)
        yield FailedRun(file, report.line, f"co-simulation of {languages} failed")
    elif isinstance(value, RouteStatus) and value.errors:
        yield FailedRun(file, report.line, f"{value.errors:,} nets have routing errors")
    elif isinstance(value, LinkSteps) and value.failed:
        yield FailedRun(file, report.line, "v++ did not finish this step", value.failed[0])
    elif isinstance(value, LinkSummary):
        failed = [step.name for step in value.steps if step.state == "CS_FAILED"]
        if failed:
            # Steps begin before the steps within them, so the last one is the innermost.
            yield FailedRun(file, report.line, "v++ did not finish this step", failed[-1])
