"""The report of a build as a value. Every cell has a value with its source, or names the task that supplies it."""

from __future__ import annotations

from dataclasses import dataclass

from reports.reading.errors import ReportError
from reports.summary.fit_values import FitValues
from reports.summary.gates import Outcome
from reports.summary.step_values import DoubtfulPath
from reports.summary.times import StepCost
from reports.summary.values import Estimate


@dataclass(frozen=True)
class Cell:
    """A value with its source file, or None with the task that supplies it (`doit <task>`)."""

    value: float | str | None
    source: str | None = None
    task: str | None = None
    is_estimate: bool = False
    stand_in: bool = False


@dataclass(frozen=True)
class Checked(Cell):
    """The C++ compared with the model: "equal", "differs", "passed" (the tool compared) or "no C++", with counts."""

    elements_compared: int | None = None
    differences: int | None = None


@dataclass(frozen=True)
class Xclbin:
    """The linked xclbin; None if unknown. `task` is the task that links, None if that has been done."""

    source: str | None = None
    task: str | None = None
    size_bytes: int | None = None
    clock_mhz: float | None = None
    requested_mhz: float | None = None
    parameters: str | None = None
    tool: str | None = None


@dataclass(frozen=True)
class Amount:
    """The cell of a resource."""

    resource: str
    cell: Cell


@dataclass(frozen=True)
class BlockRow:
    """A block: estimates by formula, results of synthesis and of simulation.

    `view` is the view that was synthesised (rtl, hls), `tool` the synthesis tool, `simulator` the simulator; None if
    unknown.
    """

    block: str
    core: str
    interval_estimate_cycles: int
    bottleneck: str
    estimate: tuple[Amount, ...]
    parameter_bits: int | None
    view: str | None
    tool: str | None
    synthesis: tuple[Amount, ...]
    logic_ns: Cell
    doubtful: tuple[DoubtfulPath, ...]
    interval_cycles: Cell
    latency_cycles: Cell
    simulator: str | None
    simulation_differences: int | None
    checked: Checked
    parameters: Cell

    def resource(self, name: str) -> Cell:
        """Return the amount of a resource according to synthesis."""
        return next(amount.cell for amount in self.synthesis if amount.resource == name)


@dataclass(frozen=True)
class Rate:
    """Images per second at the build's clock, and the block that limits it. `stand_in`: the cycles are invented.

    `latency_cycles` is that of the first image, None if unknown.
    """

    interval_cycles: int
    fps: float
    bottleneck: str
    stand_in: bool = False
    latency_cycles: int | None = None


@dataclass(frozen=True)
class Total:
    """The total of a resource: by formula, by synthesis, and linked; with the budget.

    Parameter memories are outside the cores: the formula and the linked figure include them, synthesis does not. The
    formula does not include the DMA block, because no formula exists for it.
    """

    resource: str
    estimate: float | None
    synthesis: Cell
    linked: Cell
    budget: float | None

    def share_percent(self, used: float | None) -> float | None:
        """Return `used` as a share of the budget, in percent; None if one of them is unknown."""
        return None if used is None or not self.budget else 100 * used / self.budget


@dataclass(frozen=True)
class SlrRow:
    """An SLR after the link: amounts used, and amounts that the shell leaves to a kernel, by resource."""

    slr: str
    used: tuple[Amount, ...]
    budgets: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class BuildReport:
    """The report of a build. `errors` lists the files that exist but cannot be read.

    `estimated_rate` is that of the slowest operator by formula, `cores_rate` that of the slowest core, each simulated
    alone. Neither is the kernel's: that is `simulated_rate`, from the simulation of all blocks together.

    The rates are at the clock asked for; `reached_mhz` is the clock that the link achieved. `stand_ins` are the
    stand-ins of tools; their figures are invented.
    """

    estimate: Estimate
    blocks: tuple[BlockRow, ...]
    estimated_rate: Rate
    cores_rate: Rate | None
    simulated_rate: Rate | None
    totals: tuple[Total, ...]
    slrs: tuple[SlrRow, ...]
    timing: tuple[tuple[str, Cell], ...]
    reached_mhz: Cell
    xclbin: Xclbin
    costs: tuple[StepCost, ...]
    gates: tuple[Outcome, ...]
    errors: tuple[ReportError, ...]
    fit: FitValues | None = None
    stand_ins: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all gates have passed."""
        return all(gate.passed for gate in self.gates)
