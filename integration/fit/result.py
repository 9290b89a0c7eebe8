"""The answer to a `FitProblem`: the place of each block, or the shortfall if nothing fits.

Programs of steps read a fit that others have made, so this module loads nothing that only computes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from config.fpga_resources import Resources
from config.frozen import dataclass

if TYPE_CHECKING:
    from integration.fit.needs import BlockNeeds
    from integration.fit.refold import Refolding
    from integration.fit.shortfall import Shortfall, TooLarge

FORMAT = 1
FORMULA = "formula"
STAND_IN = "(stand-in)"
"""Suffix of the version of a stand-in for a tool: its figures are invented."""


@dataclass(frozen=True)
class ClockRequest:
    """The requested clock, the shell's default, and the highest frequency that the shell can scale to."""

    name: str
    requested_mhz: float
    default_mhz: float
    most_mhz: float | None


@dataclass(frozen=True)
class BlockFit:
    """A block and its SLR. A block that no SLR can hold has two: the placer divides it, and each counts half of it."""

    block: str
    core: str
    slrs: tuple[str, ...]
    resources: Resources
    unknown: tuple[str, ...]
    source: str
    is_estimate: bool
    view: str | None = None

    @property
    def stand_in(self) -> bool:
        """Whether the figures are invented by a stand-in of a tool."""
        return self.source.endswith(STAND_IN)


@dataclass(frozen=True)
class Crossing:
    """A stream or memory port that leaves an SLR: the SLRs from source to sink, and its wires at each boundary."""

    source: str
    sink: str
    path: tuple[str, ...]
    wires: int


@dataclass(frozen=True)
class BankFit:
    """The memory of a kernel argument: its tag, its v++ name `sp`, and its SLR if known."""

    argument: str
    port: str
    tag: str
    sp: str
    slr: str | None


@dataclass(frozen=True)
class SlrFit:
    """An SLR: the resources used, those that the shell leaves, and those that the ceilings allow.

    A resource is unknown in `used` if it is unknown for every block; otherwise it is the sum over blocks that know it.
    """

    slr: str
    used: Resources
    budget: Resources
    allowed: Resources


@dataclass(frozen=True)
class Boundary:
    """Used wires between two neighbouring SLRs; `slls` is the number available, None if unknown."""

    below: str
    above: str
    used: int
    slls: int | None


@dataclass(frozen=True)
class Fit:
    """A placement with the proven fewest crossings under its ceilings; if `evenest`, also with the lowest peak.

    `undecided_ceilings` are lower ceilings (percent by resource) at which the search was given up.
    """

    network: str
    compute_unit: str
    platform: str
    vbnv: str
    part: str
    blocks: tuple[BlockFit, ...]
    crossings: tuple[Crossing, ...]
    boundaries_crossed: int
    peak_of_ceiling: float
    evenest: bool
    banks: tuple[BankFit, ...]
    slrs: tuple[SlrFit, ...]
    boundaries: tuple[Boundary, ...]
    clock: ClockRequest
    ceilings_percent: Mapping[str, float]
    above_guideline: tuple[str, ...]
    undecided_ceilings: tuple[Mapping[str, float], ...] = ()
    toolchain: str = ""
    better: str = ""

    @property
    def single_slr(self) -> str | None:
        """The SLR that holds the whole kernel, if one does."""
        names = {slr for block in self.blocks for slr in block.slrs}
        return names.pop() if len(names) == 1 else None

    def describe(self) -> dict[str, Any]:
        """The fit as plain JSON values; `from_description` reads it back."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Fit:
        """The fit that `describe` wrote."""
        given = {key: value for key, value in description.items() if key != "format"}

        def amounts(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
            lists = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
            return {**lists, **{name: Resources(**entry[name]) for name in names}}

        return cls(
            **{
                **given,
                "blocks": tuple(BlockFit(**amounts(each, "resources")) for each in given["blocks"]),
                "crossings": tuple(Crossing(**amounts(each)) for each in given["crossings"]),
                "banks": tuple(BankFit(**each) for each in given["banks"]),
                "slrs": tuple(SlrFit(**amounts(each, "used", "budget", "allowed")) for each in given["slrs"]),
                "boundaries": tuple(Boundary(**each) for each in given["boundaries"]),
                "clock": ClockRequest(**given["clock"]),
                "above_guideline": tuple(given["above_guideline"]),
                "undecided_ceilings": tuple(given["undecided_ceilings"]),
            }
        )


@dataclass(frozen=True)
class Misfit:
    """Nothing fits: the shortfall under the highest ceilings that the settings allow.

    `too_large` are blocks that neither an SLR nor two neighbours can hold even alone; `source` is the origin of the
    figures, `pins` are the blocks that the user has pinned. `slowest` are the slowest layers whose other foldings
    were tried, empty if none were; `refolding` is the one that fits.
    """

    network: str
    platform: str
    vbnv: str
    shortfalls: tuple[Shortfall, ...]
    ceilings_percent: Mapping[str, float]
    is_estimate: bool
    source: str = ""
    too_large: tuple[TooLarge, ...] = ()
    pins: tuple[str, ...] = ()
    toolchain: str = ""
    better: str = ""
    slowest: tuple[str, ...] = ()
    refolding: Refolding | None = None

    @property
    def stand_in(self) -> bool:
        """Whether some figures are invented by a stand-in of a tool."""
        return STAND_IN in self.source

    def describe(self) -> dict[str, Any]:
        """The misfit as plain JSON values."""
        return {"format": FORMAT, **asdict(self)}


def sources_of(blocks: Sequence[BlockNeeds | BlockFit]) -> str:
    """The origin of the blocks' figures: `view rtl, ooc, Vivado 2022.2`. If it differs, each origin with its blocks."""
    found: dict[str, list[str]] = {}
    for each in blocks:
        view = f"view {each.view}, " if each.view and each.source != FORMULA else ""
        found.setdefault(view + each.source, []).append(each.block)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{source}: {', '.join(names)}" for source, names in found.items())
