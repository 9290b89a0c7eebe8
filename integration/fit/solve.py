"""Solves a `FitProblem`.

Objectives, in this order: everything is within the ceilings; streams and memory ports cross the fewest boundaries; the
peak (the highest use of any resource in any SLR) is lowest. `placement` solves this exactly. Ceilings that the user did
not set are the guideline's. If nothing fits, they are raised in `STEPS` steps to 100 % of the shell's budget.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import ceil, floor
from typing import Any

from config.fpga_resources import COUNTED_AS, NAMES, PIECES, UNKNOWN, Resources
from integration.fit.placement import UndecidedError, fits, place
from integration.fit.problem import FitProblem
from integration.fit.refold import Refolding
from integration.fit.result import BankFit, BlockFit, Boundary, Crossing, Fit, Misfit, SlrFit, sources_of
from integration.fit.ring import Item, MemoryPort, Placement, Ring, Site, distance, use_of
from integration.fit.settings import GUIDELINE
from integration.fit.shortfall import Shortfall, shortfalls, too_large

STEPS = 6


def fit_of(problem: FitProblem) -> Fit | Misfit:
    """Solve a problem.

    Raises:
        UndecidedError: the search was given up at the highest ceilings, and found nothing below them.
    """
    undecided: list[Mapping[str, float]] = []
    ceilings: dict[str, float] = {}
    for ceilings in _ceilings(problem):
        ring = ring_of(problem, ceilings)
        try:
            placement = None if _total_shortfalls(problem, ceilings) else place(ring)
        except UndecidedError:
            undecided.append(ceilings)
            continue
        if placement is not None:
            return _fit(problem, ring, placement, ceilings, tuple(undecided))
    if undecided and undecided[-1] == ceilings:
        raise UndecidedError(None)
    ring = ring_of(problem, ceilings)
    misfit = Misfit(
        problem.network,
        problem.platform,
        problem.vbnv,
        (*_total_shortfalls(problem, ceilings), *shortfalls(problem, ring, PIECES)),
        ceilings,
        is_estimate=any(block.is_estimate for block in problem.blocks),
        source=sources_of(problem.blocks),
        too_large=too_large(problem, ring, PIECES),
        pins=tuple(block for block, _ in problem.pins),
        toolchain=problem.toolchain,
        better=problem.better,
    )
    return with_refolding(problem, misfit)


def with_refolding(problem: FitProblem, misfit: Misfit) -> Misfit:
    """The misfit with the first of the problem's refoldings that fits, and the layers that were tried."""
    slowest = tuple(dict.fromkeys(layer.name for each in problem.refoldings for layer in each.layers))
    return replace(misfit, slowest=slowest, refolding=_refolding(problem, misfit))


def _refolding(problem: FitProblem, misfit: Misfit) -> Refolding | None:
    """The refolding that fits and gives up least; None if none does.

    Of equally slow layers first the one that frees most of what is short, then all together. With fewer processing
    elements a block can also need more: the block RAM of its parameter memories.
    """
    alike = groupby(problem.refoldings, key=lambda each: (each.interval, len(each.layers)))
    in_turn = (min(group, key=lambda each: _still_short(problem, misfit, each)) for _, group in alike)
    return next((each for each in in_turn if _fits(problem, each)), None)


def _still_short(problem: FitProblem, misfit: Misfit, refolding: Refolding) -> tuple[int, float]:
    """The blocks that were too large and stay as they are, and what all need of the short resources, to before."""
    changed = {each.block for each in refolding.changed}
    names = {each.resource for each in misfit.too_large} | {each.resource for each in misfit.shortfalls}
    needs = sum((block.resources for block in refolding.of(problem.blocks)), UNKNOWN).by_name
    before = sum((block.resources for block in problem.blocks), UNKNOWN).by_name
    shares = ((needs[name] or 0) / (before[name] or 1) for name in NAMES if name in names)
    return sum(each.block not in changed for each in misfit.too_large), sum(shares)


def _fits(problem: FitProblem, refolding: Refolding) -> bool:
    """Whether it fits at the highest ceilings. Whatever fits below them does so there too."""
    changed = replace(problem, blocks=refolding.of(problem.blocks))
    *_, highest = _ceilings(problem)
    try:
        return not _total_shortfalls(changed, highest) and fits(ring_of(changed, highest))
    except UndecidedError:
        return False


def _ceilings(problem: FitProblem) -> Iterator[dict[str, float]]:
    """The percentages to try: the guideline's, then equal steps towards 100. Those that the user set stay."""
    before: dict[str, float] = {}
    for step in range(STEPS + 1):
        found = {
            name: chosen if chosen is not None else GUIDELINE[name] + (100 - GUIDELINE[name]) * step / STEPS
            for name, chosen in zip(NAMES, problem.ceilings, strict=True)
        }
        if found != before:
            yield found
        before = found


def ring_of(problem: FitProblem, ceilings: Mapping[str, float]) -> Ring:
    """The problem as numbers. Unknown amounts count as 0, unknown budgets as unlimited."""
    names = [each.slr for each in problem.slrs]
    pins = {block: names.index(slr) for block, slr in problem.pins}
    chain = len(problem.blocks) - 1
    wires = [0, *(stream.wires for stream in problem.streams[:chain])]
    items = tuple(
        Item(
            block.block,
            tuple(ceil((block.resources.by_name[name] or 0) * PIECES[name]) for name in NAMES),
            wires[index],
            pins.get(block.block),
        )
        for index, block in enumerate(problem.blocks)
    )
    everywhere = tuple(range(len(names)))
    ports = tuple(
        MemoryPort(
            everywhere
            if any(bank.slr is None for bank in port.banks)
            else tuple(names.index(bank.slr) for bank in port.banks if bank.slr is not None),
            port.wires,
        )
        for port in problem.ports
    )
    capacities = tuple(
        tuple(_allowed(each.budget.by_name[name], ceilings[name], PIECES[name]) for name in NAMES)
        for each in problem.slrs
    )
    closing = tuple(stream.wires for stream in problem.streams[chain:])
    return Ring(items, closing, ports, capacities, (problem.slls,) * (len(names) - 1))


def _allowed(budget: float | None, percent: float, units: int) -> int | None:
    return None if budget is None else floor(budget * units * percent / 100 + 1e-9)


def _total_shortfalls(problem: FitProblem, ceilings: Mapping[str, float]) -> tuple[Shortfall, ...]:
    """Resources of which all blocks together need more than the SLRs together, or the shell's total, allow."""
    needed = sum((block.resources for block in problem.blocks), UNKNOWN).by_name
    found = []
    for name in NAMES:
        parts = [each.budget.by_name[name] for each in problem.slrs]
        known = [part for part in parts if part is not None]
        budgets = [sum(known)] if len(known) == len(parts) else []
        whole = problem.total.by_name[name]
        budget = min([*budgets, *([] if whole is None else [whole])], default=None)
        allowed = _allowed(budget, ceilings[name], PIECES[name])
        need = needed[name] or 0
        if budget is not None and allowed is not None and need * PIECES[name] > allowed:
            largest = max(problem.blocks, key=lambda block: block.resources.by_name[name] or 0)
            most = largest.resources.by_name[name] or 0
            found.append(Shortfall(None, name, need, allowed / PIECES[name], budget, largest.block, most))
    return tuple(found)


def _fit(
    problem: FitProblem,
    ring: Ring,
    placement: Placement,
    ceilings: Mapping[str, float],
    undecided: tuple[Mapping[str, float], ...],
) -> Fit:
    names = [each.slr for each in problem.slrs]
    sites = dict(zip((block.block for block in problem.blocks), placement.sites, strict=True))
    used, slls = use_of(ring, placement.sites)
    # A resource that is unknown for every block is unknown for an SLR; 0 would look like a value.
    unknown = {name for name in NAMES if all(name in block.logic.unknown for block in problem.blocks)}
    slrs = tuple(
        SlrFit(each.slr, _amounts(slr, unknown), each.budget, _amounts(allowed))
        for each, slr, allowed in zip(problem.slrs, used, ring.capacities, strict=True)
    )
    hub = placement.sites[0]
    banks = tuple(_bank(each, names, hub) for each in problem.ports)
    crossings = [
        Crossing(stream.source, stream.sink, path, stream.wires)
        for stream in problem.streams
        if len(path := _path(names, sites[_block(stream.source)], sites[_block(stream.sink)])) > 1
    ]
    for port, bank in zip(problem.ports, banks, strict=True):
        if bank.slr is not None:
            path = _path(names, hub, (names.index(bank.slr),) * 2)
            if len(path) > 1:
                crossings.append(Crossing(f"{problem.blocks[0].block}.{port.port}", bank.tag, path, port.wires))
    return Fit(
        network=problem.network,
        compute_unit=problem.compute_unit,
        platform=problem.platform,
        vbnv=problem.vbnv,
        part=problem.part,
        blocks=tuple(
            BlockFit(
                block.block,
                block.core,
                tuple(names[sites[block.block][0] : sites[block.block][1] + 1]),
                block.resources,
                block.logic.unknown,
                block.source,
                block.is_estimate,
                block.view,
            )
            for block in problem.blocks
        ),
        crossings=tuple(crossings),
        boundaries_crossed=placement.crossings,
        peak_of_ceiling=placement.peak,
        evenest=placement.evenest,
        banks=banks,
        slrs=slrs,
        boundaries=tuple(
            Boundary(below, above, wires, problem.slls)
            for below, above, wires in zip(names, names[1:], slls, strict=False)
        ),
        clock=problem.clock,
        ceilings_percent=dict(ceilings),
        above_guideline=tuple(_above(slrs)),
        undecided_ceilings=undecided,
        toolchain=problem.toolchain,
        better=problem.better,
    )


def _amounts(counts: Sequence[int | None], lacking: Collection[str] = ()) -> Resources:
    values = zip(NAMES, counts, strict=True)
    return Resources(
        **{name: None if each is None or name in lacking else each / PIECES[name] for name, each in values}
    )


def _bank(port: Any, names: list[str], hub: Site) -> BankFit:
    """The nearest memory. One whose SLR is unknown counts as near."""

    def away(slr: str | None) -> int:
        return 0 if slr is None else distance(hub, (names.index(slr),) * 2)

    bank = min(port.banks, key=lambda each: away(each.slr))
    return BankFit(port.argument, port.port, bank.tag, bank.sp, bank.slr)


def _block(port: str) -> str:
    return port.partition(".")[0]


def _path(names: list[str], source: Site, sink: Site) -> tuple[str, ...]:
    """The SLRs on a stream's path, from the source's end to the sink's; empty if they share an SLR."""
    if distance(source, sink) == 0:
        return ()
    if source[1] < sink[0]:
        return tuple(names[source[1] : sink[0] + 1])
    return tuple(names[sink[1] : source[0] + 1][::-1])


def _above(slrs: tuple[SlrFit, ...]) -> Iterator[str]:
    for each in slrs:
        for name, word in COUNTED_AS.items():
            used, budget = each.used.by_name[name], each.budget.by_name[name]
            if used and budget and 100 * used / budget > GUIDELINE[name]:
                share = f"{100 * used / budget:.0f} % of the {word}"
                yield f"{each.slr}: {share}, FINN's guideline is {GUIDELINE[name]:.0f} %"
