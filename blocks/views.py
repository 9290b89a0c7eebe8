"""How the cores of a network are written for Vivado: `view: hls` (C++) or `view: rtl` (SystemVerilog) in its file.

At the top of the file for all blocks, in a block for that one. The toolchain open takes no notice: it has a use for
both views of every core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.document import Section

VIEWS = ("hls", "rtl")
DEFAULT_VIEW = "rtl"


@dataclass(frozen=True)
class Views:
    """What a network's file says: the view of all blocks, and of single blocks another."""

    network: str = DEFAULT_VIEW
    blocks: tuple[tuple[str, str], ...] = ()

    def of(self, block: str) -> str:
        """The view of a block, `inoutdma` included."""
        return dict(self.blocks).get(block, self.network)

    def __str__(self) -> str:
        """As `doit config` and manifests have it: `rtl`, or `rtl; hls: res2a postres`."""
        named = {view: [block for block, its in self.blocks if its == view] for view in VIEWS if view != self.network}
        return "; ".join((self.network, *(f"{view}: {' '.join(blocks)}" for view, blocks in named.items() if blocks)))


AS_BY_DEFAULT = Views()


def read_views(document: Section, blocks: Sequence[Section]) -> Views:
    """The views in a network's file; what is none is a problem of it."""
    network = document.text("view", default=DEFAULT_VIEW, choices=VIEWS)
    # A block without a name is a problem of its own.
    found = [
        (block.text("name"), block.text("view", choices=VIEWS))
        for block in blocks
        if block.has("view") and block.has("name")
    ]
    return Views(network, tuple(found))


def check_shared(views: Views, cores: Mapping[str, str], sections: Mapping[str, Section]) -> None:
    """Report blocks that share a core, but not the view: a core is built once, and its netlist has one name.

    Args:
        views: What the file says.
        cores: Block to the name of its core.
        sections: Block to its section of the file.
    """
    first: dict[str, str] = {}
    for block, core in cores.items():
        other = first.setdefault(core, block)
        mine, its = views.of(block), views.of(other)
        if mine == its:
            continue
        what = (
            f"{other} (line {sections[other].line('view')}, view {its}) and {block} (line "
            f"{sections[block].line('view')}, view {mine}) share the core {core}, which is built once"
        )
        place = block if sections[block].has("view") else other
        sections[place].problem("view", what, "give both one view")
