"""The reports that v++ leaves behind a link, found whatever the release calls them.

Names: `kernel_util_routed.rpt` of 2019.2 and 2020.1, with the prefix `impl_1_` later; timing summaries carry the
platform's name. Where physical optimization ran behind the router, its report is the last word (public link trees).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.fpga_resources import Resources
from reports.reading import source
from reports.vivado import accelerator, timing, utilization
from toolchains.vitis.tools.tool import ToolError

_TELLING = re.compile(
    r"^(ERROR|CRITICAL WARNING): |[Ll]icens|Killed\b|Abnormal program termination|No space left|bad_alloc|Out of memory"
)
_MOST_LINES = 40
_STAGES = ("postroute_physopted", "routed")


@dataclass(frozen=True)
class LinkReports:
    """What a routed design is. `timing` and `use` are None where v++ has left no such report (hw_emu)."""

    total: Resources | None
    slrs: dict[str, Resources] | None
    timing: timing.Slacks | None
    met: bool | None
    files: tuple[Path, ...]


def read_reports(folders: tuple[Path, ...]) -> LinkReports:
    """Look below these folders for the reports of the last stage. Raises ReportError for one that is cut off."""
    use = _newest(folders, "*kernel_util_{stage}.rpt")
    slr = _newest(folders, "*slr_util_{stage}.rpt")
    summary = _newest(folders, "*timing_summary_{stage}.rpt")
    facts = timing.parse(source.read(summary), summary.name) if summary else None
    return LinkReports(
        total=_total(use) if use else None,
        slrs=_slrs(slr) if slr else None,
        timing=facts.slacks if facts else None,
        met=facts.met if facts else None,
        files=tuple(file for file in (use, slr, summary) if file),
    )


def messages_of_runs(folder: Path) -> Iterator[str]:
    """What the logs of Vivado's runs below a folder of v++ tell of a failure, each log under its name."""
    logs = [path for name in ("runme.log", "vivado.log") for path in folder.rglob(name)]
    for log in sorted(logs):
        lines = [line for line in log.read_text("utf-8", errors="replace").splitlines() if _TELLING.search(line)]
        if lines:
            yield f"INFO: {log.relative_to(folder)}:"
            yield from lines[-_MOST_LINES:]


def warnings_of_floorplan(folder: Path) -> list[str]:
    """What our floorplan script has warned of in the logs of Vivado's runs, each warning once."""
    logs = sorted(path for name in ("runme.log", "vivado.log") for path in folder.rglob(name))
    lines = (line for log in logs for line in log.read_text("utf-8", errors="replace").splitlines())
    return list(dict.fromkeys(line for line in lines if line.startswith("WARNING: floorplan: ")))


def require(found: LinkReports, *, lowered: bool) -> None:
    """Refuse a hw link without its reports, or whose timing is not met.

    v++ writes the summary at the clock that was asked for, and lowers the clock afterwards if setup paths fail (UG1393,
    "frequency scaling"; public builds hold both a "not met" and a sound file). With `lowered` a summary is therefore
    accepted in which nothing but setup fails. Hold and pulse width do not mend with a lower clock.
    """
    if found.timing is None:
        raise ToolError("v++ has left no timing summary of the routed design")
    if found.timing.wns_ns is None:
        raise ToolError("the timing summary has no slack: the clock has reached nothing")
    if found.met is not False:
        return
    failing = found.timing.fails
    if lowered and failing == ("setup",):
        return
    checks = ", ".join(failing) or "no failing check named"
    what = f"WNS {found.timing.wns_ns} ns, WHS {found.timing.whs_ns} ns, {checks}"
    kept = " with the clock that v++ has lowered" if lowered else " and v++ has not lowered the clock"
    raise ToolError(f"dataflow-farm: timing is not met in the routed design ({what}){kept}")


def _newest(folders: tuple[Path, ...], pattern: str) -> Path | None:
    for stage in _STAGES:
        for folder in folders:
            found = sorted(folder.rglob(pattern.format(stage=stage))) if folder.is_dir() else []
            if found:
                return found[0]
    return None


def _total(path: Path) -> Resources:
    return accelerator.parse(source.read(path), path.name).used_resources


def _slrs(path: Path) -> dict[str, Resources] | None:
    report = utilization.parse(source.read(path), path.name)
    return {slr.lower(): used for slr, used in report.used_by_slr.items()} or None
