"""Layers that multiply by weights: convolution and fully connected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from blocks.core.builder import GraphBuilder
from blocks.kinds.convolution import MOST_CHANNELS, not_dividing, not_dividing_inputs
from blocks.kinds.convolution import Convolution as Products
from blocks.kinds.window import MOST_KERNEL, NO_PAD, ONE_PIXEL, Pair, Sides, misfits
from blocks.layers.base import Key, LayerType, Misfit, Recipe
from blocks.layers.reach import ReadsMap, ReadsWindows
from blocks.layers.values import Values
from blocks.operators.checks import divisors
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.trim import Trim
from config.frozen import dataclass

MOST_WEIGHT_BITS = 8
CARD_MEMORY, ON_CHIP = "card_memory", "on_chip"
WEIGHT_BITS = Key("weight_bits", "integer", "bits of a weight: 1 is binary (-1, +1), 2 holds ternary ones too", 8,
                  minimum=1, maximum=MOST_WEIGHT_BITS)  # fmt: skip
CHANNELS = Key("channels", "integer", "output channels", minimum=1, maximum=MOST_CHANNELS)
BIAS = Key("bias", "flag", "whether the parameter file has `<layer>_bias`, which is added to the sums", False)
PE = Key("pe", "integer", "output channels computed at once; at most `channels`", 1, minimum=1)
SIMD = Key("simd", "integer", "inputs read at once; divides the inputs", 1, minimum=1)
KERNEL = Key("kernel", "size", "rows and columns of a window", minimum=1, maximum=MOST_KERNEL)
STRIDE = Key("stride", "size", "rows and columns from one window to the next", 1, minimum=1, maximum=MOST_KERNEL)
PAD = Key("pad", "pad", "rows and columns of value 0: top, left, bottom, right; each less than the kernel", NO_PAD)


def reads_activations(source: Values) -> Iterator[Misfit]:
    """What reads activations cannot read sums of products."""
    if source.sums:
        what = f"it reads the sums of {source.sums}, which have no activation yet"
        yield "type", what, f"put a threshold or requantize layer behind {source.sums}"


def window_fits(source: Values, kernel: Pair, pad: Sides) -> Iterator[Misfit]:
    """A window that is larger than the padded map, or may lie in its padding as a whole."""
    return misfits(kernel, pad, source.height, source.width)


def padding(source: Values, pad: Sides) -> Iterator[Misfit]:
    """Padding adds the value 0, so there has to be one."""
    if pad != NO_PAD and source.of_zero is None:
        if source.step == 2:
            what = "bipolar activations (-1, +1) are padded, but no code stands for 0"
            yield "pad", what, "leave the padding out, or give the activations 2 bits"
        else:
            what = f"no code of {source} stands for 0, which padding adds"
            yield "pad", what, "leave the padding out"


@dataclass(frozen=True)
class Convolution(ReadsWindows):
    """A convolution without its activation. Its sums are those of the stored numbers (`Values.sums`)."""

    channels: int
    kernel: Pair
    stride: Pair
    pad: Sides
    weight_bits: int
    bias: bool
    pe: int
    simd: int
    mmv: int
    pixels_in: int

    @property
    def products(self) -> Products:
        """The operators' shapes."""
        source = replace(self.source.between_blocks(), zero_point=0, step=1, scale=None)
        return Products(
            self.name, source, self.channels, self.kernel, self.stride, self.pad, self.weight_bits, 1,
            self.pe, self.simd, self.mmv, 0, self.pixels_in,
        )  # fmt: skip

    @property
    def output(self) -> Values:
        """The sums."""
        mvau = self.products.mvau()
        shape = self.source.window(self.kernel, self.stride, self.pad, self.channels)
        return replace(shape, lowest=mvau.lowest, highest=mvau.highest, zero=0, sums=self.name, scale=None,
                       constants=self.bias or self.source.zero != 0)  # fmt: skip

    def misfits(self) -> Iterator[Misfit]:
        """Sums in place of activations, windows that do not fit, padding without a zero."""
        yield from reads_activations(self.source)
        yield from window_fits(self.source, self.kernel, self.pad)
        yield from padding(self.source, self.pad)

    def mistakes(self) -> Iterator[Misfit]:
        """Folds that do not divide."""
        if self.pe > self.channels:
            yield above_channels(self.pe, self.channels)
        elif self.kernel[1] * self.source.channels % self.simd:
            yield not_dividing_inputs(self.simd, self.source.channels, self.kernel[1])
        else:
            yield from self.products.mistakes()

    def lanes(self, offered: int) -> int:
        """`simd` channels, or whole pixels."""
        return self.products.input_lanes

    def padding(self) -> Pad:
        """The operator that pads with the code of 0."""
        return pad_with(self.products.padding(), self.source)

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Pad, window, matrix-vector unit, order of the pixels; full beats where `pe` does not divide the channels."""
        made = self.products
        stream = builder.widen(f"{self.name}_input_width", stream, made.input_lanes)
        if self.pad != NO_PAD or made.spare:
            stream = builder.add(f"{self.name}_pad", self.padding(), stream)
        if made.gathers:
            stream = builder.add(f"{self.name}_window", made.window(), stream)
        stream = builder.add(self.name, made.mvau(), stream, parameters=[f"{self.name}_weights"])
        if made.mvau().interleaves:
            stream = builder.add(f"{self.name}_order", made.order(), stream)
        return full_beats(builder, self.name, made.mvau(), stream)

    def recipes(self) -> Iterator[Recipe]:
        """The weights [OFM, KH, KW, IFM]."""
        axes = [self.channels, *self.kernel, self.source.channels]
        yield weights_recipe(self.name, self.source, axes, self.weight_bits, bias=self.bias)

    def folding(self) -> str:
        """PE x SIMD, and the pixels computed at once if above 1."""
        return f"{self.pe}x{self.simd}" + (f" mmv {self.mmv}" if self.mmv > 1 else "")

    @property
    def waits(self) -> bool:
        """A window, or a group of pixels."""
        return self.kernel != ONE_PIXEL or self.mmv > 1 or self.pixels_in > 1

    @property
    def held_pixels(self) -> int:
        """Two groups in the columns, two in their order, one in the window, one in the converters, one to trim."""
        return 4 + (6 * self.mmv if self.mmv > 1 else 0) + 2 * self.pixels_in + self.products.trims


def full_beats(builder: GraphBuilder, name: str, unit: Mvau, stream: str) -> str:
    """The sums without the lanes that have no channel, where `pe` does not divide the channels."""
    if unit.channels % unit.pe == 0:
        return stream
    lanes = min(n for n in divisors(unit.channels) if n >= unit.pe)
    trim = Trim(unit.channels, unit.pixels, unit.pe, lanes, unit.accumulator_bits, signed=True)
    return builder.add(f"{name}_trim", trim, stream)


def above_channels(pe: int, channels: int) -> Misfit:
    """The mistake of a `pe` of more than the channels."""
    return "pe", f"pe {pe} is more than the {channels} output channels", f"use at most {channels}"


def pad_with(pad: Pad, source: Values) -> Pad:
    """`pad` with the code that stands for 0."""
    return replace(pad, value=source.of_zero or 0)


def weights_recipe(
    name: str, source: Values, axes: list[int], bits: int, *, bias: bool, chw: bool = False, streamed: bool = False
) -> Recipe:
    """How the weights of a layer are made, and the constants of its sums."""
    return {
        "make": "weights",
        "layer": name,
        "axes": axes,
        "bits": bits,
        "bias": bias,
        "step": source.step,
        "zero": source.zero,
        "highest": source.highest,
        "chw": [source.channels, source.height, source.width] if chw else [],
        "streamed": streamed,
    }


@dataclass(frozen=True)
class FullyConnected(ReadsMap):
    """Every output from all numbers of the map. Weights are on chip, or in card memory and streamed once per image."""

    channels: int
    weight_bits: int
    bias: bool
    weights: str
    flatten: str
    pe: int
    simd: int
    fc_cache: str = "none"

    @property
    def streamed(self) -> bool:
        """Whether the weights come from card memory."""
        return self.weights == CARD_MEMORY

    def unit(self) -> Mvau:
        """The matrix-vector unit."""
        return Mvau(
            synapses=self.source.elements, channels=self.channels, pe=self.pe, simd=self.simd,
            input_bits=self.source.bits, weight_bits=self.weight_bits, pixels=1, streamed_weights=self.streamed,
        )  # fmt: skip

    @property
    def output(self) -> Values:
        """One pixel of sums."""
        unit = self.unit()
        constants = self.bias or self.source.zero != 0
        return Values(
            1, 1, self.channels, unit.lowest, unit.highest, self.source.step, 0, self.name, constants=constants
        )

    def misfits(self) -> Iterator[Misfit]:
        """Sums in place of activations, and what streamed weights cannot do."""
        yield from reads_activations(self.source)
        if not self.streamed:
            if self.fc_cache != "none":
                what = f"fc_cache {self.fc_cache} with weights on chip, which are not read from card memory"
                yield "fc_cache", what, "remove it, or use weights: card_memory"
            return
        if self.weight_bits != 8:
            what = f"weights of {self.weight_bits} bits in card memory"
            yield "weight_bits", what, "card memory holds bytes: use 8 bits, or weights: on_chip"
        if self.source.zero:
            what = f"weights in card memory with activations of zero point {self.source.zero}: whoever calls the kernel"
            what += " may give other weights, and the constants of the zero point would be those of the old ones"
            yield "weights", what, "use weights: on_chip, or activations without a zero point"
        if self.pe != 1:
            yield "pe", f"pe {self.pe} with weights in card memory", "they come row after row: use pe 1"

    def mistakes(self) -> Iterator[Misfit]:
        """Folds that do not divide."""
        if self.pe > self.channels:
            yield above_channels(self.pe, self.channels)
        if self.source.elements % self.simd:
            yield not_dividing("simd", self.simd, self.source.elements, "inputs")
        for mistake in self.unit().mistakes():
            if mistake.field not in ("pe", "simd"):
                yield mistake.field, mistake.what, mistake.remedy

    def lanes(self, offered: int) -> int:
        """`simd` numbers."""
        return self.simd

    def build(self, builder: GraphBuilder, stream: str) -> str:
        """The matrix-vector unit; full beats where `pe` does not divide the outputs.

        A map arrives in the order of its columns, so nothing has to be turned.
        """
        unit = self.unit()
        stream = builder.widen(f"{self.name}_input_width", stream, self.simd)
        if self.streamed:
            weights = builder.port(f"{self.name}_weights", unit.inputs[1], self.channels, self.source.elements)
            return builder.add(self.name, unit, stream, weights)
        stream = builder.add(self.name, unit, stream, parameters=[f"{self.name}_weights"])
        return full_beats(builder, self.name, unit, stream)

    def recipes(self) -> Iterator[Recipe]:
        """The weights [OUT, IN]."""
        axes, chw = [self.channels, self.source.elements], self.flatten == "chw" and self.source.pixels > 1
        yield weights_recipe(
            self.name, self.source, axes, self.weight_bits, bias=self.bias, chw=chw, streamed=self.streamed
        )

    def folding(self) -> str:
        """PE x SIMD."""
        return f"{self.pe}x{self.simd}"


CONVOLUTION = LayerType(
    "convolution",
    "a convolution; its sums go to a threshold or requantize layer",
    (
        CHANNELS, KERNEL, STRIDE, PAD, WEIGHT_BITS, BIAS, PE, SIMD,
        Key("mmv", "integer", "output pixels computed at once; divides the output columns", 1, minimum=1),
        Key("pixels_in", "integer", "input pixels that arrive at once; divides the input columns", 1, minimum=1),
    ),
    lambda name, source, given: Convolution(name, source, **given),
)  # fmt: skip
FULLY_CONNECTED = LayerType(
    "fully_connected",
    "every output from all numbers of the map",
    (
        CHANNELS, WEIGHT_BITS, BIAS,
        Key("weights", "text", "where the weights are: in memories of the chip, or in card memory (8 bits, last layer "
            "only), from where the DMA streams them for each image", ON_CHIP, choices=(ON_CHIP, CARD_MEMORY)),
        Key("flatten", "text", "the order of the weights' columns: `hwc` as the map is stored, or `chw` as PyTorch "
            "flattens it", "hwc", choices=("hwc", "chw")),
        replace(PE, about="outputs computed at once; at most `channels`"), SIMD,
        Key("fc_cache", "text", "with card memory: `uram` reads the weights once per call and keeps them", "none",
            choices=("none", "uram")),
    ),
    lambda name, source, given: FullyConnected(name, source, **given),
)  # fmt: skip
