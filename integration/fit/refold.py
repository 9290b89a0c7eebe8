"""Other foldings of the slowest layers: what a design that does not fit could give up, and what an image takes then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from blocks.kinds.block import Block
from blocks.network import Network
from config.fpga_resources import NAMES, Resources
from config.frozen import dataclass
from config.problem import ConfigError
from integration.fit.needs import BlockNeeds, needs_of


@dataclass(frozen=True)
class Slowed:
    """A layer with fewer processing elements than it has."""

    block: str
    layer: str
    pe: int
    pe_before: int

    @property
    def name(self) -> str:
        """The layer, as `block.layer`."""
        return f"{self.block}.{self.layer}"


@dataclass(frozen=True)
class Changed:
    """Other needs of a block. `logic` and `before` are by formula, with the new folding and the present one."""

    block: str
    logic: Resources
    before: Resources
    around: Resources

    def of(self, needs: BlockNeeds) -> BlockNeeds:
        """The needs of the block: logic from synthesis changes in the proportion of the formulas."""
        amounts = {}
        for name in NAMES:
            had, now, was = (each.by_name[name] for each in (needs.logic, self.logic, self.before))
            amounts[name] = had if had is None or now is None or not was else had * now / was
        return replace(needs, logic=Resources(**amounts).rounded_up(), around=self.around)


@dataclass(frozen=True)
class Refolding:
    """One of the slowest layers, or several, with fewer processing elements. `interval` is cycles an image."""

    layers: tuple[Slowed, ...]
    interval: int
    interval_before: int
    changed: tuple[Changed, ...]

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Refolding:
        """What `asdict` made of it."""
        layers = tuple(Slowed(**each) for each in description["layers"])
        changed = tuple(
            Changed(each["block"], *(Resources(**each[key]) for key in ("logic", "before", "around")))
            for each in description["changed"]
        )
        return cls(**{**description, "layers": layers, "changed": changed})

    def of(self, blocks: tuple[BlockNeeds, ...]) -> tuple[BlockNeeds, ...]:
        """The needs of all blocks with this folding."""
        changed = {each.block: each for each in self.changed}
        return tuple(changed[each.block].of(each) if each.block in changed else each for each in blocks)


def refoldings(network: Network) -> tuple[Refolding, ...]:
    """All of each of the slowest layers alone, and of all of them together; the least cycles first.

    Once one of them is slower, the others may be so too without a longer interval. Layers of another kind than those
    with processing elements are left out.
    """
    before = needs_of(network)
    alone = [one for slowed in _slowest(network) if (one := _refolding(network, before, (slowed,)))]
    found = list(alone)
    for interval in sorted({each.interval for each in alone}):
        # Of each layer the last one that is fast enough, with the fewest elements.
        together = {each.layers[0].name: each.layers[0] for each in alone if each.interval <= interval}
        if len(together) > 1 and (every := _refolding(network, before, tuple(together.values()))):
            found.append(every)
    return tuple(sorted(found, key=lambda each: (each.interval, len(each.layers))))


def _slowest(network: Network) -> Iterator[Slowed]:
    """Each of the slowest layers, once for each number of processing elements that makes it slower, the most first."""
    interval, _ = network.interval()
    for block in network.blocks:
        slowest = [operator for operator, cycles in block.core().cycles().items() if cycles == interval]
        for layer in _layers(block) if slowest else ():
            # A divisor keeps every fold full.
            for pe in (less for less in range(layer.pe - 1, 0, -1) if layer.pe % less == 0):
                cycles = _cycles(_folded(block, {layer.name: pe}))
                if any(cycles.get(operator, 0) > interval for operator in slowest):
                    yield Slowed(block.name, layer.name, pe, layer.pe)


def _refolding(network: Network, before: tuple[BlockNeeds, ...], layers: tuple[Slowed, ...]) -> Refolding | None:
    """None for a folding that cannot be built: a parameter memory would be too deep."""
    pe: dict[str, dict[str, int]] = {}
    for each in layers:
        pe.setdefault(each.block, {})[each.layer] = each.pe
    blocks = tuple(_folded(block, pe[block.name]) if block.name in pe else block for block in network.blocks)
    # A converter between two blocks counts for either of them.
    ring = [network.dma.name, *(block.name for block in blocks)]
    near = {ring[(at + step) % len(ring)] for at, name in enumerate(ring) if name in pe for step in (-1, 0, 1)}
    try:
        needs = needs_of(replace(network, blocks=blocks), only=near)
    except (ConfigError, ValueError):
        return None
    changed = tuple(
        Changed(now.block, now.logic, was.logic, now.around)
        for was, now in zip((each for each in before if each.block in near), needs, strict=True)
        if now != was
    )
    interval = max(cycles for block in blocks if block.name in pe for cycles in _cycles(block).values())
    return Refolding(layers, interval, network.interval()[0], changed)


def _cycles(block: Block) -> Mapping[str, int]:
    """By operator; empty for a folding that cannot be built."""
    try:
        return block.core().cycles()
    except (ConfigError, ValueError):
        return {}


def _layers(block: Any) -> Iterator[Any]:
    """The layers of a block that have processing elements."""
    for field in fields(block):
        value = getattr(block, field.name)
        yield from filter(_has_elements, value if isinstance(value, tuple) else (value,))


def _has_elements(value: Any) -> bool:
    return is_dataclass(value) and bool(getattr(value, "pe", None))


def _folded(block: Any, pe: Mapping[str, int]) -> Any:
    """A copy of a block whose layers of these names have so many processing elements."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        return replace(value, pe=pe[value.name]) if _has_elements(value) and value.name in pe else value

    return replace(block, **{field.name: changed(getattr(block, field.name)) for field in fields(block)})
