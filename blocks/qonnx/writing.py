"""Writes an imported network: its file, and one file of integers per block; all of them or none."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from blocks.kinds.general import General
from blocks.network import Network, read_network
from blocks.network_model import network_values
from blocks.parameters import ParameterError
from blocks.qonnx.file import Array, OnnxError
from blocks.qonnx.importing import Converted
from config.problem import ConfigError

Check = Callable[[Network], str]
"""Looks at the network before it is put in place, and returns what to write at the top of its file."""


def write(converted: Converted, folder: Path, check: Check | None = None) -> Network:
    """Write `NAME.yaml` and `NAME/<block>.npz` into a folder.

    Args:
        converted: The network.
        folder: Where to; it is made if it is not there.
        check: Called with the network as it will be read. What it raises leaves nothing behind.

    Returns:
        The network, as it is read from there.

    Raises:
        OnnxError: files of that name are there, the reader refuses the network, or the folder cannot be written.
    """
    name = converted.network["name"]
    for path in (folder / f"{name}.yaml", folder / name):
        if path.exists() or path.is_symlink():
            raise OnnxError(f"{path}: is already there; remove it, or give another --name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as place:
            made = Path(place)
            _write_arrays(made / name, converted.arrays)
            file = made / f"{name}.yaml"
            file.write_text(text_of(converted.network), encoding="utf-8")
            network = _read(file)
            if check:
                file.write_text(text_of(converted.network, check(network)), encoding="utf-8")
            _put_in_place(made, folder, name)
    except OSError as error:
        raise OnnxError(f"{folder}: cannot be written ({error.strerror or error}); give another folder") from error
    return read_network(folder / f"{name}.yaml")


def text_of(network: Mapping[str, Any], comment: str = "") -> str:
    """The network file: a layer a line, as people write it."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for key, value in network.items():
        if key != "blocks":
            lines.append(f"{key}: {_inline(value)}")
    lines.append("blocks:")
    for block in network["blocks"]:
        begin = "  - "
        for key, value in block.items():
            if isinstance(value, list) and value:
                lines.append(f"{begin}{key}:")
                lines += [f"      - {_inline(each)}" for each in value]
            else:
                lines.append(f"{begin}{key}: {_inline(value)}")
            begin = "    "
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    """A value on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**9, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _write_arrays(folder: Path, arrays: Mapping[str, Mapping[str, Array]]) -> None:
    folder.mkdir()
    for block, held in arrays.items():
        if not held:
            continue
        meta = np.array(json.dumps({"origin": "imported", "block": block}))
        with (folder / f"{block}.npz").open("wb") as stream:
            np.savez_compressed(stream, **{name: _narrow(values) for name, values in held.items()}, meta=meta)
            stream.flush()
            os.fsync(stream.fileno())


def _narrow(values: Array) -> Array:
    """The same integers in the shortest type, which takes less of the disk."""
    if values.dtype.itemsize == 1 or not values.size:
        return values
    low, high = int(values.min()), int(values.max())
    kinds = (np.int8, np.int16, np.int32, np.int64)
    return values.astype(next(kind for kind in kinds if np.iinfo(kind).min <= low <= high <= np.iinfo(kind).max))


def _read(file: Path) -> Network:
    """The network as the reader takes it; every array is compared with it."""
    try:
        network = read_network(file)
        for block in network.blocks:
            if isinstance(block, General):
                network_values(network, block).logical(block.core().graph)
    except (ConfigError, ParameterError) as error:
        lines = str(error).replace(f"{file.parent}{os.sep}", "").splitlines()
        raise OnnxError("\n".join(f"the network that the file becomes is refused: {line}" for line in lines)) from error
    return network


def _put_in_place(made: Path, folder: Path, name: str) -> None:
    """The arrays first, so that a network file never stands without them."""
    (made / name).rename(folder / name)
    try:
        (made / f"{name}.yaml").rename(folder / f"{name}.yaml")
    except OSError:
        shutil.rmtree(folder / name)
        raise
