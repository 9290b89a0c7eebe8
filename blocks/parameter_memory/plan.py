"""Plans a parameter memory: which primitives, how many, and which bits of a beat each holds.

A memory is cut into columns, one primitive each, all at the same address. So no multiplexer is needed, and the
primitive's own register is the output. Shapes: UG574 (distributed RAM) and UG573 (block RAM).
"""

from __future__ import annotations

from typing import Protocol

from blocks.core.ports import ParameterPort
from blocks.operators.base import by_formula
from config.fpga_resources import Resources
from config.frozen import dataclass

LUTRAM_DEPTH = 64
"""Deeper memories are block RAM: a LUT holds 64 bits."""


@dataclass(frozen=True)
class Shape:
    """A primitive used as `bits` x `depth`. A tile is a block RAM of 36 kbit.

    `read_width` is the width of a block RAM's port with its parity bits, 0 for distributed RAM. If `bits` is twice
    that, the block RAM is read through both ports, each from its half of the memory.
    """

    primitive: str
    bits: int
    depth: int
    luts: int = 0
    tiles: float = 0
    read_width: int = 0


LUTRAMS = (Shape("RAM32M16", 16, 32, luts=8), Shape("RAM64M8", 8, 64, luts=8))
BLOCK_RAMS = (
    Shape("RAMB36E2", 72, 512, tiles=1, read_width=36),
    Shape("RAMB36E2", 36, 1024, tiles=1, read_width=36),
    Shape("RAMB36E2", 18, 2048, tiles=1, read_width=18),
    Shape("RAMB36E2", 9, 4096, tiles=1, read_width=9),
    Shape("RAMB36E2", 4, 8192, tiles=1, read_width=4),
    Shape("RAMB36E2", 2, 16384, tiles=1, read_width=2),
    Shape("RAMB36E2", 1, 32768, tiles=1, read_width=1),
)
HALF_BLOCK_RAMS = (
    Shape("RAMB18E2", 36, 512, tiles=0.5, read_width=18),
    Shape("RAMB18E2", 18, 1024, tiles=0.5, read_width=18),
    Shape("RAMB18E2", 9, 2048, tiles=0.5, read_width=9),
    Shape("RAMB18E2", 4, 4096, tiles=0.5, read_width=4),
    Shape("RAMB18E2", 2, 8192, tiles=0.5, read_width=2),
    Shape("RAMB18E2", 1, 16384, tiles=0.5, read_width=1),
)

MOST_BEATS = BLOCK_RAMS[-1].depth
"""The deepest possible memory, because columns only add width, never depth."""


@dataclass(frozen=True)
class MemoryPlan:
    """A memory of `depth` beats of `width_bits` bits: `columns` of one shape, and perhaps a narrower `last` column."""

    width_bits: int
    depth: int
    shape: Shape
    columns: int
    last: Shape | None = None

    @property
    def module(self) -> str:
        """The module's name. Equal memories share one module."""
        return f"farm_memory_w{self.width_bits}_d{self.depth}"

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of every column, lowest bits first."""
        return (*([self.shape] * self.columns), *([self.last] if self.last else []))

    @property
    def area(self) -> Resources:
        """Area of the primitives, without the address counter."""
        return by_formula(
            luts=sum(shape.luts for shape in self.shapes),
            bram_tiles=sum(shape.tiles for shape in self.shapes),
        )


def plan_memory(width_bits: int, depth: int) -> MemoryPlan:
    """Choose primitives: distributed RAM up to 64 beats, else the fewest tiles.

    Raises:
        ValueError: width or depth is below 1, or a block RAM has fewer addresses than `depth`.
    """
    if width_bits < 1 or depth < 1:
        raise ValueError(f"a memory of {depth} beats of {width_bits} bits; both are at least 1")
    if depth <= LUTRAM_DEPTH:
        shape = next(shape for shape in LUTRAMS if depth <= shape.depth)
        return MemoryPlan(width_bits, depth, shape, -(-width_bits // shape.bits))
    if depth > MOST_BEATS:
        raise ValueError(f"a memory of {depth} beats; at most {MOST_BEATS} fit: raise PE or SIMD of its operator")
    # The shallowest shape that is deep enough is also the widest, so it needs the fewest columns.
    shape = next(shape for shape in BLOCK_RAMS if depth <= shape.depth)
    half = next((shape for shape in HALF_BLOCK_RAMS if depth <= shape.depth), None)
    columns, rest = divmod(width_bits, shape.bits)
    if rest and half is not None and rest <= half.bits:
        return MemoryPlan(width_bits, depth, shape, columns, half)
    return MemoryPlan(width_bits, depth, shape, columns + bool(rest))


class HasParameterPorts(Protocol):
    """A core, or its graph."""

    def parameter_ports(self) -> tuple[ParameterPort, ...]:
        """The ports that parameter memories feed."""


def memory_plans(core: HasParameterPorts) -> tuple[MemoryPlan, ...]:
    """The parameter memories of a core, in the order of its ports. Raises ValueError if one cannot be built."""
    return tuple(plan_memory(port.stream.width_bits, port.stream.depth) for port in core.parameter_ports())
