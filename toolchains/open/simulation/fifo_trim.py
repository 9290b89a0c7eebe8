"""`doit fifos`: trim FIFO depths to the marks that the simulations of all blocks have measured.

Where the whole kernel was simulated (`doit kernel`), its marks count too, because blocks that wait for each other fill
other FIFOs than a block alone. The FIFOs between blocks are measured by it only.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from blocks.fifo_depths import LINK_DEPTHS, Trimmed, bounds, depths_file, render_depths
from blocks.network import Network
from integration.design import design_of

MARGIN_BEATS = 16
MARGIN_PART = 16
"""The margin is one 16th of the mark, and at least 16 beats."""
RULE = (
    "depth = highest mark of all blocks with the same core (full speed, network's interval, random stalls) "
    f"+ 1/{MARGIN_PART} of it, at least {MARGIN_BEATS} beats"
)


MISSED = 1.01
"""The whole kernel misses its interval if it is so many times that of the slowest operator."""


class TrimError(Exception):
    """Depths cannot be computed: a block was not simulated, or its FIFOs have changed since."""


def trimmed_depth(mark: int, bound: int) -> int:
    """Return the depth, in beats, of a FIFO that never held more than `mark` beats; `bound` is the safe depth.

    With a depth of `mark` no measured run would have waited at the FIFO. It cannot deadlock either: the FIFO holds all
    beats that the main path takes in before its first result, so the mark is at least that number. The margin is for
    throughput.
    """
    return min(bound, mark + max(MARGIN_BEATS, -(-mark // MARGIN_PART)))


def joined_values(root: Path, folder: str, network: Network) -> dict[str, Any]:
    """What `kernel` has left of the blocks as they are now; empty where it has not run.

    Raises:
        TrimError: it is of other cores.
    """
    path = root / folder / "kernel" / "values.json"
    if not path.exists():
        return {}
    values: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if values["cores"] != {block.name: block.core().name for block in network.blocks}:
        raise TrimError(f"{folder}/kernel/values.json is of other cores; run: doit kernel")
    had = {link["source"]: link["depth"] for link in values["links"]}
    if had != {link.source.stream: link.depth for link in design_of(network).links}:
        raise TrimError(f"{folder}/kernel/values.json is of other FIFOs between blocks; run: doit kernel")
    return values


def joined_marks(values: dict[str, Any]) -> dict[tuple[str, str], int]:
    """The marks of the FIFOs in blocks, by block and FIFO, from what `joined_values` gave."""
    return {
        (block, fifo): one["mark"] for one in values.get("fifos", ()) for block, fifo in [one["name"].split(".", 1)]
    }


def trimmed_links(values: dict[str, Any], network: Network) -> list[Trimmed]:
    """A depth for each FIFO between two blocks; those of the network's file where the kernel was not simulated.

    A FIFO deeper than its mark never holds up its source, so the shallowest such depth gives the same run, cycle by
    cycle. One that was full stays: what waits in it may hold up its source. If the kernel misses its interval, such a
    FIFO gets twice the depth, where the block behind it has waited too.
    """
    if not values:
        return [_link(name, None, depth, depth) for name, depth in network.link_depths]
    missed = values["interval_cycles"] > MISSED * values["predicted_interval_cycles"]
    found = []
    for link in values["links"]:
        mark, bound = link["mark"], link["depth"]
        depth = next((depth for depth in LINK_DEPTHS if mark < depth < bound), bound)
        if missed and mark >= bound and link["stalled"] and link["starved"]:
            depth = min(2 * bound, LINK_DEPTHS[-1])
        found.append(_link(link["source"], mark, depth, bound))
    return found


def _link(source: str, mark: int | None, depth: int, bound: int) -> Trimmed:
    block, _, port = source.partition(".")
    return Trimmed(block, port, mark, depth, bound)


def trim(root: Path, folder: str, network: Network) -> list[Trimmed]:
    """Compute the depth of every FIFO of the network, from `cosim/<block>/values.json` in the build's folder.

    Raises:
        TrimError: A file is missing, or describes another core.
    """
    marks: dict[tuple[str, str], int] = {}
    cores = {block.name: block.core() for block in network.blocks if block.core().graph.fifos()}
    for block, core in cores.items():
        path = root / folder / "cosim" / block / "values.json"
        if not path.exists():
            raise TrimError(f"{folder}/cosim/{block}/values.json is missing; make it with: doit cosim:{block}")
        values = json.loads(path.read_text("utf-8"))
        fifos = values.get("fifos")
        if fifos is None:
            what = f"{folder}/cosim/{block}/values.json has no FIFO marks: HLS co-simulation measures none"
            raise TrimError(f"{what}; simulate the view rtl: doit cosim:{block} with the view rtl")
        if values["core"] != core.name or {name: fifo["depth"] for name, fifo in fifos.items()} != bounds(core):
            raise TrimError(f"{folder}/cosim/{block}/values.json describes another core; run: doit cosim:{block}")
        for name, fifo in fifos.items():
            marks[core.name, name] = max(marks.get((core.name, name), 0), fifo["mark"])
    for (block, name), mark in joined_marks(joined_values(root, folder, network)).items():
        marks[cores[block].name, name] = max(marks[cores[block].name, name], mark)
    return [
        Trimmed(block.name, fifo, mark, trimmed_depth(mark, bound), bound)
        for block in network.blocks
        if any(block.core().graph.fifos())
        for fifo, bound in bounds(replace(block, fifo_depths=()).core()).items()
        for mark in (marks[cores[block.name].name, fifo],)
    ]


def write_depths(root: Path, folder: str, network: Network) -> str:
    """Write the depths into a file beside the network's, and return the lines to print.

    Raises:
        TrimError: See `trim`.
    """
    trimmed, values = trim(root, folder, network), joined_values(root, folder, network)
    links = trimmed_links(values, network)
    path = depths_file(network.file)
    text = render_depths(network.name, trimmed, RULE, links)
    least = {block.name: block.least_depths() for block in network.blocks}
    lines = [_line(one, least[one.block].get(one.fifo, 1)) for one in trimmed]
    lines += map(_link_line, links)
    if not values:
        lines.append("the FIFOs between blocks stay as they are; to measure them: doit kernel target=hw_emu")
    made = path.with_name(f".{path.name}.new")
    made.write_text(text, "utf-8")
    made.replace(path)
    return "\n".join([*lines, f"written: {path.relative_to(root) if path.is_relative_to(root) else path}"])


def _line(one: Trimmed, least: int) -> str:
    text = f"{one.block}.{one.fifo}: mark {one.mark}, depth {one.depth} of {one.bound} beats"
    text += " (its bound)" if one.depth == one.bound else ""
    return f"{text}; with less than {least} the core deadlocks" if least > 1 else text


def _link_line(one: Trimmed) -> str:
    if one.mark is None:
        return f"{one.block}.{one.fifo}: not measured, stays at {one.depth} beats"
    full = " (it was full)" if one.mark >= one.bound else ""
    return f"{one.block}.{one.fifo}: mark {one.mark}{full}, depth {one.depth}, so far {one.bound} beats"
