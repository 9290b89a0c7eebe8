"""What each block of a network takes: its core's logic, its parameter memories, what stands in front of and behind it.

The core's logic is from a named source: out-of-context synthesis of the toolchain and view being linked, or formulas.
Parameter memories are counted as they are built, width converters and FIFOs between blocks by formula: a converter
with the block whose port is wider, so that the narrower stream crosses between SLRs, a FIFO with the block it feeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from blocks.graph import Core
from blocks.network import Network
from blocks.operators import estimate
from blocks.operators.base import Area
from blocks.operators.width_converter import WidthConverter
from blocks.parameter_memory.plan import plan_memory
from config.document import load
from config.problem import ConfigError, Problem
from integration.design import Design, design_of
from integration.resources import Resources, total

FORMULA = "formula"


@dataclass(frozen=True)
class BlockNeeds:
    """What a block takes. `source` is the origin of `logic` ("formula", "ooc, Vivado 2022.2"), `around` the rest."""

    block: str
    core: str
    logic: Resources
    around: Resources
    source: str = FORMULA
    is_estimate: bool = True

    @property
    def resources(self) -> Resources:
        """Logic and the rest; what is unknown of the logic is not known of the block but for the rest of it."""
        return total((self.logic, self.around))


def needs_of(network: Network) -> tuple[BlockNeeds, ...]:
    """What the blocks take by formula, in the order of the pipeline; formulas know no registers and no DMA."""
    around = _links(design_of(network))
    return tuple(
        BlockNeeds(
            name,
            core.name,
            _resources(core.graph.area()) if isinstance(core, Core) else Resources(),
            _resources(around.get(name, Area()) + (_memories(core) if isinstance(core, Core) else Area())),
        )
        for name, core in network.cores().items()
    )


def synthesised(needs: tuple[BlockNeeds, ...], values: Mapping[str, Path], *, required: bool) -> tuple[BlockNeeds, ...]:
    """The needs with the logic of each core from its `values.json` of the `ooc` step.

    Args:
        needs: What is known by formula.
        values: Core name to file. A file that is not there is one that the step has not left yet.
        required: Whether every core must have one.

    Raises:
        ConfigError: a file that is no such values, or one that is required and not there.
    """
    found: dict[str, tuple[Resources, str, bool]] = {}
    problems: list[Problem] = []
    for core in sorted({each.core for each in needs}):
        path = values.get(core)
        if path is not None and path.exists():
            found[core] = _synthesis(path)
        elif required:
            block = next(each.block for each in needs if each.core == core)
            what = f"there are no synthesis values of {core}"
            problems.append(Problem(str(path or core), None, what, f"run 'doit ooc:{block}', or set fit.source=auto"))
    if problems:
        raise ConfigError(problems)
    return tuple(
        BlockNeeds(each.block, each.core, found[each.core][0], each.around, *found[each.core][1:])
        if each.core in found
        else each
        for each in needs
    )


def _synthesis(path: Path) -> tuple[Resources, str, bool]:
    # JSON is YAML, and this reader says the line of a mistake.
    document = load(path)
    document.integer("format", default=1, choices=(1,))
    resources = Resources.read(document)
    tool = document.text("tool", default=None)
    is_estimate = document.flag("is_estimate", default=False)
    document.problems.raise_if_any()
    return resources, "ooc" if tool is None else f"ooc, {tool}", is_estimate


def _links(design: Design) -> dict[str, Area]:
    around: dict[str, Area] = {}
    for link in design.links:
        source, sink = link.source, link.sink
        fifo = estimate.fifo(sink.lanes * sink.bits, link.depth)
        around[sink.instance] = around.get(sink.instance, Area()) + fifo
        if link.converts:
            elements = source.lanes * sink.lanes
            converter = WidthConverter(source.lanes, sink.lanes, source.bits, elements)
            wider = source.instance if source.lanes > sink.lanes else sink.instance
            around[wider] = around.get(wider, Area()) + converter.area()
    return around


def _memories(core: Core) -> Area:
    area = Area()
    for port in core.graph.parameter_ports():
        area += plan_memory(port.stream.width_bits, port.stream.depth).area
    return area


def _resources(area: Area) -> Resources:
    return Resources(
        luts=ceil(area.lut), bram_tiles=ceil(2 * area.bram36) / 2, urams=ceil(area.uram), dsps=ceil(area.dsp)
    )
