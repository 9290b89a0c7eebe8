"""Finds which values of a network are stand-ins, without reading them: `dodo.py` asks before anything is built."""

from __future__ import annotations

import shlex
from pathlib import Path

from blocks.core.graph import Graph
from blocks.kinds.block import Block
from blocks.network import Network
from config.bounded.archive import ArchiveError, most_unpacked, open_archive
from config.bounded.regular_file import open_regular, size_of


def parameter_file(network: Network, block: Block) -> Path | None:
    """The file with a block's values; None if the block uses stand-ins."""
    path = network.parameters / f"{block.name}.npz"
    return path if path.exists() else None


def stand_ins(network: Network) -> tuple[str, ...]:
    """Names of blocks without trained values, and `<block>.<array>` if only streamed weights are missing."""
    missing = [
        block.name
        for block in network.blocks
        if parameter_file(network, block) is None and _has_values(block.core().graph)
    ]
    streaming = network.streaming
    path = parameter_file(network, streaming) if streaming else None
    if streaming and path is not None and not _holds(path, name := streamed_array(streaming)):
        missing.append(f"{streaming.name}.{name}")
    return tuple(missing)


def streamed_array(block: Block) -> str:
    """The array with a block's streamed weights."""
    port = block.core().graph.streamed
    assert port is not None  # noqa: S101  asked for the block that streams
    return port.name


def stand_in_note(network: Network) -> str:
    """One sentence for the user; empty if all values are trained."""
    missing = stand_ins(network)
    if not missing:
        return ""
    every = {block.name for block in network.blocks} <= set(missing)
    which = "" if every else f" in {', '.join(missing)}"
    more = (
        f" --fc-weights FILE --network {shlex.quote(network.called)}" if len(missing) == 1 and "." in missing[0] else ""
    )
    more = more or f" --network {shlex.quote(network.called)}"
    return (
        f"{network.name} is built with random weights{which}, so its classes mean nothing; "
        f"to import trained ones: python -m blocks.parameters import FOLDER{more}"
    )


def _has_values(graph: Graph) -> bool:
    """Whether there is anything to train: a block of pools has nothing, and needs no file."""
    return graph.streamed is not None or bool(graph.parameter_ports())


def _holds(path: Path, array: str) -> bool:
    """Whether an archive lists an array. True if it is damaged: the step that reads it reports the damage."""
    try:
        # The table alone, without numpy: `doit list` reads this file too.
        with open_regular(path) as file, open_archive(file, most_bytes=most_unpacked(size_of(file))) as archive:
            return f"{array}.npy" in archive.members
    except (OSError, ArchiveError):
        return True
