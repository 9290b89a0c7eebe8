"""A network: a YAML file that lists blocks, read into frozen values with all its mistakes at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.convolution import FeatureMap
from blocks.dma import Dma, DmaCore
from blocks.graph import Core
from blocks.head import Head, read_head
from blocks.residual import Residual, read_residual
from blocks.stem import Stem, read_stem
from config.document import Section, load
from config.problem import ConfigError, Problem

NETWORKS = Path(__file__).parent / "networks"

Block = Stem | Residual | Head

_KNOWN = {
    "stem": {"conv0", "max_pool"},
    "residual": {"conv2a", "conv2b", "conv2c", "conv1"},
    "head": set[str](),
}
"""Block kinds and the operators that a network file shapes in them."""


@dataclass(frozen=True)
class Dataset:
    """Labelled images that the network was trained for: every `held_out_every`-th was never trained on."""

    source: str
    held_out_every: int


@dataclass(frozen=True)
class Network:
    """Blocks from image to indices. `parameters` is the folder with one file of trained values per block."""

    name: str
    file: Path
    image: FeatureMap
    blocks: tuple[Block, ...]
    parameters: Path
    dataset: Dataset | None
    labels: tuple[str, ...]

    @property
    def head(self) -> Head:
        """The last block."""
        head = self.blocks[-1]
        assert isinstance(head, Head)  # noqa: S101  read_network makes no other
        return head

    @property
    def dma(self) -> Dma:
        """The block in front of the first and behind the last."""
        first, last = self.blocks[0].core().graph, self.head.core().graph
        weights = next(port.stream for port in last.inputs if port.name == "fc_weights")
        return Dma(image=first.inputs[0].stream, weights=weights, result=last.outputs[0].stream)

    def cores(self) -> dict[str, Core | DmaCore]:
        """Block name to core, in the order of the pipeline, `inoutdma` first."""
        named: dict[str, Core | DmaCore] = {self.dma.name: self.dma.core()}
        named.update((block.name, block.core()) for block in self.blocks)
        return named

    def interval(self) -> tuple[int, str]:
        """The slowest operator's cycles per image, and its name as `block.operator`."""
        return max(
            (cycles, f"{block}.{operator}")
            for block, core in self.cores().items()
            for operator, cycles in (core.graph.cycles() if isinstance(core, Core) else self.dma.cycles()).items()
        )


def available(folder: Path = NETWORKS) -> list[str]:
    """Names of the networks that can be built."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def find_network(name: str, folder: Path = NETWORKS) -> Network:
    """The network of that name.

    Raises:
        ConfigError: no such network (with a suggestion), or mistakes in its file (all of them).
    """
    names = available(folder)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
        raise ConfigError([Problem("command line", None, f"there is no network called {name!r}", hint)])
    return read_network(folder / f"{name}.yaml")


def read_network(path: Path) -> Network:
    """Read a network file.

    Raises:
        ConfigError: every mistake of the file, each with line and remedy.
    """
    document = load(path)
    name = document.text("name", default=path.stem)
    if name != path.stem:
        document.problem("name", f"the file is called {path.name}, the network {name!r}", "give both one name")
    image = _image(document.section("image"))
    parameters = path.parent / document.text("parameters", default=path.stem)
    dataset = _dataset(document.section("dataset")) if document.has("dataset") else None
    labels = document.texts("labels", default=())
    blocks = tuple(_blocks(document, image))
    if labels and document.ok and isinstance(blocks[-1], Head) and len(labels) != blocks[-1].classes:
        document.problem("labels", f"{len(labels)} labels for {blocks[-1].classes} classes", "give one label per class")
    document.finish()
    document.problems.raise_if_any()
    return Network(name, path, image, blocks, parameters, dataset, labels)


def _image(section: Section) -> FeatureMap:
    image = FeatureMap(
        section.integer("height", minimum=1),
        section.integer("width", minimum=1),
        section.integer("channels", minimum=1),
        section.integer("bits", default=8, choices=(8,)),
    )
    section.finish()
    return image


def _dataset(section: Section) -> Dataset:
    dataset = Dataset(
        section.text("source", choices=("sklearn-digits",)), section.integer("held_out_every", minimum=2)
    )
    section.finish()
    return dataset


def _blocks(document: Section, image: FeatureMap) -> Iterator[Block]:
    sections = document.sections("blocks")
    names: dict[str, int | None] = {"inoutdma": None}
    source = image
    for position, section in enumerate(sections):
        name = section.text("name")
        if name in names:
            where = f"line {names[name]}" if names[name] else "the block in front of the first"
            section.problem("name", f"a block called {name!r} is already there ({where})", "give it another name")
        names[name] = section.line("name")
        kind = section.text("kind", choices=tuple(_KNOWN))
        if kind not in _KNOWN:
            continue
        _place(section, kind, position, len(sections))
        _unknown_operators(section, kind)
        block: Block
        if kind == "stem":
            block = read_stem(section, name, source)
        elif kind == "residual":
            block = read_residual(section, name, source)
        else:
            block = read_head(section, name, source)
        section.finish()
        if isinstance(block, Head):
            yield block
            continue
        if section.ok:  # the output of a block with mistakes would only make its followers look wrong too
            source = block.output
        yield block


def _place(section: Section, kind: str, position: int, count: int) -> None:
    wanted = "stem" if position == 0 else "head" if position == count - 1 else "residual"
    if kind != wanted:
        section.problem(
            "kind",
            f"block {position + 1} of {count} is a {kind}",
            f"a network is one stem, residual blocks, one head: here a {wanted} is expected",
        )


def _unknown_operators(section: Section, kind: str) -> None:
    for key in section.keys:
        if section.is_mapping(key) and key not in _KNOWN[kind]:
            close = difflib.get_close_matches(key, _KNOWN[kind], n=1)
            known = f"known: {', '.join(sorted(_KNOWN[kind]))}" if _KNOWN[kind] else "it has none to shape"
            section.problem(
                key, f"a {kind} block has no operator {key!r}", f"did you mean {close[0]}?" if close else known
            )
            section.section(key)  # asked for, so that it is not reported as an unknown key again
