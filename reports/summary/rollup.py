"""Summaries of designs from many reports: state, use by SLR and by instance, timing, power.

Builds are told apart by `reports.project.runs`. Of two reports of one build and kind, the one of the later stage counts
(synthesized, placed, routed, optimised after routing), then the one with the later date. The notes of a design say
where two files disagree and which one was taken, and what no figure counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from config.fpga_resources import LABELS, NAMES
from reports.folder import Report
from reports.project.runs import Run, disagreements, rank_of, runs
from reports.project.stage import STAGES, of_state, stage_of
from reports.reading.number import Bounded, Number
from reports.vivado.accelerator import COLUMNS, AcceleratorUtilization, Amount
from reports.vivado.hierarchy import Hierarchy
from reports.vivado.power import Power
from reports.vivado.timing import TimingSummary
from reports.vivado.utilization import Utilization

_DAY_S = 86_400
_REMEDIES = {
    "utilization": "report_utilization",
    "utilization by hierarchy": "report_utilization -hierarchical",
    "timing": "report_timing_summary",
    "power": "report_power",
}


@dataclass(frozen=True)
class Use:
    """The use of a resource by the whole design, or by the part that holds this value."""

    resource: str
    used: Number | None
    available: Number | None
    util_percent: Bounded | None


@dataclass(frozen=True)
class SlrUse:
    """The use of one SLR. `available` is None, because reports do not print it by SLR."""

    slr: str
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class InstanceUse:
    """The use of an instance with everything below it."""

    path: str
    module: str
    depth: int
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class TimingVerdict:
    """The slacks of a timing summary and the kinds of checks that fail. None means no value, never zero."""

    verdict: str
    wns_ns: float | None
    whs_ns: float | None
    wpws_ns: float | None
    fails: tuple[str, ...]


@dataclass(frozen=True)
class RollUp:
    """A design. `sources` are the files of its figures; `missing` lists absent reports and the commands for them.

    `folder` is where the build is, `variant` what tells it apart from others there ("" if nothing need). `notes` say
    which of two files was taken and why, and which cells no figure counts. `stand_in` is true if a stand-in wrote one
    of these files, so its figures are invented.
    """

    design: str
    device: str | None
    state: str | None
    tool: str
    uses: tuple[Use, ...]
    slrs: tuple[SlrUse, ...]
    slls_used: int | None
    instances: tuple[InstanceUse, ...]
    timing: TimingVerdict | None
    total_on_chip_w: Bounded | None
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    stand_in: bool = False
    folder: str = ""
    variant: str = ""
    notes: tuple[str, ...] = ()


def roll_up(reports: Iterable[Report], depth: int = 2) -> tuple[RollUp, ...]:
    """Return each design that has a report of Vivado: the latest state first, then the largest.

    `depth` limits the instances; 0 means only the top.
    """
    return tuple(sorted((_design(run, depth) for run in runs(reports)), key=_importance))


def _importance(item: RollUp) -> tuple[bool, int, float, str, str]:
    luts = next((use.used for use in item.uses if use.resource == "luts" and use.used is not None), -1)
    rank = of_state(item.state)
    return not item.uses, 1 if rank is None else -rank, -float(luts), item.design, item.folder


def _age(date: str | None) -> float:
    try:
        return time.mktime(time.strptime(date or "", "%a %b %d %H:%M:%S %Y"))
    except (ValueError, OverflowError):
        return 0.0


def _order(report: Report) -> tuple[int, float, str]:
    return rank_of(report), _age(report.value.header.date), report.file


def _design(run: Run, depth: int) -> RollUp:
    ordered = sorted(run.reports, key=_order, reverse=True)
    # The utilization of a pblock is not the design's total.
    flat = _first(ordered, Utilization, lambda value: bool(value.sites) and value.pblock is None)
    by_slr = _first(ordered, Utilization, lambda value: bool(value.slr_sites))
    tree = _first(ordered, Hierarchy, lambda _: True)
    timing = _first(ordered, TimingSummary, lambda _: True)
    power = _first(ordered, Power, lambda _: True)
    kernels = _first(ordered, AcceleratorUtilization, lambda _: True)
    instances = _of(tree, lambda value: _instances(value, depth), ()) or _of(kernels, _kernels, ())
    used = [item for item in (flat, by_slr, tree, timing, power, kernels) if item is not None]
    have = {
        "utilization": flat is not None,
        "utilization by hierarchy": bool(instances),
        "timing": timing is not None,
        "power": power is not None,
    }
    missing = [f"{what}: `{_REMEDIES[what]}`" for what, there in have.items() if not there]
    if by_slr is not None and all(not number for site in by_slr.value.slr_sites for number in site.used):
        missing.append("utilization by SLR: nothing is placed yet; run place_design")
    best = ordered[0].value.header
    return RollUp(
        design=run.design,
        # Reports shorten the part differently; the longest form is the most precise.
        device=max((item.value.header.device for item in ordered if item.value.header.device), key=len, default=None),
        state=_state(ordered[0]),
        tool=f"{best.tool} {best.version}",
        uses=_of(flat, _uses, ()),
        slrs=_of(by_slr, _slrs, ()),
        slls_used=_of(by_slr, lambda value: value.slls_used),
        instances=instances,
        timing=_of(timing, _timing),
        total_on_chip_w=_of(power, lambda value: value.total_on_chip_w),
        sources=tuple(dict.fromkeys(item.file for item in used)),
        missing=tuple(missing),
        stand_in=any(item.stand_in for item in (*used, ordered[0])),
        folder=run.folder,
        variant=run.variant,
        notes=tuple(dict.fromkeys((*_choices(ordered, used), *_uncounted(flat, by_slr)))),
    )


def _state(item: Report) -> str | None:
    """Return the state of a report's design in lower case: as printed, unless the name of the file overrides it."""
    header = item.value.header
    rank, overridden = stage_of(item.file, header.state, header.command, header.design or "")
    return STAGES[rank] if overridden else header.state


def _choices(ordered: list[Report], used: list[Report]) -> Iterator[str]:
    """Say which of two files was taken and why, and which figures are of another stage or of another day."""
    for taken, other in disagreements(ordered):
        if taken in used:
            when, before = taken.value.header.date or "no date", other.value.header.date or "no date"
            yield (
                f"{_name(taken)} and {_name(other)} disagree; taken is the first, "
                + (f"which is newer ({when}, {before})" if when != before else f"the last by name (both {when})")
            )
    for item in ordered:
        header = item.value.header
        rank, overridden = stage_of(item.file, header.state, header.command, header.design or "")
        if overridden:
            why = f"so says its name, '{header.state}' is the state of the shell"
            yield f"{_name(item)} counts as {STAGES[rank]}: {why}"
    for item in used:
        if rank_of(item) != rank_of(ordered[0]):
            yield f"{_name(item)} is of an earlier stage: {_state(item) or 'state unknown'}"
        elif abs(_age(item.value.header.date) - _age(ordered[0].value.header.date)) > _DAY_S:
            yield f"{_name(item)} is of another day than {_name(ordered[0])}: they may be of two builds"


def _uncounted(flat: Report | None, by_slr: Report | None) -> Iterator[str]:
    """Say which cells no figure counts: black boxes, and cells that are in no SLR."""
    boxes = () if flat is None else flat.value.black_boxes
    if boxes:
        count = sum(box.used or 1 for box in boxes)
        names = ", ".join(box.name for box in boxes[:3]) + (", …" if len(boxes) > 3 else "")
        yield f"{count} black box{'es' if count > 1 else ''} ({names}): no figure counts what will be in them"
    if by_slr is None or not any(number for site in by_slr.value.slr_sites for number in site.used):
        return
    whole = by_slr if by_slr.value.sites else flat
    if whole is None or rank_of(whole) != rank_of(by_slr):
        return
    for resource in NAMES:
        site, row = whole.value.resource(resource), by_slr.value.slr_resource(resource)
        if site is not None and row is not None and site.used is not None:
            apart = site.used - sum(number or 0 for number in row.used)
            if apart > 0:
                yield f"{apart:,} of {site.used:,} {LABELS[resource]} are in no SLR: not placed"


def _name(item: Report) -> str:
    return PurePosixPath(item.file).name


def _of(item: Report | None, read: Callable[[Any], Any], otherwise: Any = None) -> Any:
    return otherwise if item is None else read(item.value)


def _first(items: list[Report], kind: type, good: Any) -> Report | None:
    return next((item for item in items if isinstance(item.value, kind) and good(item.value)), None)


def _uses(value: Utilization) -> tuple[Use, ...]:
    found = []
    for resource in NAMES:
        site = value.resource(resource)
        if site is not None:
            found.append(Use(resource, site.used, site.available, site.util_percent))
    return tuple(found)


def _slrs(value: Utilization) -> tuple[SlrUse, ...]:
    rows = [(name, value.slr_resource(name)) for name in NAMES]
    return tuple(
        SlrUse(slr, tuple(Use(name, row.used[at], None, row.util_percent[at]) for name, row in rows if row is not None))
        for at, slr in enumerate(value.slrs)
    )


def _instances(value: Hierarchy, depth: int) -> tuple[InstanceUse, ...]:
    return tuple(
        InstanceUse(
            item.path,
            item.module,
            item.depth,
            tuple(Use(name, used, None, None) for name in NAMES if (used := value.used(item, name)) is not None),
        )
        for item in value.instances
        if item.depth <= depth and not item.name.startswith("(")
    )


def _kernels(value: AcceleratorUtilization) -> tuple[InstanceUse, ...]:
    def uses(amounts: tuple[Amount, ...]) -> tuple[Use, ...]:
        named = [(COLUMNS.get(amount.resource), amount) for amount in amounts]
        return tuple(Use(name, amount.used, None, amount.share_percent) for name, amount in named if name is not None)

    found = [InstanceUse("platform", "", 0, uses(value.platform))]
    for kernel in value.kernels:
        found.append(InstanceUse(kernel.name, kernel.name, 0, uses(kernel.amounts)))
        found.extend(InstanceUse(unit.name, kernel.name, 1, uses(unit.amounts)) for unit in kernel.compute_units)
    return tuple(found)


def _timing(value: TimingSummary) -> TimingVerdict:
    slacks = value.slacks
    return TimingVerdict(value.verdict, slacks.wns_ns, slacks.whs_ns, slacks.wpws_ns, slacks.fails)
