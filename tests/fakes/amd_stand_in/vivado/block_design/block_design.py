"""A block design: cells, external ports, nets, and validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from amd_stand_in.hardware.component import Bus, Port
from amd_stand_in.vivado.catalog import Definition

DEFAULT_HZ = 100_000_000
End = tuple[str, str]
"""Cell and pin; the cell of an external port is empty."""


@dataclass
class Cell:
    """An instance of an IP. `values` are the parameters that were set."""

    name: str
    definition: Definition
    values: dict[str, str] = field(default_factory=dict)
    ports: list[Port] = field(default_factory=list)
    buses: list[Bus] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.remake()

    def remake(self) -> None:
        """The pins that result from the parameters."""
        self.ports, self.buses = self.definition.make(self.values)

    def parameter(self, key: str) -> str | None:
        """The value of `CONFIG.<name>`: set or propagated, otherwise the IP's default; None for other properties."""
        for values in (self.values, self.definition.defaults) if key.startswith("CONFIG.") else ():
            for name, value in values.items():
                if name.upper() == key[7:]:
                    return value
        return None

    def port(self, name: str) -> Port | None:
        """A pin."""
        return next((port for port in self.ports if port.name == name), None)

    def bus(self, name: str) -> Bus | None:
        """An interface pin."""
        return next((bus for bus in self.buses if bus.name == name), None)

    def width(self, bus: Bus, logical: str) -> int:
        """Bits of a signal of an interface; 0 if it has none."""
        port = self.port(bus.ports.get(logical, ""))
        return port.width if port else 0

    def clock_of(self, bus: Bus) -> Bus | None:
        """The clock pin that an interface belongs to."""
        clocks = [b for b in self.buses if b.kind == "clock"]
        return next((b for b in clocks if bus.name in b.parameters.get("ASSOCIATED_BUSIF", "").split(":")), None)


@dataclass
class External:
    """An external port: `kind` is data, clk or rst; `hz` for a clock, `low` for a reset."""

    name: str
    direction: str
    width: int
    kind: str
    hz: int = DEFAULT_HZ
    low: bool = True
    associated: list[str] = field(default_factory=list)


@dataclass
class ExternalBus:
    """An external interface, as the pin that it was made of."""

    name: str
    source: End
    hz: int | None = None


@dataclass
class BlockDesign:
    """A block design. A net is a set of ends; an interface net is a pair, master first."""

    name: str
    cells: dict[str, Cell] = field(default_factory=dict)
    ports: dict[str, External] = field(default_factory=dict)
    buses: dict[str, ExternalBus] = field(default_factory=dict)
    nets: list[set[End]] = field(default_factory=list)
    streams: list[tuple[End, End]] = field(default_factory=list)
    addressed: bool = False
    validated: bool = False
    saved: bool = False
    generated: bool = False

    def changed(self) -> None:
        """Note a change: the design must be validated, saved and generated again."""
        self.validated = self.saved = self.generated = False

    def net_of(self, end: End) -> set[End] | None:
        """The net of a pin."""
        return next((net for net in self.nets if end in net), None)

    def port_at(self, end: End) -> tuple[str, int] | None:
        """Direction, as seen from inside, and width of a pin."""
        if end[0]:
            port = self.cells[end[0]].port(end[1])
            return (port.direction, port.width) if port else None
        external = self.ports.get(end[1])
        return ("out" if external.direction == "in" else "in", external.width) if external else None

    def drivers(self, net: set[End]) -> list[End]:
        """The driver of a net."""
        return sorted(end for end in net if (found := self.port_at(end)) and found[0] == "out")

    def clock(self, end: End) -> External | None:
        """The clock port that drives a pin.

        A clock buffer passes frequency and domain on: BUFG_O has the CLK_DOMAIN of BUFG_I (public stubs from 2024.2).
        """
        net = self.net_of(end)
        for cell, pin in self.drivers(net) if net else []:
            if not cell and self.ports[pin].kind == "clk":
                return self.ports[pin]
            if cell and pin == "BUFG_O" and ":util_ds_buf:" in self.cells[cell].definition.vlnv:
                return self.clock((cell, "BUFG_I"))
        return None

    def propagate(self) -> None:
        """If the width of an AXI4-Stream IP was not set, it takes that of its source."""
        for _ in range(len(self.streams) + 1):
            quiet = True
            for (source, out), (sink, into) in self.streams:
                if not source or not sink:
                    continue
                cell = self.cells[sink]
                key = next(
                    (k for k in ("TDATA_NUM_BYTES", "S_TDATA_NUM_BYTES") if k in cell.definition.parameters), None
                )
                bus = self.cells[source].bus(out)
                if key is None or key in cell.values or bus is None or into != "S_AXIS":
                    continue
                size = str(self.cells[source].width(bus, "TDATA") // 8)
                if cell.values.get(key) != size:
                    cell.values[key] = size
                    cell.remake()
                    quiet = False
            if quiet:
                return

    def faults(self) -> Iterator[tuple[str, str]]:
        """Message id and text of each mistake."""
        for net in self.nets:
            yield from self._net_faults(net)
        joined = {end for pair in self.streams for end in pair} | {bus.source for bus in self.buses.values()}
        for cell in self.cells.values():
            inside = {name for bus in cell.buses for name in bus.ports.values() if bus.kind in ("axis", "aximm")}
            for bus in cell.buses:
                end = (cell.name, bus.name)
                if bus.kind in ("axis", "aximm") and end not in joined:
                    yield "BD 41-759", f"The interface pin /{cell.name}/{bus.name} ({bus.mode}) is not connected."
                elif bus.kind == "clock":
                    yield from self._clock_faults(cell, bus)
            for port in cell.ports:
                bus = next((b for b in cell.buses if port.name in b.ports.values()), None)
                if port.direction != "in" or port.name in inside or (bus is not None and bus.kind == "clock"):
                    continue
                net = self.net_of((cell.name, port.name))
                if net is None or not self.drivers(net):
                    yield "BD 41-759", f"The input pin /{cell.name}/{port.name} is not connected to a source."
        for pair in self.streams:
            yield from self._stream_faults(*pair)
        for external in self.buses.values():
            yield from self._external_faults(external)

    def _net_faults(self, net: set[End]) -> Iterator[tuple[str, str]]:
        shown = ", ".join(f"/{c}/{p}" if c else f"/{p}" for c, p in sorted(net))
        drivers = self.drivers(net)
        if not drivers:
            yield "BD 41-759", f"The net of {shown} has no source."
            return
        if len(drivers) > 1:
            yield "BD 41-703", f"The net of {shown} has {len(drivers)} sources."
            return
        width = self.port_at(drivers[0])[1]
        low = self.ports[drivers[0][1]].low if not drivers[0][0] and self.ports[drivers[0][1]].kind == "rst" else None
        for end in sorted(net - set(drivers)):
            found = self.port_at(end)
            if found and found[1] != width:
                yield "BD 41-235", f"Width mismatch: /{'/'.join(end)} has {found[1]} bits, its source {width}."
            if end[0] and low is not None:
                bus = next(
                    (b for b in self.cells[end[0]].buses if b.kind == "reset" and b.ports.get("RST") == end[1]), None
                )
                if bus is not None and (bus.parameters.get("POLARITY", "ACTIVE_LOW") == "ACTIVE_LOW") != low:
                    yield (
                        "BD 41-238",
                        f"Port/Pin property POLARITY does not match between /{drivers[0][1]} and /{'/'.join(end)}.",
                    )

    def _clock_faults(self, cell: Cell, bus: Bus) -> Iterator[tuple[str, str]]:
        clock = self.clock((cell.name, bus.ports["CLK"]))
        if clock is None:
            yield (
                "BD 41-758",
                f"The following clock pins are not connected to a valid clock source: /{cell.name}/{bus.ports['CLK']}",
            )
            return
        wanted = bus.parameters.get("FREQ_HZ")
        if wanted is not None and int(wanted) != clock.hz:
            yield (
                "BD 41-238",
                f"Port/Pin property FREQ_HZ does not match between /{cell.name}/{bus.name} ({wanted}) and /{clock.name} ({clock.hz}).",
            )

    def _stream_faults(self, master: End, slave: End) -> Iterator[tuple[str, str]]:
        sides = []
        for name, pin in (master, slave):
            cell = self.cells[name]
            bus = cell.bus(pin)
            if bus is None:
                yield "BD 41-759", f"The interface pin /{name}/{pin} is gone: a parameter of the cell took it away."
                return
            clock_bus = cell.clock_of(bus)
            clock = self.clock((name, clock_bus.ports["CLK"])) if clock_bus else None
            values = {signal: cell.width(bus, signal) for signal in ("TLAST", "TKEEP", "WDATA", "RDATA")}
            sides.append((cell.width(bus, "TDATA") // 8, values, clock, f"/{name}/{pin}"))
            if clock_bus is None:
                yield (
                    "BD 41-967",
                    f"AXI interface pin /{name}/{pin} is not associated to any clock pin. It may not work correctly.",
                )
        (a_bytes, a_values, a_clock, a), (b_bytes, b_values, b_clock, b) = sides
        if a_bytes != b_bytes:
            yield (
                "BD 41-237",
                f"Bus Interface property TDATA_NUM_BYTES does not match between {b}({b_bytes}) and {a}({a_bytes})",
            )
        for signal, width in a_values.items():
            if bool(width) != bool(b_values[signal]) or (signal[1:] == "DATA" and width != b_values[signal]):
                yield (
                    "BD 41-237",
                    f"Bus Interface property HAS_{signal} does not match between {b}({b_values[signal]}) and {a}({width})",
                )
        if a_clock and b_clock and a_clock.name != b_clock.name:
            yield (
                "BD 41-237",
                f"Bus Interface property CLK_DOMAIN does not match between {b}({b_clock.name}) and {a}({a_clock.name})",
            )
        if a_clock and b_clock and a_clock.hz != b_clock.hz:
            yield (
                "BD 41-237",
                f"Bus Interface property FREQ_HZ does not match between {b}({b_clock.hz}) and {a}({a_clock.hz})",
            )

    def _external_faults(self, external: ExternalBus) -> Iterator[tuple[str, str]]:
        cell = self.cells[external.source[0]]
        bus = cell.bus(external.source[1])
        clock_bus = cell.clock_of(bus) if bus else None
        clock = self.clock((cell.name, clock_bus.ports["CLK"])) if clock_bus else None
        if (
            clock is not None
            and (external.hz or DEFAULT_HZ) != clock.hz
            and (external.hz is not None or external.name not in clock.associated)
        ):
            yield (
                "BD 41-237",
                f"Bus Interface property FREQ_HZ does not match between /{external.name}({external.hz or DEFAULT_HZ}) and /{'/'.join(external.source)}({clock.hz})",
            )
