"""The input of a fit: blocks, streams, memory ports, the board's SLRs, ceilings and pins, as one frozen value.

It is plain data, so a step can read it from a file. Synthesis values are added once they exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from blocks.network import Network
from config.fpga_resources import Resources
from config.frozen import dataclass
from config.problem import ConfigError, Problem, suggestion
from config.settings import Settings
from integration.design import End, design_of, kernel_of
from integration.fit.needs import BlockNeeds, needs_of
from integration.fit.refold import Refolding
from integration.fit.result import ClockRequest
from integration.fit.settings import FitSettings
from integration.platform import Platform

FORMAT = 1
ADDRESS_BITS = 64
# AXI4 (AMBA IHI 0022), per channel with its valid and ready, one ID bit: an address has length 8, size 3, burst 2,
# lock 1, cache 4, protection 3, quality 4, region 4; write data has strobes and last, read data response 2 and last.
_ADDRESS_CHANNEL = ADDRESS_BITS + 8 + 3 + 2 + 1 + 4 + 3 + 4 + 4 + 1 + 2
_WRITE_REST, _READ_REST, _RESPONSE = 1 + 2, 1 + 2 + 1 + 2, 1 + 2 + 2


def stream_wires(bits: int) -> int:
    """Wires of an AXI4-Stream with `bits` bits of data: data in whole bytes, valid, ready."""
    return -(-bits // 8) * 8 + 2


def memory_wires(bits: int) -> int:
    """Wires of an AXI4 port with `bits` bits of data, both directions."""
    return 2 * _ADDRESS_CHANNEL + (bits + bits // 8 + _WRITE_REST) + (bits + _READ_REST) + _RESPONSE


@dataclass(frozen=True)
class StreamWires:
    """A stream between two blocks, on the narrower side of its converter. `source` and `sink` are `block.port`."""

    source: str
    sink: str
    wires: int


@dataclass(frozen=True)
class Bank:
    """A memory that a port may be joined to; `slr` is None if it is unknown."""

    tag: str
    sp: str
    slr: str | None


@dataclass(frozen=True)
class PortBanks:
    """A memory port of the kernel and the memories that it may be joined to, the preferred one first."""

    argument: str
    port: str
    wires: int
    banks: tuple[Bank, ...]


@dataclass(frozen=True)
class SlrBudget:
    """An SLR and the resources that the shell leaves in it."""

    slr: str
    budget: Resources


@dataclass(frozen=True)
class FitProblem:
    """A fit to solve. `blocks[0]` is the DMA; `streams` are the chain in order, then those that close it.

    `ceilings` are percent of the budgets by resource, None for the guideline; `pins` are (block, SLR); `toolchain`
    links the kernel; `better` tells how to get better figures of the blocks, empty if there are none. `refoldings` are
    those of the slowest layers that are tried if nothing fits.
    """

    network: str
    compute_unit: str
    platform: str
    vbnv: str
    part: str
    blocks: tuple[BlockNeeds, ...]
    streams: tuple[StreamWires, ...]
    ports: tuple[PortBanks, ...]
    slrs: tuple[SlrBudget, ...]
    total: Resources
    slls: int | None
    clock: ClockRequest
    ceilings: tuple[float | None, ...]
    pins: tuple[tuple[str, str], ...] = ()
    toolchain: str = ""
    better: str = ""
    refoldings: tuple[Refolding, ...] = ()

    def describe(self) -> dict[str, Any]:
        """The problem as plain JSON values; `from_description` reads it back."""
        values = {"format": FORMAT, **asdict(self)}
        if not self.refoldings:
            # Without them it is the text of before, and so is the key of a step that reads it.
            del values["refoldings"]
        return values

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> FitProblem:
        """The problem that `describe` wrote."""
        given = {key: value for key, value in description.items() if key != "format"}
        return cls(
            **{
                **given,
                "blocks": tuple(
                    BlockNeeds(**{**each, "logic": Resources(**each["logic"]), "around": Resources(**each["around"])})
                    for each in given["blocks"]
                ),
                "streams": tuple(StreamWires(**each) for each in given["streams"]),
                "ports": tuple(
                    PortBanks(**{**each, "banks": tuple(Bank(**bank) for bank in each["banks"])})
                    for each in given["ports"]
                ),
                "slrs": tuple(SlrBudget(each["slr"], Resources(**each["budget"])) for each in given["slrs"]),
                "total": Resources(**given["total"]),
                "clock": ClockRequest(**given["clock"]),
                "ceilings": tuple(given["ceilings"]),
                "pins": tuple((block, slr) for block, slr in given["pins"]),
                "refoldings": tuple(Refolding.from_description(each) for each in given.get("refoldings", ())),
            }
        )

    def with_blocks(self, blocks: tuple[BlockNeeds, ...], better: str = "") -> FitProblem:
        """The same problem with other needs."""
        return replace(self, blocks=blocks, better=better)


def problem_of(
    network: Network,
    platform: Platform,
    settings: Settings,
    toolchain: str | None = None,
    views: Mapping[str, str] | None = None,
    *,
    any_clock: bool = False,
) -> FitProblem:
    """The problem of a network on a board, with needs by formula. `views` maps core names to views.

    With `any_clock` the clock may be faster than the shell's fastest, as in a simulation.

    Raises:
        ConfigError: the board has no budgets per SLR, a pin names an unknown block or SLR, or the clock is too fast.
    """
    fit, kernel, design = settings.section(FitSettings), kernel_of(network), design_of(network)
    clock = platform.data_clock
    slrs = [name for name, _ in platform.budget.slrs]
    blocks = needs_of(network, views)
    problems = [*_pin_problems(settings, fit, [each.block for each in blocks], slrs)]
    if not slrs:
        what = f"board {platform.name} has no budget per SLR"
        problems.append(settings.problem("platform", what, f"add budget.slrs to platform/{platform.name}.yaml"))
    if clock.most_mhz is not None and settings.clock_mhz > clock.most_mhz and not any_clock:
        what = (
            f"{settings.clock_mhz:g} MHz is more than the {clock.most_mhz} MHz that {platform.vbnv} can give a kernel"
        )
        problems.append(settings.problem("clock_mhz", what, f"ask for at most {clock.most_mhz}"))
    if problems:
        raise ConfigError(problems)
    return FitProblem(
        network=network.name,
        compute_unit=kernel.instance,
        platform=platform.name,
        vbnv=platform.vbnv,
        part=platform.part,
        blocks=blocks,
        streams=tuple(
            StreamWires(_port(link.source), _port(link.sink), stream_wires(min(_bits(link.source), _bits(link.sink))))
            for link in sorted(design.links, key=lambda link: link.source.port == "weights")
        ),
        ports=tuple(
            PortBanks(
                each.name,
                each.port,
                memory_wires(each.port_bits),
                tuple(Bank(bank.tag, bank.sp, bank.slr) for bank in map(platform.bank, platform.tags(each.name))),
            )
            for each in kernel.arguments
        ),
        slrs=tuple(SlrBudget(name, amounts) for name, amounts in platform.budget.slrs),
        total=platform.budget.total,
        slls=platform.slls,
        clock=ClockRequest(clock.name, settings.clock_mhz, clock.mhz, clock.most_mhz),
        ceilings=fit.ceilings,
        pins=fit.pin,
        toolchain=toolchain or settings.toolchain,
    )


def _pin_problems(settings: Settings, fit: FitSettings, blocks: list[str], slrs: list[str]) -> list[Problem]:
    problems = []
    for block, slr in fit.pin:
        if block not in blocks:
            what = f"there is no block {block!r} to pin"
            problems.append(settings.problem(f"fit.pin.{block}", what, suggestion(block, blocks)))
        elif slrs and slr not in slrs:
            what = f"{block} is pinned to {slr!r}, but the board has no such SLR"
            problems.append(settings.problem(f"fit.pin.{block}", what, suggestion(slr, slrs)))
    return problems


def _port(end: End) -> str:
    return f"{end.instance}.{end.port}"


def _bits(end: End) -> int:
    return end.lanes * end.bits
