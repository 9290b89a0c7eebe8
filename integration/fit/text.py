"""A fit or a misfit as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from config.fpga_resources import COUNTED_AS, NAMES, Resources
from integration.fit.refold import Refolding
from integration.fit.result import BlockFit, Fit, Misfit, sources_of
from integration.fit.shortfall import Shortfall, TooLarge

STAND_IN_MARK, ESTIMATE_MARK = "!", "~"


def fit_lines(fit: Fit) -> list[str]:
    """The tables of a fit, its crossings, memories and clock, and remarks about the figures."""
    return [
        f"{fit.network} on {fit.platform} ({fit.vbnv}, {fit.part}){_toolchain(fit.toolchain)}",
        *_source_lines(sources_of(fit.blocks), fit.better, stand_in=any(block.stand_in for block in fit.blocks)),
        "",
        *_table(("block", *COUNTED_AS.values()), _block_rows(fit)),
        "",
        *_table(("SLR", *COUNTED_AS.values()), _slr_rows(fit)),
        "",
        *_crossing_lines(fit),
        *_bank_lines(fit),
        _clock_line(fit),
        *_remarks(fit),
    ]


def misfit_lines(misfit: Misfit) -> list[str]:
    """A headline, one line per block that fits nowhere and per shortfall, and the remedies."""
    figures = " (estimates)" if misfit.is_estimate else ""
    lines = [
        f"{misfit.network} does not fit {misfit.platform} ({misfit.vbnv}){_toolchain(misfit.toolchain)}{figures}:",
        *_source_lines(misfit.source, misfit.better, stand_in=misfit.stand_in),
        *(f"  {too_large_line(each)}" for each in misfit.too_large),
        *(f"  {shortfall_line(each)}" for each in misfit.shortfalls),
    ]
    if any(each.slr is not None for each in misfit.shortfalls):
        lines.append("  (no placement fits; these figures are from one that spreads the blocks evenly, largest first)")
    if not misfit.shortfalls and not misfit.too_large:
        lines.append(
            "  every placement within the budgets needs more wires between SLRs than there are, or breaks a pin"
        )
    if misfit.slowest and not misfit.refolding:
        which = _of_the_slowest(len(misfit.slowest), misfit)
        lines.append(f"  fewer processing elements in {', '.join(misfit.slowest)}, {which}, are not enough")
    return [*lines, f"to make it fit: {'; or '.join(_remedies(misfit))}"]


def too_large_line(block: TooLarge) -> str:
    """`preres: 3,072 DSP, but no SLR may hold more than 2,265, and no two neighbours can hold half each`."""
    needed = f"{block.block}: {_written(block.resource, block.needed)}"
    if block.pinned is not None:
        return f"{needed}, but it is pinned to {block.pinned}, which may hold {block.most:,.10g}"
    if block.needed <= block.most:
        return f"{block.block}: no SLR has room for it, and no two neighbours can hold half each"
    return f"{needed}, but no SLR may hold more than {block.most:,.10g}, and no two neighbours can hold half each"


def _remedies(misfit: Misfit) -> Iterator[str]:
    blocks = dict.fromkeys([each.block for each in misfit.too_large] + [each.largest for each in misfit.shortfalls])
    given = misfit.refolding
    if given:
        rate = f"an image then takes {given.interval:,} cycles in place of {given.interval_before:,}"
        yield f"set {_settings(given)}, {_of_the_slowest(len(given.layers), misfit)} ({rate})"
    if blocks:
        yield f"lower pe or simd in {', '.join(list(blocks)[:3])}"
    below = {each.resource for each in misfit.shortfalls if each.allowed < each.budget}
    if below:
        yield f"raise {', '.join(f'fit.{name}_percent' for name in NAMES if name in below)}"
    if misfit.pins:
        yield f"remove the pin (fit.pin) of {', '.join(misfit.pins)}"
    lacking = {each.resource for each in misfit.too_large} | {each.resource for each in misfit.shortfalls}
    if misfit.better and "luts" in lacking:
        # Formulas are far too high only for LUTs.
        yield "run 'doit ooc' for better figures, because LUTs by formula are too high"
    yield "take another board (platform=...)"


def _settings(refolding: Refolding) -> str:
    """`pe: 16 in place of 32 in res2a.conv2b, res2b.conv2b`, with `and` before other numbers."""
    layers: dict[str, list[str]] = {}
    for each in refolding.layers:
        layers.setdefault(f"pe: {each.pe} in place of {each.pe_before} in", []).append(each.name)
    return " and ".join(f"{number} {', '.join(names)}" for number, names in layers.items())


def _of_the_slowest(count: int, misfit: Misfit) -> str:
    """Which of the slowest layers so many of them are."""
    every = len(misfit.slowest)
    if every == 1:
        return "the slowest layer"
    if count == every:
        return f"the {every} slowest layers"
    return f"{'one' if count == 1 else count} of the {every} slowest layers, which are equally slow"


def shortfall_line(shortfall: Shortfall) -> str:
    """`slr2: 12,345 LUT more than the 345,000 that the shell leaves; the largest block there is res5a with 24,492`."""
    name = shortfall.resource
    allowed = f"{shortfall.allowed:,.10g}"
    if shortfall.allowed < shortfall.budget:
        percent = 100 * shortfall.allowed / shortfall.budget
        allowed += f" that are allowed ({percent:.0f} % of the {shortfall.budget:,.10g} that the shell leaves)"
    else:
        allowed += " that the shell leaves"
    where = shortfall.slr or "all SLRs together"
    there = "there " if shortfall.slr else ""
    half = ", half of it" if shortfall.half else ""
    return (
        f"{where}: {_written(name, shortfall.missing)} more than the {allowed}; "
        f"the largest block {there}is {shortfall.largest} with {shortfall.largest_needs:,.10g}{half}"
    )


def _toolchain(name: str) -> str:
    return f" with {name}" if name else ""


def _source_lines(source: str, better: str, *, stand_in: bool) -> Iterator[str]:
    if stand_in:
        yield f"STAND-IN: figures with {STAND_IN_MARK} are invented; no vendor's tool has made them"
    yield f"figures of the cores: {source}"
    if better:
        yield f"  {better}"


def _mark(blocks: Iterable[BlockFit]) -> str:
    given = list(blocks)
    return (STAND_IN_MARK if any(block.stand_in for block in given) else "") + (
        ESTIMATE_MARK if any(block.is_estimate for block in given) else ""
    )


def _block_rows(fit: Fit) -> Iterator[tuple[str, Sequence[str]]]:
    for block in fit.blocks:
        mark = _mark([block])
        cells = [mark + amount if amount != "?" else amount for amount in _amounts(block.resources, block.unknown)]
        yield "+".join(block.slrs), (block.block, *cells)


def _slr_rows(fit: Fit) -> Iterator[tuple[str, Sequence[str]]]:
    for each in fit.slrs:
        cells, budgets = [], []
        mark = _mark(block for block in fit.blocks if each.slr in block.slrs)
        for name in NAMES:
            used, budget = each.used.by_name[name], each.budget.by_name[name]
            share = f" {100 * used / budget:.0f}%" if budget and used is not None else ""
            cells.append("?" if used is None else f"{mark}{used:,.10g}{share}")
            budgets.append("?" if budget is None else f"{budget:,.10g}")
        yield "", (each.slr, *cells)
        yield "", ("of", *budgets)


def _amounts(resources: Resources, unknown: Iterable[str]) -> list[str]:
    names = set(unknown)
    return ["?" if name in names or amount is None else f"{amount:,.10g}" for name, amount in resources.by_name.items()]


def _crossing_lines(fit: Fit) -> Iterator[str]:
    yield f"{fit.boundaries_crossed} crossings of SLR boundaries, the fewest possible under these ceilings:"
    for each in fit.crossings:
        yield f"  {each.source} -> {each.sink}: {' '.join(each.path)}, {each.wires:,} wires"
    yield from divided_lines(fit)
    divided = [block for block in fit.blocks if len(block.slrs) > 1]
    for boundary in fit.boundaries:
        most = "an unknown number of" if boundary.slls is None else f"{boundary.slls:,}"
        inner = [block.block for block in divided if {boundary.below, boundary.above} <= set(block.slrs)]
        more = f", and those within {', '.join(inner)}" if inner else ""
        yield f"  {boundary.below}/{boundary.above}: {boundary.used:,} of {most} wires{more}"


def divided_lines(fit: Fit) -> Iterator[str]:
    """For each block in two SLRs: the reason, and how it is counted."""
    for block in fit.blocks:
        if len(block.slrs) > 1:
            over = " and ".join(block.slrs)
            yield f"  within {block.block}: {_why_divided(fit, block)}; the placer divides it over {over}"
            yield "    (each counts half of it; the wires between its halves are unknown and not counted)"


def _why_divided(fit: Fit, block: BlockFit) -> str:
    """`its 3,072 DSP are more than the 2,877 that the shell leaves in an SLR`."""
    for bound, words in (("budget", "that the shell leaves in an SLR"), ("allowed", "that an SLR may hold")):
        for name, needed in block.resources.by_name.items():
            amounts = [getattr(slr, bound).by_name[name] for slr in fit.slrs]
            known = [amount for amount in amounts if amount is not None]
            if needed and len(known) == len(amounts) and needed > max(known):
                return f"its {_written(name, needed)} are more than the {max(known):,.10g} {words}"
    return "no SLR has room for it"


def _bank_lines(fit: Fit) -> Iterator[str]:
    for each in fit.banks:
        yield f"{each.argument}: {each.sp} ({each.tag}, {each.slr or 'SLR unknown'})"


def _clock_line(fit: Fit) -> str:
    clock = fit.clock
    most = "" if clock.most_mhz is None else f", {clock.most_mhz:g} at most"
    return (
        f"{clock.name}: {clock.requested_mhz:g} MHz requested; the shell gives {clock.default_mhz:g} by default{most}"
    )


def _remarks(fit: Fit) -> Iterator[str]:
    percents = ", ".join(f"{COUNTED_AS[name]} {percent:.0f} %" for name, percent in fit.ceilings_percent.items())
    yield f"ceilings: {percents}; the fullest SLR is at {100 * fit.peak_of_ceiling:.0f} % of its ceiling"
    for remark in fit.above_guideline:
        yield f"above the guideline: {remark}"
    if not fit.evenest:
        yield "undecided, because the search grew too large: whether a more even placement exists"
    for each in fit.undecided_ceilings:
        yield f"undecided, because the search grew too large: whether {each['luts']:.0f} % of the LUT are enough"
    estimated = [block.block for block in fit.blocks if block.is_estimate]
    if estimated:
        yield f"{ESTIMATE_MARK} estimates: {len(estimated)} of {len(fit.blocks)} blocks"
    yield from _unknown(fit)


def _unknown(fit: Fit) -> Iterator[str]:
    """The resources of the logic that are unknown, with their blocks."""
    missing: dict[str, list[str]] = {}
    for name, word in COUNTED_AS.items():
        unknown = [block.block for block in fit.blocks if name in block.unknown]
        if unknown:
            which = f"all {len(unknown)} blocks" if len(unknown) == len(fit.blocks) else ", ".join(unknown[:3])
            more = len(unknown) - 3 if which[:3] != "all" else 0
            missing.setdefault(f"{which} and {more} more" if more > 0 else which, []).append(word)
    if missing:
        what = "; ".join(f"{', '.join(words)} of the logic of {which}" for which, words in missing.items())
        yield f"? unknown and counted as 0: {what} ('doit ooc' gives them)"


def _table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Align columns, the first to the left, the others to the right. A row's label is shown only where it changes."""
    given = list(rows)
    cells = [tuple(head), *(row for _, row in given)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (
            text.ljust(width) if at == 0 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join((first, *rest)).rstrip()

    label_width = max((len(label) for label, _ in given), default=0)
    indent = label_width + 2 if label_width else 0
    lines, before = [" " * indent + line(head)], ""
    for label, row in given:
        shown = label if label != before else ""
        lines.append((shown.ljust(indent) if indent else "") + line(row))
        before = label
    return lines


def _written(name: str, amount: float) -> str:
    """An amount with its unit: `12,345 LUT`, `236.5 BRAM tiles`."""
    return f"{amount:,.1f} {COUNTED_AS[name]}" if amount % 1 else f"{amount:,.0f} {COUNTED_AS[name]}"
