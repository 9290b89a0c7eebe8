"""`doit fifos`: trim FIFO depths to the marks that the simulations of all blocks have measured.

Where the whole kernel was simulated (`doit kernel`), its marks count too, and it prints proposals for the FIFOs between
blocks: blocks that wait for each other fill other FIFOs than a block alone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from blocks.fifo_depths import Trimmed, bounds, depths_file, render_depths
from blocks.kinds.residual import Residual
from blocks.network import Network

MARGIN_BEATS = 16
MARGIN_PART = 16
"""The margin is one 16th of the mark, and at least 16 beats."""
RULE = (
    "depth = highest mark of all blocks with the same core (full speed, network's interval, random stalls) "
    f"+ 1/{MARGIN_PART} of it, at least {MARGIN_BEATS} beats"
)


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
    return values


def joined_marks(values: dict[str, Any]) -> dict[tuple[str, str], int]:
    """The marks of the FIFOs in blocks, by block and FIFO, from what `joined_values` gave."""
    return {
        (block, fifo): one["mark"] for one in values.get("fifos", ()) for block, fifo in [one["name"].split(".", 1)]
    }


def link_lines(values: dict[str, Any]) -> list[str]:
    """A proposal for each FIFO between two blocks. One that was full stays: what waits in it holds up its source."""
    lines = []
    for link in values.get("links", ()):
        mark, bound = link["mark"], link["depth"]
        depth = trimmed_depth(mark, bound)
        full = ", it was full" if mark >= bound else ""
        lines.append(f"{link['source']} -> {link['sink']}: mark {mark}{full}, {depth} of {bound} beats would do")
    return lines


def trim(root: Path, folder: str, network: Network) -> list[Trimmed]:
    """Compute the depth of every FIFO of the network, from `cosim/<block>/values.json` in the build's folder.

    Raises:
        TrimError: A file is missing, or describes another core.
    """
    marks: dict[tuple[str, str], int] = {}
    cores = {block.name: block.core() for block in network.blocks if isinstance(block, Residual)}
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
        if isinstance(block, Residual)
        for fifo, bound in bounds(replace(block, fifo_depths=()).core()).items()
        for mark in (marks[cores[block.name].name, fifo],)
    ]


def write_depths(root: Path, folder: str, network: Network) -> str:
    """Write the depths into a file beside the network's, and return the lines to print.

    Raises:
        TrimError: See `trim`.
    """
    trimmed = trim(root, folder, network)
    path = depths_file(network.file)
    text = render_depths(network.name, trimmed, RULE)
    lines = [
        f"{one.block}.{one.fifo}: mark {one.mark}, depth {one.depth} of {one.bound} beats"
        + (" (its bound)" if one.depth == one.bound else "")
        for one in trimmed
    ]
    lines += link_lines(joined_values(root, folder, network))
    made = path.with_name(f".{path.name}.new")
    made.write_text(text, "utf-8")
    made.replace(path)
    return "\n".join([*lines, f"written: {path.relative_to(root) if path.is_relative_to(root) else path}"])
