"""Trained values of a block, read from its file and checked against its core."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blocks.graph import Graph, ParameterPort

Tensor = np.ndarray[Any, Any]


class ParameterError(Exception):
    """A parameter file that does not fit its block; the message names file, array and remedy."""


@dataclass(frozen=True)
class BlockParameters:
    """The arrays of one block's file.

    `<conv>_weights` is [OFM, KH, KW, IFM]; binary weights may be packed instead: `<conv>_weights_packed` is uint8
    [OFM, KH*KW*IFM/8], bit b of byte j is column 8j+b, 1 means +1 and 0 means -1. `<conv>_thresholds` is
    [OFM, 2^bits - 1], ascending; `fc_bias` is [classes]; `fc_weights` is int8 [classes, channels]. `meta` is JSON.
    """

    file: str
    arrays: Mapping[str, Tensor]
    meta: Mapping[str, object]

    def logical(self, graph: Graph) -> dict[str, Tensor]:
        """One array per parameter port of a core, in the shapes that the models take.

        Raises:
            ParameterError: an array is missing, has another shape, or holds values that the core cannot.
        """
        nodes: dict[str, Any] = {node.name: node.operator for node in graph.nodes}
        return {port.name: self._for(port, nodes[port.node]) for port in graph.parameter_ports()}

    def fc_weights(self) -> Tensor | None:
        """The streamed weights [classes, channels], where the file holds them."""
        return self.arrays.get("fc_weights")

    def _for(self, port: ParameterPort, operator: Any) -> Tensor:
        if port.stream.role == "weights":
            shape: tuple[int, ...] = (operator.channels, operator.synapses)
            packed = self.arrays.get(f"{port.name}_packed")
            if packed is not None:
                return self._unpack(f"{port.name}_packed", packed, shape)
            found = self._get(port.name)
            values = found.reshape(found.shape[0], -1).astype(np.int64)
        elif port.stream.role == "thresholds":
            shape = (operator.channels, 2**operator.output_bits - 1)
            values = self._get(port.name).astype(np.int64)
        else:
            shape = (operator.beats * operator.lanes,)
            values = self._get(port.name).astype(np.int64)
        if values.shape != shape:
            raise ParameterError(
                f"{self.file}: {port.name} has shape {list(values.shape)}, the network file asks for {list(shape)}; "
                "train it for this shape or correct the network file"
            )
        if port.stream.role == "thresholds" and (np.diff(values, axis=1) < 0).any():
            raise ParameterError(f"{self.file}: {port.name} is not ascending in each row; sort it")
        if port.stream.role == "weights" and operator.weight_bits == 1 and not (np.abs(values) == 1).all():
            raise ParameterError(f"{self.file}: {port.name} holds values other than -1 and +1; binarize it")
        return values

    def _get(self, name: str) -> Tensor:
        if name not in self.arrays:
            raise ParameterError(
                f"{self.file}: there is no array {name}; the file holds {', '.join(sorted(self.arrays))}"
            )
        return self.arrays[name]

    def _unpack(self, name: str, packed: Tensor, shape: tuple[int, ...]) -> Tensor:
        if packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape != (shape[0], -(-shape[1] // 8)):
            raise ParameterError(
                f"{self.file}: {name} is {packed.dtype} {list(packed.shape)}, the network file asks for uint8 "
                f"{[shape[0], -(-shape[1] // 8)]}; pack one bit per weight, lowest bit first"
            )
        bits = np.unpackbits(packed, axis=1, bitorder="little")[:, : shape[1]]
        return bits.astype(np.int64) * 2 - 1


def read_block(path: Path) -> BlockParameters:
    """Read one block's file.

    Raises:
        ParameterError: the file is missing, damaged or not of this form.
    """
    if not path.exists():
        raise ParameterError(f"{path}: missing; train the network or import its parameters")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(str(arrays.pop("meta"))) if "meta" in arrays else {}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ParameterError(f"{path}: cannot be read as arrays ({error}); write it with numpy.savez") from error
    return BlockParameters(path.name, arrays, meta)
