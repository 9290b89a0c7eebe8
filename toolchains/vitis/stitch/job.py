"""The kernel as Vivado sees it: IPs, cells, and the streams between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import TYPE_CHECKING, Any

from blocks.parameter_memory.plan import MemoryPlan, plan_memory
from config.frozen import dataclass
from integration.design import Link, design_of, kernel_of
from integration.kernel import Kernel
from integration.kernel_rtl.link import CONVERTER_FILES, converter_core
from integration.kernel_rtl.slrs import NOWHERE, boundaries, reset_chain
from toolchains.vitis.tools.releases import Release

if TYPE_CHECKING:
    from blocks.core.base import Core
    from blocks.network import Network

VENDOR, LIBRARY, VERSION = "dataflow-farm", "cores", "1.0"


def tdata_bytes(width_bits: int) -> int:
    """Bytes of a stream's TDATA. AXI4-Stream allows only whole bytes."""
    return -(-width_bits // 8)


@dataclass(frozen=True)
class Memory:
    """A parameter memory: a cell that feeds `port` of the block. All memories of a width and depth share a module."""

    block: str
    port: str
    width_bits: int
    depth: int

    @property
    def name(self) -> str:
        """The name of the cell."""
        return f"{self.block}_{self.port}_memory"

    @property
    def module(self) -> str:
        """The name of the module and of its IP."""
        return plan_memory(self.width_bits, self.depth).module


@dataclass(frozen=True)
class Stage:
    """A stream between two blocks: an optional converter (the name of its core), a FIFO, and crossings of SLRs."""

    name: str
    source: tuple[str, str]
    sink: tuple[str, str]
    source_bytes: int
    sink_bytes: int
    depth: int
    converter: str | None


@dataclass(frozen=True)
class Crossing:
    """Registers of a stream on both sides of one boundary between SLRs; `name` is the name of the cell."""

    name: str
    source: str
    sink: str


@dataclass(frozen=True)
class StitchJob:
    """The kernel to be stitched.

    `streams` maps a core to its AXI4-Stream ports and their bytes of TDATA; `slrs` maps a block to its SLR; `style` is
    the setting `vitis.stitch_style`.
    """

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
    streams: Mapping[str, Mapping[str, int]]
    slrs: Mapping[str, str] = field(default_factory=dict)
    style: str = "ipi"

    def describe(self) -> dict[str, Any]:
        """The job as plain JSON values; `from_description` reads it back."""
        return {**asdict(self), "release": str(self.release)}

    @staticmethod
    def from_description(values: Mapping[str, Any], slrs: Mapping[str, str]) -> StitchJob:
        """Read a job that `describe` wrote; `slrs` gives the SLR of each block."""
        release = Release.of(values["release"])
        assert release is not None  # noqa: S101  the flow has written it
        return StitchJob(
            **{
                **values,
                "kernel": Kernel.from_description(values["kernel"]),
                "release": release,
                "instances": tuple((block, core) for block, core in values["instances"]),
                "memories": tuple(Memory(**each) for each in values["memories"]),
                "stages": tuple(
                    Stage(**{**each, "source": tuple(each["source"]), "sink": tuple(each["sink"])})
                    for each in values["stages"]
                ),
                "slrs": dict(slrs),
            }
        )

    @property
    def frequency_hz(self) -> int:
        """The clock in Hz, the unit of block designs."""
        return round(self.clock_mhz * 1e6)

    @property
    def cores(self) -> tuple[str, ...]:
        """Names of the cores, each once."""
        return tuple(dict.fromkeys(core for _, core in self.instances))

    @property
    def converters(self) -> tuple[str, ...]:
        """Names of the converters' cores, each once."""
        return tuple(dict.fromkeys(stage.converter for stage in self.stages if stage.converter))

    @property
    def memory_plans(self) -> tuple[MemoryPlan, ...]:
        """The modules of the parameter memories, each once."""
        plans = (plan_memory(memory.width_bits, memory.depth) for memory in self.memories)
        return tuple({plan.module: plan for plan in plans}.values())

    @property
    def converter_files(self) -> tuple[str, ...]:
        """The SystemVerilog of a converter without its top, relative both to `blocks/` and to the step's folder."""
        return CONVERTER_FILES

    def slr(self, block: str) -> str:
        """The SLR of a block."""
        return self.slrs.get(block, NOWHERE)

    @property
    def used_slrs(self) -> tuple[str, ...]:
        """All SLRs that hold a block."""
        return tuple(sorted({self.slr(block) for block, _ in self.instances}))

    @property
    def resets(self) -> tuple[tuple[str, str | None], ...]:
        """The SLRs that have a reset, each with the neighbour that it comes from; None where it comes from outside."""
        return reset_chain(self.slr(self.dma), self.used_slrs)

    def crossings(self, stage: Stage) -> tuple[Crossing, ...]:
        """The boundaries that a stream crosses, in its order."""
        pairs = boundaries(self.slr(stage.source[0]), self.slr(stage.sink[0]))
        return tuple(Crossing(f"{stage.name}_crossing{index}", *pair) for index, pair in enumerate(pairs))


def job_of(
    network: Network,
    release: Release,
    part: str,
    clock_mhz: float,
    *,
    threads: int,
    jobs: int,
    slrs: Mapping[str, str] | None = None,
    style: str = "ipi",
) -> StitchJob:
    """Make the job of a network."""
    design, cores = design_of(network), network.cores()
    converters = tuple(core for link in design.links if (core := converter_core(link)))
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
            for port in core.parameter_ports()
        ),
        stages=tuple(_stage(index, link) for index, link in enumerate(design.links)),
        streams={core.name: streams_of(core) for core in (*cores.values(), *converters)},
        slrs=dict(slrs or {}),
        style=style,
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


def streams_of(core: Core) -> dict[str, int]:
    """Bytes of TDATA of each AXI4-Stream port of a core, by name."""
    return {port.name: tdata_bytes(port.width_bits) for port in core.ports() if port.role != "memory"}


def masters_of(kernel: Kernel) -> tuple[str, ...]:
    """The names of the DMA's memory interfaces, as HLS writes them."""
    return tuple(argument.port.lower() for argument in kernel.arguments)
