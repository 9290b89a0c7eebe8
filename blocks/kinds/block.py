"""What every kind of block has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from blocks.core.graph import GraphCore
    from blocks.kinds.convolution import FeatureMap
    from config.document import Section


class Block(Protocol):
    """One block of a network, a frozen dataclass. The kinds are the modules beside this one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """Its name in the network."""

    @property
    def input(self) -> FeatureMap:
        """The feature map that it reads."""

    @property
    def input_lanes(self) -> int:
        """Elements a beat on the input port."""

    @property
    def classes(self) -> int | None:
        """The numbers that labels name; None if it does not end a network."""

    @property
    def top(self) -> int:
        """How many indices come out; 0 if none do."""

    @property
    def fc_cache(self) -> str:
        """Where the DMA keeps streamed weights during a call: `none` or `uram`."""

    def core(self) -> GraphCore:
        """The logic of the block."""

    def folding(self) -> dict[str, str]:
        """The folding of each layer that has one, in words."""

    def least_depths(self) -> dict[str, int]:
        """By FIFO, the beats without which the core deadlocks."""

    def recipes(self) -> tuple[Mapping[str, Any], ...]:
        """How the core's arrays are made from those of the parameter file; empty if they are the same."""


class AsInTheFile:
    """A block whose parameter file has the core's arrays."""

    def recipes(self) -> tuple[Mapping[str, Any], ...]:
        """None."""
        return ()


class Inner(AsInTheFile):
    """A block that gives activations, so none can end a network with it."""

    classes: ClassVar[None] = None
    top: ClassVar[int] = 0
    fc_cache: ClassVar[str] = "none"


def ends_no_network(section: Section, name: str, kind: str) -> None:
    """Report that a block is the last one, but gives activations."""
    what = f"{name}: a {kind} block gives activations, which no network can end with"
    section.problem("kind", what, "end with a head, or with a block whose last layer gives indices or sums")
