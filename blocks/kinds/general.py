"""The general block: layers on one path, or on two that fork and meet in an addition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph, GraphCore
from blocks.fifo_depths import Depths
from blocks.kinds.convolution import UNKNOWN, FeatureMap, Known, known
from blocks.layers.base import Layer, Recipe
from blocks.layers.ending import Results, TopK
from blocks.layers.join import MOST_FACTOR, Join, fifo, least_depth, rows_to_hold
from blocks.layers.product import FullyConnected
from blocks.layers.reader import read_layers
from blocks.layers.values import Values
from blocks.operators.base import Stream
from blocks.operators.duplicate import Duplicate
from config.document import Section
from config.frozen import dataclass

MAPPINGS = ("join",)
"""The keys of such a block in a network file whose values are mappings."""


@dataclass(frozen=True)
class General:
    """Layers `before` a fork, those of its two paths, and those `after` the join; without a join all are `before`."""

    name: str
    input: FeatureMap
    before: tuple[Layer, ...]
    main: tuple[Layer, ...] = ()
    side: tuple[Layer, ...] = ()
    join: Join | None = None
    after: tuple[Layer, ...] = ()
    fifo_depths: Depths = ()
    """FIFO depths that are trimmed below their bounds (`blocks/fifo_depths.py`)."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, in the order of the graph."""
        return (*self.before, *self.main, *self.side, *self.after)

    @property
    def result(self) -> Values:
        """What the last layer gives."""
        if self.after:
            return self.after[-1].output
        return self.join.output if self.join else self.before[-1].output

    @property
    def output(self) -> FeatureMap:
        """The feature map that the next block reads."""
        return self.result.between_blocks()

    @property
    def ends(self) -> bool:
        """Whether its output is that of the network."""
        return any(isinstance(last, TopK | Results) for last in self._last)

    @property
    def _last(self) -> tuple[Layer, ...]:
        """The layer that gives the output; none where a join does."""
        return (*self.before, *self.after)[-1:]

    @property
    def top(self) -> int:
        """How many indices come out; 0 if none do."""
        return next((last.k for last in self._last if isinstance(last, TopK)), 0)

    @property
    def classes(self) -> int | None:
        """The numbers that labels name: those that the last layer chooses from or gives."""
        return self._last[0].source.elements if self.ends else None

    @property
    def fc_cache(self) -> str:
        """Where the DMA keeps streamed weights during a call."""
        return next(
            (each.fc_cache for each in self.layers if isinstance(each, FullyConnected) and each.streamed), "none"
        )

    @property
    def input_lanes(self) -> int:
        """Elements a beat on the input port."""
        first = next(iter((*self.before, *self.main, *self.side, *self.after)), None)
        return first.lanes(self.input.channels) if first else self.input.channels

    def folding(self) -> dict[str, str]:
        """The folding of each layer that has one."""
        return {layer.name: text for layer in self.layers if (text := layer.folding())}

    def recipes(self) -> tuple[Recipe, ...]:
        """How the arrays of its core are made from those of its parameter file."""
        return tuple(recipe for layer in self.layers for recipe in layer.recipes())

    def core(self) -> GraphCore:
        """The logic of the block."""
        return self._core

    @cached_property
    def _core(self) -> GraphCore:
        # Cached: at each start dodo.py asks for the core of every block many times.
        return GraphCore("block", self._graph())

    def _graph(self) -> Graph:
        builder = GraphBuilder()
        shape = self.input.height, self.input.width, self.input.channels
        beats = self.input.height * self.input.width * self.input.channels // self.input_lanes
        stream = builder.port("input", Stream(self.input_lanes, self.input.bits, beats), *shape)
        stream = _chain(builder, stream, self.before)
        if self.join:
            coming = builder.stream(stream)
            both = Duplicate(lanes=coming.lanes, bits=coming.bits, beats=coming.beats, signed=coming.signed)
            main, side = builder.fork("fork", both, stream)
            main = _chain(builder, main, self.main)
            main = self._fifo(builder, "main_fifo", main, self.side, self.main, self.join.output)
            side = _chain(builder, side, self.side)
            side = self._fifo(builder, "side_fifo", side, self.main, self.side, self.join.output)
            stream = self.join.build(builder, main, side)
        stream = _chain(builder, stream, self.after)
        return builder.build(output=builder.widen("output_width", stream, 1) if self.ends else stream)

    def _fifo(
        self,
        builder: GraphBuilder,
        name: str,
        stream: str,
        waiting: Sequence[Layer],
        own: Sequence[Layer],
        joined: Values,
    ) -> str:
        """The FIFO at the end of a path, if the other one waits for more than a pixel before its first output."""
        if not any(layer.waits for layer in waiting) and not (name == "side_fifo" and waiting):
            return stream
        made = fifo(builder.stream(stream), rows_to_hold(waiting, own, self._fork, joined), joined)
        depth = dict(self.fifo_depths).get(name, made.depth)
        return builder.add(name, replace(made, depth=depth), stream)

    def least_depths(self) -> dict[str, int]:
        """By FIFO, the beats that it must hold before the join gets its first; with less the core deadlocks."""
        if not self.join:
            return {}
        fork, output = self._fork, self.join.output
        paths = {"main_fifo": (self.side, self.main), "side_fifo": (self.main, self.side)}
        return {
            node.name: least_depth(*paths[node.name], fork, output, fifo.lanes)
            for node, fifo in self.core().graph.fifos()
        }

    @property
    def _fork(self) -> Values:
        return self.before[-1].output if self.before else Values.of(self.input)


def _chain(builder: GraphBuilder, stream: str, layers: Sequence[Layer]) -> str:
    for layer in layers:
        stream = layer.build(builder, stream)
    return stream


def read(section: Section, name: str, source: Known, *, last: bool) -> tuple[General | None, Known]:
    """Read a general block; mistakes go to the section. `last`: whether it is the last of the network.

    Returns:
        The block, None if too little of it is known; and what is known of its output.
    """
    names: dict[str, Section] = {}
    entering = Values.of(source.map) if source.map else None
    before, value = read_layers(section.sections("before", default=[]), entering, names)
    main: list[Layer] = []
    side: list[Layer] = []
    join = None
    two = any(section.has(key) for key in ("main", "side", "join"))
    if two and section.has("layers"):
        section.problem("layers", f"{name}: it has one path (layers) and two (main, side)", "give one of both")
    if two:
        fork = value
        main, from_main = read_layers(section.sections("main"), fork, names)
        side, from_side = read_layers(section.sections("side", default=[]), fork, names)
        join = _read_join(section, name, from_main, from_side)
        value = join.output if join else None
    else:
        layers, value = read_layers(section.sections("layers"), value, names)
        before += layers
    after, value = read_layers(section.sections("after", default=[]), value, names)
    section.ok = section.ok and all(each.ok for each in names.values())
    if not names and section.ok:
        section.problem(None, f"{name}: it has no layers", "give it at least one")
    if value is None or source.map is None or not names:
        return None, UNKNOWN
    tail = after if two else before
    value = _end(section, name, tail, value, names, last=last)
    block = General(name, source.map, tuple(before), tuple(main), tuple(side), join, tuple(after))
    return block, Known(block.output, block.output.channels) if value else UNKNOWN


def _read_join(section: Section, name: str, main: Values | None, side: Values | None) -> Join | None:
    given = section.section("join", default=None)
    factors: tuple[int, ...] | None = (1, 1)
    if given is not None:
        factors = known(given, lambda: given.integers("factors", length=2, default=(1, 1), minimum=1))
        given.finish()
        if factors and max(factors) > MOST_FACTOR:
            given.problem("factors", f"{name}: factors {list(factors)}", f"a factor is 1 to {MOST_FACTOR}")
            factors = None
        section.ok = section.ok and given.ok
    if main is None or side is None or factors is None:
        return None
    join = Join(main, side, (factors[0], factors[1]))
    misfits = list(join.misfits())
    for key, what, remedy in misfits:
        section.problem(key if section.has(key) else None, f"{name}: {what}", remedy)
    return None if misfits else join


def _end(
    section: Section, name: str, tail: list[Layer], value: Values, names: dict[str, Section], *, last: bool
) -> Values | None:
    """Check what the block gives, and put `Results` where the network needs signed numbers; `tail` is changed."""
    ending = tail[-1] if tail else None
    for layer, section_of in ((each, names[each.name]) for each in tail[:-1] if isinstance(each, TopK)):
        section_of.problem("type", f"{layer.name}: top_k gives indices, which no layer reads", "make it the last layer")
        return None
    if isinstance(ending, TopK):
        if not last:
            what = f"{name}: top_k ends a network, but blocks follow"
            names[ending.name].problem("type", what, "move it to the last block")
            return None
        before = ending.source
        if not before.signed or before.constants:
            results = Results(f"{ending.name}_values", before)
            for _, what, remedy in results.misfits():
                names[ending.name].problem(None, f"{ending.name}: {what}", remedy)
            tail[-1:] = [results, TopK(ending.name, results.output, ending.k)]
        return value
    if last:
        results = Results("results", value)
        for _, what, remedy in results.misfits():
            section.problem(None, f"{name}: {what}", remedy)
        tail.append(results)
        return results.output
    if value.sums:
        what = f"{name}: it ends with the sums of {value.sums}, but blocks follow"
        section.problem(None, what, "end it with a threshold or requantize layer")
        return None
    return value
