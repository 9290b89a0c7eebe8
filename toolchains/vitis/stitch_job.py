"""What the kernel is made of, as Vivado sees it: IPs, cells, and the streams between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from blocks.dma import DmaCore
from blocks.graph import Core, Graph, Node, Port
from blocks.network import Network
from blocks.operators.width_converter import WidthConverter
from blocks.ports import ports_of
from integration.design import Link, design_of
from integration.kernel import Kernel, kernel_of
from toolchains.vitis.releases import Release

VENDOR, LIBRARY, VERSION = "dataflow-farm", "cores", "1.0"
NOWHERE = "slr0"
"""Where a cell is taken to be if nobody has placed it: resets and crossings then belong to one SLR."""


def tdata_bytes(width_bits: int) -> int:
    """Bytes of a stream's TDATA: AXI4-Stream has whole bytes only."""
    return -(-width_bits // 8)


@dataclass(frozen=True)
class Memory:
    """A parameter memory: an IP and a cell of that name, which feeds `port` of the block."""

    block: str
    port: str
    width_bits: int
    depth: int

    @property
    def name(self) -> str:
        """The IP's and the cell's name."""
        return f"{self.block}_{self.port}_memory"


@dataclass(frozen=True)
class Stage:
    """One stream of the design on its way: converter (a core's name, or none), FIFO, SLR crossings."""

    name: str
    source: tuple[str, str]
    sink: tuple[str, str]
    source_bytes: int
    sink_bytes: int
    depth: int
    converter: str | None


@dataclass(frozen=True)
class StitchJob:
    """The kernel to be stitched. `slrs` maps a block to where it lies; blocks that are missing are anywhere."""

    kernel: Kernel
    release: Release
    part: str
    clock_mhz: float
    threads: int
    jobs: int
    dma: str
    instances: tuple[tuple[str, str], ...]
    memories: tuple[Memory, ...]
    stages: tuple[Stage, ...]
    slrs: Mapping[str, str]

    @property
    def frequency_hz(self) -> int:
        """The clock in Hz, as block designs count."""
        return round(self.clock_mhz * 1e6)

    @property
    def cores(self) -> tuple[str, ...]:
        """Names of the cores, each once."""
        return tuple(dict.fromkeys(core for _, core in self.instances))

    @property
    def converters(self) -> tuple[str, ...]:
        """Names of the converters' cores, each once."""
        return tuple(dict.fromkeys(stage.converter for stage in self.stages if stage.converter))

    def slr(self, block: str) -> str:
        """The SLR of a block."""
        return self.slrs.get(block, NOWHERE)

    @property
    def used_slrs(self) -> tuple[str, ...]:
        """All SLRs that hold a block."""
        return tuple(sorted({self.slr(block) for block, _ in self.instances}))


def converter_core(link: Link) -> Core | None:
    """The width converter between two blocks, as a core of its own; None where the lanes agree."""
    if not link.converts:
        return None
    source, sink = link.source, link.sink
    # The converter counts whole beats of both sides; how many images pass it does not matter.
    elements = source.lanes * sink.lanes
    operator = WidthConverter(lanes_in=source.lanes, lanes_out=sink.lanes, bits=source.bits, elements=elements)
    return Core(
        "convert",
        Graph(
            inputs=(Port("input", operator.inputs[0], (elements,)),),
            outputs=(Port("output", operator.outputs[0]),),
            nodes=(Node("convert", operator, ("input",), ("output",)),),
        ),
    )


def job_of(
    network: Network,
    release: Release,
    part: str,
    clock_mhz: float,
    *,
    threads: int,
    jobs: int,
    slrs: Mapping[str, str],
) -> StitchJob:
    """The job of a network."""
    design, cores = design_of(network), network.cores()
    return StitchJob(
        kernel=kernel_of(network),
        release=release,
        part=part,
        clock_mhz=clock_mhz,
        threads=threads,
        jobs=jobs,
        dma=network.dma.name,
        instances=design.instances,
        memories=tuple(
            Memory(name, port.name, port.stream.width_bits, port.stream.depth)
            for name, core in cores.items()
            if not isinstance(core, DmaCore)
            for port in core.graph.parameter_ports()
        ),
        stages=tuple(_stage(index, link) for index, link in enumerate(design.links)),
        slrs=dict(slrs),
    )


def _stage(index: int, link: Link) -> Stage:
    core = converter_core(link)
    source, sink = link.source, link.sink
    return Stage(
        name=f"link{index}",
        source=(source.instance, source.port),
        sink=(sink.instance, sink.port),
        source_bytes=tdata_bytes(source.lanes * source.bits),
        sink_bytes=tdata_bytes(sink.lanes * sink.bits),
        depth=link.depth,
        converter=core.name if core else None,
    )


def stream_ports(core: Core | DmaCore) -> tuple[str, ...]:
    """Names of a core's AXI4-Stream ports."""
    if isinstance(core, DmaCore):
        return ("image", "weights", "result")
    return tuple(port.name for port in ports_of(core))
