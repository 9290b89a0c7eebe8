"""What a simulation is told in an xclbin: settings and crossings of SLRs, behind the images in part `memories`."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from integration.kernel_rtl.slrs import NOWHERE, boundaries, reset_hops


def settings_part(lines: Sequence[str]) -> bytes:
    """u64 length, then the text."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return struct.pack("<Q", len(text)) + text


def split_part(memories: bytes) -> tuple[bytes, list[str]]:
    """The memory images of a part `memories`, and the lines behind them."""
    at = 0
    while True:
        (length,) = struct.unpack_from("<Q", memories, at)
        if at + 8 + length >= len(memories):
            return memories[:at], memories[at + 8 :].decode().splitlines()
        at += 8 + length


def told_lines(settings: Path, fit: Path, design: Path) -> list[str]:
    """The lines of a file of settings, and those that follow from a fit of the design; all three as steps have them."""
    lines = settings.read_text("utf-8").splitlines()
    placed = json.loads(fit.read_text("utf-8")).get("blocks") or {}
    # A block that is divided has its input in the first of its SLRs, and its output beside it: the same one is taken.
    slrs = {block: where[0] for block, where in placed.items() if where}
    return [*lines, *slr_lines(json.loads(design.read_text("utf-8")), slrs)]


def slr_lines(design: Mapping[str, Any], slrs: Mapping[str, str]) -> Iterator[str]:
    """Where resets come later and where streams have registers more, as hops of the reset from the DMA's SLR.

    `design` is what `Design.describe` gave; `slrs` maps blocks to theirs.
    """
    where = {entry["name"]: slrs.get(entry["name"], NOWHERE) for entry in design["instances"]}
    dma = next(entry["name"] for entry in design["instances"] if entry["core"].startswith("dma_"))
    hops = reset_hops(where[dma], where)
    for block, slr in where.items():
        if hops[slr]:
            yield f"reset {block} {hops[slr]}"
    for index, link in enumerate(design["links"]):
        pairs = boundaries(where[link["source"]["instance"]], where[link["sink"]["instance"]])
        if pairs:
            yield " ".join(["crossings", str(index), *(str(hops[slr]) for pair in pairs for slr in pair)])
