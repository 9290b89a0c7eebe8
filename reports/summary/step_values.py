"""The values of steps for the reports: `values.json`, format 1. The steps' programs write it, the reports read it.

    ooc/<core>/values.json      Synthesis of a core
    cosim/<block>/values.json   Simulation of a block
    link/values.json            Linked, the whole design

If a step does not know a value, the member is absent; it is never zero, null or NaN instead. Unknown members are
ignored, so a step may write further ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from config.fpga_resources import NAMES, Resources
from reports.reading.document import Record
from reports.reading.errors import UnknownLayoutError

FORMAT = 1


def read_resources(record: Record) -> Resources:
    """Read the resources among the members of an object. Raises ReportError."""
    return Resources(**{name: _amount(record, name) for name in NAMES})


@dataclass(frozen=True)
class DoubtfulPath:
    """A register-to-register path that leaves too little of 4 ns for its wires."""

    start: str
    end: str
    logic_ns: float
    levels: int

    @staticmethod
    def read(record: Record) -> DoubtfulPath:
        """Read a path from an object. Raises ReportError."""
        return DoubtfulPath(record.text("start"), record.text("end"), record.number("logic_ns"), record.count("levels"))

    def __str__(self) -> str:
        return f"{self.start} -> {self.end}: {self.logic_ns:.3f} ns, {self.levels} levels"


@dataclass(frozen=True)
class Synthesis:
    """A core synthesised out of context. `logic_ns` is its longest delay; an estimate covers only logic, no routing.

    `doubtful` lists the paths that may miss 250 MHz. `view` is the view that was synthesised (rtl, hls).
    """

    resources: Resources
    logic_ns: float | None = None
    is_estimate: bool = False
    tool: str | None = None
    logic_levels: int | None = None
    doubtful: tuple[DoubtfulPath, ...] = ()
    view: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the members of the file."""
        own = {
            "is_estimate": self.is_estimate,
            "tool": self.tool,
            "logic_ns": self.logic_ns,
            "logic_levels": self.logic_levels,
            "doubtful_at_250_mhz": [asdict(path) for path in self.doubtful] or None,
            "view": self.view,
        }
        return _known({"format": FORMAT, **own, **self.resources.known})

    def write(self, path: Path) -> None:
        """Write the file. Raises ValueError for a number that is not finite."""
        _write(path, self.document())

    @staticmethod
    def read(record: Record) -> Synthesis:
        """Return what the file says. Raises ReportError."""
        _check_format(record)
        return Synthesis(
            resources=read_resources(record),
            logic_ns=_amount(record, "logic_ns"),
            is_estimate=_flag(record, "is_estimate"),
            tool=record.maybe_text("tool"),
            logic_levels=_count(record, "logic_levels", 0),
            doubtful=tuple(DoubtfulPath.read(path) for path in _objects(record, "doubtful_at_250_mhz")),
            view=record.maybe_text("view"),
        )


@dataclass(frozen=True)
class Simulation:
    """A block, simulated cycle by cycle with `images` images back to back and compared with the integer model.

    `interval_cycles` is the measured initiation interval. `latency_cycles` counts from the first beat in to the last
    beat out of an image.
    """

    interval_cycles: int | None
    latency_cycles: int | None = None
    images: int | None = None
    elements_compared: int | None = None
    differences: int | None = None
    tool: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether no difference was found. If a core computes wrong values, its cycles mean nothing."""
        return not self.differences

    def document(self) -> dict[str, Any]:
        """Return the members of the file."""
        return _known({"format": FORMAT, **asdict(self)})

    def write(self, path: Path) -> None:
        """Write the file."""
        _write(path, self.document())

    @staticmethod
    def read(record: Record) -> Simulation:
        """Return what the file says. Raises ReportError."""
        _check_format(record)
        counts = {name: _count(record, name, 0) for name in ("elements_compared", "differences")}
        counts |= {name: _count(record, name, 1) for name in ("interval_cycles", "latency_cycles", "images")}
        return Simulation(**counts, tool=record.maybe_text("tool"))


@dataclass(frozen=True)
class WholeKernel:
    """All blocks, links and the DMA in one simulation, behind a model of the card's memory, as `kernel` leaves it.

    `cores` are those that were simulated, by block without the DMA; `busiest` is the block that was busy in the most
    cycles. Of the simulation, `interval_cycles` is the longest distance between the ends of two images, and
    `latency_cycles` that from the first image's first beat to its last result.
    """

    simulation: Simulation
    clock_mhz: float
    cores: Mapping[str, str]
    busiest: str

    @property
    def tool(self) -> str | None:
        """The simulator."""
        return self.simulation.tool

    def is_of(self, cores: Mapping[str, str], clock_mhz: float) -> bool:
        """Whether it was simulated with these cores, by block with the DMA, at this clock, and equal to the model."""
        known = {block: core for block, core in cores.items() if block in self.cores}
        complete = known == self.cores and len(known) == len(cores) - 1
        return complete and self.clock_mhz == clock_mhz and self.simulation.agrees

    @staticmethod
    def read(record: Record) -> WholeKernel:
        """Return what the file says. Raises ReportError."""
        blocks = _objects(record, "blocks")
        busiest = max(blocks, key=lambda block: block.count("busy"), default=None)
        cores = record.record("cores")
        return WholeKernel(
            Simulation.read(record),
            record.number("clock_mhz"),
            {name: cores.text(name) for name in cores.value},
            "unknown" if busiest is None else busiest.text("name"),
        )


@dataclass(frozen=True)
class Linked:
    """The linked design. `total` and `slrs` (by name in lower case) include the parameter memories.

    The slacks are those of the routed design. `parameters` is the origin of the trained values. `clock_mhz` is the
    clock achieved, `requested_mhz` the clock asked for.
    """

    total: Resources | None = None
    slrs: Mapping[str, Resources] | None = None
    wns_ns: float | None = None
    whs_ns: float | None = None
    is_estimate: bool = False
    clock_mhz: float | None = None
    xclbin_bytes: int | None = None
    predicted_interval_cycles: int | None = None
    bottleneck: str | None = None
    parameters: str | None = None
    tool: str | None = None
    requested_mhz: float | None = None

    def document(self) -> dict[str, Any]:
        """Return the members of the file."""
        document = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("total", "slrs")}
        document["total"] = None if self.total is None else self.total.known
        document["slrs"] = None if self.slrs is None else {slr: own.known for slr, own in self.slrs.items()}
        return _known({"format": FORMAT, **document})

    def write(self, path: Path) -> None:
        """Write the file. Raises ValueError for a number that is not finite."""
        _write(path, self.document())

    @staticmethod
    def read(record: Record) -> Linked:
        """Return what the file says. Raises ReportError."""
        _check_format(record)
        slrs = record.record("slrs").records() if "slrs" in record else None
        return Linked(
            total=read_resources(record.record("total")) if "total" in record else None,
            slrs=None if slrs is None else {name.lower(): read_resources(part) for name, part in slrs.items()},
            wns_ns=record.maybe_number("wns_ns"),
            whs_ns=record.maybe_number("whs_ns"),
            is_estimate=_flag(record, "is_estimate"),
            clock_mhz=_amount(record, "clock_mhz"),
            xclbin_bytes=_count(record, "xclbin_bytes", 0),
            predicted_interval_cycles=_count(record, "predicted_interval_cycles", 1),
            bottleneck=record.maybe_text("bottleneck"),
            parameters=record.maybe_text("parameters"),
            tool=record.maybe_text("tool"),
            requested_mhz=_amount(record, "requested_mhz"),
        )


def _known(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", "utf-8")


def _check_format(record: Record) -> None:
    if "format" in record and record.count("format") != FORMAT:
        what = f"the values are of format {record.count('format')}"
        raise UnknownLayoutError(record.file, None, what, f"expected format {FORMAT}; run the step again")


def _amount(record: Record, name: str) -> float | None:
    found = record.maybe_number(name)
    if found is not None and (found < 0 or not math.isfinite(found)):
        raise UnknownLayoutError(record.file, None, f"'{name}' is {found:g}", "expected a number of at least 0")
    return found


def _count(record: Record, name: str, least: int) -> int | None:
    found = record.maybe_count(name)
    if found is not None and found < least:
        what = f"'{name}' is {found}"
        raise UnknownLayoutError(record.file, None, what, f"expected a whole number of at least {least}")
    return found


def _flag(record: Record, name: str) -> bool:
    found = record.value.get(name, False)
    if not isinstance(found, bool):
        raise record.wrong(name, "true or false")
    return found


def _objects(record: Record, name: str) -> list[Record]:
    if name not in record:
        return []
    return [Record(value, record.file, name) for value in record.items(name)]
