"""From layers in a row to blocks with names, as the network file lists them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from blocks.core.ports import VERILOG_WORDS
from blocks.layers.reader import _MADE as MADE
from blocks.layers.reader import RESERVED
from blocks.qonnx.lowering.flow import PRODUCTS, Joined, Layer, Trunk
from blocks.qonnx.lowering.steps import Array

_POOLS = ("average_pool", "global_average_pool")
_MOST_NAME = 32
"""The reader allows 40. The rest is for a number that tells equal names apart."""


@dataclasses.dataclass
class Block:
    """Layers on one path, or a join with what stands behind it. `end`: the place where its results are given.

    `before`: layers in front of the fork whose sums both paths read.
    """

    layers: list[Layer] = dataclasses.field(default_factory=list)
    joined: Joined | None = None
    before: list[Layer] = dataclasses.field(default_factory=list)
    end: Trunk | None = None

    @property
    def all(self) -> Iterator[Layer]:
        """Every layer of it."""
        yield from self.before
        if self.joined:
            yield from (*self.joined.main, *self.joined.side)
        yield from self.layers


def blocks_of(last: Trunk) -> list[Block]:
    """Divide what leads to a place into blocks.

    A block begins at a join, which takes the activation behind it along, or at a product. It ends with an activation or
    a pool. Equal layers then make equal blocks, which are built once.
    """
    made: list[Block] = []
    current = Block()
    for place in list(last.back())[::-1]:
        if place.joined:
            ends_with_sums = bool(current.layers) and current.layers[-1].type in PRODUCTS
            made += [current] if not ends_with_sums and (current.layers or current.joined) else []
            current = Block(joined=place.joined, before=current.layers if ends_with_sums else [])
        elif place.layer:
            holds = current.joined is not None or any(each.type in (*PRODUCTS, *_POOLS) for each in current.layers)
            behind_pool = bool(current.layers) and current.layers[-1].type in _POOLS
            starts = place.layer.type in _POOLS or (place.layer.type in PRODUCTS and not behind_pool)
            if starts and holds:
                made.append(current)
                current = Block()
            current.layers.append(place.layer)
        current.end = place
    return [*made, current]


class Names:
    """Legal names of their own, after those of nodes."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def of(self, node: str) -> str:
        """A name after a node's: a letter, then letters, digits and single _."""
        plain = re.sub("[^A-Za-z0-9]+", "_", node).strip("_") or "layer"
        plain = plain if plain[0].isalpha() else f"n{plain}"
        if len(plain) > _MOST_NAME:
            plain = plain[-_MOST_NAME:].lstrip("_0123456789") or "layer"
        name, number = plain, 1
        while self._clashes(name):
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        return name

    def _clashes(self, name: str) -> bool:
        if name in self._taken or name.lower() in {each.lower() for each in (*RESERVED, *VERILOG_WORDS)}:
            return True
        return any(name == f"{each}{ending}" or each == f"{name}{ending}" for each in self._taken for ending in MADE)


def named(blocks: list[Block]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Array]], dict[str, Trunk]]:
    """The blocks as the network file has them, their arrays, and the place where each ends; all by name."""
    names = Names(frozenset({"inoutdma"}))
    listed: list[dict[str, Any]] = []
    arrays: dict[str, dict[str, Array]] = {}
    ends: dict[str, Trunk] = {}
    for block in blocks:
        node = block.joined.node if block.joined else _leading(block.layers).node
        name = names.of(node)
        layers = Names()
        held: dict[str, Array] = {}
        shown = {id(layer): _layer(layer, layers.of(layer.node), held) for layer in block.all}
        entry: dict[str, Any] = {"name": name, "kind": "block"}
        if block.before:
            entry["before"] = [shown[id(each)] for each in block.before]
        if block.joined:
            entry["main"] = [shown[id(each)] for each in block.joined.main]
            entry["side"] = [shown[id(each)] for each in block.joined.side]
            entry["join"] = {"factors": list(block.joined.factors)}
            if block.layers:
                entry["after"] = [shown[id(each)] for each in block.layers]
        else:
            entry["layers"] = [shown[id(each)] for each in block.layers]
        listed.append(entry)
        arrays[name] = held
        assert block.end is not None  # noqa: S101  set with each layer
        ends[name] = block.end
    return listed, arrays, ends


def _leading(layers: list[Layer]) -> Layer:
    return next((each for each in layers if each.type in PRODUCTS), layers[0])


def _layer(layer: Layer, name: str, held: dict[str, Array]) -> dict[str, Any]:
    held.update({f"{name}_{ending}": values for ending, values in layer.arrays.items()})
    return {"name": name, "type": layer.type, **layer.keys}
