"""Which block holds up which, from the cycles that each was busy, starved and blocked."""

from __future__ import annotations

from collections.abc import Sequence

from .statistics import Block, Link, Statistics

# A smaller share of waiting is that of filling and draining the pipeline.
_NOTABLE = 0.05
_DMA = "inoutdma"


def slowest(statistics: Statistics) -> Block | None:
    """The block that was busy in the most cycles; None where the report has no blocks."""
    return max(statistics.blocks, key=lambda block: block.busy, default=None)


def explain(statistics: Statistics) -> str:
    """One sentence: the slowest block, who waits for it and who is held up by it."""
    block = slowest(statistics)
    if block is None or not block.cycles:
        return "the simulation tells nothing of its blocks"
    # The DMA block stands at both ends: it would be named twice.
    shares = {each.name: each for each in statistics.blocks if each.name != _DMA}
    before = [shares[name] for name in upstream(block.name, statistics.links) if name in shares]
    behind = [shares[name] for name in downstream(block.name, statistics.links) if name in shares]
    held = [each for each in before if each.cycles and each.blocked / each.cycles >= _NOTABLE]
    waiting = [each for each in behind if each.cycles and each.starved / each.cycles >= _NOTABLE]
    text = f"{block.name} is busy in {block.busy / block.cycles:.0%} of the cycles, more than any other block"
    if held:
        text += f"; it holds up {_names(held)} before it ({_most(held, 'blocked')} blocked)"
    if waiting:
        text += f"; {_names(waiting)} behind it {_verb(waiting)} ({_most(waiting, 'starved')} starved)"
    if not held and not waiting:
        text += "; no block waits long for it"
    return text


def upstream(name: str, links: Sequence[Link]) -> list[str]:
    """Blocks whose beats reach the named one, nearest first."""
    return _reach(name, [(link.sink, link.source) for link in links])


def downstream(name: str, links: Sequence[Link]) -> list[str]:
    """Blocks that its beats reach, nearest first."""
    return _reach(name, [(link.source, link.sink) for link in links])


def _reach(name: str, arrows: Sequence[tuple[str, str]]) -> list[str]:
    # A link's end may name a port of a block ("res2a.data"); the block is what stands before the dot.
    pairs = [(_block_of(one), _block_of(other)) for one, other in arrows]
    found = [name]
    for current in found:
        # The pipeline begins and ends at the DMA block: through it, everything would be before and behind everything.
        if current != _DMA or current == name:
            found += dict.fromkeys(other for one, other in pairs if one == current and other not in found)
    return found[1:]


def _block_of(end: str) -> str:
    return end.partition(".")[0]


def _names(blocks: Sequence[Block]) -> str:
    names = [block.name for block in blocks]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _verb(blocks: Sequence[Block]) -> str:
    return "waits" if len(blocks) == 1 else "wait"


def _most(blocks: Sequence[Block], kind: str) -> str:
    share = max(getattr(block, kind) / block.cycles for block in blocks)
    return f"up to {share:.0%}" if len(blocks) > 1 else f"{share:.0%}"
