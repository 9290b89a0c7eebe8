"""Blocks in different SLRs: where streams cross boundaries, and how the reset reaches each SLR.

No wire crosses two boundaries in a cycle: a stream has a register on either side of each boundary, and the reset has
one in each SLR, the next behind the last, from the SLR of the DMA on, which the shell's ports are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NOWHERE = "slr0"
"""Where a cell is taken to be if nobody has placed it: resets and crossings then belong to one SLR."""


def number(slr: str) -> int:
    """The number in the name of an SLR."""
    return int(slr.removeprefix("slr"))


def boundaries(source: str, sink: str) -> tuple[tuple[str, str], ...]:
    """The SLRs on both sides of each boundary that a stream crosses, in its order."""
    home, goal = number(source), number(sink)
    step = 1 if goal > home else -1
    return tuple((f"slr{at}", f"slr{at + step}") for at in range(home, goal, step))


def reset_chain(dma: str, used: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """The SLRs that have a reset, each with the neighbour that it comes from; None where it comes from outside.

    `dma` is the DMA's SLR, `used` are all that hold a block; those between have a register too.
    """
    home = number(dma)
    numbers = [number(slr) for slr in used]
    chain: list[tuple[str, str | None]] = [(f"slr{home}", None)]
    chain += [(f"slr{at}", f"slr{at - 1}") for at in range(home + 1, max(numbers) + 1)]
    chain += [(f"slr{at}", f"slr{at + 1}") for at in range(home - 1, min(numbers) - 1, -1)]
    return tuple(chain)


def reset_hops(dma: str, slrs: Mapping[str, str]) -> dict[str, int]:
    """Registers between the DMA's reset and that of each SLR; `slrs` maps blocks to theirs."""
    hops: dict[str, int] = {}
    for slr, before in reset_chain(dma, [dma, *slrs.values()]):
        hops[slr] = 0 if before is None else hops[before] + 1
    return hops
