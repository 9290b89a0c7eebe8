"""Trimmed depths of FIFOs: `<network>.fifos.yaml` beside the network file, for review.

`doit fifos` writes the file from the marks that `cosim` measured; without it the analytic bounds hold. It gives the
depth in beats by block and FIFO node, at most the bound:

    blocks:
      res2a: {skip: 2960}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.core.graph import GraphCore
from config.document import Section, load
from config.problem import Problems, suggestion

SUFFIX = ".fifos.yaml"

Depths = tuple[tuple[str, int], ...]
"""FIFO node and depth in beats."""


@dataclass(frozen=True)
class Trimmed:
    """One FIFO of one block, in beats: its mark (the most that it has held), the depth to give it, and its bound."""

    block: str
    fifo: str
    mark: int
    depth: int
    bound: int


def depths_file(network_file: Path) -> Path:
    """The file with the depths of a network's FIFOs; it need not exist."""
    return network_file.with_name(network_file.stem + SUFFIX)


def bounds(core: GraphCore) -> dict[str, int]:
    """The depth in beats of each FIFO of a core, by its node."""
    return {node.name: fifo.depth for node, fifo in core.graph.fifos()}


def read_depths(
    path: Path, cores: Mapping[str, GraphCore], least: Mapping[str, Mapping[str, int]], problems: Problems
) -> dict[str, Depths]:
    """Depths by block. `cores` are the blocks' cores with FIFOs at their bounds; below `least` a core deadlocks.

    Mistakes in the file are added to `problems`, not raised.

    Raises:
        ConfigError: the file is not a YAML mapping.
    """
    here = Path.cwd()
    name = path.relative_to(here).as_posix() if path.is_relative_to(here) else None
    document = load(path, name=name, problems=problems)
    sections = document.section("blocks")
    found: dict[str, Depths] = {}
    for block in sections.keys:
        section = sections.section(block)
        if block not in cores:
            remedy = f"{suggestion(block, cores)}, or delete the file: the bounds hold without it"
            sections.problem(block, f"the network has no block {block!r}", remedy)
            continue
        found[block] = tuple(_depths(section, block, bounds(cores[block]), least.get(block, {})))
    document.finish()
    return found


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


def render_depths(network: str, trimmed: Sequence[Trimmed], rule: str) -> str:
    """The text of the file. A FIFO that stays at its bound is only a comment, so it follows when the bound changes."""
    lines = [
        f"# Depths in beats of the FIFOs of {network}, written by 'doit fifos' from what cosim has measured.",
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
    return "\n".join(lines) + "\n"
