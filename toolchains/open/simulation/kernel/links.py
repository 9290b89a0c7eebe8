"""What stands between the blocks of a network, as modules that are verilated on their own."""

from __future__ import annotations

from blocks.network import Network
from integration.design import design_of
from integration.kernel_rtl.link import LinkModule, SliceModule, converter_core
from toolchains.open.simulation.model import Seen

LINKS = "links"
"""What the step is called that compiles them, and the folder of the one object with all of them."""
Module = tuple[tuple[str, ...], Seen, str]
"""Files relative to `blocks/`, what a simulation sees, the text."""


def seen_of_link(module: LinkModule) -> Seen:
    """What a simulation sees of a link: how full its FIFO is."""
    return Seen(module.name, module.ports, (), (module.fifo_cell,))


def link_modules(network: Network) -> dict[str, Module]:
    """The modules by name, each once: links, and the register slices that stand in them where they cross SLRs."""
    found: dict[str, Module] = {}
    for link in design_of(network).links:
        one, behind = LinkModule.of(link), SliceModule.behind(link)
        found[one.name] = (one.files, seen_of_link(one), one.text(converter_core(link)))
        found[behind.name] = (behind.files, Seen(behind.name, behind.ports), behind.text())
    return found
