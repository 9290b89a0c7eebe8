"""Chooses a folding for a whole network: every operator keeps up with the rate, at the lowest cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from blocks.balance.options import Option, fastest, fitting, foldable, folding_keys, multiplies, products
from blocks.kinds.general import General
from blocks.layers.activation import Activation
from blocks.layers.base import Layer
from blocks.layers.pool import Pool
from blocks.network import Network
from blocks.operators.width_converter import WidthConverter
from config.frozen import dataclass

PRODUCTS_A_CYCLE = 512
"""What a network without a wanted rate is folded to, all layers together: it fits any board, and builds in minutes."""

Place = tuple[str, str]
"""A layer by its block and its name, which is its own only there."""


class FoldingError(Exception):
    """No folding reaches the wanted rate. The message names the slowest layer and the best rate."""


@dataclass(frozen=True)
class Balanced:
    """A network whose layers are folded alike.

    `folding` is what a folding file has under `blocks`: by block and layer the keys `pe`, `simd`, `mmv`, `pixels_in`.
    """

    network: Network
    cycles: int
    slowest: str
    folding: dict[str, dict[str, dict[str, int]]]

    def rate(self, clock_mhz: float) -> float:
        """Images per second."""
        return clock_mhz * 1e6 / self.cycles


def balance(network: Network, fps: float | None = None, clock_mhz: float = 250.0) -> Balanced:
    """Fold a network of general blocks for `fps` images per second; without it for `PRODUCTS_A_CYCLE`.

    The cycles are those of the operators' formulas, of the width converters between blocks, and of the DMA.

    Raises:
        FoldingError: no folding is that fast, or a block is of a kind that has to be folded by hand.
    """
    search = _Search(network)
    if fps is None:
        wanted = max(1, -(-sum(products(layer) for layer in search.layers.values()) // PRODUCTS_A_CYCLE))
        return search.best(wanted)
    wanted = int(clock_mhz * 1e6 // fps)
    found = search.within(wanted) if wanted else None
    if found is None or found.cycles > wanted:
        best = search.best(max(1, wanted))
        what = f"{fps:g} images a second at {clock_mhz:g} MHz leave {wanted} cycles for an image, but {best.slowest}"
        remedy = f"ask for at most {int(best.rate(clock_mhz))} images a second, or for a faster clock"
        raise FoldingError(f"{what} takes {best.cycles} in the fastest folding that was found; {remedy}")
    return found


class _Search:
    """Tries foldings of one network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        for block in network.blocks:
            if not isinstance(block, General):
                kind = type(block).__name__.lower()
                raise FoldingError(f"{block.name}: a block of kind {kind} is folded by hand; give its pe and simd")
        self.blocks = [block for block in network.blocks if isinstance(block, General)]
        self.layers = {(block.name, layer.name): layer for block in self.blocks for layer in block.layers}
        self._fastest: dict[Place, Option] = {}

    def best(self, most_cycles: int) -> Balanced:
        """A folding for `most_cycles`, or for the fewest that can be had."""
        found = self.within(most_cycles)
        while found.cycles > most_cycles:
            most_cycles = found.cycles
            found = self.within(most_cycles)
        # No layer has to be faster than the slowest one.
        slower = self.within(found.cycles)
        return slower if slower.cycles <= found.cycles else found

    def within(self, most_cycles: int) -> Balanced:
        """The cheapest folding of at most so many cycles that was found; if there is none, one that takes more."""
        trial = _Trial(self.blocks, {place: self._start(place, most_cycles) for place in self.layers})
        while True:
            faster = dict(self._faster(trial, most_cycles))
            if not faster:
                break
            trial = _Trial(self.blocks, {**trial.chosen, **faster})
        network = replace(self.network, blocks=tuple(trial.blocks))
        cycles = _cycles(network)
        slowest = max(cycles, key=lambda name: (cycles[name], name))
        folding: dict[str, dict[str, dict[str, int]]] = {block.name: {} for block in self.blocks}
        for (block, name), option in trial.chosen.items():
            if keys := folding_keys(option.layer):
                folding[block][name] = keys
        return Balanced(network, cycles[slowest], slowest, folding)

    def _start(self, place: Place, most_cycles: int) -> Option:
        """Layers with weights keep up by themselves; so does what a block begins with, which nothing narrows.

        The others take what comes (`pe` 0), until that proves too slow.
        """
        layer = self.layers[place]
        first = next(block for block in self.blocks if block.name == place[0]).layers[0] is layer
        if multiplies(layer) or (first and foldable(layer)):
            return fitting(layer, most_cycles) or self._quickest(place)
        return Option(replace(layer, pe=0) if isinstance(layer, Activation | Pool) else layer, 0, 0)

    def _faster(self, trial: _Trial, most_cycles: int) -> Iterator[tuple[Place, Option]]:
        """For each operator that is too slow a layer whose other folding may mend it."""
        network = replace(self.network, blocks=tuple(trial.blocks))
        for name, cycles in _cycles(network).items():
            if cycles > most_cycles:
                for place in _owners(network, self.blocks, name):
                    if option := self._step(place, trial.chosen[place], most_cycles):
                        yield place, option
                        break

    def _step(self, place: Place, option: Option, most_cycles: int) -> Option | None:
        """The next faster folding of a layer; None if it has none."""
        if not foldable(option.layer):
            return None
        quick, chosen = self._quickest(place), bool(folding_keys(option.layer))
        if chosen and quick.cycles >= option.cycles:
            return None
        wanted = option.cycles * 3 // 4 if chosen else most_cycles
        return quick if wanted <= quick.cycles else fitting(option.layer, wanted) or quick

    def _quickest(self, place: Place) -> Option:
        if place not in self._fastest:
            self._fastest[place] = fastest(self.layers[place])
        return self._fastest[place]


@dataclass(frozen=True)
class _Trial:
    """Blocks with the chosen foldings."""

    given: Sequence[General]
    chosen: dict[Place, Option]

    @cached_property
    def blocks(self) -> list[General]:
        """The blocks so folded."""
        return [self._folded(block) for block in self.given]

    def _folded(self, block: General) -> General:
        def of(layers: Sequence[Layer]) -> tuple[Layer, ...]:
            return tuple(self.chosen[block.name, layer.name].layer for layer in layers)

        return replace(
            block, before=of(block.before), main=of(block.main), side=of(block.side), after=of(block.after),
            fifo_depths=(),
        )  # fmt: skip


def _cycles(network: Network) -> dict[str, int]:
    """Cycles per image of every operator as `block.operator`, and of the width converters between blocks."""
    found = {f"{block}.{name}": n for block, core in network.cores().items() for name, n in core.cycles().items()}
    graphs = [(block.name, block.core().graph) for block in network.blocks]
    for (_, before), (name, graph) in pairwise(graphs):
        given, taken = before.outputs[0].stream, graph.inputs[0].stream
        if given.lanes != taken.lanes:
            link = WidthConverter(given.lanes, taken.lanes, given.bits, given.elements, given.signed)
            found[f"{name}.{LINK}"] = link.cycles()
    return found


LINK = "input"
"""The name that `_cycles` gives to the converter in front of a block."""


def _owners(network: Network, blocks: Sequence[General], name: str) -> Iterator[Place]:
    """The layers whose folding decides the cycles of an operator, the likeliest first."""
    where, _, operator = name.partition(".")
    if where == network.dma.name:
        block = blocks[0] if operator == "read_image" else blocks[-1]
        yield block.name, block.layers[0 if operator == "read_image" else -1].name
        yield from ((block.name, layer.name) for layer in reversed(block.layers) if operator == "read_weights")
        return
    at = next(number for number, block in enumerate(blocks) if block.name == where)
    block = blocks[at]
    if operator == LINK:
        yield where, block.layers[0].name
        yield blocks[at - 1].name, blocks[at - 1].layers[-1].name
        return
    own = [layer for layer in block.layers if operator == layer.name or operator.startswith(f"{layer.name}_")]
    if own:
        layer = max(own, key=lambda each: len(each.name))
        yield where, layer.name
        yield from ((where, each.name) for each in _read_by(block, layer))
    elif operator in ("fork", "output_width"):
        near = (*block.before[-1:], *block.main[:1], *block.side[:1]) if operator == "fork" else block.layers[-1:]
        yield from ((where, each.name) for each in near)
    else:
        ends = (*(block.main[-1:] or block.before[-1:]), *(block.side[-1:] or block.before[-1:]))
        yield from ((where, each.name) for each in ends)


def _read_by(block: General, layer: Layer) -> tuple[Layer, ...]:
    """The layers in front of a layer, within its block."""
    for path, begin in (
        (block.before, ()),
        (block.main, block.before[-1:]),
        (block.side, block.before[-1:]),
        (block.after, (*block.main[-1:], *block.side[-1:])),
    ):
        if layer in path:
            number = path.index(layer)
            return path[number - 1 : number] if number else begin
    return ()
