"""The files in which the steps of a build leave their values, and the estimate that is there before any of them.

    estimate.json               blocks, cycles, area by formula, budget (written by the flow)
    fit.json                    blocks to SLRs before anything is linked (`reports.summary.fit_values`)
    hls/<core>/csim.json        elements compared with the model, and differences
    weights/<block>/memories.json   origins of the trained values
    ooc/<core>/, cosim/<block>/, link/   values.json each (`reports.summary.step_values`)

A file that is not there is a step that has not run; a member that is not there is a value that the step does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from config.fpga_resources import UNKNOWN, Resources
from reports.reading.document import Record, read_json
from reports.reading.errors import ReportError, UnreadableError
from reports.reading.source import read
from reports.summary.step_values import read_resources

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class BlockEstimate:
    """A block before any tool has run. `area` is that of its core, None for one without formulas (the DMA).

    `around` is what stands around the core: its parameter memories, converters and FIFOs between blocks.
    `view` is how its core is to be written for synthesis (rtl, hls), None where the estimate does not say so.
    """

    block: str
    core: str
    kind: str
    interval_cycles: int
    bottleneck: str
    area: Resources | None
    parameter_bits: int | None
    view: str | None = None
    around: Resources = UNKNOWN

    @property
    def resources(self) -> Resources:
        """All that the block takes by formula; nothing is known of it where its core has no formula."""
        return UNKNOWN if self.area is None else self.area + self.around


@dataclass(frozen=True)
class Estimate:
    """A build before any tool has run; `budget` by resource, `slr_budgets` by SLR and resource.

    `formula_note` tells how far the formulas are from what was synthesised.
    """

    network: str
    toolchain: str
    target: str
    clock_mhz: float
    platform: str
    part: str
    budget: Resources
    slr_budgets: dict[str, Resources]
    blocks: tuple[BlockEstimate, ...]
    formula_note: str = ""


@dataclass(frozen=True)
class Left(Generic[Kind]):
    """What a step has left, and the file that it is from."""

    value: Kind
    source: str


class Folder:
    """A build's folder. What cannot be read is kept in `errors`: a report always prints."""

    def __init__(self, root: Path, folder: str) -> None:
        self.root = root
        self.folder = folder
        self.errors: list[ReportError] = []

    def record(self, name: str) -> Record | None:
        """Return the JSON object in a file of the build; None where there is none, or none that can be read."""
        file = f"{self.folder}/{name}"
        path = self.root / file
        if not path.exists():
            return None
        try:
            return Record(read_json(read(path, file), file), file)
        except ReportError as error:
            self.errors.append(error)
            return None

    def left(self, name: str, read: Callable[[Record], Kind]) -> Left[Kind] | None:
        """Return what `read` finds in a file of the build; None where the step has not run, or left nothing sound."""
        record = self.record(name)
        try:
            return None if record is None else Left(read(record), record.file)
        except ReportError as error:
            self.errors.append(error)
            return None


def read_estimate(root: Path, folder: str) -> Estimate:
    """Return the estimate of the build in `folder`. Raises ReportError: without it there is nothing to report on."""
    file = f"{folder}/estimate.json"
    path = root / file
    if not path.exists():
        raise UnreadableError(file, None, "there is no such file", "`doit reports` in the checkout writes it")
    record = Record(read_json(read(path, file), file), file)
    platform, budget = record.record("platform"), record.record("budget")
    blocks = tuple(_block(Record(value, file, "blocks")) for value in record.items("blocks"))
    return Estimate(
        network=record.text("network"),
        toolchain=record.text("toolchain"),
        target=record.text("target"),
        clock_mhz=record.number("clock_mhz"),
        platform=platform.text("name"),
        part=platform.text("part"),
        budget=read_resources(budget.record("total")),
        slr_budgets={name.lower(): read_resources(part) for name, part in budget.record("slrs").records().items()},
        blocks=blocks,
        formula_note=record.maybe_text("formula_note") or "",
    )


def _block(record: Record) -> BlockEstimate:
    return BlockEstimate(
        block=record.text("block"),
        core=record.text("core"),
        kind=record.text("kind"),
        interval_cycles=record.count("interval_cycles"),
        bottleneck=record.text("bottleneck"),
        area=None if record.value.get("area") is None else read_resources(record.record("area")),
        parameter_bits=record.maybe_count("parameter_bits"),
        view=record.maybe_text("view"),
        around=read_resources(record.record("around")) if "around" in record else UNKNOWN,
    )
