"""`doit diff` on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from config.fpga_resources import LABELS
from reports.history.amounts import name_of
from reports.history.difference import Change
from reports.history.growth import Verdict, number, share_words, signed
from reports.history.sides import Side
from reports.summary.terminal import Folding

FORMAT = 1
SHOWN = 40


def document(before: Side, after: Side, found: Sequence[Change], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return a difference as plain values."""
    return {
        "format": FORMAT,
        "a": {"title": before.title, "tools": dict(before.tools)},
        "b": {"title": after.title, "tools": dict(after.tools)},
        "changes": [
            {
                "value": name_of(one.key),
                "a": None if one.before is None else one.before.value,
                "b": None if one.after is None else one.after.value,
                "by": one.by,
                "marks": [amount.mark if amount else "" for amount in (one.before, one.after)],
                "weight": round(one.weight, 6),
                "why": list(one.why),
            }
            for one in found
        ],
        "gates": [{"gate": str(one.limit), "passed": one.passed, "says": one.says} for one in verdicts],
    }


def page(before: Side, after: Side, found: Sequence[Change], verdicts: Sequence[Verdict]) -> list[RenderableType]:
    """Return a difference for a terminal."""
    lines: list[RenderableType] = [Text(f"A  {before.title}"), Text(f"B  {after.title}")]
    lines += [Text(note, "yellow") for side in (before, after) for note in side.notes]
    common = sum(key in after.amounts for key in before.amounts)
    if not found:
        lines.append(Text(f"no difference: {common} values are equal", "green"))
    else:
        table = Folding("where", "what", "A", "B", "change", "why", left=("where", "what", "why"))
        for one in found[:SHOWN]:
            scope, quantity = one.key
            table.add_row(
                scope or "design", _label(quantity), _cell(one, 0), _cell(one, 1), _by(one), "; ".join(one.why)
            )
        lines += ["", table]
        if len(found) > SHOWN:
            lines.append(Text(f"… and {len(found) - SHOWN} smaller ones; --json has all of them"))
        same = common - sum(one.before is not None and one.after is not None for one in found)
        lines.append(Text(f"{len(found)} values differ, {same} are equal; those that weigh most come first"))
    if verdicts:
        lines += ["", Text("Gates", "bold")]
        lines += [Text(one.says, "green" if one.passed else "red") for one in verdicts]
    return lines


def _label(quantity: str) -> str:
    base = quantity.removesuffix("_formula")
    return LABELS.get(base, base) + (" by formula" if base != quantity else "")


def _cell(change: Change, side: int) -> str:
    amount = (change.before, change.after)[side]
    return "-" if amount is None else f"{amount.mark}{number(amount.value)}"


def _by(change: Change) -> str:
    if change.before is None or change.after is None:
        return "new" if change.before is None else "gone"
    return signed(change.by) + share_words(change.before.value, change.by)
