"""Reads a network, a YAML file that lists blocks, into frozen values and reports all its mistakes at once."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from blocks.core.base import Core
from blocks.core.ports import port_name
from blocks.dataset_file import Dataset, read_dataset
from blocks.dma import Dma
from blocks.fifo_depths import SUFFIX, Depths, depths_file, read_depths
from blocks.foldings import read_topology, topology_file
from blocks.kinds.block import Block
from blocks.kinds.convolution import MOST_CHANNELS, MOST_PIXELS_A_SIDE, UNKNOWN, FeatureMap, Known, known
from blocks.operators.base import MAX_PORT_BITS
from blocks.operators.half_made import half_made
from blocks.parameter_memory.plan import MOST_BEATS
from blocks.views import AS_BY_DEFAULT, Views, check_shared, read_views
from config.document import REQUIRED, Required, Section, load
from config.frozen import dataclass
from config.problem import ConfigError, Problem, Problems, nearest, suggestion

NETWORKS = Path(__file__).parent / "networks"

NAME = re.compile("[A-Za-z][A-Za-z0-9_]{0,39}")

_KINDS = ("stem", "residual", "head", "basic", "block")


@dataclass(frozen=True)
class Results:
    """The numbers of 32 bits that a network gives for an image: the best indices, or values (two's complement)."""

    indices: bool
    count: int


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
    views: Views = AS_BY_DEFAULT
    topology: Path | None = None
    """The network file that has everything but the folding, if this one is a folding of it."""
    link_depths: Depths = ()
    """Depths of FIFOs between blocks, by the port that the stream comes from, where they are not `LINK_DEPTH`."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that describe it, its own first."""
        return (self.file, self.topology) if self.topology else (self.file,)

    @property
    def called(self) -> str:
        """What `network=` and `--network` take: its name if it ships, else the path of its file."""
        return self.name if self.file.parent == NETWORKS else str(self.file)

    @property
    def last(self) -> Block:
        """The last block, which gives the results."""
        return self.blocks[-1]

    @property
    def streaming(self) -> Block | None:
        """The block whose weights come from card memory; None if all weights are on chip. Only the last one may."""
        return self.last if self.last.core().graph.streamed else None

    @property
    def results(self) -> Results:
        """What it gives for an image."""
        return Results(indices=self.last.top > 0, count=self.last.core().graph.outputs[0].stream.elements)

    @property
    def classes(self) -> int | None:
        """The numbers that the indices choose from, or the values that it gives: those that labels name."""
        return self.last.classes

    @property
    def dma(self) -> Dma:
        """The block that feeds the first block and takes the output of the last."""
        first, last = self.blocks[0].core().graph, self.last.core().graph
        streaming = self.streaming
        kept = streaming is not None and streaming.fc_cache == "uram"
        # The DMA moves words of 32 bits, whatever they mean.
        result = replace(last.outputs[0].stream, signed=False)
        weights = last.streamed.stream if last.streamed else None
        return Dma(image=first.inputs[0].stream, weights=weights, result=result, keeps_weights=kept)

    def cores(self) -> dict[str, Core]:
        """Block name to core, in the order of the pipeline, `inoutdma` first."""
        named: dict[str, Core] = {self.dma.name: self.dma.core()}
        named.update((block.name, block.core()) for block in self.blocks)
        return named

    def interval(self) -> tuple[int, str]:
        """The slowest operator's cycles per image, and its name as `block.operator`."""
        return self._interval

    @cached_property
    def _interval(self) -> tuple[int, str]:
        return max(
            (cycles, f"{block}.{operator}")
            for block, core in self.cores().items()
            for operator, cycles in core.cycles().items()
        )


def available(folder: Path = NETWORKS) -> list[str]:
    """Names of the networks that can be built."""
    return sorted(path.stem for path in folder.glob("*.yaml") if not path.name.endswith(SUFFIX))


def find_network(name: str, folder: Path = NETWORKS, *, origin: str = "command line") -> Network:
    """Read the network of that name, or that of a file of your own, whose path ends with `.yaml`.

    Args:
        name: A name, or a path. A relative path counts from the working folder, which is the checkout with doit.
        folder: The networks that have a name.
        origin: Where the name was written, e.g. `farm.yaml:3`.

    Raises:
        ConfigError: no such network (with a suggestion), a file of your own with the name of one that ships, mistakes
            in its file (all of them), or a half-made operator.
    """
    if missing := list(half_made()):
        raise ConfigError(missing)
    names = available(folder)
    file, _, line = origin.rpartition(":")
    where, at = (file, int(line)) if line.isdigit() else (origin, None)
    if name.endswith(".yaml"):
        path = Path(os.path.abspath(name))  # noqa: PTH100  links stay: the parameters lie beside the file as written
        if path.name.endswith(SUFFIX):
            what, remedy = f"{name} holds depths of FIFOs", "give the network file beside it"
            raise ConfigError([Problem(where, at, what, remedy)])
        if not path.is_file():
            what, remedy = _no_file(name, path, names)
            raise ConfigError([Problem(where, at, what, remedy)])
        if path.stem in names and not path.samefile(folder / f"{path.stem}.yaml"):
            what = f"{name} has the name of a network that ships, {path.stem!r}"
            raise ConfigError([Problem(where, at, what, "give your file, and the network in it, another name")])
        return read_network(folder / path.name if path.stem in names else path)
    if name not in names:
        remedy = "the path of a file of your own ends with .yaml" if "/" in name else suggestion(name, names)
        raise ConfigError([Problem(where, at, f"there is no network called {name!r}", remedy)])
    return read_network(folder / f"{name}.yaml")


def _no_file(name: str, path: Path, names: Collection[str]) -> tuple[str, str]:
    """What is wrong with a path that leads to no regular file, and the remedy."""
    if path.exists():
        return f"{name} is {'a folder' if path.is_dir() else 'no regular file'}", "give the network file"
    shipped = name.removesuffix(".yaml")
    remedy = "check the path; a relative one counts from the checkout"
    return f"there is no network file {name}", f"did you mean network={shipped}?" if shipped in names else remedy


def read_network(path: Path) -> Network:
    """Read a network file.

    Raises:
        ConfigError: every mistake of the file, each with line and remedy.
    """
    here = Path.cwd()
    document = load(path, name=path.relative_to(here).as_posix() if path.is_relative_to(here) else None)
    name = _name(document, default=path.stem)
    if name is not None and name != path.stem:
        document.problem("name", f"the file is called {path.name}, the network {name!r}", "give both the same name")
    topology = topology_file(document, path)
    if topology is None and document.has("folding_of"):
        document.problems.raise_if_any()  # without its topology nothing else can be checked
    document, sections = read_topology(document, topology)
    image = known(document, lambda: read_image(document.section("image")))
    parameters = document.text("parameters", default=(topology or path).stem)
    pure = PurePosixPath(parameters)
    if pure.is_absolute() or ".." in pure.parts:
        what = f"the folder {parameters!r} is not below the network file"
        document.problem("parameters", what, "put the parameters beside the file")
    dataset = read_dataset(document.section("dataset"), path.parent) if document.has("dataset") else None
    labels = document.texts("labels", default=())
    if document.has("blocks") and not sections and document.ok:
        document.problem("blocks", "a network needs at least one block", "give it one")
    views = read_views(document, sections)
    blocks = tuple(_blocks(sections, Known(image, image.channels if image else None)))
    classes = blocks[-1].classes if blocks else None
    if labels and classes and len(labels) != classes:
        document.problem("labels", f"{len(labels)} labels for {classes} classes", "give one label per class")
    document.finish()
    document.problems.raise_if_any()
    named = dict(zip((block.name for block in blocks), sections, strict=True))
    check_shared(views, {block.name: block.core().name for block in blocks}, named)
    document.problems.raise_if_any()
    assert image is not None  # noqa: S101  a problem would have been raised
    if dataset:
        shape = image.height, image.width, image.channels
        dataset = replace(dataset, shape=shape, names=labels, classes=classes)
    network = Network(
        name or path.stem, path, image, blocks, path.parent / parameters, dataset, labels, views, topology
    )
    return _with_depths(network, depths_file(path)) if depths_file(path).exists() else network


def _with_depths(network: Network, path: Path) -> Network:
    problems, blocks = Problems(), network.blocks
    least = {block.name: block.least_depths() for block in blocks}
    links = [f"{network.dma.name}.{name}" for name in network.dma.core().streams() if name != "result"]
    links += [f"{block.name}.{port_name(block.core().graph.outputs[0].name)}" for block in blocks]
    found = read_depths(path, {block.name: block.core() for block in blocks}, links, least, problems)
    problems.raise_if_any()
    trimmed = tuple(
        replace(block, fifo_depths=found.blocks[block.name]) if block.name in found.blocks else block
        for block in blocks
    )
    return replace(network, blocks=trimmed, link_depths=found.links)


def _name(section: Section, *, default: str | Required = REQUIRED) -> str | None:
    """The name of a network or a block; None if it is missing or not valid.

    Names become files, tasks and instances. A space or a slash would end up in a path or in a tool's script.
    """
    name = known(section, lambda: section.text("name", default=default))
    if name is not None and not NAME.fullmatch(name):
        section.problem("name", f"{name!r} is not a valid name", "use a letter, then up to 39 letters, digits and _")
        return None
    return name


def read_image(section: Section) -> FeatureMap:
    """Read the images' shape; mistakes go to the section."""
    image = FeatureMap(
        section.integer("height", minimum=1, maximum=MOST_PIXELS_A_SIDE),
        section.integer("width", minimum=1, maximum=MOST_PIXELS_A_SIDE),
        section.integer("channels", minimum=1, maximum=MOST_CHANNELS),
        section.integer("bits", default=8, choices=(8,)),
        section.integer("zero_point", default=0, minimum=0, maximum=255),
        scale=section.number("scale", default=None, minimum=0),
    )
    section.finish()
    return image


def _blocks(sections: Sequence[Section], source: Known) -> Iterator[Block]:
    names: dict[str, int | None] = {"inoutdma": None}
    for position, section in enumerate(sections):
        name = _name(section)
        if name is not None and name in names:
            where = f"line {names[name]}" if names[name] else "the DMA's block"
            section.problem("name", f"a block called {name!r} is already there ({where})", "give it another name")
        elif name is not None:
            names[name] = section.line("name")
        last = position + 1 == len(sections)
        kind = _kind(section)
        if kind is None:  # nothing else of it can be checked
            source = UNKNOWN
            continue
        module = _module(kind)
        _unknown_operators(section, kind, module.MAPPINGS)
        _cache_of_other_blocks(section, kind)
        before, called = len(section.problems), name or f"block {position + 1}"
        block: Block | None
        block, source = module.read(section, called, source, last=last)
        section.finish()
        if block is not None and len(section.problems) == before:
            _check_core(section, block)
        if block is not None:
            yield block


def _module(kind: str) -> Any:
    """The module of a kind, loaded when a file has one: this is read at each start, and most files have few kinds."""
    # Written out, because the inputs of a step are found by its import statements.
    if kind == "stem":
        from blocks.kinds import stem  # noqa: PLC0415

        return stem
    if kind == "residual":
        from blocks.kinds import residual  # noqa: PLC0415

        return residual
    if kind == "head":
        from blocks.kinds import head  # noqa: PLC0415

        return head
    if kind == "basic":
        from blocks.kinds import basic  # noqa: PLC0415

        return basic
    from blocks.kinds import general  # noqa: PLC0415

    return general


def _kind(section: Section) -> str | None:
    """The kind of a block; None if it is missing or unknown."""
    kind = known(section, lambda: section.text("kind"))
    if kind is not None and kind not in _KINDS:
        section.problem("kind", f"unknown block kind {kind!r}", suggestion(kind, _KINDS))
        return nearest(kind, _KINDS) or None
    return kind


def _check_core(section: Section, block: Block) -> None:
    """Checks that need the whole core: operators between the convolutions, ports too wide for AXI4-Stream."""
    graph = block.core().graph
    for node, mistake in graph.mistakes():
        section.problem(None, f"{block.name}: {node}: {mistake.what}", mistake.remedy)
    for port in (*graph.inputs, *graph.outputs):
        if port.stream.width_bits > MAX_PORT_BITS:
            size = f"{port.stream.lanes} x {port.stream.bits} = {port.stream.width_bits} bits"
            what = f"{block.name}: the port {port.name} is {size} wide"
            section.problem(None, what, f"fold more: a port has at most {MAX_PORT_BITS} bits")
    for parameters in graph.parameter_ports():
        if parameters.stream.depth > MOST_BEATS:
            size = f"{parameters.stream.depth} beats, more than the {MOST_BEATS} addresses of a block RAM"
            what = f"{block.name}: the memory of {parameters.name} has {size}"
            section.problem(None, what, f"raise pe or simd of {parameters.parameter.rpartition('_')[0]}")


def _cache_of_other_blocks(section: Section, kind: str) -> None:
    if kind != "head" and section.has("fc_cache"):
        what = f"a {kind} block has no weights that are streamed from card memory, so there is nothing to cache"
        remedy = "write it into the layer" if kind == "block" else "remove it, or write it into the head block"
        section.problem("fc_cache", what, remedy)
        section.text("fc_cache")  # marks it as read, so it is not also reported as an unknown key


def _unknown_operators(section: Section, kind: str, operators: Sequence[str]) -> None:
    for key in section.keys:
        if section.is_mapping(key) and key not in operators:
            # Suggest only operators that the block does not have yet.
            missing = [name for name in operators if not section.has(name)]
            remedy = (
                suggestion(key, missing or operators)
                if operators
                else "remove it: this kind of block has no operators to set"
            )
            section.problem(key, f"a {kind} block has no operator {key!r}", remedy)
            section.section(key)  # marks it as read, so it is not also reported as an unknown key
