"""Read the files in which the steps of a build leave their values, and the estimate made before any step runs.

    estimate.json               blocks, cycles, area by formula, budget (written by `doit reports`)
    fit.json                    blocks to SLRs before anything is linked (`reports.summary.fit_values`)
    hls/<core>/csim.json        elements compared with the model, and differences
    weights/<block>/memories.json   origins of the trained values
    ooc/<core>/, cosim/<block>/, link/   values.json each (`reports.summary.step_values`)

If a file is missing, its step has not run. If a member is missing, the step does not know the value.
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
    """The estimate of a block. `area` is that of its core, None if it has no formula (the DMA).

    `around` is the area around the core: parameter memories, and converters and FIFOs between blocks. `view` is the
    view to be synthesised (rtl, hls), None if the estimate does not say.
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
        """The resources of the block by formula; unknown if its core has no formula."""
        return UNKNOWN if self.area is None else self.area + self.around


@dataclass(frozen=True)
class Estimate:
    """The estimate of a build, made before any tool runs. `slr_budgets` are by SLR.

    `formula_note` says how far the formulas are from synthesis.
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
class StepOutput(Generic[Kind]):
    """A value that a step has written, and the file that holds it."""

    value: Kind
    source: str


class Folder:
    """The folder of a build. Files that cannot be read go into `errors`, so a report can always be printed."""

    def __init__(self, root: Path, folder: str) -> None:
        self.root = root
        self.folder = folder
        self.errors: list[ReportError] = []

    def record(self, name: str) -> Record | None:
        """Return the JSON object in a file of the build; None if the file is missing or cannot be read."""
        file = f"{self.folder}/{name}"
        path = self.root / file
        if not path.exists():
            return None
        try:
            return Record(read_json(read(path, file), file), file)
        except ReportError as error:
            self.errors.append(error)
            return None

    def output(self, name: str, read: Callable[[Record], Kind]) -> StepOutput[Kind] | None:
        """Return the value of a file of the build by `read`; None if the file is missing or not valid."""
        record = self.record(name)
        try:
            return None if record is None else StepOutput(read(record), record.file)
        except ReportError as error:
            self.errors.append(error)
            return None


def read_estimate(root: Path, folder: str) -> Estimate:
    """Return the estimate of the build in `folder`. Raises ReportError if it is missing or not valid."""
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
