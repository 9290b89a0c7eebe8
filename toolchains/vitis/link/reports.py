"""Find and read the reports of a link by v++, whatever their names in a release.

2019.2 and 2020.1 write `kernel_util_routed.rpt`, later releases add the prefix `impl_1_`; timing summaries have the
platform's name. If physical optimization ran after the router, its report is the final one (public link trees).
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
    """Resources and timing of a routed design. A value is None if v++ has written no report of it (hw_emu)."""

    total: Resources | None
    slrs: dict[str, Resources] | None
    timing: timing.Slacks | None
    met: bool | None
    files: tuple[Path, ...]


def read_reports(folders: tuple[Path, ...]) -> LinkReports:
    """Read the reports of the last stage below these folders. Raises ReportError if one is cut off."""
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
    """Yield the lines about failures from the logs of Vivado's runs below a folder of v++, each log after its name."""
    logs = [path for name in ("runme.log", "vivado.log") for path in folder.rglob(name)]
    for log in sorted(logs):
        lines = [line for line in log.read_text("utf-8", errors="replace").splitlines() if _TELLING.search(line)]
        if lines:
            yield f"INFO: {log.relative_to(folder)}:"
            yield from lines[-_MOST_LINES:]


def warnings_of_floorplan(folder: Path) -> list[str]:
    """The warnings of our floorplan script in the logs of Vivado's runs, each once."""
    logs = sorted(path for name in ("runme.log", "vivado.log") for path in folder.rglob(name))
    lines = (line for log in logs for line in log.read_text("utf-8", errors="replace").splitlines())
    return list(dict.fromkeys(line for line in lines if line.startswith("WARNING: floorplan: ")))


def require(found: LinkReports, *, lowered: bool) -> None:
    """Check the reports of a hw link. Raises ToolError if the timing summary is missing or timing is not met.

    v++ writes the summary at the clock asked for. If setup paths fail, it lowers the clock afterwards (UG1393,
    "frequency scaling"; in public builds the summary says "not met" although the file works). So with `lowered`,
    failing setup is accepted. A lower clock does not mend hold and pulse width.
    """
    if found.timing is None:
        raise ToolError("v++ has left no timing summary of the routed design")
    if found.timing.wns_ns is None:
        raise ToolError("the timing summary has no slack: no path is constrained by the clock")
    if found.met is not False:
        return
    failing = found.timing.fails
    if lowered and failing == ("setup",):
        return
    checks = ", ".join(failing) or "no failing check named"
    what = f"WNS {found.timing.wns_ns} ns, WHS {found.timing.whs_ns} ns, {checks}"
    kept = " even at the lowered clock" if lowered else " and v++ has not lowered the clock"
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
