"""The view of each core that Vivado gets: `view: hls` (C++) or `view: rtl` (SystemVerilog) in the network file.

At the top of the file it applies to all blocks, in a block to that block. The toolchain open ignores it, because it
uses both views of every core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from config.frozen import dataclass

if TYPE_CHECKING:
    # Steps need the names only, and the reader of YAML takes longer to load than all else that they need.
    from config.document import Section

VIEWS = ("hls", "rtl")
DEFAULT_VIEW = "rtl"


@dataclass(frozen=True)
class Views:
    """The views in a network file: one for all blocks, and (block, view) pairs for those that differ."""

    network: str = DEFAULT_VIEW
    blocks: tuple[tuple[str, str], ...] = ()

    def of(self, block: str) -> str:
        """The view of a block, `inoutdma` included."""
        return dict(self.blocks).get(block, self.network)

    def __str__(self) -> str:
        """For `doit config` and manifests: `rtl`, or `rtl; hls: res2a postres`."""
        named = {view: [block for block, its in self.blocks if its == view] for view in VIEWS if view != self.network}
        return "; ".join((self.network, *(f"{view}: {' '.join(blocks)}" for view, blocks in named.items() if blocks)))


AS_BY_DEFAULT = Views()


def read_views(document: Section, blocks: Sequence[Section]) -> Views:
    """Read the views in a network file; mistakes go to its sections."""
    network = document.text("view", default=DEFAULT_VIEW, choices=VIEWS)
    # A block without a name is reported elsewhere.
    found = [
        (block.text("name"), block.text("view", choices=VIEWS))
        for block in blocks
        if block.has("view") and block.has("name")
    ]
    return Views(network, tuple(found))


def check_shared(views: Views, cores: Mapping[str, str], sections: Mapping[str, Section]) -> None:
    """Report blocks that share a core but not a view. A core is built once, so it can have only one view.

    Args:
        views: The views in the file.
        cores: Block name to core name.
        sections: Block name to its section of the file.
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
        sections[place].problem("view", what, "give both the same view")
