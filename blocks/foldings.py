"""Another folding of a network's topology: a file of its own that names the topology and gives only what differs.

    name: resnet50_18816
    folding_of: resnet50
    blocks:
      preres: {conv0: {simd: 7, mmv: 14, pixels_in: 8}}
      postres: {simd: 128, fc_cache: uram}

Of a general block the layers are named: `front: {conv0: {pe: 8, simd: 9}}`.

It is a network like any other, with a build folder, a history and FIFO depths of its own. Image, layers, precision,
labels and trained values are those of the topology.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from config.document import REQUIRED, Required, Section, load
from config.overlay import Overlaid
from config.problem import suggestion

D = TypeVar("D")

OF_CONVOLUTIONS = ("pe", "simd", "mmv", "pixels_in", "threshold_pe")
OF_HEADS = ("lanes", "simd", "fc_cache")
OF_LAYERS = ("pe", "simd", "mmv", "pixels_in", "fc_cache")
"""Keys of a general block's layers that never change a result."""
LISTS_OF_LAYERS = ("before", "layers", "main", "side", "after")


def topology_file(document: Section, path: Path) -> Path | None:
    """The network file whose folding this document changes; None if it is a network of its own, or after a mistake."""
    if not document.has("folding_of"):
        return None
    topology = document.text("folding_of")
    others = sorted(each.stem for each in path.parent.glob("*.yaml") if each != path and "." not in each.stem)
    if topology not in others:
        document.problem("folding_of", f"there is no network called {topology!r}", suggestion(topology, others))
        return None
    return path.with_name(f"{topology}.yaml")


def read_topology(document: Section, file: Path | None) -> tuple[Section, list[Section]]:
    """The document that has the topology, and the sections of its blocks with the folding of this document.

    Mistakes go to the document. Those of a value name the file that the value is in.
    """
    if file is None:
        return document, document.sections("blocks")
    here = Path.cwd()
    name = file.relative_to(here).as_posix() if file.is_relative_to(here) else None
    topology = load(file, name=name, problems=document.problems)
    topology.text("name")
    if topology.has("folding_of"):
        what = f"{file.stem} is itself a folding of another network"
        document.problem("folding_of", what, "name the network that has the topology")
        topology.text("folding_of")
    foldings = document.section("blocks")
    document.finish()
    return topology, list(_folded(topology.sections("blocks"), foldings))


def _folded(blocks: list[Section], outer: Section) -> Iterator[Section]:
    names = [block.text("name", default="") for block in blocks]
    foldings = {name: outer.section(name) for name in outer.keys}
    for name, folding in foldings.items():
        if name not in names:
            outer.problem(name, f"there is no block called {name!r} in the topology", suggestion(name, names))
        else:
            _check(folding, blocks[names.index(name)])
    for name, block in zip(names, blocks, strict=True):
        if name not in foldings:
            yield block
        elif _kind(block) == "block":
            yield FoldedLayers(block, foldings[name])
        else:
            yield Overlaid(block, foldings[name])


class FoldedLayers(Section):
    """A general block in which layers, which stand in lists, have the folding that another file gives by their name."""

    def __init__(self, block: Section, folding: Section) -> None:
        super().__init__(block.file, block.node, block.problems, name=block.name)
        self._folding = folding

    def sections(self, key: str, *, default: D | Required = REQUIRED) -> list[Section] | D:
        """The layers of a list, each with its folding over it."""
        found = super().sections(key, default=default)
        return [self._folded(each) for each in found] if isinstance(found, list) else found

    def _folded(self, layer: Section) -> Section:
        name = layer.text("name", default="")
        return Overlaid(layer, self._folding.section(name)) if self._folding.is_mapping(name) else layer


def _kind(block: Section) -> str:
    return block.text("kind", default="")


def _check(folding: Section, block: Section) -> None:
    """Report keys that are no folding: a folding never changes a result."""
    if _kind(block) == "block":
        _check_layers(folding, block)
        return
    head = _kind(block) == "head"
    for key in folding.keys:
        if not head and folding.is_mapping(key):
            _only(folding.section(key), OF_CONVOLUTIONS)
    _only(folding, OF_HEADS if head else (key for key in folding.keys if folding.is_mapping(key)))


def _check_layers(folding: Section, block: Section) -> None:
    lists = [key for key in LISTS_OF_LAYERS if block.has(key)]
    names = [layer.text("name", default="") for key in lists for layer in block.sections(key, default=[])]
    for key in folding.keys:
        if key not in names:
            folding.problem(key, f"there is no layer called {key!r} in the topology", suggestion(key, names))
        else:
            _only(folding.section(key), OF_LAYERS)


def _only(section: Section, known: Iterator[str] | tuple[str, ...]) -> None:
    allowed = tuple(known)
    for key in section.keys:
        if key not in allowed:
            what = f"{key!r} is no part of a folding"
            remedy = f"it has {', '.join(allowed)}" if allowed else "give pe and simd of the block's convolutions"
            section.problem(key, what, f"{remedy}; everything else belongs to the topology")
