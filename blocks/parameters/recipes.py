"""Arrays of a general block: from values, as the author of the parameter file speaks of them, to stored numbers.

A block's layers say how each array is made (`Layer.recipes`), as plain JSON that travels to the step with the core:

* `weights` are stored as they are. A sum of products of values is `step * S + constant`, where S is the sum over the
  stored numbers and `constant = bias - zero * sum(weights)` for each output channel.
* `thresholds` move by the constant: `step * S + constant >= t` is `S >= ceil((t - constant) / step)`. The code of a
  descending channel is the number of thresholds with `value <= t`; that is the inverted number of those with
  `S >= floor((t - constant) / step) + 1`.
* `multipliers` and `addends` take the constant in: `(step * S + constant) * m + a` is
  `S * (step * m) + (constant * m + a)`, and the zero point of the codes is added before the shift.
* `constants` are added to results that leave as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from blocks.core.graph import Graph
from blocks.parameters import BlockParameters, ParameterError
from config.frozen import dataclass

Tensor = np.ndarray[Any, Any]
Recipe = Mapping[str, Any]

MOST_BIAS = 1 << 47
_FAR = 1 << 60
"""Beyond every sum: a threshold there is never, or always, reached."""
_OUT_OF_REACH = 0.05
_DESCENDING = 0.25


@dataclass(frozen=True)
class LayerParameters(BlockParameters):
    """The arrays of a general block's file, and the recipes of its layers.

    `<layer>_weights` is [OFM, KH, KW, IFM] (fully connected: [outputs, inputs]), `<layer>_thresholds` [C, 2^bits - 1]
    ascending, `<layer>_descending` [C] of 0 and 1, `<layer>_bias` [C]. All are integers.
    """

    recipes: tuple[Recipe, ...] = ()

    def logical(self, graph: Graph) -> dict[str, Tensor]:
        """One array per parameter of the core, by its name; stored numbers.

        Raises:
            ParameterError: an array is missing, has the wrong shape, or holds values outside its range.
        """
        made = self._made()
        return {port.parameter: made[port.parameter] for port in graph.parameter_ports()}

    def streamed(self, graph: Graph) -> Tensor | None:
        """The streamed weights int8 [outputs, inputs]; None if the file has none. Raises ParameterError."""
        recipe = next(each for each in self.recipes if each.get("streamed"))
        return self._weights(recipe).astype(np.int8) if self._has_weights(recipe) else None

    def names(self) -> set[str]:
        """Every array that the file may have."""
        found = set()
        for each in self.recipes:
            layer = each["layer"]
            if each["make"] == "weights":
                found |= {f"{layer}_weights", f"{layer}_weights_packed"} | (
                    {f"{layer}_bias"} if each["bias"] else set()
                )
            elif each["make"] == "thresholds":
                found |= {f"{layer}_thresholds"} | ({f"{layer}_descending"} if each["descending"] else set())
            elif each["make"] == "requantize":
                found |= {f"{layer}_multipliers", f"{layer}_addends"}
        return found

    def _made(self) -> dict[str, Tensor]:
        made: dict[str, Tensor] = {}
        constants: dict[str, Tensor] = {}
        for recipe in self.recipes:
            layer = recipe["layer"]
            if recipe["make"] == "weights":
                constants[layer] = self._bias(recipe)
                if recipe["streamed"]:
                    continue
                weights = self._weights(recipe)
                constants[layer] = constants[layer] - recipe["zero"] * weights.reshape(len(weights), -1).sum(axis=1)
                made[f"{layer}_weights"] = weights
            elif recipe["make"] == "thresholds":
                made[f"{layer}_thresholds"] = self._thresholds(recipe, _constant(recipe, constants))
            elif recipe["make"] == "requantize":
                made |= self._requantize(recipe, _constant(recipe, constants))
            else:
                made[f"{layer}_bias"] = self._constants(recipe, _constant(recipe, constants))
        return made

    def _has_weights(self, recipe: Recipe) -> bool:
        return any(f"{recipe['layer']}_weights{form}" in self.arrays for form in ("", "_packed"))

    def _weights(self, recipe: Recipe) -> Tensor:
        """Weights [OFM, columns in the order of the stored map]."""
        name, axes, bits = f"{recipe['layer']}_weights", tuple(recipe["axes"]), recipe["bits"]
        packed = self.arrays.get(f"{name}_packed") if bits == 1 else None
        if packed is not None:
            values = self._unpack(f"{name}_packed", packed, (axes[0], math.prod(axes[1:])))
        else:
            values = self._integers(name, axes).reshape(axes[0], -1)
            if bits > 1:
                self._in_bits(name, values, bits)
            elif not (np.abs(values) == 1).all():
                raise ParameterError(f"{self.file}: {name} holds values other than -1 and +1; binarize it")
        if recipe["chw"]:
            values = values.reshape(axes[0], *recipe["chw"]).transpose(0, 2, 3, 1).reshape(axes[0], -1)
        return values

    def _bias(self, recipe: Recipe) -> Tensor:
        channels = recipe["axes"][0]
        if not recipe["bias"]:
            return np.zeros(channels, np.int64)
        name = f"{recipe['layer']}_bias"
        values = self._integers(name, (channels,))
        self._within(name, values, MOST_BIAS)
        return values

    def _thresholds(self, recipe: Recipe, constant: Tensor) -> Tensor:
        name = f"{recipe['layer']}_thresholds"
        values = self._integers(name, (recipe["channels"], recipe["steps"]))
        if (values[:, 1:] < values[:, :-1]).any():
            raise ParameterError(f"{self.file}: {name} is not ascending in each row; sort it")
        step, lowest, highest = int(recipe["step"]), int(recipe["lowest"]), int(recipe["highest"])
        moved: Tensor = np.clip(values, -_FAR, _FAR) - constant[:, None]
        up: Tensor = np.clip(-(-moved // step), lowest, highest + 1)
        if not recipe["descending"]:
            return up
        flags = self._flags(f"{recipe['layer']}_descending", recipe["channels"])
        down: Tensor = np.clip(moved // step + 1, lowest, highest + 1)
        return np.column_stack([np.where(flags[:, None], down, up), flags.astype(np.int64)])

    def _requantize(self, recipe: Recipe, constant: Tensor) -> dict[str, Tensor]:
        layer, channels = recipe["layer"], (recipe["channels"],)
        multipliers = self._integers(f"{layer}_multipliers", channels)
        self._in_bits(f"{layer}_multipliers", multipliers, recipe["multiplier_bits"])
        addends = self._integers(f"{layer}_addends", channels)
        zero = recipe["zero_point"] << recipe["shift"]
        # Python's integers, because products of 64 bit numbers may be longer.
        pairs = zip(addends.tolist(), multipliers.tolist(), constant.tolist(), strict=True)
        stored = [addend + multiplier * each + zero for addend, multiplier, each in pairs]
        half = 1 << (recipe["addend_bits"] - 1)
        if not all(-half <= each < half for each in stored):
            what = f"{self.file}: {layer}_addends, with the zero points' shares and the bias, are {min(stored)}.."
            raise ParameterError(f"{what}{max(stored)}; raise addend_bits of {layer}, or lower its shift")
        return {f"{layer}_multipliers": multipliers * recipe["step"], f"{layer}_addends": np.array(stored, np.int64)}

    def _constants(self, recipe: Recipe, constant: Tensor) -> Tensor:
        self._within(f"{recipe['sums']}_bias and the zero point's share", constant, 1 << 31)
        return np.tile(constant, recipe["pixels"])

    def _flags(self, name: str, channels: int) -> Tensor:
        found = self._get(name)
        if found.shape != (channels,) or found.dtype.kind not in "iub" or not np.isin(found, (0, 1)).all():
            what = f"{self.file}: {name} is {found.dtype} {list(found.shape)}, the network file asks for [{channels}]"
            raise ParameterError(f"{what} of 0 and 1; write 1 for a descending channel")
        return found.astype(bool)

    def _within(self, name: str, values: Tensor, most: int) -> None:
        if values.size and not -most <= int(values.min()) <= int(values.max()) < most:
            what = f"{self.file}: {name} holds {values.min()}..{values.max()}"
            raise ParameterError(f"{what}, more than {most.bit_length()} bit numbers; scale it like the weights")


def _constant(recipe: Recipe, constants: Mapping[str, Tensor]) -> Tensor:
    """What has to be added to `step * S` to give a value, by channel."""
    if recipe["sums"]:
        return constants[recipe["sums"]]
    return np.full(recipe["channels"], -recipe["zero"], np.int64)


def drawn_arrays(recipes: Sequence[Recipe], rng: np.random.Generator) -> dict[str, Tensor]:
    """Arrays as a parameter file may hold them: weights of full range, thresholds near the sums, a few beyond."""
    drawn: dict[str, Tensor] = {}
    spreads: dict[str, float] = {}
    constants: dict[str, Tensor] = {}
    for recipe in recipes:
        layer = recipe["layer"]
        if recipe["make"] == "weights":
            drawn[f"{layer}_weights"] = weights = _drawn_weights(recipe, rng)
            spreads[layer] = _spread(recipe, weights)
            if recipe["bias"]:
                drawn[f"{layer}_bias"] = np.rint(rng.normal(0, spreads[layer] / 4, len(weights))).astype(np.int64)
            sums = weights.reshape(len(weights), -1).astype(np.int64).sum(axis=1)
            constants[layer] = drawn.get(f"{layer}_bias", 0) - recipe["zero"] * sums
        elif recipe["make"] == "thresholds":
            drawn[f"{layer}_thresholds"] = _drawn_thresholds(recipe, spreads.get(recipe["sums"]), rng)
            if recipe["descending"]:
                drawn[f"{layer}_descending"] = np.asarray(rng.random(recipe["channels"]) < _DESCENDING, np.int8)
        elif recipe["make"] == "requantize":
            drawn |= _drawn_scales(recipe, spreads.get(recipe["sums"]), _constant(recipe, constants), rng)
    return drawn


def _drawn_scales(
    recipe: Recipe, spread: float | None, constant: Tensor, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Multipliers and addends with which most values give a code within the type, and which fit as they are stored."""
    channels, half = recipe["channels"], 2 ** (recipe["multiplier_bits"] - 1)
    spread = spread or max(1.0, recipe["step"] * recipe["highest"] / 4)
    codes = 2.0 ** (recipe["shift"] + recipe["bits"] - 2)
    factors = codes / spread * rng.uniform(0.5, 1.5, channels) * rng.choice([-1, 1, 1, 1], channels)
    multipliers = np.clip(np.rint(factors), -half, half - 1).astype(np.int64)
    most = (1 << (recipe["addend_bits"] - 1)) - 1
    addends = []
    for multiplier, each, share in zip(
        multipliers.tolist(), constant.tolist(), np.asarray(rng.uniform(-1, 1, channels)), strict=True
    ):
        moved = multiplier * each + (recipe["zero_point"] << recipe["shift"])
        addends.append(max(-most, min(most, moved + round(codes * share))) - moved)
    return {f"{recipe['layer']}_multipliers": multipliers, f"{recipe['layer']}_addends": np.array(addends, np.int64)}


def _drawn_weights(recipe: Recipe, rng: np.random.Generator) -> Tensor:
    axes, bits = recipe["axes"], recipe["bits"]
    if bits == 1:
        return np.asarray(rng.integers(0, 2, axes) * 2 - 1, np.int8)
    return np.asarray(rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), axes), np.int8)


def _spread(recipe: Recipe, weights: Tensor) -> float:
    """The standard deviation of a sum, if activations are spread evenly over their codes."""
    codes = np.linspace(0, recipe["highest"], min(recipe["highest"], 255) + 1)
    square = float(np.mean((recipe["step"] * codes - recipe["zero"]) ** 2))
    terms = math.prod(recipe["axes"][1:])
    return math.sqrt(max(1.0, terms * square * float(np.mean(weights.astype(float) ** 2))))


def _drawn_thresholds(recipe: Recipe, spread: float | None, rng: np.random.Generator) -> Tensor:
    shape = recipe["channels"], recipe["steps"]
    if spread is None:
        low = recipe["step"] * recipe["lowest"] - recipe["zero"]
        high = recipe["step"] * recipe["highest"] - recipe["zero"]
        return np.sort(rng.integers(low, high + 2, shape), axis=1)
    drawn: Tensor = np.asarray(np.rint(rng.normal(0, spread, shape)), np.int64)
    # Trained networks have some thresholds that no value reaches, and some that every value reaches.
    drawn[rng.random(len(drawn)) < _OUT_OF_REACH, 0] = -(2**40)
    drawn[rng.random(len(drawn)) < _OUT_OF_REACH, -1] = 2**40
    drawn.sort(axis=1)
    return drawn
