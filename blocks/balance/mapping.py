"""A folding for a network that is still a mapping, as a YAML file holds it: an importer or a script has made it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from blocks.balance.search import Balanced, FoldingError, balance
from blocks.kinds import basic, general
from blocks.kinds.convolution import Known
from blocks.kinds.general import General
from blocks.network import Network, read_image
from config.document import Section, parse

_LISTS = ("before", "layers", "main", "side", "after")
_READERS = {"block": general.read, "basic": basic.read}


def folded(network: Mapping[str, Any], fps: float | None = None, clock_mhz: float = 250.0) -> dict[str, Any]:
    """A copy of a network's mapping with a folding in every layer that has one, as `balance` chooses it.

    The mapping is that of a network file, of blocks of kind `block` or `basic`; a folding in it is replaced.

    Raises:
        FoldingError: no folding is that fast.
        ConfigError: the mapping breaks a rule of network files.
    """
    found = balanced(network, fps, clock_mhz).folding
    made = copy.deepcopy(dict(network))
    for block in made["blocks"]:
        layers = {layer["name"]: layer for key in _LISTS for layer in block.get(key, ())}
        for name, keys in found[block["name"]].items():
            layer = layers[name] if block["kind"] == "block" else block.setdefault(name, {})
            for key in ("pe", "simd", "mmv", "pixels_in"):
                layer.pop(key, None)
            layer.update(keys)
    return made


def balanced(network: Mapping[str, Any], fps: float | None = None, clock_mhz: float = 250.0) -> Balanced:
    """The folding of a network's mapping, and the cycles that it takes. Raises like `folded`."""
    document = parse(yaml.safe_dump(dict(network), sort_keys=False), str(network.get("name", "network")))
    image = read_image(document.section("image"))
    sections = document.sections("blocks")
    blocks = tuple(_blocks(sections, Known(image, image.channels)))
    document.problems.raise_if_any()
    return balance(Network("", Path(), image, blocks, Path(), None, ()), fps, clock_mhz)


def _blocks(sections: list[Section], source: Known) -> Iterator[General]:
    """The blocks as the reader makes them. What only a folding decides is not checked."""
    for number, section in enumerate(sections, start=1):
        name, kind = section.text("name"), section.text("kind")
        if kind not in _READERS:
            raise FoldingError(f"{name}: a block of kind {kind} is folded by hand; give its pe and simd")
        block, source = _READERS[kind](section, name, source, last=number == len(sections))
        if block is not None:
            yield block
