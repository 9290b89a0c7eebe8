"""What a platform leaves to the user, and the values of a design as gates look them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.document import Section
from reports.gates import Measured
from reports.number import Bounded
from reports.rollup import RESOURCES, RollUp, Use


@dataclass(frozen=True)
class Budget:
    """Resources that a kernel may use, in all and per SLR (`slr0`); None where the source is silent."""

    total: Mapping[str, int | None]
    slrs: Mapping[str, Mapping[str, int | None]]


def read_budget(section: Section) -> Budget:
    """Return the budget of a section with `total` and, if known, `slrs`; mistakes are recorded as its problems.

    total: {luts: 1576074, registers: 3213658, bram_tiles: 2452, urams: 1280, dsps: 12281}
    slrs: {slr0: {luts: 345000, …}, …}
    """
    total = _amounts(section.section("total"))
    slrs = {name.lower(): _amounts(part) for name, part in section.named_sections("slrs", default={}).items()}
    section.finish()
    return Budget(total, slrs)


def _amounts(section: Section) -> dict[str, int | None]:
    found: dict[str, int | None] = {name: section.integer(name, default=None, minimum=0) for name in RESOURCES}
    section.finish()
    return found


def measured(design: RollUp, budget: Budget | None = None) -> dict[tuple[str | None, str], Measured]:
    """Return the values of a design by scope and quantity.

    A share is of the platform's budget where there is one, and else what the tool prints (of the device).
    """
    source = ", ".join(design.sources)
    found: dict[tuple[str | None, str], Measured] = {}
    for use in design.uses:
        found[None, use.resource] = _share(use, None if budget is None else budget.total.get(use.resource), source)
    for slr in design.slrs:
        limits = {} if budget is None else budget.slrs.get(slr.slr.lower(), {})
        for use in slr.uses:
            found[slr.slr.lower(), use.resource] = _share(use, limits.get(use.resource), source)
    if design.timing is not None:
        found[None, "wns_ns"] = Measured(design.timing.wns_ns, None, source)
        found[None, "whs_ns"] = Measured(design.timing.whs_ns, None, source)
        found[None, "wpws_ns"] = Measured(design.timing.wpws_ns, None, source)
    if design.slls_used is not None:
        found[None, "slls"] = Measured(design.slls_used, None, source)
    if design.total_on_chip_w is not None:
        found[None, "power_w"] = Measured(design.total_on_chip_w, None, source)
    return found


def _share(use: Use, available: int | None, source: str) -> Measured:
    share: Bounded | None = use.util_percent
    if available and use.used is not None:
        share = 100 * use.used / available
    return Measured(use.used, share, source)
