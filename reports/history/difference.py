"""What differs between two sides: each amount that changed, by how much, why, and how much that weighs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.history.amounts import BUILD, Amount, Key
from reports.history.entry import Cause
from reports.history.sides import Side

_NOTHING = Cause()
#: More labels of one core than this are counted, not listed.
_LISTED = 4


@dataclass(frozen=True)
class Change:
    """An amount that differs; one side is None if it does not have it.

    `weight` is the change relative to the largest amount of the quantity on either side, mostly the design's: 100 LUTs
    more weigh the same in a small block and in a large one.
    """

    key: Key
    before: Amount | None
    after: Amount | None
    weight: float
    why: tuple[str, ...]

    @property
    def by(self) -> float:
        """The change; an amount that one side lacks counts as nothing there."""
        return (self.after.value if self.after else 0.0) - (self.before.value if self.before else 0.0)


def changes(before: Side, after: Side) -> list[Change]:
    """Return the amounts that differ, those that weigh most first; not how long the builds took."""
    largest: dict[str, float] = {}
    for side in (before, after):
        for (_, quantity), amount in side.amounts.items():
            largest[quantity] = max(largest.get(quantity, 0.0), abs(amount.value))
    found = []
    for key in {**before.amounts, **after.amounts}:
        old, new = before.amounts.get(key), after.amounts.get(key)
        if key[0] == BUILD or (old is not None and new is not None and old.value == new.value):
            continue
        by = (new.value if new else 0.0) - (old.value if old else 0.0)
        weight = abs(by) / largest[key[1]] if largest[key[1]] else 0.0
        found.append(Change(key, old, new, weight, tuple(reasons(key[0], before, after))))
    return sorted(found, key=lambda one: (-one.weight, one.key))


def reasons(scope: str, before: Side, after: Side) -> Iterator[str]:
    """Yield why the amounts of a block, an SLR or the whole design may differ, as far as both sides know it."""
    if scope in before.causes and scope in after.causes:
        yield from _block(before.causes[scope], after.causes[scope])
        return
    if scope in before.causes or scope in after.causes:
        yield "the block is new" if scope in after.causes else "the block is gone"
        return
    yield from _versions(before.tools, after.tools)
    if scope:
        yield from _moved(scope, before, after)
    elif before.causes and after.causes:
        both = [block for block in after.causes if block in before.causes]
        differ = [block for block in both if any(_block(before.causes[block], after.causes[block]))]
        if differ:
            yield f"changed blocks: {_some(differ)}"


def _block(before: Cause, after: Cause) -> Iterator[str]:
    folding = [
        f"{label} {before.folding[label]} -> {after.folding[label]}"
        for label in (before.folding or {})
        if before.folding and after.folding and after.folding.get(label, before.folding[label]) != before.folding[label]
    ]
    if folding:
        yield from folding[:_LISTED]
        if len(folding) > _LISTED:
            yield f"{len(folding) - _LISTED} more shapes"
    elif before.core != after.core:
        yield f"core {before.core} -> {after.core}"
    versions = list(_versions(before.tools or {}, after.tools or {}))
    yield from versions
    if before.weights and after.weights and before.weights != after.weights:
        yield "other weights"
    unexplained = not folding and not versions and before.core == after.core
    if unexplained and before.made_of and after.made_of and before.made_of != after.made_of:
        yield "its sources changed"
    if before.slrs != after.slrs and before.slrs and after.slrs:
        yield f"moved from {'+'.join(before.slrs)} to {'+'.join(after.slrs)}"


def _versions(before: object, after: object) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for tool, version in before.items():
            if after.get(tool, version) != version:
                yield f"{tool} {version} -> {after[tool]}"


def _moved(slr: str, before: Side, after: Side) -> Iterator[str]:
    """Yield the blocks that came into an SLR and that left it."""
    there = [{name for name, cause in side.causes.items() if slr in cause.slrs} for side in (before, after)]
    if came := sorted(there[1] - there[0]):
        yield f"came here: {_some(came)}"
    if left := sorted(there[0] - there[1]):
        yield f"left: {_some(left)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
