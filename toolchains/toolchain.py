"""What a toolchain is to the flow: for each task, the step that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.network import Block
from farm.step import Step


class Toolchain(Protocol):
    """Given a block, a core or the network, the step that makes its artefacts. A toolchain runs nothing."""

    @property
    def name(self) -> str:
        """`open` or `vitis`: whose steps these are."""

    @property
    def folder(self) -> str:
        """Where this build's artefacts lie, relative to the checkout."""

    @property
    def core_task(self) -> str:
        """The task that leaves all that a build takes of a core: `hls`, or `ooc`."""

    def view(self, core: Core) -> str:
        """How a core is written for synthesis: `rtl` or `hls`."""

    def weights(self, block: Block) -> Step:
        """Trained values to memory images."""

    def hls(self, core: Core) -> Step:
        """The C++ view of a core: compiled, and run against the model."""

    def model(self, core: GraphCore) -> Step:
        """A core's RTL compiled for simulation."""

    def harness(self) -> Step:
        """What runs such models."""

    def stimuli(self) -> Step | None:
        """What the blocks read when the network classifies; None for a network without a data set."""

    def cosim(self, block: Block) -> Step:
        """A block simulated cycle by cycle and compared with the integer model."""

    def dma_cosim(self) -> Step:
        """The DMA block simulated cycle by cycle and compared with a description of its task."""

    def ooc(self, core: Core) -> Step:
        """A core synthesised out of context."""

    def empty_memories(self, block: Block) -> tuple[Step, ...]:
        """The parameter memories of a block without contents, one per width and depth."""

    def memories(self, block: Block) -> Step:
        """The parameter memories of a block with its trained values in them."""

    def placement(self) -> Step | None:
        """Blocks to SLRs, after what `ooc` has found; None where nothing is placed."""

    def netlist(self, cores: Mapping[str, Core]) -> Step | None:
        """The cores joined in a netlist whose parameter memories are empty; None where `stitch` needs none."""

    def stitch(self, cores: Mapping[str, Core]) -> Step:
        """The cores joined into one kernel; the mapping is block name to core."""

    def link(self) -> Step:
        """The kernel put into the platform: the xclbin."""

    def payload(self) -> tuple[Step, ...]:
        """What is built for a stand-in of a vendor's tool to carry along; nothing for the tools themselves."""
