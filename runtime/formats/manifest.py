"""The manifest inside an xclbin: the build, its sources and its tools. Section USER_METADATA, as JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..errors import ManifestError

SCHEMA = 1
ITEM_BYTES = {
    "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
    "float32": 4, "float64": 8,
}  # fmt: skip
#: The target whose payload simulates the logic, cycle by cycle.
SIMULATED = "hw_emu"
#: What the kernel writes for an image: the numbers of the best classes, best first, or a raw sum for each class.
INDICES, SUMS = "indices", "sums"
STAND_IN = "stand-in"
STAND_IN_WEIGHTS = "stand-in fc_weights"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Argument:
    """A buffer of the kernel.

    ``shape`` is that of one image where ``per`` is ``image`` and of the whole buffer where it is ``call``;
    the first of ``dtypes`` is canonical, the others have its width and are accepted; ``banks`` are memory tags,
    the first is where the runtime allocates.
    """

    name: str
    shape: tuple[int, ...]
    dtypes: tuple[str, ...]
    direction: str
    per: str
    banks: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes per image, or per call."""
        return math.prod(self.shape) * ITEM_BYTES[self.dtypes[0]]

    def bytes_for(self, images: int) -> int:
        """Bytes that a call on this many images touches."""
        return self.size_bytes * (images if self.per == "image" else 1)


@dataclass(frozen=True)
class Parameters:
    """Where the trained values are from (``trained``, ``stand-in``, …) and the digest over all of them.

    Where blocks differ, ``origin`` lists all of theirs; ``stand-in fc_weights`` are those of the last layer alone.
    """

    origin: str
    digest: str

    def stand_ins(self, *, own_weights: bool = False) -> bool:
        """Whether any of the values are stand-ins, apart from the last layer's where the user gives their own."""
        origins = self.origin.split(", ")
        return STAND_IN in origins or (STAND_IN_WEIGHTS in origins and not own_weights)


@dataclass(frozen=True)
class Cycles:
    """Initiation interval in cycles per image: by the model of the folding, and as measured; None if unknown."""

    predicted_ii: int | None = None
    bottleneck: str | None = None
    measured: int | None = None


@dataclass(frozen=True)
class PayloadFacts:
    """Needs of the native payload: the machine that runs it; and its SHA-256."""

    sha256: str
    architecture: str
    glibc: str
    isa: str

    def __str__(self) -> str:
        return f"{self.architecture} ({self.isa}), glibc {self.glibc} or later"


@dataclass(frozen=True)
class Manifest:
    """One build. Every digest is SHA-256 in lower-case hexadecimal; ``folding`` is block -> text.

    ``results`` says what the numbers in the output buffer are (``indices`` or ``sums``), ``classes`` how many classes
    they are about; None in files of builds that did not say it.
    """

    network: str
    kernel: str
    instance: str
    toolchain: str
    target: str
    view: str
    parameters: Parameters
    clock_mhz: float
    arguments: tuple[Argument, ...]
    folding: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tools: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    cycles: Cycles = Cycles()
    parts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    payload: PayloadFacts | None = None
    labels: tuple[str, ...] = ()
    dataset: Mapping[str, Any] | None = None
    results: str = INDICES
    classes: int | None = None

    def __post_init__(self) -> None:
        for name in ("folding", "inputs", "tools", "parts", "dataset"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    def argument(self, name: str) -> Argument:
        """The buffer of that name."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        raise ManifestError(
            f"no argument {name!r}", where="arguments", remedy=f"it has {', '.join(a.name for a in self.arguments)}"
        )

    def only(self, direction: str, per: str) -> Argument | None:
        """The one buffer of that direction (``in``, ``out``) and extent (``image``, ``call``), or None."""
        found = [a for a in self.arguments if (a.direction, a.per) == (direction, per)]
        if len(found) > 1:
            raise ManifestError(
                f"{len(found)} buffers are {direction} per {per}", where="arguments", remedy="rebuild the xclbin"
            )
        return found[0] if found else None

    @property
    def image(self) -> Argument:
        """The input buffer, per image."""
        return self._needed("in", "image")

    @property
    def result(self) -> Argument:
        """The output buffer, per image."""
        return self._needed("out", "image")

    @property
    def weights(self) -> Argument | None:
        """The weights that the host supplies with every call, or None."""
        return self.only("in", "call")

    def _needed(self, direction: str, per: str) -> Argument:
        found = self.only(direction, per)
        if found is None:
            raise ManifestError(f"no buffer is {direction} per {per}", where="arguments", remedy="rebuild the xclbin")
        return found

    def to_json(self) -> str:
        """Sorted and indented: equal manifests are equal bytes."""
        value = {"schema": SCHEMA, **{name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}}
        return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def from_json(text: str) -> Manifest:
    """Read a manifest. Raises ManifestError naming the field."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"not JSON ({error})", where="manifest", remedy="rebuild the xclbin") from error
    root = _Reader(value, "manifest")
    schema = root.value("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        raise ManifestError(
            f"schema {schema!r}, this runtime reads schema {SCHEMA}",
            where="manifest",
            remedy="use the runtime of the checkout or wheel that the xclbin came with",
        )
    parameters, cycles = root.section("parameters"), root.section("cycles")
    payload = root.section("payload") if root.value("payload") is not None else None
    dataset = root.value("dataset")
    if dataset is not None and not isinstance(dataset, dict):
        root.fail("dataset", "a mapping or null")
    arguments = tuple(
        _argument(_Reader(item, f"manifest, arguments[{index}]")) for index, item in enumerate(root.list("arguments"))
    )
    names = [argument.name for argument in arguments]
    if len(set(names)) != len(names):
        root.fail("arguments", "a list of different names")
    facts = Manifest(
        **{name: root.text(name) for name in ("network", "kernel", "instance", "toolchain", "target", "view")},
        parameters=Parameters(parameters.text("origin"), parameters.text("digest")),
        clock_mhz=root.number("clock_mhz"),
        arguments=arguments,
        folding=root.texts("folding"),
        inputs=root.digests("inputs"),
        tools=root.texts("tools"),
        cycles=Cycles(
            cycles.optional("predicted_ii", int), cycles.optional("bottleneck", str), cycles.optional("measured", int)
        ),
        parts=root.digests("parts"),
        payload=None
        if payload is None
        else PayloadFacts(
            payload.digest("sha256"), payload.text("architecture"), payload.text("glibc"), payload.text("isa")
        ),
        labels=root.names("labels"),
        dataset=dataset,
        results=root.later("results", INDICES),
        classes=root.later("classes", None),
    )
    _check_results(root, facts)
    return facts


def _check_results(root: _Reader, facts: Manifest) -> None:
    """Complain of classes that no ranking could be made of."""
    if facts.results not in (INDICES, SUMS):
        root.fail("results", f"{INDICES} or {SUMS}")
    if facts.classes is not None and (type(facts.classes) is not int or not 0 < facts.classes < 1 << 31):
        root.fail("classes", "a positive integer or null")
    if facts.results == SUMS and facts.result.shape != (facts.classes,):
        root.fail("classes", f"the shape of {facts.result.name}, {list(facts.result.shape)}: one sum for each class")


def _is_text(value: Any) -> bool:
    """Text without control characters: it is shown to the user who decides whether to trust the file."""
    return isinstance(value, str) and value.isprintable()


def _argument(reader: _Reader) -> Argument:
    shape = reader.list("shape")
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 < n < 1 << 31 for n in shape) or len(shape) > 8:
        reader.fail("shape", "a list of positive integers")
    dtypes = reader.names("dtypes")
    if not dtypes or len({ITEM_BYTES.get(name) for name in dtypes}) != 1 or dtypes[0] not in ITEM_BYTES:
        reader.fail("dtypes", f"a list of equally wide types out of {', '.join(ITEM_BYTES)}")
    direction, per = reader.text("direction"), reader.text("per")
    if direction not in ("in", "out"):
        reader.fail("direction", "in or out")
    if per not in ("image", "call"):
        reader.fail("per", "image or call")
    return Argument(reader.text("name"), tuple(shape), dtypes, direction, per, reader.names("banks"))


class _Reader:
    """A JSON object being read; every complaint names the field and what it should have been."""

    def __init__(self, value: Any, where: str) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise ManifestError("not a mapping", where=where, remedy="rebuild the xclbin")
        self._value = value

    def fail(self, key: str, expected: str) -> None:
        raise ManifestError(
            f"{key} is {self._value.get(key)!r:.80}, expected {expected}", where=self.where, remedy="rebuild the xclbin"
        )

    def value(self, key: str) -> Any:
        if key not in self._value:
            raise ManifestError(f"{key} is missing", where=self.where, remedy="rebuild the xclbin")
        return self._value[key]

    def later(self, key: str, default: Any) -> Any:
        """The value of a key that the first files did not have, or the default, which says what they meant."""
        return self._value.get(key, default)

    def section(self, key: str) -> _Reader:
        return _Reader(self.value(key), f"{self.where}, {key}")

    def text(self, key: str) -> str:
        value = self.value(key)
        if not _is_text(value):
            self.fail(key, "printable text")
        return str(value)

    def number(self, key: str) -> float:
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
            self.fail(key, "a positive number")
        return float(value)

    def optional(self, key: str, kind: type) -> Any:
        value = self.value(key)
        if value is not None and (
            not isinstance(value, kind) or isinstance(value, bool) or (kind is str and not _is_text(value))
        ):
            self.fail(key, f"{kind.__name__} or null")
        return value

    def list(self, key: str) -> list[Any]:
        value = self.value(key)
        if not isinstance(value, list):
            self.fail(key, "a list")
        return list(value)

    def names(self, key: str) -> tuple[str, ...]:
        value = self.list(key)
        if not all(_is_text(item) for item in value):
            self.fail(key, "a list of printable texts")
        return tuple(value)

    def texts(self, key: str) -> dict[str, str]:
        value = self.value(key)
        if not isinstance(value, dict) or not all(_is_text(item) for pair in value.items() for item in pair):
            self.fail(key, "a mapping of printable texts")
        return dict(value)

    def digest(self, key: str) -> str:
        value = self.text(key)
        if not _SHA256.fullmatch(value):
            self.fail(key, "64 hexadecimal digits")
        return value

    def digests(self, key: str) -> dict[str, str]:
        value = self.texts(key)
        if not all(_SHA256.fullmatch(item) for item in value.values()):
            self.fail(key, "a mapping to 64 hexadecimal digits")
        return value
