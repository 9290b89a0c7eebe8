"""Reads the layers of a general block; every mistake is reported with its line and a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from blocks.core.ports import VERILOG_WORDS
from blocks.kinds.convolution import known
from blocks.layers.activation import REQUANTIZE, THRESHOLD
from blocks.layers.base import Key, Layer, LayerType
from blocks.layers.depthwise import DEPTHWISE
from blocks.layers.ending import TOP_K
from blocks.layers.pool import AVERAGE_POOL, GLOBAL_AVERAGE_POOL, MAX_POOL
from blocks.layers.product import CONVOLUTION, FULLY_CONNECTED
from blocks.layers.values import Values
from config.document import Section
from config.problem import suggestion

LAYER_TYPES: dict[str, LayerType] = {
    each.name: each
    for each in (
        CONVOLUTION,
        DEPTHWISE,
        FULLY_CONNECTED,
        MAX_POOL,
        AVERAGE_POOL,
        GLOBAL_AVERAGE_POOL,
        THRESHOLD,
        REQUANTIZE,
        TOP_K,
    )
}
NOT_SUPPORTED = {
    "concat": "add two paths with a join, or train without it",
    "relu": "it is part of the thresholds behind the sums",
    "batch_norm": "fold it into the thresholds behind the convolution",
    "softmax": "it changes no order: use top_k, or compute it on the host from raw sums",
    "sigmoid": "as an activation of few bits it is a threshold layer",
    "dropout": "it does nothing after training: leave it out",
    "flatten": "fully_connected flattens; `flatten: chw` says in which order",
    "upsample": "train without it",
    "transposed_convolution": "train without it",
    "multiply": "train without it",
}
"""Layers of other frameworks, by name, and what to do without them."""
NOT_SUPPORTED_KEYS = {
    "groups": ("grouped convolution", "use type depthwise where each channel has a kernel of its own, or groups 1"),
    "dilation": ("dilated convolution", "use dilation 1"),
}
"""Keys of other frameworks that are understood where they say 1, and what they would mean."""
_NAME = re.compile("[A-Za-z][A-Za-z0-9_]{0,39}")
_MADE = (
    "_input_width",
    "_pad",
    "_window",
    "_order",
    "_width",
    "_out",
    "_trim",
    "_weights",
    "_thresholds",
    "_bias",
    "_multipliers",
    "_addends",
    "_values",
)
"""Endings of the names of operators and streams that a layer makes."""
RESERVED = frozenset(
    {"input", "output", "join", "fork", "main_width", "side_width", "main_fifo", "side_fifo", "results"}
)


def read_layers(
    sections: Sequence[Section], source: Values | None, names: dict[str, Section]
) -> tuple[list[Layer], Values | None]:
    """Read layers one behind the other; mistakes go to their sections.

    Args:
        sections: The layers in the file.
        source: What the first one reads; None if it is unknown after a mistake.
        names: The layers of the block so far, by name; those read here are added.

    Returns:
        The layers of which enough is known, and what the last one gives.
    """
    layers: list[Layer] = []
    for section in sections:
        layer, source = read_layer(section, source, names)
        layers += [layer] if layer else []
    return layers, source


def read_layer(
    section: Section, source: Values | None, names: dict[str, Section]
) -> tuple[Layer | None, Values | None]:
    """Read one layer, like `read_layers`."""
    name = _name(section, names)
    kind = _type(section)
    if kind is None:
        return None, None
    _not_supported(section)
    given = {key.name: key.read(section) for key in kind.keys}
    section.finish()
    broken = [key for key in kind.keys if given[key.name] is None and _is_wrong(key, section)]
    if source is None or any(not _is_folding(key) for key in broken) or name is None:
        return None, None
    given |= {key.name: 1 for key in broken}
    layer = kind.make(name, source, given)
    misfits = list(layer.misfits())
    for key, what, remedy in misfits or layer.mistakes():
        section.problem(key if section.has(key) else None, f"{name}: {what}", remedy)
    return layer, None if misfits else layer.output


def _is_wrong(key: Key, section: Section) -> bool:
    return key.required or section.has(key.name)


def _is_folding(key: Key) -> bool:
    return key.name in FOLDING_KEYS


FOLDING_KEYS = ("pe", "simd", "mmv", "pixels_in", "fc_cache")
"""Keys that change how much hardware a layer gets, and never a result."""


def _name(section: Section, names: dict[str, Section]) -> str | None:
    name = known(section, lambda: section.text("name"))
    if name is None:
        return None
    if not _NAME.fullmatch(name):
        section.problem("name", f"{name!r} is not a valid name", "use a letter, then up to 39 letters, digits and _")
        return None
    if name in names:
        line = names[name].line("name")
        section.problem("name", f"a layer called {name!r} is already there (line {line})", "give it another name")
        return None
    if name in RESERVED or name in VERILOG_WORDS:
        section.problem("name", f"{name!r} is a word of the hardware", "give the layer another name")
        return None
    for made in _collisions(name, names):
        what = f"{made} would be the name of two things, because there are layers called {made.rpartition('_')[0]!r}"
        section.problem("name", what, "give it another name")
        return None
    names[name] = section
    return name


def _collisions(name: str, names: dict[str, Section]) -> Iterator[str]:
    for other in names:
        yield from (name for ending in _MADE if name == other + ending)
        yield from (other for ending in _MADE if other == name + ending)


def _type(section: Section) -> LayerType | None:
    found = known(section, lambda: section.text("type"))
    if found is None:
        return None
    if found in LAYER_TYPES:
        return LAYER_TYPES[found]
    plain = found.lower().replace("-", "_").replace(" ", "_")
    if plain in NOT_SUPPORTED:
        section.problem("type", f"not supported: {found}", NOT_SUPPORTED[plain])
    else:
        section.problem("type", f"there is no layer type {found!r}", suggestion(found, LAYER_TYPES))
    return None


def _not_supported(section: Section) -> None:
    """Keys that say what no layer does. Where they say 1 they say nothing."""
    for key, (what, remedy) in NOT_SUPPORTED_KEYS.items():
        if section.has(key):
            value: Any = known(section, lambda key=key: section.integer(key, minimum=1))  # type: ignore[misc]
            if value is not None and value > 1:
                section.problem(key, f"not supported: {what} ({key}: {value})", remedy)
