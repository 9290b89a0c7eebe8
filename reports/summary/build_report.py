"""The report of a build as one value: every cell has a value with its source, or names the task that supplies it."""

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
    """A value with the file it is from, or None with the task that supplies it (`doit <task>`)."""

    value: float | str | None
    source: str | None = None
    task: str | None = None
    is_estimate: bool = False
    stand_in: bool = False


@dataclass(frozen=True)
class Checked(Cell):
    """The C++ beside the integer model: "equal", "differs", "passed" (the tool compared), "no C++"; and the counts."""

    elements_compared: int | None = None
    differences: int | None = None


@dataclass(frozen=True)
class Xclbin:
    """What was linked: None is not known. `task` is the one that links, None where that has been done."""

    source: str | None = None
    task: str | None = None
    size_bytes: int | None = None
    clock_mhz: float | None = None
    requested_mhz: float | None = None
    parameters: str | None = None
    tool: str | None = None


@dataclass(frozen=True)
class Amount:
    """A cell of a resource."""

    resource: str
    cell: Cell


@dataclass(frozen=True)
class BlockRow:
    """A block: estimates by formula, what its core takes in synthesis, and what was simulated.

    `view` is how the core is written for synthesis (rtl, hls), `tool` what has synthesised it, `simulator` what has
    simulated it; None is not known.
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
        """Return what synthesis says of a resource."""
        return next(amount.cell for amount in self.synthesis if amount.resource == name)


@dataclass(frozen=True)
class Rate:
    """Images a second at the build's clock, and the block that limits it; a `stand_in` has invented the cycles."""

    interval_cycles: int
    fps: float
    bottleneck: str
    stand_in: bool = False


@dataclass(frozen=True)
class Total:
    """A resource over all blocks: by formula, by synthesis, linked; the budget, and the shares of it in percent.

    The parameter memories stand outside of the cores: the formula and the linked figure include them, synthesis not.
    The formula leaves out the DMA block, which has none.
    """

    resource: str
    estimate: float | None
    synthesis: Cell
    linked: Cell
    budget: float | None

    def share_percent(self, used: float | None) -> float | None:
        """Return how much of the budget `used` is, None where one of them is not known."""
        return None if used is None or not self.budget else 100 * used / self.budget


@dataclass(frozen=True)
class SlrRow:
    """An SLR after the link: used and left to a kernel, by resource."""

    slr: str
    used: tuple[Amount, ...]
    budgets: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class BuildReport:
    """Everything that is known of a build. `errors` are files that are there and cannot be read.

    The rates are at the clock that was asked for; `reached_mhz` is the one that the link has given. `stand_ins` are the
    tools that only stood in for real ones: what they have left is invented.
    """

    estimate: Estimate
    blocks: tuple[BlockRow, ...]
    estimated_rate: Rate
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
        """Whether all gates hold."""
        return all(gate.passed for gate in self.gates)
