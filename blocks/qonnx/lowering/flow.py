"""What a tensor of the file is here: integers that layers give, a scale, and arithmetic that is still to be done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.steps import Array, Step, run
from config.frozen import dataclass

CHW, HWC, FLAT_CHW, FLAT_HWC = "chw", "hwc", "flat chw", "flat hwc"
"""How the axes of a tensor (without the batch) relate to rows, columns and channels."""
PRODUCTS = ("convolution", "depthwise", "fully_connected")
ACTIVATIONS = ("threshold", "requantize")


@dataclasses.dataclass(eq=False)
class Layer:
    """A layer to be: the node that it is named after, its keys in the network file, and its arrays by their ending."""

    node: str
    type: str
    keys: dict[str, Any]
    arrays: dict[str, Array] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Joined:
    """Two paths that were added: the place that they fork from, their layers, and the factors of the join."""

    node: str
    fork: Trunk
    main: tuple[Layer, ...]
    side: tuple[Layer, ...]
    factors: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Trunk:
    """A place in the network: the last layer or join, and the place before it. The image has neither."""

    before: Trunk | None = None
    layer: Layer | None = None
    joined: Joined | None = None

    def then(self, layer: Layer) -> Trunk:
        """The place behind another layer."""
        return Trunk(self, layer)

    def back(self) -> Iterator[Trunk]:
        """The place itself and all before it, to the image."""
        place: Trunk | None = self
        while place is not None:
            yield place
            place = place.before

    def without_scale(self) -> None:
        """Leave the scale of what is given here out of the network file, where it would be another than the file's.

        There an activation says its scale, which holds for what follows; a join has that of its main path.
        """
        for place in self.back():
            layers = place.joined.main if place.joined else (place.layer,) if place.layer else ()
            for layer in reversed(layers):
                if layer.type in ACTIVATIONS:
                    layer.keys.pop("scale", None)
                    return


@dataclass(frozen=True)
class Flow:
    """The float value is steps(float32(integer * scale)); the product is taken in float64, where it is exact.

    Attributes:
        channels, height, width: The map that the integers are.
        axes: How the file lays it out.
        trunk: Where the integers are given.
        low, high: int64 [C]: the least and the greatest integer of each channel.
        scale: float64 [C], not 0; of activations positive.
        sums: Whether they are sums of products, which only a quantizer may follow.
        steps: Arithmetic in float32 that is still to be done.
        pools: Max pools that are still to be done: how many steps come before, and the layer.
        raw: Of QuantizeLinear's integers, which have no scale yet: their zero point.
        constant: By channel, what has to be added to the stored numbers of a layer to give the integers; bipolar ones
            are doubled first.
        step: 2 where the stored numbers are bipolar activations or sums of them, else 1.
    """

    channels: int
    height: int
    width: int
    axes: str
    trunk: Trunk
    low: Array
    high: Array
    scale: Array
    sums: bool = False
    steps: tuple[Step, ...] = ()
    pools: tuple[tuple[int, Layer], ...] = ()
    raw: int | None = None
    constant: Array | int = 0
    step: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the tensor in the file, without the batch."""
        if self.axes == CHW:
            return self.channels, self.height, self.width
        if self.axes == HWC:
            return self.height, self.width, self.channels
        return (self.channels * self.height * self.width,)

    @property
    def plain(self) -> bool:
        """Whether the integers are the tensor: no arithmetic and no pool is pending."""
        return not self.steps and not self.pools and self.raw is None

    def values(self, integers: Array) -> Array:
        """The file's float32 values [C, n] of integers int64 [C, n] (all steps; pools change no single value)."""
        return run(self.steps, (integers.astype(np.float64) * self.scale[:, None]).astype(np.float32))

    def settled(self, what: str) -> Flow:
        """The flow itself, if its integers are the tensor. Raises RefusedError."""
        if self.raw is not None:
            raise RefusedError(f"{what} integers without a scale", "DequantizeLinear in front of it")
        if self.sums or not self.plain:
            raise RefusedError(f"{what} numbers that no quantizer has ended", f"a Quant {self._behind()}")
        return self

    def _behind(self) -> str:
        node = self.trunk.layer.node if self.trunk.layer else "the image"
        return f"behind '{node}' and what follows it"

    def one_scale(self, what: str) -> float:
        """The scale of all channels. Raises RefusedError."""
        if (self.scale != self.scale[0]).any():
            raise RefusedError(f"{what} activations whose scale differs by channel", "one scale for the tensor")
        return float(self.scale[0])

    def padded(self) -> tuple[Array, Array]:
        """The least and the greatest integer with a padding of 0. Raises RefusedError if no stored number is 0."""
        if (np.asarray(self.constant) % self.step).any():
            terms = int(-np.min(self.constant))
            of = "" if terms == 1 else f"sums of {terms} "
            what = f"padding of {of}bipolar activations (-1, +1), none of which is 0"
            raise RefusedError(what, "no padding, or 2 bits")
        return np.minimum(self.low, 0), np.maximum(self.high, 0)

    def with_step(self, step: Step) -> Flow:
        """Another step. Raises RefusedError if values may be NaN or infinite behind it."""
        if self.raw is not None:
            raise RefusedError("arithmetic on integers without a scale", "DequantizeLinear in front of it")
        made = dataclasses.replace(self, steps=(*self.steps, step))
        if not np.isfinite(made.values(np.stack([self.low, self.high], axis=1))).all():
            raise RefusedError("values that become NaN or infinite", "scales and factors of usual size")
        return made

    def channelwise(self, values: Array) -> Array:
        """A constant of the file as float32 [C, 1] or [1, 1]. Raises RefusedError if it differs within a channel."""
        values = np.asarray(values, np.float32)
        shape = (1, *self.shape)
        if values.ndim > len(shape):
            raise RefusedError(f"a constant of {values.ndim} axes", "one number, or one per channel")
        values = values.reshape((1,) * (len(shape) - values.ndim) + values.shape)
        if any(a not in (1, b) for a, b in zip(values.shape, shape, strict=True)):
            raise RefusedError(
                f"a constant of shape {list(values.shape)} with a tensor {list(shape)}", "one per channel"
            )
        if values.size == 1 or (values == values.flat[0]).all():
            return values.reshape(-1)[:1].reshape(1, 1)
        axis = {CHW: 1, HWC: 3}.get(self.axes, 1 if self.height * self.width == 1 else 0)
        first = values[tuple(slice(None) if at == axis else slice(1) for at in range(values.ndim))]
        if not axis or (values != first).any():
            raise RefusedError("a constant that differs from pixel to pixel", "one number, or one per channel")
        return first.reshape(-1, 1)


def path(place: Trunk, fork: Trunk) -> tuple[Layer, ...]:
    """The layers from a fork to a place. Raises RefusedError if an addition is among them."""
    layers: list[Layer] = []
    for each in place.back():
        if each is fork:
            break
        if each.layer is None:
            node = each.joined.node if each.joined else ""
            what = f"an addition around the addition '{node}'"
            raise RefusedError(what, "additions one behind the other: a fork has two paths, and none within a path")
        layers.append(each.layer)
    return tuple(layers[::-1])


def fork_of(one: Trunk, other: Trunk) -> Trunk:
    """The last place that two places have in common: at the latest the image."""
    behind = {id(each) for each in one.back()}
    return next(each for each in other.back() if id(each) in behind)


def refuse_unless(condition: bool, what: str, nearest: str) -> None:
    """Raise RefusedError unless something holds."""
    if not condition:
        raise RefusedError(what, nearest)
