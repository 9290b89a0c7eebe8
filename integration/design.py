"""A network as one kernel: instances of cores, the links between them, registers, and the plan of the v++ link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks.core.ports import port_name
from blocks.fifo_depths import LINK_DEPTH
from config.frozen import dataclass
from integration.kernel import POINTER_STEP, Argument, Kernel
from integration.link_plan import FC_WEIGHTS, LinkPlan

if TYPE_CHECKING:
    from blocks.network import Network


class DesignError(Exception):
    """Two blocks cannot be joined. No network file can cause this, so the code of the blocks is wrong."""


@dataclass(frozen=True)
class End:
    """One end of a link: a port of an instance, with the lanes of a beat and the bits of a lane."""

    instance: str
    port: str
    lanes: int
    bits: int

    @property
    def stream(self) -> str:
        """`res2a.output_r`."""
        return f"{self.instance}.{self.port}"

    def __str__(self) -> str:
        """For messages: `res2a.output (4 x 4 bit)`."""
        return f"{self.stream} ({self.lanes} x {self.bits} bit)"


@dataclass(frozen=True)
class Link:
    """A stream between two instances. It always has a FIFO, and a width converter if the lanes differ."""

    source: End
    sink: End
    depth: int = LINK_DEPTH

    @property
    def converts(self) -> bool:
        """Whether the link needs a width converter."""
        return self.source.lanes != self.sink.lanes


@dataclass(frozen=True)
class Design:
    """All instances (block name, core name) and links, including the DMA."""

    instances: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]

    def describe(self) -> dict[str, object]:
        """The design as plain JSON values."""

        def end(value: End) -> dict[str, object]:
            return {"instance": value.instance, "port": value.port, "lanes": value.lanes, "bits": value.bits}

        return {
            "instances": [{"name": name, "core": core} for name, core in self.instances],
            "links": [
                {"source": end(link.source), "sink": end(link.sink), "depth": link.depth, "converts": link.converts}
                for link in self.links
            ],
        }


def design_of(network: Network) -> Design:
    """Join the blocks of a network in order, from the DMA's image stream to its result stream.

    Raises:
        DesignError: the elements of two joined ports differ in width.
    """
    dma = network.dma
    links = []
    source = End(dma.name, "image", dma.image.lanes, dma.image.bits)
    for block in network.blocks:
        graph = block.core().graph
        entry, leave = graph.inputs[0], graph.outputs[0]
        links.append(Link(source, End(block.name, port_name(entry.name), entry.stream.lanes, entry.stream.bits)))
        source = End(block.name, port_name(leave.name), leave.stream.lanes, leave.stream.bits)
    weights = network.last.core().graph.streamed
    if weights and dma.weights:
        links.append(
            Link(
                End(dma.name, "weights", dma.weights.lanes, dma.weights.bits),
                End(network.last.name, port_name(weights.name), weights.stream.lanes, weights.stream.bits),
            )
        )
    links.append(Link(source, End(dma.name, "result", dma.result.lanes, dma.result.bits)))
    for link in links:
        if link.source.bits != link.sink.bits:
            raise DesignError(f"{link.source} cannot feed {link.sink}: the elements differ in width")
    depths = dict(network.link_depths)
    links = [replace(link, depth=depths.get(link.source.stream, link.depth)) for link in links]
    return Design(tuple((name, core.name) for name, core in network.cores().items()), tuple(links))


def kernel_of(network: Network) -> Kernel:
    """The kernel of a network. Its arguments: image in, best indices or values out, streamed weights."""
    dma, image, results, weights = network.dma, network.image, network.results, network.last.core().graph.streamed
    words = ("uint32", "int32") if results.indices else ("int32",)
    rows: list[tuple[str, int, tuple[int, ...], tuple[str, ...], str, str]] = [
        (
            "in_r",
            dma.image_word_bytes * 8,
            (image.height, image.width, image.channels),
            ("uint8", "int8"),
            "in",
            "image",
        ),
        ("out_r", 32, (results.count,), words, "out", "image"),
    ]
    if weights:
        rows.append(("weightsmem", dma.weights_word_bytes * 8, weights.shape, ("int8", "uint8"), "in", "call"))
    return Kernel(
        network.name,
        tuple(
            Argument(name, i, 0x10 + POINTER_STEP * i, f"M_AXI_GMEM{i}", bits, shape, dtypes, direction, per)
            for i, (name, bits, shape, dtypes, direction, per) in enumerate(rows)
        ),
    )


def link_plan_of(
    network: Network,
    *,
    toolchain: str,
    target: str,
    view: str,
    clock_mhz: float,
    tools: Mapping[str, str],
    made: tuple[str, ...],
) -> LinkPlan:
    """The plan of a network's link.

    Args:
        network: The network to build.
        toolchain: Name of the toolchain, for the manifest.
        target: `sw_emu`, `hw_emu` or `hw`.
        view: The views of the cores, as `str(Views)` gives them.
        clock_mhz: Clock of the kernel.
        tools: Versions by tool, for the manifest.
        made: Inputs of the link step that other steps made from the cores. The weights are added to them.
    """
    blocks = tuple(block.name for block in network.blocks)
    interval_cycles, bottleneck = network.interval()
    streamed = (FC_WEIGHTS,) if network.streaming else ()
    return LinkPlan(
        network=network.name,
        kernel=kernel_of(network),
        toolchain=toolchain,
        target=target,
        view=view,
        clock_mhz=clock_mhz,
        blocks=blocks,
        folding={f"{block.name}.{unit}": fold for block in network.blocks for unit, fold in block.folding().items()},
        interval_cycles=interval_cycles,
        bottleneck=bottleneck,
        labels=network.labels,
        dataset=network.dataset.describe() if network.dataset else None,
        tools=tools,
        sources=(*made, *(f"weights/{block}/memories.bin" for block in blocks), *streamed),
        indices=network.results.indices,
        classes=network.classes,
    )
