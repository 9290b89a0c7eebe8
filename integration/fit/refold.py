"""Other foldings of the slowest layer: what a design that does not fit could give up, and what an image takes then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from blocks.network import Network
from config.fpga_resources import NAMES, Resources
from config.frozen import dataclass
from config.problem import ConfigError
from integration.fit.needs import BlockNeeds, needs_of


@dataclass(frozen=True)
class Refolding:
    """The slowest layer with fewer processing elements, and what its block needs then.

    `logic` and `before` are by formula, with the new folding and the present one. `interval` is cycles an image.
    """

    block: str
    layer: str
    pe: int
    pe_before: int
    interval: int
    interval_before: int
    logic: Resources
    before: Resources
    around: Resources

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Refolding:
        """What `asdict` made of it."""
        amounts = {key: Resources(**description[key]) for key in ("logic", "before", "around")}
        return cls(**{**description, **amounts})

    @property
    def name(self) -> str:
        """The layer, as `block.layer`."""
        return f"{self.block}.{self.layer}"

    def of(self, needs: BlockNeeds) -> BlockNeeds:
        """The needs of its block: logic from synthesis changes in the proportion of the formulas."""
        amounts = {}
        for name in NAMES:
            had, now, was = (each.by_name[name] for each in (needs.logic, self.logic, self.before))
            amounts[name] = had if had is None or now is None or not was else had * now / was
        return replace(needs, logic=Resources(**amounts).rounded_up(), around=self.around)


def refoldings(network: Network) -> tuple[Refolding, ...]:
    """All of the slowest layer, the most processing elements first; none where another kind of operator is slowest."""
    interval, slowest = network.interval()
    block, _, operator = slowest.partition(".")
    found = []
    for index, each in enumerate(network.blocks):
        for layer, pe, pe_before, changed in _with_less(each) if each.name == block else ():
            other = replace(network, blocks=(*network.blocks[:index], changed, *network.blocks[index + 1 :]))
            try:
                most, needs = changed.core().cycles().get(operator, 0), _needs(other, block)
            except (ConfigError, ValueError):
                # A folding that cannot be built: a parameter memory would be too deep.
                continue
            if most > interval:
                before = _needs(network, block).logic
                found.append(Refolding(block, layer, pe, pe_before, most, interval, needs.logic, before, needs.around))
    return tuple(found)


def _needs(network: Network, block: str) -> BlockNeeds:
    return next(each for each in needs_of(network) if each.block == block)


def _with_less(part: Any) -> Iterator[tuple[str, int, int, Any]]:
    """Copies of a block in which one of its layers has fewer processing elements: name, the number, that before."""
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, tuple):
            for at, each in enumerate(value):
                for *what, changed in _layer_with_less(each):
                    yield *what, replace(part, **{field.name: (*value[:at], changed, *value[at + 1 :])})
        else:
            for *what, changed in _layer_with_less(value):
                yield *what, replace(part, **{field.name: changed})


def _layer_with_less(layer: Any) -> Iterator[tuple[str, int, int, Any]]:
    pe = getattr(layer, "pe", 0) if is_dataclass(layer) else 0
    for less in range(pe - 1, 0, -1):
        # A divisor keeps every fold full.
        if pe % less == 0:
            yield layer.name, less, pe, replace(layer, pe=less)
