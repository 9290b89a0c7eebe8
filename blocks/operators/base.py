"""The interface of an operator: its streams, its cycles, its area, its C++ function and its SystemVerilog module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from typing import ClassVar

from config.fpga_resources import Resources
from config.frozen import dataclass

MAX_PORT_BITS = 4096
"""The widest AXI4-Stream data that AMD's stream infrastructure takes (512 bytes)."""


@dataclass(frozen=True)
class Stream:
    """The beats of one stream for one image.

    A beat holds `lanes` elements of `bits` bits, element 0 in the lowest bits. Elements come in raster order, channels
    within the pixel. `beats` is the number of beats of one image.
    """

    lanes: int
    bits: int
    beats: int
    signed: bool = False

    def facts(self) -> dict[str, object]:
        """The fields as plain values."""
        return {"lanes": self.lanes, "bits": self.bits, "beats": self.beats, "signed": self.signed}

    @property
    def width_bits(self) -> int:
        """Bits of one beat."""
        return self.lanes * self.bits

    @property
    def elements(self) -> int:
        """Elements of one image."""
        return self.lanes * self.beats

    @property
    def cpp_type(self) -> str:
        """The C++ struct of one beat: `farm::lanes<N, B>` (unsigned) or `farm::slanes<N, B>` (two's complement)."""
        return f"farm::{'slanes' if self.signed else 'lanes'}<{self.lanes}, {self.bits}>"


@dataclass(frozen=True)
class ParameterStream:
    """An endless stream of trained values: a memory outside the core repeats its `depth` beats.

    A beat holds `lanes` values of `bits` bits, value 0 lowest, so the memory is `lanes * bits` bits wide.
    """

    lanes: int
    bits: int
    depth: int
    signed: bool
    role: str
    """`weights`, `thresholds`, `bias`, `multipliers` or `addends`."""

    @property
    def width_bits(self) -> int:
        """Bits of one beat."""
        return self.lanes * self.bits

    @property
    def cpp_type(self) -> str:
        """The C++ struct of one beat."""
        return f"farm::{'slanes' if self.signed else 'lanes'}<{self.lanes}, {self.bits}>"


def by_formula(luts: float = 0, bram_tiles: float = 0, urams: float = 0, dsps: float = 0) -> Resources:
    """An estimate by formula, never a measurement. Registers are unknown, because no formula gives them."""
    return Resources(luts=luts, bram_tiles=bram_tiles, urams=urams, dsps=dsps)


@dataclass(frozen=True)
class Mistake:
    """Why a shape cannot be built: the field at fault, what is wrong with it, and how to mend it."""

    field: str
    what: str
    remedy: str


@dataclass(frozen=True)
class SvModule:
    """The SystemVerilog module of an operator: its name, and its parameters in this shape.

    Its ports are `clk`, `rst` (synchronous, active high), and `<stream>_data`, `_valid` and `_ready` of every stream:
    `in0`, `in1`, ... are the data inputs and then the parameter streams, `out0`, `out1`, ... the outputs.
    """

    name: str
    parameters: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Split:
    """The modules of an operator and of the converter behind it that takes its beats apart, where both know each other.

    `width_bits` is the width of the stream between them, which may differ from what the operator gives alone. `luts`
    are those of the converter by formula.
    """

    producer: SvModule
    converter: SvModule
    width_bits: int
    luts: float


@dataclass(frozen=True)
class Operator(ABC):
    """The shape of one operator instance, without trained values. Equal shapes are equal hardware."""

    sv_rooms: ClassVar[tuple[str, ...]] = ()
    """Other operators that its SystemVerilog instantiates, by folder name."""
    header_rooms: ClassVar[tuple[str, ...]] = ()
    """Other operators that its C++ includes, by folder name."""
    steady_parameters: ClassVar[bool] = False
    """Whether its SystemVerilog reads parameters where they stand at the port (`farm_steady`), without a slice."""

    later_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that came after others were built. At their default they are no fact, so a core keeps its name."""

    @property
    @abstractmethod
    def inputs(self) -> tuple[Stream, ...]:
        """Data streams in, in the order of the C++ arguments."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[Stream, ...]:
        """Data streams out, in the order of the C++ arguments."""

    @property
    def parameters(self) -> tuple[ParameterStream, ...]:
        """Parameter streams, between the inputs and the outputs in the C++ arguments."""
        return ()

    @abstractmethod
    def cycles(self) -> int:
        """Clock cycles per image at full rate (the initiation interval of this operator alone)."""

    def parameter_reads(self) -> int:
        """How often one image reads the whole of each parameter memory."""
        return 1

    def area(self) -> Resources:
        """Estimated area, parameter memories left out."""
        return by_formula()

    def mistakes(self) -> tuple[Mistake, ...]:
        """All reasons why this shape cannot be built; empty when it can."""
        return ()

    @property
    @abstractmethod
    def cpp_function(self) -> str:
        """The C++ function template with its arguments, e.g. `farm::pad<3, 8, 8, 1, 1, 1, 1, 1, 8>`."""

    @property
    @abstractmethod
    def sv_module(self) -> SvModule:
        """The SystemVerilog module with its parameters."""

    @classmethod
    def sv_made(cls, shapes: Iterable[Operator]) -> Iterator[str]:
        """Lines of SystemVerilog that are made for the shapes of one core, besides the files of the folder."""
        return iter(())

    def sv_split(self, lanes: int) -> Split | None:
        """The modules if a converter to beats of `lanes` elements follows; None where each is the one it is alone."""
        del lanes
        return None

    @property
    def buffers_input(self) -> bool:
        """Whether it needs more than one beat before its first output."""
        return False

    def max_hold_cycles(self) -> int:
        """For how many cycles an output beat of the RTL view may wait without delaying the next one.

        0 if unknown. Only speed depends on it: a beat that waits longer is not lost.
        """
        return 0

    def facts(self) -> dict[str, object]:
        """The shape as plain values, for keys, names and explanations."""
        values: dict[str, object] = {"operator": type(self).__name__}
        for name, default in _defaults(type(self)):
            value = getattr(self, name)
            if name not in self.later_fields or value != default:
                values[name] = value
        return values


@cache
def _defaults(kind: type[Operator]) -> tuple[tuple[str, object], ...]:
    """The fields of an operator and their defaults. Each start asks for the shapes of some thousand."""
    return tuple((field.name, field.default) for field in fields(kind))


def unsigned_bits(highest: int) -> int:
    """Bits that hold 0..highest, at least 1."""
    return max(1, highest.bit_length())


def signed_bits(lowest: int, highest: int) -> int:
    """Bits in two's complement that hold lowest..highest, at least 1."""
    return max((-lowest - 1).bit_length() if lowest < 0 else 0, highest.bit_length() if highest > 0 else 0) + 1
