"""Summaries of designs from many reports: state, use by SLR and by instance, timing, power.

Of two reports of the same kind, the one of the later state counts (synthesized, placed, routed, optimised after
routing), then the one with the later date.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from config.fpga_resources import NAMES
from reports.folder import Report
from reports.reading.number import Bounded, Number
from reports.vivado.accelerator import COLUMNS, AcceleratorUtilization, Amount
from reports.vivado.hierarchy import Hierarchy
from reports.vivado.power import Power
from reports.vivado.timing import TimingSummary
from reports.vivado.utilization import Utilization

_STATES = ("synth", "optimized", "placed", "routed", "postroute")
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

    `stand_in` is true if a stand-in wrote one of these files, so its figures are invented.
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


def roll_up(reports: Iterable[Report], depth: int = 2) -> tuple[RollUp, ...]:
    """Return each design that has a report of Vivado: the latest state first, then the largest.

    `depth` limits the instances; 0 means only the top.
    """
    designs: dict[str, list[Report]] = {}
    for report in reports:
        header = getattr(report.value, "header", None)
        if header is not None and header.design:
            designs.setdefault(header.design, []).append(report)
    found = [_design(name, items, depth) for name, items in designs.items()]
    return tuple(sorted(found, key=_importance))


def _importance(item: RollUp) -> tuple[bool, int, float, str]:
    luts = next((use.used for use in item.uses if use.resource == "luts" and use.used is not None), -1)
    return not item.uses, -_state_rank(item.state), -float(luts), item.design


def _state_rank(state: str | None) -> int:
    """Return the rank of a state: "fully placed" is placed, "physopt postroute" comes after "routed"."""
    words = (state or "").replace(" ", "")
    return max((rank for rank, word in enumerate(_STATES) if word in words), default=-1)


def _age(date: str | None) -> float:
    try:
        return time.mktime(time.strptime(date or "", "%a %b %d %H:%M:%S %Y"))
    except (ValueError, OverflowError):
        return 0.0


def _order(report: Report) -> tuple[int, float, str]:
    header = report.value.header
    return _state_rank(header.state), _age(header.date), report.file


def _design(name: str, items: list[Report], depth: int) -> RollUp:
    ordered = sorted(items, key=_order, reverse=True)
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
        design=name,
        # Reports shorten the part differently; the longest form is the most precise.
        device=max((item.value.header.device for item in ordered if item.value.header.device), key=len, default=None),
        state=best.state,
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
    )


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
