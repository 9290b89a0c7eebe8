"""Reads an ONNX file under limits, into plain frozen values. Nothing else of ours imports the package `onnx`.

The format is that of `onnx.proto` (ONNX, Apache-2.0); the operators of QONNX are in domains of their own. A file is
input from others: what a tensor declares is compared with what it holds before memory is taken, and values outside the
file are read from its own folder only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from blocks.qonnx.ahead import computed, shape_of
from config.bounded.regular_file import open_regular
from config.frozen import dataclass

Array = np.ndarray[Any, Any]

MOST_FILE_BYTES = 2_000_000_000
"""Protocol buffers end at 2 GiB."""
MOST_VALUES = 250_000_000
"""Numbers of all tensors together: a ResNet-50 has 25 million."""
MOST_NODES = 20_000
MOST_AXES = 8
MOST_NAME = 1_000
_TYPES = {1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 12: "<u4"}
"""By ONNX's number of an element type, that of numpy. Others (half, double, texts) are refused."""
_FIELDS = {1: "float_data", 7: "int64_data", 12: "uint64_data"}
_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 4, 6, 7, 8
_EXTERNAL = 1
STANDARD = ("", "ai.onnx")
QUANTIZERS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
"""Domains of Quant, BipolarQuant and Trunc: today's name, and those that earlier exporters wrote."""


class OnnxError(Exception):
    """The file is not read or not converted; the message has one line per fault."""


@dataclass(frozen=True)
class Tensor:
    """A tensor that enters or leaves the network. `shape` is without the batch."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One operation. `domain` is empty for ONNX's own; an input that is left out has an empty name."""

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    """Whole numbers, floats (of float32), texts, tuples of these, and arrays."""

    def __str__(self) -> str:
        return f"node '{self.name}' ({self.op})"


@dataclass(frozen=True)
class Model:
    """A network with one input and one output.

    Attributes:
        nodes: What the output needs, each behind those that it reads. Constant nodes are not among them.
        constants: Initializers and Constant nodes by tensor name; all values are finite.
        shapes: By tensor name, the shape without the batch, where the file says it in whole numbers.
        opset: The version of ONNX's own operators.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    input: Tensor
    output: Tensor
    shapes: Mapping[str, tuple[int, ...]]
    opset: int = 0


def load(path: Path) -> Model:
    """Read a file.

    Raises:
        OnnxError: it is no ONNX file, it is cut short or damaged, or it declares what is not read; one line per fault.
    """
    onnx = _package()
    try:
        with open_regular(path, most_bytes=MOST_FILE_BYTES) as file:
            data = file.read()
    except OSError as error:
        raise OnnxError(f"{path}: cannot be read ({error.strerror or error}); give an ONNX file") from error
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except Exception as error:  # of the package that parses; its classes differ by release
        raise OnnxError(f"{path}: is damaged or cut short, or is no ONNX file; export it again") from error
    del data
    if not proto.HasField("graph") or not proto.graph.node:
        raise OnnxError(f"{path}: holds no graph of ONNX nodes; give the file that the export wrote")
    if not all(isinstance(text, str) for text in _texts(proto)):
        raise OnnxError(f"{path}: has names that are no UTF-8 text; export it again")
    reading = _Reading(path)
    try:
        model = reading.model(proto)
    except OnnxError as error:
        reading.faults.append(str(error))
    if reading.faults:
        raise OnnxError("\n".join(f"{path.name}: {each}" for each in dict.fromkeys(reading.faults)))
    return model


def _texts(proto: Any) -> Iterator[Any]:
    """Every name; protobuf gives one that is not UTF-8 as bytes."""
    graph = proto.graph
    yield from (each.domain for each in proto.opset_import)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (each.name for each in node.attribute)
    tensors = (*graph.initializer, *(each.t for node in graph.node for each in node.attribute))
    for each in tensors:
        yield each.name
        yield from (text for entry in each.external_data for text in (entry.key, entry.value))
    yield from (each.name for each in (*graph.input, *graph.output, *graph.value_info))


def _package() -> Any:
    try:
        import onnx  # noqa: PLC0415  an extra: nothing but this import needs it
    except ImportError:
        raise OnnxError("reading ONNX needs the package onnx; install it with pip install -e '.[qonnx]'") from None
    return onnx


class _Reading:
    """One reading of one file; collects its faults."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.faults: list[str] = []
        self._left = MOST_VALUES

    def model(self, proto: Any) -> Model:
        graph = proto.graph
        if len(graph.node) > MOST_NODES:
            raise OnnxError(f"has {len(graph.node):,} nodes; at most {MOST_NODES:,} are read")
        opset = max((each.version for each in proto.opset_import if each.domain in STANDARD), default=0)
        if graph.sparse_initializer:
            self.faults.append("has sparse tensors, which are not read; export dense ones")
        constants = {each.name: self._tensor(each, f"tensor '{each.name}'") for each in graph.initializer}
        inputs = [each for each in graph.input if each.name not in constants]
        shapes: dict[str, tuple[int, ...]] = {}
        for each in (*graph.value_info, *graph.output):
            if (shape := _shape(each)) is not None:
                shapes[each.name] = shape
        nodes: list[Node] = []
        for index, each in enumerate(graph.node):
            node = self._node(each, index)
            if node.op == "Constant" and node.domain == "" and len(node.outputs) == 1:
                constants[node.outputs[0]] = self._constant(node)
            else:
                nodes.append(node)
        if len(inputs) != 1 or len(graph.output) != 1:
            what = f"has {len(inputs)} inputs and {len(graph.output)} outputs"
            raise OnnxError(f"{what}; a network here takes one image and gives one tensor: cut the others off")
        source, result = inputs[0], graph.output[0]
        if (shape := _shape(source)) is None or source.type.tensor_type.elem_type not in _TYPES:
            what = f"input '{source.name}' has no shape in whole numbers, or holds no numbers of a known type"
            raise OnnxError(f"{what}; export with a fixed shape (only the batch may be open)")
        shapes[source.name] = shape
        used = self._ordered(nodes, constants, source.name, result.name)
        used = _without_constants(used, constants, shapes)
        needed = {name for node in used for name in node.inputs}
        kept = {name: values for name, values in constants.items() if name in needed}
        for name, values in kept.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                self.faults.append(f"tensor '{name}' holds NaN or infinity; train or export it again")
        return Model(
            tuple(used),
            kept,
            Tensor(source.name, shape),
            Tensor(result.name, shapes.get(result.name, ())),
            shapes,
            opset,
        )

    def _ordered(self, nodes: Sequence[Node], constants: Mapping[str, Array], source: str, result: str) -> list[Node]:
        """What the result needs, in topological order."""
        made: dict[str, Node] = {}
        for node in nodes:
            for name in filter(None, node.outputs):
                if name in made or name in constants or name == source:
                    raise OnnxError(f"{node}: its output '{name}' is already there; give each tensor one origin")
                made[name] = node
        if result not in made:
            raise OnnxError(f"no node gives the output '{result}'; export the network again")
        ordered: dict[int, Node] = {}
        begun: set[int] = set()
        stack: list[tuple[Node, Iterator[str]]] = [(made[result], iter(made[result].inputs))]
        begun.add(id(made[result]))
        while stack:
            node, names = stack[-1]
            for name in names:
                if name in made and id(made[name]) not in ordered:
                    before = made[name]
                    if id(before) in begun:
                        raise OnnxError(f"{before}: it reads what it has given itself; export without loops")
                    begun.add(id(before))
                    stack.append((before, iter(before.inputs)))
                    break
                if name and name not in made and name not in constants and name != source:
                    raise OnnxError(f"{node}: it reads '{name}', which nothing gives; export the network again")
            else:
                ordered[id(node)] = node
                stack.pop()
        for node in ordered.values():
            if node.domain not in (*STANDARD, *QUANTIZERS):
                what = f"{node}: not supported: the domain '{node.domain}'"
                self.faults.append(f"{what}; known: ONNX's own and {', '.join(QUANTIZERS)}")
        return list(ordered.values())

    def _node(self, proto: Any, index: int) -> Node:
        name = proto.name[:MOST_NAME] or f"{proto.op_type}_{index}"
        domain = "" if proto.domain in STANDARD else proto.domain
        node = Node(name, proto.op_type, domain, tuple(proto.input), tuple(proto.output), {})
        attributes = {each.name: self._attribute(each, node) for each in proto.attribute}
        return Node(name, proto.op_type, domain, node.inputs, node.outputs, attributes)

    def _attribute(self, proto: Any, node: Node) -> Any:
        kind = proto.type
        if kind in (_FLOAT, _INT):
            return float(proto.f) if kind == _FLOAT else int(proto.i)
        if kind == _STRING:
            return proto.s.decode(errors="replace")
        if kind == _TENSOR:
            return self._tensor(proto.t, f"{node}: attribute {proto.name}")
        if kind in (_FLOATS, _INTS):
            return tuple(proto.floats if kind == _FLOATS else proto.ints)
        if kind == _STRINGS:
            return tuple(each.decode(errors="replace") for each in proto.strings)
        what = f"{node}: attribute {proto.name} is of a kind that is not read (a graph, a sparse tensor)"
        self.faults.append(f"{what}; export without branches and loops")
        return None

    def _constant(self, node: Node) -> Array:
        given = node.attributes
        if isinstance(given.get("value"), np.ndarray):
            return np.asarray(given["value"])
        for key, kind in (("value_float", "<f4"), ("value_floats", "<f4"), ("value_int", "<i8"), ("value_ints", "<i8")):
            if isinstance(given.get(key), int | float | tuple):
                return np.asarray(given[key], kind)
        self.faults.append(f"{node}: holds no numbers; export it again")
        return np.zeros(0, np.float32)

    def _tensor(self, proto: Any, where: str) -> Array:
        """A tensor's values; after a fault an empty array."""
        kind = _TYPES.get(proto.data_type)
        if kind is None:
            self.faults.append(
                f"{where}: element type {proto.data_type} of ONNX is not read; export float32 or integers"
            )
            return np.zeros(0, np.float32)
        shape = tuple(proto.dims)
        if len(shape) > MOST_AXES or any(extent < 0 for extent in shape):
            self.faults.append(f"{where}: has the shape {list(shape)[:20]}, which no tensor has; export it again")
            return np.zeros(0, kind)
        count, size = math.prod(shape), np.dtype(kind).itemsize
        if count > self._left:
            what = f"{where}: declares {count:,} numbers; at most {MOST_VALUES:,} are read in all"
            self.faults.append(f"{what}; import a smaller network")
            return np.zeros(0, kind)
        try:
            values = self._values(proto, kind, count * size)
        except (OSError, OnnxError, OverflowError, ValueError) as error:
            self.faults.append(f"{where}: {getattr(error, 'strerror', None) or error}")
            return np.zeros(0, kind)
        if values.size != count:
            what = f"{where}: declares {count:,} numbers {list(shape)} and holds {values.size:,}"
            self.faults.append(f"{what}; the file is damaged: export it again")
            return np.zeros(0, kind)
        self._left -= count
        return values.reshape(shape)

    def _values(self, proto: Any, kind: str, expected: int) -> Array:
        if proto.data_location == _EXTERNAL:
            data = self._external({each.key: each.value for each in proto.external_data}, expected)
            return _from_bytes(data, kind)
        if proto.raw_data:
            return _from_bytes(proto.raw_data, kind)
        field = getattr(proto, _FIELDS.get(proto.data_type, "int32_data"))
        values = np.asarray(field, np.float32 if proto.data_type == 1 else np.int64)
        made = values.astype(kind)
        if proto.data_type != 1 and (made.astype(np.int64) != values).any():
            raise OnnxError("holds numbers beyond its type; export it again")
        return made

    def _external(self, given: Mapping[str, str], expected: int) -> bytes:
        location = given.get("location", "")
        pure = PurePosixPath(location)
        if not location or "\\" in location or "\0" in location or pure.is_absolute() or ".." in pure.parts:
            raise OnnxError(
                f"its values lie in '{location[:MOST_NAME]}', outside the file's folder; put them beside it"
            )
        path = self.folder / location
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise OnnxError(f"its values lie in '{location}', a link that leaves the file's folder; put them beside it")
        offset, length = (int(given.get(key) or default) for key, default in (("offset", 0), ("length", expected)))
        if offset < 0 or length != expected:
            raise OnnxError(
                f"declares {length:,} bytes in '{location}' where its shape takes {expected:,}; export again"
            )
        with open_regular(path) as file:
            file.seek(offset)
            return file.read(expected)


def _without_constants(
    nodes: Sequence[Node], constants: dict[str, Array], shapes: Mapping[str, tuple[int, ...]]
) -> list[Node]:
    """The nodes that are left when those of shapes and constants are computed; what they give joins `constants`."""
    left = []
    for node in nodes:
        made = None
        names = [name for name in node.inputs if name]
        if node.domain == "" and len(node.outputs) == 1:
            if node.op == "Shape" and names and names[0] in shapes:
                made = shape_of(shapes[names[0]], node.attributes)
            elif len(names) == len(node.inputs) and all(name in constants for name in names):
                made = computed(node.op, node.attributes, [constants[name] for name in names])
        if made is None:
            left.append(node)
        else:
            constants[node.outputs[0]] = made
    return left


def _from_bytes(data: bytes, kind: str) -> Array:
    if len(data) % np.dtype(kind).itemsize:
        raise OnnxError(f"holds {len(data):,} bytes, which are no whole numbers of its type; export it again")
    values = np.frombuffer(data, "u1" if kind == "?" else kind)
    return values != 0 if kind == "?" else values


def _shape(info: Any) -> tuple[int, ...] | None:
    """The shape without the batch; None if it is not there in whole numbers."""
    if not info.type.HasField("tensor_type") or not info.type.tensor_type.HasField("shape"):
        return None
    dims: Iterable[Any] = info.type.tensor_type.shape.dim[1:]
    extents = [each.dim_value if each.HasField("dim_value") else 0 for each in dims]
    return tuple(extents) if all(0 < each < 2**31 for each in extents) else None
