"""Depths of FIFOs: `<network>.fifos.yaml` beside the network file, for review.

`doit fifos` writes the file from the marks that were measured. Without it the analytic bounds hold within blocks, and
`LINK_DEPTH` between them. It gives depths in beats: within blocks by block and FIFO node, at most the bound; between
blocks by the port that the stream comes from, as `doit kernel` names it:

    blocks:
      res2a: {skip: 2960}
    links:
      res2a.output_r: 16
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from blocks.core.graph import GraphCore
from config.document import Section, load
from config.frozen import dataclass
from config.problem import Problems, suggestion

SUFFIX = ".fifos.yaml"
LINK_DEPTH = 32
"""Beats of a FIFO between two blocks: enough for the jitter of a block's folds, far less than a row of pixels."""
LINK_DEPTHS = tuple(2**exponent for exponent in range(4, 16))
"""What a FIFO between blocks may have: the depths of AMD's AXI4-Stream data FIFO (PG085, 16 to 32,768), which is one
of the two ways to join a kernel for Vivado."""

Depths = tuple[tuple[str, int], ...]
"""FIFO node and depth in beats."""


@dataclass(frozen=True)
class Trimmed:
    """One FIFO in beats: its mark (the most that it has held), the depth to give it, and its bound.

    Of a FIFO within a block `fifo` is its node. Of one between blocks, `block` and `fifo` are block and port that the
    stream comes from, and `bound` is the depth that it has had; `mark` is None if nobody has measured it.
    """

    block: str
    fifo: str
    mark: int | None
    depth: int
    bound: int


def depths_file(network_file: Path) -> Path:
    """The file with the depths of a network's FIFOs; it need not exist."""
    return network_file.with_name(network_file.stem + SUFFIX)


def bounds(core: GraphCore) -> dict[str, int]:
    """The depth in beats of each FIFO of a core, by its node."""
    return {node.name: fifo.depth for node, fifo in core.graph.fifos()}


@dataclass(frozen=True)
class FifoDepths:
    """The content of a file: depths within blocks, by block; and between them, by the port that a stream comes from."""

    blocks: Mapping[str, Depths]
    links: Depths


def read_depths(
    path: Path,
    cores: Mapping[str, GraphCore],
    links: Collection[str],
    least: Mapping[str, Mapping[str, int]],
    problems: Problems,
) -> FifoDepths:
    """Read the file.

    `cores` are the blocks' cores with FIFOs at their bounds; below `least` a core deadlocks. `links` are the ports that
    streams between blocks come from.

    Mistakes in the file are added to `problems`, not raised.

    Raises:
        ConfigError: the file is not a YAML mapping.
    """
    here = Path.cwd()
    name = path.relative_to(here).as_posix() if path.is_relative_to(here) else None
    document = load(path, name=name, problems=problems)
    # A file with neither is asked for its blocks.
    given = document.section("blocks") if document.has("blocks") or not document.has("links") else None
    found = dict(_block_depths(given, cores, least)) if given else {}
    between = document.section("links", default=None)
    depths = tuple(_link_depths(between, links)) if between else ()
    document.finish()
    return FifoDepths(found, depths)


def _block_depths(
    sections: Section, cores: Mapping[str, GraphCore], least: Mapping[str, Mapping[str, int]]
) -> Iterator[tuple[str, Depths]]:
    for block in sections.keys:
        section = sections.section(block)
        if block not in cores:
            remedy = f"{suggestion(block, cores)}, or delete the file: the bounds hold without it"
            sections.problem(block, f"the network has no block {block!r}", remedy)
            continue
        yield block, tuple(_depths(section, block, bounds(cores[block]), least.get(block, {})))


def _link_depths(section: Section, links: Collection[str]) -> Iterator[tuple[str, int]]:
    for name in section.keys:
        depth = section.integer(name)
        if name not in links:
            section.problem(name, f"no stream between two blocks comes from {name!r}", suggestion(name, links))
        elif section.ok and depth not in LINK_DEPTHS:
            what = f"the FIFO behind {name} is {depth} beats deep, which AMD's stream FIFO cannot be"
            section.problem(name, what, f"use a power of two from {LINK_DEPTHS[0]} to {LINK_DEPTHS[-1]}")
        yield name, depth


def _depths(
    section: Section, block: str, most: Mapping[str, int], least: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    for fifo in section.keys:
        if fifo not in most:
            remedy = suggestion(fifo, most) if most else "remove it"
            section.problem(fifo, f"{block} has no FIFO {fifo!r}", remedy)
            section.integer(fifo)
            continue
        depth = section.integer(fifo, minimum=1)
        if depth > most[fifo]:
            what = f"{block}: {fifo} is {depth} beats deep, more than its bound of {most[fifo]}"
            section.problem(
                fifo, what, "measure again with 'doit fifos', or delete the file: the bounds hold without it"
            )
            continue
        if depth < least.get(fifo, 1):
            what = f"{block}: {fifo} is {depth} beats deep, but has to hold at least {least[fifo]} before the "
            what += "first beat of the other path: the core deadlocks"
            section.problem(
                fifo, what, "measure again with 'doit fifos', or delete the file: the bounds hold without it"
            )
            continue
        yield fifo, depth


def render_depths(network: str, trimmed: Sequence[Trimmed], rule: str, links: Sequence[Trimmed] = ()) -> str:
    """The text of the file. A FIFO that stays at its bound is only a comment, so it follows when the bound changes."""
    lines = [
        f"# Depths in beats of the FIFOs of {network}, written by 'doit fifos' from what simulations have measured.",
        f"# {rule}",
    ]
    lines.append("# Review them before you commit them. Without this file the bounds hold.")
    lines.append("blocks:")
    blocks: dict[str, list[Trimmed]] = {}
    for one in trimmed:
        blocks.setdefault(one.block, []).append(one)
    entries = False
    for block, its in blocks.items():
        shallower = [one for one in its if one.depth < one.bound]
        marks = ", ".join(f"{one.fifo}: mark {one.mark}, bound {one.bound}" for one in its)
        if shallower:
            depths = ", ".join(f"{one.fifo}: {one.depth}" for one in shallower)
            lines.append(f"  {block}: {{{depths}}}  # {marks}")
            entries = True
        else:
            lines.append(f"  # {block}: {marks}")
    if not entries:
        lines[lines.index("blocks:")] = "blocks: {}"
    if links:
        lines += ["links:" if any(one.depth != LINK_DEPTH for one in links) else "links: {}"]
    for one in links:
        entry = f"{one.block}.{one.fifo}: {one.depth}"
        mark = "not measured" if one.mark is None else f"mark {one.mark} of {one.bound}"
        lines.append(f"  # {entry} is the default, {mark}" if one.depth == LINK_DEPTH else f"  {entry}  # {mark}")
    return "\n".join(lines) + "\n"
