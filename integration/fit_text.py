"""A fit, or why there is none, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integration.fit import Fit, Misfit
from integration.resources import WORDS, Resources, written
from integration.shortfall import Shortfall


def fit_lines(fit: Fit) -> list[str]:
    """The table of a fit, what crosses, the memories, the clock, and what is to be known of the figures."""
    return [
        f"{fit.network} on {fit.platform} ({fit.vbnv}, {fit.part})",
        "",
        *_table(("block", *WORDS.values(), "source"), _block_rows(fit)),
        "",
        *_table(("SLR", *WORDS.values()), _slr_rows(fit)),
        "",
        *_crossing_lines(fit),
        *_bank_lines(fit),
        _clock_line(fit),
        *_remarks(fit),
    ]


def misfit_lines(misfit: Misfit) -> list[str]:
    """One line that says so, and one per shortfall."""
    figures = " (estimates)" if misfit.is_estimate else ""
    head = f"{misfit.network} does not fit {misfit.platform} ({misfit.vbnv}){figures}"
    if not misfit.shortfalls:
        why = "within the budgets, every placement needs more wires between SLRs than there are, or breaks a pin"
        return [f"{head}: {why}"]
    lines = [f"{head}:", *(f"  {shortfall_line(each)}" for each in misfit.shortfalls)]
    if any(each.slr is not None for each in misfit.shortfalls):
        lines.append("(per SLR: blocks spread largest first; no other placement fits either)")
    return lines


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
    return (
        f"{where}: {written(name, shortfall.missing)} more than the {allowed}; "
        f"the largest block {there}is {shortfall.largest} with {shortfall.largest_needs:,.10g}"
    )


def _block_rows(fit: Fit) -> Iterator[tuple[str, Sequence[str]]]:
    for block in fit.blocks:
        mark = "~" if block.is_estimate else ""
        cells = [mark + amount if amount != "?" else amount for amount in _amounts(block.resources, block.unknown)]
        yield "+".join(block.slrs), (block.block, *cells, block.source)


def _slr_rows(fit: Fit) -> Iterator[tuple[str, Sequence[str]]]:
    for each in fit.slrs:
        cells = []
        for name in WORDS:
            used, budget = each.used.by_name[name], each.budget.by_name[name]
            share = f" {100 * (used or 0) / budget:.0f}%" if budget else ""
            cells.append(f"{used or 0:,.10g} of {'?' if budget is None else f'{budget:,.10g}'}{share}")
        yield "", (each.slr, *cells)


def _amounts(resources: Resources, unknown: Iterable[str]) -> list[str]:
    lacking = set(unknown)
    return [
        "?" if name in lacking or amount is None else f"{amount:,.10g}" for name, amount in resources.by_name.items()
    ]


def _crossing_lines(fit: Fit) -> Iterator[str]:
    yield f"{fit.boundaries_crossed} boundaries between SLRs are crossed, fewer is not possible under these ceilings:"
    for each in fit.crossings:
        yield f"  {each.source} -> {each.sink}: {' '.join(each.path)}, {each.wires:,} wires"
    for block in fit.blocks:
        if len(block.slrs) > 1:
            yield f"  within {block.block}: no SLR holds it alone, half is counted in each, the placer divides it"
    for boundary in fit.boundaries:
        most = "an unknown number of" if boundary.slls is None else f"{boundary.slls:,}"
        yield f"  {boundary.below}/{boundary.above}: {boundary.used:,} of {most} wires"


def _bank_lines(fit: Fit) -> Iterator[str]:
    for each in fit.banks:
        yield f"{each.argument}: {each.sp} ({each.tag}, {each.slr or 'SLR not known'})"


def _clock_line(fit: Fit) -> str:
    clock = fit.clock
    most = "" if clock.most_mhz is None else f", {clock.most_mhz:g} at most"
    return (
        f"{clock.name}: {clock.requested_mhz:g} MHz requested; the shell gives {clock.default_mhz:g} by default{most}"
    )


def _remarks(fit: Fit) -> Iterator[str]:
    percents = ", ".join(f"{WORDS[name]} {percent:.0f} %" for name, percent in fit.ceilings_percent.items())
    yield f"ceilings: {percents}; the fullest SLR is at {100 * fit.peak_of_ceiling:.0f} % of its ceiling"
    for remark in fit.above_guideline:
        yield f"above the guideline: {remark}"
    if not fit.evenest:
        yield "not decided, since the search grew too large: whether it can be spread more evenly"
    for each in fit.undecided_ceilings:
        yield f"not decided, since the search grew too large: whether {each['luts']:.0f} % of the LUT would do"
    estimated = [block.block for block in fit.blocks if block.is_estimate]
    if estimated:
        yield f"~ estimates: {len(estimated)} of {len(fit.blocks)} blocks"
    for name, word in WORDS.items():
        unknown = [block.block for block in fit.blocks if name in block.unknown]
        if unknown:
            which = f"{len(unknown)} blocks" if len(unknown) > 3 else ", ".join(unknown)
            yield f"? {word} of the logic of {which} not known, counted as none; 'doit ooc' says"


def _table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Columns aligned, the first to the left; a label that changes begins a group."""
    given = list(rows)
    cells = [tuple(head), *(row for _, row in given)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (
            text.ljust(width) if at == 0 or (at == len(row) - 1 and head[-1] == "source") else text.rjust(width)
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
