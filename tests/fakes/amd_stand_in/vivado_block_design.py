"""The commands of the block design (IP integrator)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.block_design import BlockDesign, Cell, End, External, ExternalBus
from amd_stand_in.errors import ToolError
from amd_stand_in.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.catalog import Catalog
    from amd_stand_in.run import Run

KINDS = ("bd_cell", "bd_pin", "bd_port", "bd_intf_pin", "bd_intf_port")


class BlockDesignCommands:
    """The state of one open block design."""

    run: Run
    catalog: Catalog

    def start_block_design(self) -> None:
        """No block design."""
        self.block: BlockDesign | None = None
        self.wrapper: str | None = None

    def need_block(self, command: str) -> BlockDesign:
        """The open block design. Raises ToolError."""
        if self.block is None:
            raise ToolError("BD 5-104", f"A block design must be open to run this command: {command}.")
        return self.block

    def do_create_bd_design(self, arguments: Arguments) -> str:
        """A new one."""
        self.need_project("create_bd_design")
        name = arguments.word(0)
        if self.block is not None:
            raise ToolError("BD 5-105", f"Block design '{self.block.name}' is open: the stand-in has one at a time.")
        self.block = BlockDesign(name)
        self.add(Thing("bd_design", name, {"NAME": name}))
        path = self.folder / f"{self.project.name}.srcs/sources_1/bd/{name}/{name}.bd"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"stand_in": true}\n')
        thing = self.add(Thing("file", str(path), {"NAME": str(path), "SYNTH_CHECKPOINT_MODE": "Hierarchical"}))
        thing.data = "bd"
        return name

    def do_current_bd_design(self, arguments: Arguments) -> str:
        """Its name."""
        return self.need_block("current_bd_design").name

    def do_close_bd_design(self, arguments: Arguments) -> None:
        """Close: what was not saved is lost."""
        block = self.need_block("close_bd_design")
        if not block.saved:
            self.run.console.warning("BD 5-235", f"Block design '{block.name}' was not saved.")

    def do_save_bd_design(self, arguments: Arguments) -> None:
        """Save."""
        self.need_block("save_bd_design").saved = True

    # Cells and ports

    def do_create_bd_cell(self, arguments: Arguments) -> str:
        """An IP of the catalog."""
        block = self.need_block("create_bd_cell")
        name = arguments.word(0)
        if arguments.text("type", "ip") != "ip":
            raise ToolError("Stand-in 1-2", f"create_bd_cell -type {arguments.text('type')} is not modelled.")
        if name in block.cells or name in block.ports or name in block.buses:
            raise ToolError("BD 5-229", f"A cell or port named '{name}' exists.")
        definition = self.catalog.find(arguments.text("vlnv"))
        cell = block.cells[name] = Cell(name, definition)
        block.changed()
        thing = Thing("bd_cell", f"/{name}", {"NAME": name, "VLNV": definition.vlnv, "PATH": f"/{name}"}, data=cell)
        thing.on_set = lambda key, value: self._configure(cell, key, value)
        thing.on_get = cell.parameter
        self.add(thing)
        self._pins(cell)
        return f"/{name}"

    def _configure(self, cell: Cell, key: str, value: str) -> None:
        if not key.startswith("CONFIG."):
            return
        name = next((n for n in cell.definition.parameters if n.upper() == key[7:]), key[7:])
        cell.definition.check(name, value)
        cell.values[name] = value
        self.need_block("set_property").changed()
        cell.remake()
        self._pins(cell)

    def _pins(self, cell: Cell) -> None:
        for thing in self.of_kind("bd_pin", "bd_intf_pin"):
            if thing.data[0] == cell.name:
                self.drop(thing)
        for port in cell.ports:
            handle = f"/{cell.name}/{port.name}"
            self.add(
                Thing(
                    "bd_pin",
                    handle,
                    {"NAME": port.name, "DIR": port.direction[0].upper(), "PATH": handle},
                    data=(cell.name, port.name),
                )
            )
        for bus in cell.buses:
            if bus.kind in ("axis", "aximm"):
                handle = f"/{cell.name}/{bus.name}"
                properties = {
                    "NAME": bus.name,
                    "MODE": bus.mode.capitalize(),
                    "PATH": handle,
                    "VLNV": f"xilinx.com:interface:{bus.kind}_rtl:1.0",
                }
                data = cell.width(bus, "TDATA" if bus.kind == "axis" else "WDATA")
                properties["CONFIG.TDATA_NUM_BYTES" if bus.kind == "axis" else "CONFIG.DATA_WIDTH"] = str(
                    data // 8 if bus.kind == "axis" else data
                )
                self.add(Thing("bd_intf_pin", handle, properties, data=(cell.name, bus.name)))

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

    # Connections

    def do_connect_bd_net(self, arguments: Arguments) -> None:
        """Ports and pins into one net."""
        block = self.need_block("connect_bd_net")
        things = [thing for word in arguments.positional for thing in self.objects(word, "bd_pin", "bd_port")]
        if len(things) < 2:
            raise ToolError(
                "BD 5-108",
                "connect_bd_net needs at least two pins or ports; an empty list came from a get_bd_* that found nothing.",
            )
        self._connect(block, [thing.data for thing in things])

    def _connect(self, block: BlockDesign, ends: list[End]) -> None:
        net = set(ends)
        for known in [known for known in block.nets if known & net]:
            net |= known
            block.nets.remove(known)
        block.nets.append(net)
        block.changed()
        drivers = block.drivers(net)
        if len(drivers) > 1:
            names = " and ".join("/" + "/".join(part for part in end if part) for end in drivers)
            raise ToolError("BD 41-703", f"The net would be driven by {names}.")

    def do_connect_bd_intf_net(self, arguments: Arguments) -> None:
        """A master to a slave."""
        block = self.need_block("connect_bd_intf_net")
        ends = []
        for word in arguments.positional[:2]:
            things = self.objects(word, "bd_intf_pin", "bd_intf_port")
            if len(things) != 1:
                raise ToolError("BD 5-108", f"connect_bd_intf_net needs one interface, not {len(things)}: '{word}'.")
            if things[0].kind == "bd_intf_port":
                raise ToolError(
                    "Stand-in 1-2",
                    "connect_bd_intf_net to an external port is not modelled: make_bd_intf_pins_external.",
                )
            ends.append(things[0])
        modes = [thing.properties["MODE"] for thing in ends]
        if set(modes) != {"Master", "Slave"}:
            raise ToolError("BD 41-171", f"'{ends[0].handle}' and '{ends[1].handle}' are both {modes[0].lower()}s.")
        if ends[0].properties["VLNV"] != ends[1].properties["VLNV"]:
            raise ToolError(
                "BD 41-171", f"'{ends[0].handle}' and '{ends[1].handle}' are interfaces of different kinds."
            )
        for thing in ends:
            if any(thing.data in pair for pair in block.streams) or any(
                bus.source == thing.data for bus in block.buses.values()
            ):
                raise ToolError("BD 5-107", f"'{thing.handle}' is connected already.")
        master, slave = ends if modes[0] == "Master" else ends[::-1]
        block.streams.append((master.data, slave.data))
        block.changed()

    # Queries

    def _select_bd(self, arguments: Arguments, kind: str, code: str) -> list[str]:
        self.need_block(f"get_{kind}s")
        return self.select(arguments, self.of_kind(kind), kind, code)

    def do_get_bd_cells(self, arguments: Arguments) -> list[str]:
        """Cells."""
        return self._select_bd(arguments, "bd_cell", "BD 5-232")

    def do_get_bd_pins(self, arguments: Arguments) -> list[str]:
        """Pins."""
        return self._select_bd(arguments, "bd_pin", "BD 5-235")

    def do_get_bd_ports(self, arguments: Arguments) -> list[str]:
        """External ports."""
        return self._select_bd(arguments, "bd_port", "BD 5-234")

    def do_get_bd_intf_pins(self, arguments: Arguments) -> list[str]:
        """Interface pins."""
        return self._select_bd(arguments, "bd_intf_pin", "BD 5-236")

    def do_get_bd_intf_ports(self, arguments: Arguments) -> list[str]:
        """External interfaces."""
        return self._select_bd(arguments, "bd_intf_port", "BD 5-237")

    def do_get_bd_designs(self, arguments: Arguments) -> list[str]:
        """Block designs."""
        return [self.block.name] if self.block else []

    def do_assign_bd_address(self, arguments: Arguments) -> None:
        """Map what the masters reach."""
        self.need_block("assign_bd_address").addressed = True

    def do_regenerate_bd_layout(self, arguments: Arguments) -> None:
        """Accepted."""
        self.need_block("regenerate_bd_layout")

    def do_validate_bd_design(self, arguments: Arguments) -> None:
        """Every fault is told; one that is more than a warning ends it."""
        block = self.need_block("validate_bd_design")
        block.propagate()
        for cell in block.cells.values():
            self._pins(cell)
        faults = list(block.faults())
        serious = [fault for fault in faults if fault[0] != "BD 41-967"]
        for code, text in faults:
            if (code, text) not in serious:
                self.run.console.critical(code, text)
        masters = [
            f"/{b.name}"
            for b in block.buses.values()
            if (m := block.cells[b.source[0]].bus(b.source[1])) and m.kind == "aximm" and m.mode == "master"
        ]
        if masters and not block.addressed:
            self.run.console.critical(
                "BD 41-1356", f"Address block of {', '.join(masters)} is not mapped. Please use assign_bd_address."
            )
        if serious:
            for code, text in serious[1:]:
                self.run.console.error(code, text)
            raise ToolError(*serious[0], also=(("BD 41-1031", "Validation of the block design failed."),))
        block.validated = True
