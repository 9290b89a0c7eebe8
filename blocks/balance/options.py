"""The foldings that a layer may have, each with its cycles per image and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from blocks.core.builder import GraphBuilder
from blocks.core.graph import Graph
from blocks.layers.activation import Activation
from blocks.layers.base import Layer
from blocks.layers.depthwise import DepthwiseConvolution
from blocks.layers.pool import Pool
from blocks.layers.product import Convolution, FullyConnected
from blocks.operators.base import MAX_PORT_BITS, Operator, Stream
from blocks.operators.checks import divisors
from blocks.operators.depthwise import Depthwise
from blocks.operators.mvau import Mvau
from blocks.parameter_memory.plan import MOST_BEATS
from config.frozen import dataclass

LUTS_A_TILE, LUTS_A_DSP = 640, 140
"""What a tile of block RAM and a DSP are worth in LUTs: the ratios of a U250, which has 1,728,000, 2,688 and 12,288."""
LUTS_A_SUM_BIT = 3
"""An accumulator, its output buffer and the comparisons behind it, for each bit of a sum."""


@dataclass(frozen=True)
class Option:
    """A layer with one of its foldings, alone: the cycles of its slowest operator, and its cost in LUTs."""

    layer: Layer
    cycles: int
    cost: float


def folding_keys(layer: Layer) -> dict[str, int]:
    """The folding of a layer as the network file gives it; keys that say nothing are left out."""
    shaped = {key: getattr(layer, key, 0) for key in ("pe", "simd", "mmv", "pixels_in")}
    return {key: value for key, value in shaped.items() if value > 1 or (value == 1 and key in ("pe", "simd"))}


def foldable(layer: Layer) -> bool:
    """Whether the network file gives it a folding."""
    return isinstance(layer, Activation | Pool | Convolution | DepthwiseConvolution | FullyConnected)


def multiplies(layer: Layer) -> bool:
    """Whether it has weights: its folding decides what the network costs."""
    return isinstance(layer, Convolution | DepthwiseConvolution | FullyConnected)


def products(layer: Layer) -> int:
    """The products that it computes for an image."""
    if isinstance(layer, Convolution):
        return layer.products.synapses * layer.channels * layer.products.pixels
    if isinstance(layer, DepthwiseConvolution):
        return layer.output.elements * prod(layer.kernel)
    return layer.source.elements * layer.channels if isinstance(layer, FullyConnected) else 0


def fitting(layer: Layer, most_cycles: int) -> Option | None:
    """The cheapest folding of at most so many cycles; None if there is none.

    More pixels at once are tried only where one is too slow: it is the dearest way to save cycles.
    """
    for group in _groups(layer, most_cycles):
        found = [option for forms in group if (option := _first(forms, most_cycles))]
        if found:
            return min(found, key=lambda option: option.cost)
    return None


def fastest(layer: Layer) -> Option:
    """The folding of the fewest cycles; of several the cheapest.

    Raises:
        ValueError: no folding of it can be built; the reader refuses such a layer with a better message.
    """
    found = [option for group in _groups(layer, 0) for forms in group if (option := _widest(forms))]
    if not found:
        raise ValueError(f"{layer.name} has no folding that can be built")
    return min(found, key=lambda option: (option.cycles, option.cost))


def _widest(forms: list[Layer]) -> Option | None:
    """Of forms that grow, the last one that can be built: ports and memories have limits."""
    return next((option for form in reversed(forms) if (option := _legal(form))), None)


def _first(forms: list[Layer], most_cycles: int) -> Option | None:
    """Of forms that grow, the first one that is quick enough."""
    return next((option for form in forms if (option := _legal(form)) and option.cycles <= most_cycles), None)


def _groups(layer: Layer, most_cycles: int) -> Iterator[list[list[Layer]]]:
    """Groups of ever dearer foldings: lists of forms of the layer that differ in `pe`, which ascends.

    Forms whose products alone take more than `most_cycles` are left out, unless it is 0.
    """
    if isinstance(layer, Convolution):
        yield from _convolutions(layer, most_cycles)
    elif isinstance(layer, FullyConnected):
        outputs = (1,) if layer.streamed else divisors(layer.channels)
        inputs, beats = divisors(layer.source.elements), products(layer)
        yield [
            [replace(layer, pe=pe, simd=simd) for pe in outputs if not most_cycles or beats <= pe * simd * most_cycles]
            for simd in inputs
        ]
    elif isinstance(layer, DepthwiseConvolution | Pool | Activation):
        yield [[replace(layer, pe=pe) for pe in divisors(layer.source.channels)]]


def _convolutions(layer: Convolution, most_cycles: int) -> Iterator[list[list[Layer]]]:
    made = layer.products
    inputs = layer.source.channels * layer.kernel[1]
    for pixels_in in divisors(layer.source.width):
        arriving = made.padded_height * -(-made.padded_width // pixels_in)
        for mmv in divisors(layer.output.width):
            if most_cycles and max(arriving, made.pixels // mmv * layer.kernel[0]) > most_cycles:
                continue
            form, beats = replace(layer, mmv=mmv, pixels_in=pixels_in), products(layer) // mmv
            yield [
                [
                    replace(form, pe=pe, simd=simd)
                    for pe in divisors(layer.channels)
                    if not most_cycles or beats <= pe * simd * most_cycles
                ]
                for simd in divisors(inputs)
            ]


def _legal(layer: Layer) -> Option | None:
    """The layer alone, fed as it wants; None if it breaks a rule."""
    if any(layer.mistakes()):
        return None
    graph = _alone(layer)
    if any(port.stream.depth > MOST_BEATS for port in graph.parameter_ports()):
        return None
    if any(port.stream.width_bits > MAX_PORT_BITS for port in graph.inputs):
        return None
    if any(graph.mistakes()):
        return None
    cost = sum(_cost(node.operator) for node in graph.nodes) + sum(port.stream.width_bits for port in graph.inputs)
    return Option(layer, max(graph.cycles().values(), default=0), cost)


def _alone(layer: Layer) -> Graph:
    builder, source = GraphBuilder(), layer.source
    lanes = layer.lanes(source.channels)
    stream = Stream(lanes, source.bits, source.elements // lanes, signed=source.signed)
    return builder.build(output=layer.build(builder, builder.port("input", stream)))


def _cost(operator: Operator) -> float:
    """LUTs. A product takes one per pair of bits: near the plan of its compressors, which takes seconds to make."""
    if isinstance(operator, Mvau):
        lanes, bits = operator.mmv * operator.pe, operator.weight_bits * operator.input_bits
        return lanes * (operator.simd * bits + LUTS_A_SUM_BIT * operator.accumulator_bits)
    if isinstance(operator, Depthwise):
        return operator.pe * (operator.weight_bits * operator.input_bits + LUTS_A_SUM_BIT * operator.accumulator_bits)
    area = operator.area()
    return (area.luts or 0) + LUTS_A_TILE * (area.bram_tiles or 0) + LUTS_A_DSP * (area.dsps or 0)
