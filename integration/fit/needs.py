"""The resources of each block: its core's logic, its parameter memories, and the converters and FIFOs at its ports.

The logic of all cores has the same named source: out-of-context synthesis of the toolchain and view being linked, or
formulas. The two are never mixed, because formulas would make their blocks look larger than the others. Parameter
memories are counted as built, width converters and FIFOs between blocks by formula. A converter counts for the block
with the wider port, so that the narrower stream crosses between SLRs; a FIFO counts for the block that it feeds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path

from blocks.core.base import Core
from blocks.network import Network
from blocks.operators import estimate
from blocks.operators.base import by_formula
from blocks.operators.width_converter import WidthConverter
from blocks.parameter_memory.plan import memory_plans
from config.document import Section, load
from config.fpga_resources import NAMES, UNKNOWN, Resources
from config.frozen import dataclass
from config.problem import ConfigError, Problem
from integration.design import Design, design_of
from integration.fit.result import FORMULA

FARTHEST_PERCENT = 11
"""How far LUTs by formula are from those of Yosys' synthesis at most, of a core of the networks that ship."""
LUT_NOTE = (
    f"LUTs by formula are within {FARTHEST_PERCENT} % of Yosys' synthesis for the shipped networks (docs/figures.md)"
)


@dataclass(frozen=True)
class BlockNeeds:
    """The resources of a block: `logic` of its core, and `around` for memories, converters and FIFOs.

    `source` is the origin of `logic` ("formula", "ooc, Vivado 2022.2"). `view` is that of the synthesised core: rtl,
    hls, or None if unknown.
    """

    block: str
    core: str
    logic: Resources
    around: Resources
    source: str = FORMULA
    is_estimate: bool = True
    view: str | None = None

    @property
    def resources(self) -> Resources:
        """`logic` plus `around`. For a resource unknown in `logic` this is only the part in `around`."""
        return self.logic + self.around


def needs_of(
    network: Network, views: Mapping[str, str] | None = None, only: Collection[str] | None = None
) -> tuple[BlockNeeds, ...]:
    """The needs of all blocks by formula, in the order of the pipeline. No formula gives registers or the DMA's logic.

    `views` maps core names to views. `only` are the names of the blocks that are wanted, if not all are.
    """
    links = _links(design_of(network))
    return tuple(
        BlockNeeds(
            name,
            core.name,
            UNKNOWN if (area := core.area()) is None else area.rounded_up(),
            _around(core, links.get(name, by_formula())).rounded_up(),
            view=(views or {}).get(core.name),
        )
        for name, core in network.cores().items()
        if only is None or name in only
    )


def synthesised(needs: tuple[BlockNeeds, ...], values: Mapping[str, Path]) -> tuple[BlockNeeds, ...]:
    """The needs with the logic of each core from its `values.json` of the `ooc` step.

    Args:
        needs: The needs by formula.
        values: Core name to file.

    Raises:
        ConfigError: a file is missing, malformed, or of another view than the one being linked.
    """
    found = _found(needs, values)
    problems: list[Problem] = []
    for each in {each.core: each for each in needs}.values():
        file, run = str(values.get(each.core, each.core)), f"run 'doit ooc:{each.block}', or set fit.source=formula"
        if each.core not in found:
            problems.append(Problem(file, None, f"synthesis values of {each.core} are missing", run))
        elif not _agree(each, found[each.core]):
            what = f"these values are of view {found[each.core].view}, but {each.core} is linked with view {each.view}"
            problems.append(Problem(file, None, what, run))
    if problems:
        raise ConfigError(problems)
    return tuple(_with(each, found[each.core]) for each in needs)


def best(
    needs: tuple[BlockNeeds, ...], values: Mapping[str, Path], toolchain: str
) -> tuple[tuple[BlockNeeds, ...], str]:
    """The needs by synthesis if every core has values of its view, else by formula; and how to get better ones.

    Raises:
        ConfigError: a file is malformed.
    """
    found = _found(needs, values)
    cores = {each.core: each for each in needs}
    good = [core for core, each in cores.items() if core in found and _agree(each, found[core])]
    if len(good) == len(cores):
        return tuple(_with(each, found[each.core]) for each in needs), ""
    other = [core for core in cores if core in found and core not in good]
    views = f", {len(other)} only for a view that is not linked" if other else ""
    had = f"{len(good)} of {len(cores)} cores have figures of {toolchain}'s synthesis{views}"
    return needs, f"{had}; run 'doit ooc': the fit uses them once all cores have them. {LUT_NOTE}"


@dataclass(frozen=True)
class _Synthesis:
    resources: Resources
    source: str
    is_estimate: bool
    view: str | None


def _found(needs: tuple[BlockNeeds, ...], values: Mapping[str, Path]) -> dict[str, _Synthesis]:
    cores = sorted({each.core for each in needs})
    return {core: _synthesis(values[core]) for core in cores if core in values and values[core].exists()}


def _agree(needs: BlockNeeds, found: _Synthesis) -> bool:
    return needs.view is None or found.view is None or needs.view == found.view


def _with(needs: BlockNeeds, found: _Synthesis) -> BlockNeeds:
    view = found.view or needs.view
    return replace(needs, logic=found.resources, source=found.source, is_estimate=found.is_estimate, view=view)


def _synthesis(path: Path) -> _Synthesis:
    return _sound(path) or _with_mistakes_named(path)


def _sound(path: Path) -> _Synthesis | None:
    """The values of a file without mistakes, else None. Reading JSON is a hundred times faster than reading YAML."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or type(found.get("format", 1)) is not int or found.get("format", 1) != 1:
        return None
    amounts = {name: found[name] for name in NAMES if name in found}
    numbers = all(type(amount) in (int, float) and 0 <= amount < inf for amount in amounts.values())
    tool, view, is_estimate = found.get("tool", ""), found.get("view", ""), found.get("is_estimate", False)
    if not numbers or not isinstance(tool, str) or not isinstance(view, str) or not isinstance(is_estimate, bool):
        return None
    source = f"ooc, {tool}" if tool else "ooc"
    return _Synthesis(Resources(**amounts), source, is_estimate, view or None)


def _with_mistakes_named(path: Path) -> _Synthesis:
    # JSON is YAML, and the YAML reader reports the line of a mistake.
    document = load(path)
    document.integer("format", default=1, choices=(1,))
    resources = _read(document)
    tool = document.text("tool", default=None)
    is_estimate = document.flag("is_estimate", default=False)
    view = document.text("view", default=None)
    document.problems.raise_if_any()
    return _Synthesis(resources, "ooc" if tool is None else f"ooc, {tool}", is_estimate, view)


def _read(section: Section) -> Resources:
    """The amounts in a section; missing keys are unknown."""
    return Resources(**{name: section.number(name, default=None, minimum=0) for name in NAMES})


def _links(design: Design) -> dict[str, Resources]:
    around: dict[str, Resources] = {}
    for link in design.links:
        source, sink = link.source, link.sink
        fifo = estimate.fifo(sink.lanes * sink.bits, link.depth)
        around[sink.instance] = around.get(sink.instance, by_formula()) + fifo
        if link.converts:
            elements = source.lanes * sink.lanes
            converter = WidthConverter(source.lanes, sink.lanes, source.bits, elements)
            wider = source.instance if source.lanes > sink.lanes else sink.instance
            around[wider] = around.get(wider, by_formula()) + converter.area()
    return around


def _around(core: Core, links: Resources) -> Resources:
    """Area around a core: its share of the converters and FIFOs between blocks, and its parameter memories."""
    return sum((plan.area for plan in memory_plans(core)), links)
