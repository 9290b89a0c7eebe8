"""Imports trained values into a network's folder: reads and checks all of them, then writes them at once."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from blocks.kinds.block import Block
from blocks.network import Network
from blocks.parameters import BlockParameters, ParameterError, read_block
from blocks.parameters.authors import FOLDERS, read_authors
from blocks.parameters.headers import HeaderError
from blocks.parameters.recipes import LayerParameters
from blocks.trained import streamed_array
from config.bounded.arrays import read_npy
from config.bounded.lines import read_lines
from config.frozen import dataclass

Tensor = np.ndarray[Any, Any]

MOST_CSV_BYTES = 32_000_000
"""The weights of the reference design, 2,048,000 numbers, take at most 10 MB."""

AUTHORS_FOLDER = "src/w1a2_v1.0"
"""The folder of the headers in a clone of the authors' repository."""


class ParameterImportError(Exception):
    """Nothing was imported; the message has one line per fault."""


@dataclass(frozen=True)
class Imported:
    """The blocks written, the form of their source, and the origin of streamed weights ("" if none are streamed)."""

    blocks: tuple[str, ...]
    form: str
    fc_weights: str


def import_parameters(network: Network, folder: Path, fc_weights: Path | None = None) -> Imported:
    """Read a network's values from `folder` and write them to the network's own folder; all of them or none.

    Args:
        network: The network. Every array is checked against it.
        folder: One `<block>.npz` per block (`inpipe` and `outpipe` are accepted for `preres` and `postres`), or the
            authors' headers, or a clone of their repository.
        fc_weights: The head's streamed weights [classes, channels] as .npy or .csv. Default: those in `folder`, else
            those of an earlier import, else the build uses stand-ins.

    Raises:
        ParameterImportError: something is missing, malformed, or of another network; nothing was written.
    """
    if not folder.is_dir():
        raise ParameterImportError(f"{folder}: no such folder; give one with parameter files or the authors' headers")
    if network.parameters.exists() and folder.resolve() == network.parameters.resolve():
        raise ParameterImportError(f"{folder} already holds {network.name}'s values; give the folder to import from")
    form, read = _reader(folder)
    found: dict[str, BlockParameters] = {}
    faults: list[str] = []
    for block in network.blocks:
        try:
            found[block.name] = _checked(read(block), block)
        except (ParameterError, HeaderError) as error:
            faults.append(str(error))
    streaming, source = network.streaming, ""
    if streaming is None and fc_weights is not None:
        faults.append(f"{fc_weights.name}: {network.name} reads no weights from card memory; leave --fc-weights out")
    try:
        if streaming and streaming.name in found:
            found[streaming.name], source = _with_fc_weights(network, streaming, found[streaming.name], fc_weights)
    except ParameterError as error:
        faults.append(str(error))
    if faults:
        raise ParameterImportError("\n".join(faults))
    try:
        _write(network.parameters, found)
    except OSError as error:
        raise ParameterImportError(f"{network.parameters}: cannot be written ({error}); nothing is changed") from error
    return Imported(tuple(found), form, source)


def read_fc_weights(path: Path) -> Tensor:
    """An array of integers from .npy, or from .csv with one row per class.

    Raises:
        ParameterError: the file is missing, or is not such an array.
    """
    try:
        if path.suffix == ".npy":
            return read_npy(path)
        if path.suffix == ".csv":
            return _from_csv(path, csv.reader(read_lines(path, most_bytes=MOST_CSV_BYTES)))
    except FileNotFoundError:
        raise ParameterError(f"{path.name}: no such file; give the weights as .npy or .csv") from None
    except (OSError, ValueError, csv.Error) as error:
        raise ParameterError(f"{path.name}: cannot be read as an array ({error}); write it with numpy.save") from error
    raise ParameterError(f"{path.name}: neither .npy nor .csv; write the weights with numpy.save")


def _from_csv(path: Path, lines: Iterator[list[str]]) -> Tensor:
    # Not rows of their own, which would have to be joined: beside the joined ones they would take twice the memory.
    values, width = array("q"), 0
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        try:
            values.extend([int(cell) for cell in cells])
        except (ValueError, OverflowError):
            raise ParameterError(
                f"{path.name}:{number}: a value is not a 64-bit whole number; give one row of whole numbers per class"
            ) from None
        width = width or len(cells)
        if len(cells) != width:
            what = f"{len(cells)} numbers, the first row has {width}"
            raise ParameterError(f"{path.name}:{number}: {what}; give one row per class, with a number per channel")
    return np.frombuffer(values, np.int64).reshape(-1, max(1, width))


def _reader(folder: Path) -> tuple[str, Callable[[Block], BlockParameters]]:
    """Choose how to read a block's values by the contents of `folder`. Returns the form's name and the reader."""
    for place in (folder, folder / AUTHORS_FOLDER):
        if any((place / name).is_dir() for name in (*FOLDERS.values(), *FOLDERS)):
            return "the authors' headers", partial(read_authors, place)
    if any(folder.glob("*.npz")):
        return "npz files", partial(_read_npz, folder)
    what = f"{folder}: holds neither .npz files nor the authors' folders ({', '.join(FOLDERS.values())}, res2a, ...)"
    raise ParameterImportError(f"{what}; give a folder with either, or a clone with {AUTHORS_FOLDER} in it")


def _read_npz(folder: Path, block: Block) -> BlockParameters:
    path = folder / f"{block.name}.npz"
    other = folder / f"{FOLDERS.get(block.name, block.name)}.npz"
    if not path.exists() and not other.exists():
        either = f" and no {other.name}" if other != path else ""
        raise ParameterError(f"{path.name}: missing{either}; the folder needs one file per block")
    parameters = read_block(path if path.exists() else other)
    named = parameters.meta.get("block", block.name)
    if named not in (block.name, FOLDERS.get(block.name)):
        what = f"its meta names block {named}"
        raise ParameterError(f"{parameters.file}: {what}; give each block its own file")
    return BlockParameters(parameters.file, parameters.arrays, {"origin": "imported", **parameters.meta})


def _checked(parameters: BlockParameters, block: Block) -> BlockParameters:
    """Return `parameters` if every array fits the core and no array is surplus; else raise ParameterError."""
    graph = block.core().graph
    if recipes := block.recipes():
        found = LayerParameters(parameters.file, parameters.arrays, parameters.meta, recipes)
        found.logical(graph)
        return _without_surplus(found, block, found.names(), sorted(found.names()))
    logical = parameters.logical(graph)
    known = {name for port in logical for name in (port, f"{port}_packed")} | {"fc_weights"}
    return _without_surplus(parameters, block, known, list(logical))


def _without_surplus(
    parameters: BlockParameters, block: Block, known: Set[str], named: Sequence[str]
) -> BlockParameters:
    surplus = sorted(set(parameters.arrays) - known)
    if surplus:
        what = f"block {block.name} has no array {', '.join(surplus)}, only {', '.join(named)}"
        raise ParameterError(f"{parameters.file}: {what}; import parameters of this network")
    return parameters


def _with_fc_weights(
    network: Network, block: Block, given: BlockParameters, path: Path | None
) -> tuple[BlockParameters, str]:
    """A block's values with its streamed weights, and their origin."""
    graph, source, array_name = block.core().graph, "the folder", streamed_array(block)
    arrays = dict(given.arrays)
    before = network.parameters / f"{block.name}.npz"
    if path is not None:
        arrays[array_name], source = read_fc_weights(path), path.name
    elif array_name not in arrays and before.exists():
        # Keep these when the other values are imported again.
        kept = read_block(before).arrays
        if array_name in kept:
            arrays[array_name], source = kept[array_name], "an earlier import"
    name = path.name if path is not None else given.file
    weights = replace(given, file=name, arrays=arrays).streamed(graph)
    if weights is None:
        return given, "stand-ins"
    if not isinstance(given, LayerParameters):  # whose columns may be in the order of the file
        arrays[array_name] = weights
    return replace(given, arrays=arrays), source


def _write(folder: Path, found: Mapping[str, BlockParameters]) -> None:
    """Write one file per block. A new folder replaces the old one, so the files never mix."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        new, old = Path(place, "new"), Path(place, "old")
        if folder.exists():
            shutil.copytree(folder, new)
        new.mkdir(exist_ok=True)
        for name, parameters in found.items():
            arrays = {**parameters.arrays, "meta": np.array(json.dumps(dict(parameters.meta)))}
            with (new / f"{name}.npz").open("wb") as stream:
                np.savez_compressed(stream, **arrays)
                stream.flush()
                os.fsync(stream.fileno())
        if not folder.exists():
            new.rename(folder)
            return
        folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            old.rename(folder)
            raise
