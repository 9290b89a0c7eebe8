"""What a page shows, as plain values: `page.json`, format 1. The page is made of them and carries them.

format, title
report      the build's report (`report.json`)
budgets     what the board leaves to a kernel, by SLR and resource
build       the last build of the history that no signal ended: runs, bound, tasks, machine, tools, revision; null if
            there is none
kernel      cycles of the whole kernel as simulated, and of each block those busy, starved and blocked; or null
trends      values over the last builds: `value`, `points` of time, number, mark and commit
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports.history.amounts import key_of
from reports.history.folder import History
from reports.history.index import Index
from reports.history.revision import project_of
from reports.reading.document import Record
from reports.reading.errors import ReportError
from reports.summary.build_report import BuildReport
from reports.summary.page import document as report_document
from reports.summary.values import Folder

FORMAT = 1
LAST_BUILDS = 100
TRENDS = (
    "luts", "cores.luts", "formula.luts", "ii_cycles", "formula.ii_cycles", "fps", "wns_ns",
    "xclbin_bytes", "build.wall_s",
)  # fmt: skip
_BUILD = ("began_s", "wall_s", "outcome", "tasks", "runs", "bound", "machine", "tools", "revision")


def content_of(root: Path, folder: str, report: BuildReport) -> dict[str, Any]:
    """Return what the page of a build shows. The history is missing where it cannot be read, and nothing else."""
    estimate = report.estimate
    build, trends = _history(root, folder)
    return {
        "format": FORMAT,
        "title": f"{estimate.network}, {estimate.toolchain}, {estimate.target}",
        "report": report_document(report),
        "budgets": {slr: dict(amounts.known) for slr, amounts in estimate.slr_budgets.items()},
        "build": build,
        # The report knows a simulated rate only if the kernel was simulated as it is now.
        "kernel": None if report.simulated_rate is None else _kernel(root, folder),
        "trends": trends,
    }


def _history(root: Path, folder: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    history = History.of(project_of(root))
    index = Index(history, lambda text: None)
    try:
        trends = [
            {
                "value": name,
                "points": [
                    [line.began_s, amount.value, amount.mark, line.revision.short]
                    for line, amount in index.trend(folder, key_of(name))[-LAST_BUILDS:]
                ],
            }
            for name in TRENDS
        ]
        newest = index.builds(folder, last=1, whole=True)
        entry = history.read(newest[0].name) if newest else None
    except ReportError:
        entry, trends = None, []
    finally:
        index.close()
    build = None if entry is None else {key: entry.document.get(key) for key in _BUILD}
    return build, [trend for trend in trends if trend["points"]]


def _kernel(root: Path, folder: str) -> dict[str, Any] | None:
    found = Folder(root, folder).output("kernel/values.json", _read_kernel)
    return None if found is None else found.value


def _read_kernel(record: Record) -> dict[str, Any]:
    """Return the part of a simulated kernel's values that the page shows. Raises ReportError."""
    blocks = [Record(each, record.file, "blocks") for each in record.items("blocks")]
    return {
        "interval_cycles": record.maybe_count("interval_cycles"),
        "latency_cycles": record.maybe_count("latency_cycles"),
        "clock_mhz": record.maybe_number("clock_mhz"),
        "tool": record.maybe_text("tool"),
        "blocks": {
            each.text("name"): {name: each.count(name) for name in ("busy", "starved", "blocked")} for each in blocks
        },
    }
