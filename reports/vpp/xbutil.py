"""The output of `xbutil examine --format JSON`: XRT's version, and each card with its shell, xclbin and health.

XRT writes all values as texts, and members depend on the release, the card and the reports asked for (2.8 to 2.18), so
every member may be absent. Names of the host and its users are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.reading.document import Record, read_json
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number


@dataclass(frozen=True)
class CardUnit:
    """A compute unit on a card, with its base address and status as printed."""

    name: str
    base_address: str | None
    status: str | None


@dataclass(frozen=True)
class CardClock:
    """A clock on a card."""

    name: str
    frequency_mhz: float | None


@dataclass(frozen=True)
class Card:
    """A card: its address on the bus, its shell, whether it is ready, and what it runs."""

    bdf: str | None
    shell: str | None
    is_ready: bool | None
    status: str | None
    xclbin_uuid: str | None
    power_w: float | None
    clocks: tuple[CardClock, ...]
    compute_units: tuple[CardUnit, ...]


@dataclass(frozen=True)
class Examination:
    """What XRT says of a machine: its own version, and the cards."""

    xrt_version: str | None
    cards: tuple[Card, ...]


def matches(head: str) -> bool:
    """Whether a text begins like the JSON of xbutil or xbmgmt."""
    begin = head.lstrip("\ufeff \r\n\t")
    return begin.startswith("{") and '"schema_version"' in begin[:400] and ('"devices"' in head or '"system"' in head)


def parse(text: str, file: str = "") -> Examination:
    """Return the value of the JSON of `xbutil examine`. Raises ReportError."""
    expect(text, file, matches, "the JSON of xbutil examine")
    root = Record(read_json(text, file), file)
    host = _part(_part(root, "system"), "host")
    known = {_text(one, "bdf"): one for one in _list(host, "devices")}
    cards = [_card(one, known.pop(_text(one, "device_id", "bdf"), None)) for one in _list(root, "devices")]
    cards += [_card(one, one) for one in known.values()]
    return Examination(_text(_part(host, "xrt"), "version"), tuple(cards))


def _card(card: Record, known: Record | None) -> Card:
    platforms = _list(card, "platforms")
    shell = _part(platforms[0], "static_region") if platforms else None
    regions = _list(card, "dynamic_regions")
    units = [unit for holder in (card, *regions) for unit in _list(holder, "compute_units")]
    clocks = [clock for holder in (card, *platforms) for clock in _clocks(holder)]
    ready = _text(known, "is_ready") or _text(card, "is_ready")
    return Card(
        bdf=_text(card, "device_id", "bdf"),
        shell=_text(shell, "vbnv") or _text(known, "vbnv", "shell"),
        is_ready=None if ready is None else ready.lower() == "true",
        status=_text(card, "device_status"),
        xclbin_uuid=next((uuid for one in (*regions, card) if (uuid := _text(one, "xclbin_uuid"))), None),
        power_w=_number(_part(card, "electrical"), "power_consumption_watts"),
        clocks=tuple(clocks),
        compute_units=tuple(
            CardUnit(_text(unit, "name") or "", _text(unit, "base_address"), _status(unit)) for unit in units
        ),
    )


def _clocks(holder: Record) -> Iterator[CardClock]:
    inner = _part(holder, "clocks")
    for clock in (*_list(holder, "clocks"), *_list(inner, "clocks")):
        yield CardClock(_text(clock, "id", "description", "name") or "", _number(clock, "freq_mhz"))


def _status(unit: Record) -> str | None:
    bits = _part(unit, "status")
    if bits is None:
        return _text(unit, "status")
    flags = bits.value.get("bit_mask")
    names = [str(name)[:40] for name in bits.items("bits_set")] if isinstance(bits.value.get("bits_set"), list) else []
    return ", ".join(names) or (str(flags)[:40] if flags is not None else None)


def _part(record: Record | None, key: str) -> Record | None:
    value = None if record is None else record.value.get(key)
    return Record(value, record.file, key) if record is not None and isinstance(value, dict) else None


def _list(record: Record | None, key: str) -> list[Record]:
    value = None if record is None else record.value.get(key)
    if record is None or not isinstance(value, list):
        return []
    return [Record(item, record.file, key) for item in value if isinstance(item, dict)]


def _text(record: Record | None, *keys: str) -> str | None:
    for key in keys:
        value = None if record is None else record.value.get(key)
        if isinstance(value, bool):
            return str(value)
        if isinstance(value, (str, int)) and str(value).strip() not in ("", "N/A"):
            return str(value).strip()[:200]
    return None


def _number(record: Record | None, key: str) -> float | None:
    value = None if record is None else record.value.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    found = number(str(value).strip()[:40])
    return None if found is None else float(found)


KIND = Kind("xrt_examine", Precedence.LAYOUT, matches, parse)
