"""Trained values of a block, read from its file and checked against its core."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from blocks.core.graph import Graph
from blocks.core.ports import ParameterPort
from blocks.operators.window import Size, rows_and_columns
from config.bounded.archive import ArchiveError
from config.bounded.arrays import is_npz, open_npz
from config.frozen import dataclass

Tensor = np.ndarray[Any, Any]

MOST_META_CHARACTERS = 100_000


class ParameterError(Exception):
    """A parameter file does not fit its block; the message names file, array and remedy."""


@dataclass(frozen=True)
class BlockParameters:
    """The arrays of one block's file.

    All are integers. `<conv>_weights` is [OFM, KH, KW, IFM]. Binary weights may be packed instead:
    `<conv>_weights_packed` is uint8 [OFM, KH*KW*IFM/8]; bit b of byte j is column 8j+b, 1 means +1 and 0 means -1.
    `<conv>_thresholds` is [OFM, 2^bits - 1], ascending; `fc_bias` is [classes]; `fc_weights` is int8
    [classes, channels]. `meta` is JSON.
    """

    file: str
    arrays: Mapping[str, Tensor]
    meta: Mapping[str, object]

    def logical(self, graph: Graph) -> dict[str, Tensor]:
        """One array per parameter of a core, by its name, in the shapes that `run_graph` takes.

        Raises:
            ParameterError: an array is missing, has the wrong shape, or holds values outside the core's range.
        """
        nodes: dict[str, Any] = {node.name: node.operator for node in graph.nodes}
        made_by: dict[str, Any] = {output: node.operator for node in graph.nodes for output in node.outputs}
        read: dict[str, Any] = {node.name: made_by.get(node.inputs[0]) for node in graph.nodes}
        return {
            port.parameter: self._for(port, nodes[port.node], getattr(read[port.node], "kernel", 1))
            for port in graph.parameter_ports()
            if not port.first_lane
        }

    def fc_weights(self) -> Tensor | None:
        """The streamed weights [classes, channels], unchecked; None if the file has none."""
        return self.arrays.get("fc_weights")

    def streamed(self, graph: Graph) -> Tensor | None:
        """The streamed weights int8 [classes, channels], checked; None if the file has none.

        Raises:
            ParameterError: the shape is wrong, e.g. transposed, or values exceed 8 bits.
        """
        port = graph.streamed
        assert port is not None  # noqa: S101  asked for graphs with streamed weights only
        if "fc_weights" not in self.arrays:
            return None
        values = self._integers("fc_weights", port.shape)
        self._in_bits("fc_weights", values, port.stream.bits)
        return values.astype(np.int8)

    def _for(self, port: ParameterPort, operator: Any, kernel: Size) -> Tensor:
        if port.stream.role == "weights":
            shape: tuple[int, ...] = (operator.channels, operator.synapses)
            packed = self.arrays.get(f"{port.parameter}_packed")
            if packed is not None:
                return self._unpack(f"{port.parameter}_packed", packed, shape)
            # Compare all four axes: [OFM, IFM, KH, KW] of another framework has the same number of elements.
            rows, columns = rows_and_columns(kernel)
            axes = (operator.channels, rows, columns, operator.synapses // (rows * columns))
            values = self._integers(port.parameter, axes).reshape(shape)
            if operator.weight_bits == 1 and not (np.abs(values) == 1).all():
                raise ParameterError(f"{self.file}: {port.parameter} holds values other than -1 and +1; binarize it")
            if operator.weight_bits > 1:
                self._in_bits(port.parameter, values, operator.weight_bits)
        elif port.stream.role == "thresholds":
            values = self._integers(port.parameter, (operator.channels, 2**operator.output_bits - 1))
            if (values[:, 1:] < values[:, :-1]).any():
                raise ParameterError(f"{self.file}: {port.parameter} is not ascending in each row; sort it")
        else:
            values = self._integers(port.parameter, (operator.beats * operator.lanes,))
            self._in_bits(port.parameter, values, operator.b_bits)
        return values

    def _integers(self, name: str, shape: tuple[int, ...]) -> Tensor:
        found = self._get(name)
        if not np.issubdtype(found.dtype, np.integer) or found.shape != shape:
            raise ParameterError(
                f"{self.file}: {name} is {found.dtype} {list(found.shape)}, the network file asks for integers "
                f"{list(shape)}; train it for this shape or correct the network file"
            )
        if found.dtype == np.uint64 and found.size and int(found.max()) > np.iinfo(np.int64).max:
            raise ParameterError(f"{self.file}: {name} holds {found.max()}, more than 63 bits; no core can hold it")
        return found.astype(np.int64)

    def _in_bits(self, name: str, values: Tensor, bits: int) -> None:
        lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        if values.size and not lowest <= int(values.min()) <= int(values.max()) <= highest:
            raise ParameterError(
                f"{self.file}: {name} holds {values.min()}..{values.max()}, the core takes {bits} bit numbers "
                f"({lowest}..{highest}); quantize it to them"
            )

    def _get(self, name: str) -> Tensor:
        if name not in self.arrays:
            raise ParameterError(
                f"{self.file}: array {name} is missing; the file holds {', '.join(sorted(self.arrays))}"
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
        ParameterError: the file is missing, damaged, or not an .npz archive of named arrays.
    """
    if not path.exists():
        raise ParameterError(f"{path}: missing; train the network or import its parameters")
    try:
        if not is_npz(path):
            raise ParameterError(f"{path}: is not an archive of named arrays; write it with numpy.savez")
        with open_npz(path) as archive:
            arrays = {name: archive.read(name) for name in archive.names}
        meta = _meta(arrays.pop("meta")) if "meta" in arrays else {}
    except (OSError, ArchiveError, ValueError, RecursionError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise ParameterError(f"{path}: cannot be read as arrays ({text}); write it with numpy.savez") from error
    if not isinstance(meta, dict):
        raise ParameterError(f"{path}: meta is not a JSON object; write it as JSON text")
    return BlockParameters(path.name, arrays, meta)


def _meta(array: Tensor) -> object:
    """The JSON text of a scalar array. Raises ValueError and RecursionError."""
    if array.ndim or array.dtype.kind != "U" or array.dtype.itemsize > 4 * MOST_META_CHARACTERS:
        raise ValueError(f"meta is {array.dtype} {list(array.shape)}, not one text of at most {MOST_META_CHARACTERS:,}")
    return json.loads(str(array))
