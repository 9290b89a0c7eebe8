"""A folder of reports for GitHub: annotations of what went wrong, and the designs as a summary of the job."""

from __future__ import annotations

from collections.abc import Iterable

from config.fpga_resources import LABELS, NAMES
from reports.project.ci import Annotation, markdown
from reports.project.failed import FailedRun
from reports.reading.errors import ReportError
from reports.reading.note import Note
from reports.summary.hls_solutions import Solution
from reports.summary.rollup import RollUp


def annotation_lines(
    failed: Iterable[FailedRun], errors: Iterable[ReportError], notes: Iterable[Note], designs: Iterable[RollUp]
) -> list[Annotation]:
    """Return what went wrong in a folder of reports: failed runs and files, missed timing, remarks."""
    found = [
        Annotation("error", one.why, f"failed in {one.step}" if one.step else "failed", one.file, one.line)
        for one in failed
    ]
    found += [Annotation("error", f"{one.what}; {one.expected}", "unreadable", one.file, one.line) for one in errors]
    for one in designs:
        if one.timing is not None and one.timing.fails:
            message = f"{one.design}: timing fails ({', '.join(one.timing.fails)}), WNS {one.timing.wns_ns} ns"
            found.append(Annotation("warning", message, "timing", next(iter(one.sources), "")))
        found += [
            Annotation("notice", f"{one.design}: {note}", "note", next(iter(one.sources), "")) for note in one.notes
        ]
    found += [Annotation("notice", one.what, "note", one.file, one.line) for one in notes]
    return found


def summary(designs: Iterable[RollUp], solutions: Iterable[Solution], failed: Iterable[FailedRun]) -> str:
    """Return the designs, solutions and failed runs of a folder as Markdown."""
    rows = [
        [one.design, one.folder, one.device or "", one.state or "", *(_use(one, name) for name in NAMES), _timing(one)]
        for one in designs
    ]
    heads = ["design", "folder", "device", "state", *(LABELS[name] for name in NAMES), "timing"]
    text = markdown("Designs", heads, rows)
    rows = [[one.folder, one.top or "", one.device or "", _verdict(one.cosim_passed)] for one in solutions]
    text += markdown("HLS", ["folder", "top", "device", "co-simulation"], rows)
    rows = [[f"{one.file}:{one.line or ''}".rstrip(":"), one.step or "", one.why] for one in failed]
    return text + markdown("Failed runs", ["file", "step", "why"], rows)


def _use(item: RollUp, name: str) -> str:
    use = next((use for use in item.uses if use.resource == name), None)
    return "" if use is None or use.used is None else f"{use.used:,}"


def _timing(item: RollUp) -> str:
    return "" if item.timing is None else f"{item.timing.verdict}, WNS {item.timing.wns_ns}"


def _verdict(passed: bool | None) -> str:
    return {None: "", True: "passed", False: "failed"}[passed]
