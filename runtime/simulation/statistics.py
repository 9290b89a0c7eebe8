"""The answer of a simulating payload to STAT, about its last call: JSON text, checked before anything believes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import PayloadError

FORMAT = 1
MOST_BYTES = 1 << 20
_MOST_ENTRIES = 1 << 16
_MOST_NUMBER = 1 << 63
_MOST_NAME = 200
_T = TypeVar("_T")


@dataclass(frozen=True)
class Block:
    """Cycles in which a block was blocked (a beat at its output was not taken), starved (it waited for one), or busy.

    Blocked goes before starved, and busy is neither. The three add up to the cycles of the call.
    ``toggles`` counts how often bits of its streams changed: a proxy of power, and not a power.
    """

    name: str
    busy: int
    starved: int
    blocked: int
    toggles: int

    @property
    def cycles(self) -> int:
        """All cycles."""
        return self.busy + self.starved + self.blocked


@dataclass(frozen=True)
class Fifo:
    """The depth of a FIFO in beats, and its mark: the highest fill that was seen."""

    name: str
    depth: int
    mark: int


@dataclass(frozen=True)
class Link:
    """A stream between two blocks.

    ``stalled`` are the cycles in which a beat stood before it, ``starved`` those in which one was waited for behind it.
    """

    source: str
    sink: str
    depth: int
    mark: int
    beats: int
    stalled: int
    starved: int


@dataclass(frozen=True)
class Bank:
    """Bytes that a memory of the card moved, and the cycles in which it moved any."""

    tag: str
    read_bytes: int
    written_bytes: int
    busy_cycles: int


@dataclass(frozen=True)
class Statistics:
    """One call. Cycles are of the simulated clock; ``start`` and ``end`` of each image count from the call's start.

    ``interval_cycles`` is the longest time between the ends of two images in a row; None for a call of one image.
    """

    clock_mhz: float
    cycles: int
    images: int
    start: tuple[int, ...]
    end: tuple[int, ...]
    interval_cycles: int | None
    latency_cycles: tuple[int, ...]
    blocks: tuple[Block, ...]
    fifos: tuple[Fifo, ...]
    links: tuple[Link, ...]
    banks: tuple[Bank, ...]

    @property
    def images_per_s(self) -> float | None:
        """The rate of images in a row at the simulated clock; None for a call of one image."""
        return None if not self.interval_cycles else self.clock_mhz * 1e6 / self.interval_cycles

    def milliseconds(self, cycles: int) -> float:
        """The time of so many cycles at the simulated clock."""
        return cycles / (self.clock_mhz * 1e3)


def parse(data: bytes, where: str) -> Statistics:
    """The statistics of this text. Raises PayloadError, naming ``where``, for anything else."""
    try:
        return _statistics(_Reader(json.loads(data.decode("utf-8")), "the report"))
    except (ValueError, RecursionError) as error:
        raise PayloadError(
            f"the payload's answer to STAT is not understood ({error})", where=where, remedy="rebuild the xclbin"
        ) from error


def _statistics(reader: _Reader) -> Statistics:
    if reader.integer("format") != FORMAT:
        raise ValueError(f"format {reader.integer('format')}, not {FORMAT}")
    clock_mhz = reader.number("clock_mhz")
    images = reader.integer("images")
    start, end, latency = (reader.integers(key) for key in ("start", "end", "latency_cycles"))
    if not len(start) == len(end) == len(latency) == images:
        raise ValueError(f"{images} images, but times of {len(start)}, {len(end)} and {len(latency)}")
    if any(done - begun != cycles for begun, done, cycles in zip(start, end, latency, strict=True)):
        raise ValueError("latency_cycles is not the difference of end and start")
    interval = reader.integer("interval_cycles") if reader.has("interval_cycles") else None
    return Statistics(
        clock_mhz,
        reader.integer("cycles"),
        images,
        start,
        end,
        interval,
        latency,
        reader.entries("blocks", _block),
        reader.entries("fifos", _fifo),
        reader.entries("links", _link),
        reader.entries("banks", _bank),
    )


def _block(reader: _Reader) -> Block:
    return Block(reader.text("name"), *(reader.integer(key) for key in ("busy", "starved", "blocked", "toggles")))


def _fifo(reader: _Reader) -> Fifo:
    return Fifo(reader.text("name"), reader.integer("depth"), reader.integer("mark"))


def _link(reader: _Reader) -> Link:
    numbers = (reader.integer(key) for key in ("depth", "mark", "beats", "stalled", "starved"))
    return Link(reader.text("source"), reader.text("sink"), *numbers)


def _bank(reader: _Reader) -> Bank:
    return Bank(reader.text("tag"), *(reader.integer(key) for key in ("read_bytes", "written_bytes", "busy_cycles")))


class _Reader:
    """One object of the JSON text. Members that nobody asks for may be there: a newer program may tell more."""

    def __init__(self, value: Any, name: str) -> None:
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} is not an object")
        self._value = value
        self._name = name

    def has(self, key: str) -> bool:
        return key in self._value

    def integer(self, key: str) -> int:
        return self._count(key, self._value.get(key))

    def integers(self, key: str) -> tuple[int, ...]:
        return tuple(self._count(key, value) for value in self._list(key))

    def number(self, key: str) -> float:
        value = self._value.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
            raise ValueError(f"{key} of {self._name} is {value!r:.40}, not a number of MHz")
        return float(value)

    def text(self, key: str) -> str:
        value = self._value.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= _MOST_NAME:
            raise ValueError(f"{key} of {self._name} is {value!r:.40}, not a name")
        return value

    def entries(self, key: str, make: Callable[[_Reader], _T]) -> tuple[_T, ...]:
        return tuple(make(_Reader(value, f"{key}[{index}]")) for index, value in enumerate(self._list(key)))

    def _list(self, key: str) -> list[Any]:
        value = self._value.get(key)
        if not isinstance(value, list) or len(value) > _MOST_ENTRIES:
            raise ValueError(f"{key} of {self._name} is not a list")
        return value

    def _count(self, key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST_NUMBER:
            raise ValueError(f"{key} of {self._name} is {value!r:.40}, not a whole number")
        return value
