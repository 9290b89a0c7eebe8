"""The head: ReLU, accumulating pool, fully connected layer with streamed weights, bias, top-k."""

from __future__ import annotations

from functools import cached_property

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph, GraphCore
from blocks.kinds.block import AsInTheFile
from blocks.kinds.convolution import MOST_CHANNELS, UNKNOWN, FeatureMap, Known, known, not_dividing
from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Stream
from blocks.operators.label_select import LabelSelect
from blocks.operators.mvau import Mvau
from config.document import Section
from config.frozen import dataclass

MAPPINGS = ()
"""The keys of such a block in a network file whose values are mappings."""

LOGIT_BITS = 32
FC_CACHES = ("none", "uram")
"""Where the DMA keeps the weights of the last layer during a call."""


@dataclass(frozen=True)
class Head(AsInTheFile):
    """The last block. The weights of its layer come from the DMA, row by row, once per image.

    `fc_cache`: whether the DMA reads them from card memory for each image ("none"), or once per call ("uram"). It
    changes the DMA's core only.
    """

    name: str
    input: FeatureMap
    classes: int
    top: int
    lanes: int
    simd: int
    weight_bits: int
    fc_cache: str = FC_CACHES[0]

    @property
    def input_lanes(self) -> int:
        """Channels a beat on the input port."""
        return self.lanes

    @property
    def pooled(self) -> AccPool:
        """ReLU and the sum over all pixels. The input has an offset of half its range, so that is its zero point."""
        return AccPool(
            channels=self.input.channels,
            pixels=self.input.height * self.input.width,
            lanes=self.lanes,
            input_bits=self.input.bits,
            zero_point=2 ** (self.input.bits - 1),
        )

    def fc(self) -> Mvau:
        """The matrix-vector unit of the fully connected layer. PE is 1 because card memory holds row after row."""
        return Mvau(
            synapses=self.input.channels,
            channels=self.classes,
            pe=1,
            simd=self.simd,
            input_bits=self.pooled.outputs[0].bits,
            weight_bits=self.weight_bits,
            pixels=1,
            streamed_weights=True,
        )

    def folding(self) -> dict[str, str]:
        """PE x SIMD of the fully connected layer."""
        return {"fc": f"1x{self.simd}"}

    def core(self) -> GraphCore:
        """The logic of the block."""
        return self._core

    @cached_property
    def _core(self) -> GraphCore:
        # Cached: at each start dodo.py asks for the core of every block many times.
        return GraphCore("head", self._graph())

    def _graph(self) -> Graph:
        builder = GraphBuilder()
        beats = self.input.height * self.input.width * self.input.channels // self.lanes
        shape = (self.input.height, self.input.width, self.input.channels)
        stream = builder.port("input", Stream(self.lanes, self.input.bits, beats), *shape)
        fc = self.fc()
        weights = builder.port("fc_weights", fc.inputs[1], self.classes, self.input.channels)
        stream = builder.add("pool", self.pooled, stream)
        stream = builder.widen("fc_input_width", stream, self.simd)
        stream = builder.add("fc", fc, stream, weights)
        bias = Add(
            lanes=1,
            beats=self.classes,
            a_bits=builder.stream(stream).bits,
            a_signed=True,
            b_bits=LOGIT_BITS,
            b_signed=True,
            output_bits=LOGIT_BITS,
            output_signed=True,
            offset=0,
            b_parameter=True,
        )
        stream = builder.add("logits", bias, stream, parameters=["fc_bias"])
        select = LabelSelect(classes=self.classes, lanes=1, bits=LOGIT_BITS, k=self.top)
        return builder.build(output=builder.add("top", select, stream))

    def least_depths(self) -> dict[str, int]:
        """None: it has no FIFO."""
        return {}


def read(section: Section, name: str, source: Known, *, last: bool) -> tuple[Head | None, Known]:
    """Read the head; mistakes go to the section. Returns None if too little of it is known."""
    if not last:
        section.problem("kind", f"{name}: a head ends a network, but blocks follow", "make it the last block")
    return _read(section, name, source), UNKNOWN


def _read(section: Section, name: str, source: Known) -> Head | None:
    classes = known(section, lambda: section.integer("classes", minimum=1, maximum=MOST_CHANNELS))
    top = known(section, lambda: section.integer("top", default=1, minimum=1, maximum=MOST_CHANNELS))
    lanes = known(section, lambda: section.integer("lanes", minimum=1))
    simd = known(section, lambda: section.integer("simd", minimum=1))
    weight_bits = section.integer("weight_bits", default=8, choices=(8,))
    fc_cache = section.text("fc_cache", default=FC_CACHES[0], choices=FC_CACHES)
    for key, value in (("lanes", lanes), ("simd", simd)):
        if value and source.channels and source.channels % value:
            _, what, remedy = not_dividing(key, value, source.channels, "channels")
            section.problem(key, f"{name}: {what}", remedy)
    if top and classes and top > classes:
        section.problem("top", f"{name}: top is {top}, but there are {classes} classes", "lower top")
    if not (section.ok and source.map and classes and top and lanes and simd):
        return None
    head = Head(name, source.map, classes, top, lanes, simd, weight_bits, fc_cache)
    for mistake in (*head.pooled.mistakes(), *head.fc().mistakes()):
        field = mistake.field if section.has(mistake.field) else None
        section.problem(field, f"{name}: {mistake.what}", mistake.remedy)
    return head
