"""Ports of the block design: created, or pins made external."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.block_design.block_design import BlockDesign, End, External, ExternalBus
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class ExternalPortCommands:
    """Commands that make external ports."""

    run: Run

    def do_create_bd_port(self, arguments: Arguments) -> str:
        """A scalar or vector port."""
        block = self.need_block("create_bd_port")
        name = arguments.word(0)
        if name in block.ports or name in block.cells:
            raise ToolError("BD 5-229", f"A cell or port named '{name}' exists.")
        direction = {"I": "in", "O": "out", "IO": "inout"}[arguments.text("dir")]
        width = abs(int(arguments.text("from", "0")) - int(arguments.text("to", "0"))) + 1
        kind = arguments.text("type", "data")
        if "freq_hz" in arguments.options and kind != "clk":
            raise ToolError("BD 5-106", "-freq_hz is for ports of type clk.")
        port = External(name, direction, width, kind, int(arguments.text("freq_hz", "100000000")))
        self._port(block, port)
        return f"/{name}"

    def _port(self, block: BlockDesign, port: External) -> None:
        block.ports[port.name] = port
        block.changed()
        thing = Thing(
            "bd_port",
            f"/{port.name}",
            {
                "NAME": port.name,
                "DIR": port.direction[0].upper(),
                "TYPE": port.kind,
                "PATH": f"/{port.name}",
                "CONFIG.FREQ_HZ": str(port.hz),
            },
            data=("", port.name),
        )
        thing.on_set = lambda key, value: self._port_set(thing, key, value)
        self.add(thing)

    def _port_set(self, thing: Thing, key: str, value: str) -> None:
        block = self.need_block("set_property")
        port = block.ports[thing.data[1]]
        if key == "NAME":
            block.ports[value] = block.ports.pop(port.name)
            block.nets = [{("", value) if end == ("", port.name) else end for end in net} for net in block.nets]
            port.name, thing.data = value, ("", value)
            self.rename(thing, f"/{value}")
        elif key == "CONFIG.FREQ_HZ":
            if block.validated:
                raise ToolError(
                    "Stand-in 1-5",
                    f"CONFIG.FREQ_HZ of '/{port.name}' is set after validate_bd_design: set it before connecting.",
                )
            port.hz = int(value)
        elif key == "CONFIG.POLARITY":
            if value not in ("ACTIVE_LOW", "ACTIVE_HIGH"):
                raise ToolError("BD 41-1279", f"POLARITY takes ACTIVE_LOW or ACTIVE_HIGH, not '{value}'.")
            port.low = value == "ACTIVE_LOW"
        elif key == "CONFIG.ASSOCIATED_BUSIF":
            missing = [name for name in value.split(":") if name not in block.buses]
            if missing:
                raise ToolError(
                    "BD 41-1348",
                    f"ASSOCIATED_BUSIF of '/{port.name}' names '{missing[0]}', which is no interface port.",
                )
            port.associated = value.split(":")
        elif key not in ("CONFIG.ASSOCIATED_RESET", "CONFIG.CLK_DOMAIN", "CONFIG.PHASE"):
            raise ToolError("Common 17-142", f"'{key}' is not a property of bd_port '/{port.name}'.")
        block.changed()

    def do_make_bd_pins_external(self, arguments: Arguments) -> None:
        """A pin becomes a port `<pin>_0`."""
        block = self.need_block("make_bd_pins_external")
        for word in arguments.positional:
            for thing in self.objects(word, "bd_pin"):
                cell, pin = thing.data
                port = block.cells[cell].port(pin)
                assert port is not None
                if any(not end[0] for end in block.net_of((cell, pin)) or ()):
                    raise ToolError("BD 5-107", f"'{thing.handle}' is connected to a port already.")
                self._port(block, External(f"{pin}_0", port.direction, port.width, "data"))
                self._connect(block, [(cell, pin), ("", f"{pin}_0")])

    def do_make_bd_intf_pins_external(self, arguments: Arguments) -> None:
        """An interface pin becomes a port `<pin>_0`."""
        block = self.need_block("make_bd_intf_pins_external")
        for word in arguments.positional:
            for thing in self.objects(word, "bd_intf_pin"):
                end: End = thing.data
                if any(end in pair for pair in block.streams) or any(bus.source == end for bus in block.buses.values()):
                    raise ToolError("BD 5-107", f"'{thing.handle}' is connected already.")
                name = f"{end[1]}_0"
                external = block.buses[name] = ExternalBus(name, end)
                block.changed()
                made = Thing(
                    "bd_intf_port",
                    f"/{name}",
                    {
                        "NAME": name,
                        "MODE": thing.properties["MODE"],
                        "PATH": f"/{name}",
                        "VLNV": thing.properties["VLNV"],
                    },
                    data=external,
                )
                made.on_set = lambda key, value, made=made: self._bus_set(made, key, value)
                self.add(made)

    def _bus_set(self, thing: Thing, key: str, value: str) -> None:
        block = self.need_block("set_property")
        external: ExternalBus = thing.data
        if key == "NAME":
            if value in block.buses:
                raise ToolError("BD 5-229", f"A port named '{value}' exists.")
            block.buses[value] = block.buses.pop(external.name)
            external.name = value
            self.rename(thing, f"/{value}")
        elif key == "CONFIG.FREQ_HZ":
            if block.validated:
                raise ToolError(
                    "Stand-in 1-5", f"CONFIG.FREQ_HZ of '/{external.name}' is set after validate_bd_design."
                )
            external.hz = int(value)
        block.changed()
