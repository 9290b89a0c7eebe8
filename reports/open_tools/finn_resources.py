"""FINN's resources by layer: `estimate_layer_resources.json`, `..._hls.json`, `post_synth_resources.json`.

A member is a layer with amounts by resource; `total` and `(top)` are the whole network. Numbers may be texts (HLS), and
names of resources differ by release (`DSP48E`, `DSP`). Shares such as `BRAM_efficiency` are kept as FINN's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.document import Json, Record, read_json
from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number

_FIRST = re.compile(
    r"\s{0,100}\{\s{0,100}\"[^\"\\]{1,200}\"\s{0,20}:\s{0,20}(?:\[\s{0,100})?\{\s{0,100}"
    r"\"(?:BRAM_18K|BRAM_36K|BRAM_efficiency|LUT|FF|SRL|DSP|DSP48E?|URAM|URAM_efficiency|Carry)\""
)
_WHOLE = ("total", "(top)")


@dataclass(frozen=True)
class LayerAmount:
    """The amount of a resource in FINN's words; None if FINN does not know it."""

    resource: str
    amount: float | int | None


@dataclass(frozen=True)
class LayerResources:
    """A layer with its resources. A layer with several configurations has one entry for each, as FINN lists them."""

    layer: str
    amounts: tuple[LayerAmount, ...]


@dataclass(frozen=True)
class FinnLayerResources:
    """The resources of the layers in the order of the file, and FINN's own total; empty if the file has none."""

    layers: tuple[LayerResources, ...]
    total: tuple[LayerAmount, ...]


def matches(head: str) -> bool:
    """Whether a text begins like resources by layer."""
    return _FIRST.match(head.lstrip("\ufeff \r\n\t")) is not None


def parse(text: str, file: str = "") -> FinnLayerResources:
    """Return the resources by layer. Raises ReportError."""
    expect(text, file, matches, "FINN's resources by layer")
    root = Record(read_json(text, file), file)
    layers: list[LayerResources] = []
    total: tuple[LayerAmount, ...] = ()
    for name, value in root.value.items():
        for one in value if isinstance(value, list) else [value]:
            amounts = _amounts(Record(one, file, name), name)
            if name in _WHOLE:
                total = amounts
            else:
                layers.append(LayerResources(name[:200], amounts))
    return FinnLayerResources(tuple(layers), total)


def _amounts(record: Record, layer: str) -> tuple[LayerAmount, ...]:
    return tuple(
        LayerAmount(key[:60], _amount(record, layer, key, value)) for key, value in record.value.items() if key.strip()
    )


def _amount(record: Record, layer: str, key: str, value: Json) -> float | int | None:
    if value is None or (isinstance(value, str) and value.strip() in ("", "N/A", "?")):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return record.count(key) if isinstance(value, int) else record.number(key)
    found = number(value.strip()[:40]) if isinstance(value, str) else None
    if found is None:
        what = f"'{key[:60]}' of '{layer[:60]}' is no number"
        raise UnknownLayoutError(record.file, record.line, what, "expected the amount of a resource")
    return found


KIND = Kind("finn_layer_resources", Precedence.TITLE, matches, parse)
