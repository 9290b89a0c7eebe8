"""The two sides of `doit diff`: amounts with their origin, from the history or from a folder of anybody's reports."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from reports.history.amounts import Amount, Amounts, Key
from reports.history.entry import Cause, Entry
from reports.reading.errors import ReportError
from reports.reading.stand_in import MARK

if TYPE_CHECKING:
    from reports.summary.hls_solutions import Solution
    from reports.summary.rollup import RollUp

_INSTANCE_DEPTH = 2


class SideError(Exception):
    """A word of the command line names nothing that can be shown or compared: `what`, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}")


@dataclass(frozen=True)
class Side:
    """One side. `causes` are what blocks were made of, `tools` versions by name; a folder knows no causes."""

    title: str
    amounts: Amounts
    tools: Mapping[str, str] = field(default_factory=dict)
    causes: Mapping[str, Cause] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of_entry(entry: Entry) -> Side:
    """Return a build of the history as a side."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.began_s))
    state = "" if entry.outcome == "passed" else f", {entry.outcome}"
    title = f"{entry.name[-8:]}, {when}, {entry.revision.short}, {entry.folder}{state}"
    return Side(title, entry.amounts, entry.tools, entry.causes())


def of_folder(folder: Path) -> Side:
    """Return a folder as a side: a build of this project, or any folder with reports of tools. Raises SideError."""
    name = folder.as_posix()
    if (folder / "estimate.json").is_file():
        # Builds of the history need neither this nor the parsers below.
        from reports.history.built import amounts_of  # noqa: PLC0415
        from reports.summary.build import read_build  # noqa: PLC0415

        try:
            report = read_build(folder.parent, folder.name)
        except ReportError as error:
            raise SideError(f"{error.file}: {error.what}", error.expected) from None
        synthesis = sorted({row.tool for row in report.blocks if row.tool})
        causes = {row.block: Cause(core=row.core) for row in report.blocks}
        return Side(name, amounts_of(report), {"synthesis": ", ".join(synthesis)} if synthesis else {}, causes)
    from reports.folder import read_paths  # noqa: PLC0415
    from reports.summary.hls_solutions import solutions  # noqa: PLC0415
    from reports.summary.rollup import roll_up  # noqa: PLC0415

    found = read_paths([folder])
    amounts: dict[Key, Amount] = {}
    tools: dict[str, str] = {}
    designs, hls = roll_up(found.reports, _INSTANCE_DEPTH), solutions(found.reports)
    for design, prefix in zip(designs, _prefixes(designs, folder), strict=True):
        amounts |= _design(design, prefix)
        tools[prefix or "tool"] = design.tool
    for solution in hls:
        place = _below(solution.folder, folder)
        amounts |= _solution(solution, f"hls/{place}" if len(hls) > 1 and place else "hls")
    if not amounts:
        raise SideError(f"{name} holds no report with an amount", "name a folder with reports of a tool")
    notes = (
        [f"{name}: without a name stands {designs[0].design}, the first of {len(designs)} designs"]
        if designs[1:]
        else []
    )
    return Side(name, amounts, tools, notes=(*notes, *(f"left out: {error}" for error in found.errors[:3])))


def _prefixes(designs: Sequence[RollUp], folder: Path) -> list[str]:
    """Return what stands before the amounts of each design: nothing for the first, then its name.

    Two runs of one design also have their folder and variant: their amounts must not be taken for each other's.
    """
    names = [design.design for design in designs]
    found = []
    for at, design in enumerate(designs):
        place = "/".join(filter(None, (_below(design.folder, folder), design.design, design.variant)))
        found.append("" if not at else design.design if names.count(design.design) == 1 else place)
    return found


def _below(place: str, folder: Path) -> str:
    """Return a folder's path below another one; empty for that one itself."""
    path = PurePath(place)
    below = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else place
    return "" if below == "." else below


def _design(design: RollUp, prefix: str) -> dict[Key, Amount]:
    """Return the amounts of a design, with `prefix` before the names of its scopes."""
    mark = MARK if design.stand_in else ""
    found: dict[Key, Amount] = {}
    scopes = [("", design.uses), *((slr.slr.lower(), slr.uses) for slr in design.slrs)]
    # The first instance of a hierarchy is the design itself.
    scopes += [(one.path, one.uses) for one in design.instances if one.path != design.design]
    for scope, uses in scopes:
        name = f"{prefix}/{scope}".strip("/") if prefix else scope
        for use in uses:
            if isinstance(use.used, (int, float)):
                found[name, use.resource] = Amount(float(use.used), mark)
    timing = design.timing
    others = {
        "wns_ns": None if timing is None else timing.wns_ns,
        "whs_ns": None if timing is None else timing.whs_ns,
        "wpws_ns": None if timing is None else timing.wpws_ns,
        "power_w": design.total_on_chip_w,
        "slls": design.slls_used,
    }
    for quantity, value in others.items():
        if isinstance(value, (int, float)):
            found[prefix, quantity] = Amount(float(value), mark)
    return found


def _solution(solution: Solution, prefix: str) -> dict[Key, Amount]:
    """Return the amounts of an HLS solution by function; of a range the larger end counts."""
    mark = MARK if solution.stand_in else ""
    found: dict[Key, Amount] = {}
    for function in solution.functions:
        scope = f"{prefix}/{function.name}"
        for use in function.uses:
            if isinstance(use.used, (int, float)):
                found[scope, use.resource] = Amount(float(use.used), mark)
        for quantity, value in (("latency_cycles", function.latency_cycles), ("ii_cycles", function.interval_cycles)):
            if value.max is not None:
                found[scope, quantity] = Amount(float(value.max), mark)
    return found
