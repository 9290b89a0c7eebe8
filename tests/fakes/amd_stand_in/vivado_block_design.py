"""The commands of the block design (IP integrator)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in import netlist, verilog
from amd_stand_in.arguments import Arguments
from amd_stand_in.block_design import BlockDesign, Cell, End, External, ExternalBus
from amd_stand_in.component import Port
from amd_stand_in.errors import ToolError
from amd_stand_in.netlist import Netlist
from amd_stand_in.objects import Thing
from amd_stand_in.release import order
from amd_stand_in.table import commands

if TYPE_CHECKING:
    from amd_stand_in.catalog import Catalog, Definition
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
        self.need_project("create_bd_design")  # type: ignore[attr-defined]
        name = arguments.word(0)
        if self.block is not None:
            raise ToolError("BD 5-105", f"Block design '{self.block.name}' is open: the stand-in has one at a time.")
        self.block = BlockDesign(name)
        self.add(Thing("bd_design", name, {"NAME": name}))  # type: ignore[attr-defined]
        path = self.folder / f"{self.project.name}.srcs/sources_1/bd/{name}/{name}.bd"  # type: ignore[attr-defined]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"stand_in": true}\n')
        thing = self.add(Thing("file", str(path), {"NAME": str(path), "SYNTH_CHECKPOINT_MODE": "Hierarchical"}))  # type: ignore[attr-defined]
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
        self.add(thing)  # type: ignore[attr-defined]
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
        for thing in self.of_kind("bd_pin", "bd_intf_pin"):  # type: ignore[attr-defined]
            if thing.handle.startswith(f"/{cell.name}/"):
                self.drop(thing)  # type: ignore[attr-defined]
        for port in cell.ports:
            handle = f"/{cell.name}/{port.name}"
            self.add(
                Thing(
                    "bd_pin",
                    handle,
                    {"NAME": port.name, "DIR": port.direction[0].upper(), "PATH": handle},
                    data=(cell.name, port.name),
                )
            )  # type: ignore[attr-defined]
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
                self.add(Thing("bd_intf_pin", handle, properties, data=(cell.name, bus.name)))  # type: ignore[attr-defined]

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
        self.add(thing)  # type: ignore[attr-defined]

    def _port_set(self, thing: Thing, key: str, value: str) -> None:
        block = self.need_block("set_property")
        port = block.ports[thing.data[1]]  # type: ignore[index]
        if key == "NAME":
            block.ports[value] = block.ports.pop(port.name)
            block.nets = [{("", value) if end == ("", port.name) else end for end in net} for net in block.nets]
            port.name, thing.data = value, ("", value)
            self.rename(thing, f"/{value}")  # type: ignore[attr-defined]
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
            for thing in self.objects(word, "bd_pin"):  # type: ignore[attr-defined]
                cell, pin = thing.data
                port = block.cells[cell].port(pin)
                assert port is not None  # noqa: S101
                self._port(block, External(f"{pin}_0", port.direction, port.width, "data"))
                self._connect(block, [(cell, pin), ("", f"{pin}_0")])

    def do_make_bd_intf_pins_external(self, arguments: Arguments) -> None:
        """An interface pin becomes a port `<pin>_0`."""
        block = self.need_block("make_bd_intf_pins_external")
        for word in arguments.positional:
            for thing in self.objects(word, "bd_intf_pin"):  # type: ignore[attr-defined]
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
                made.on_set = lambda key, value, made=made: self._bus_set(made, key, value)  # type: ignore[misc]
                self.add(made)  # type: ignore[attr-defined]

    def _bus_set(self, thing: Thing, key: str, value: str) -> None:
        block = self.need_block("set_property")
        external: ExternalBus = thing.data  # type: ignore[assignment]
        if key == "NAME":
            if value in block.buses:
                raise ToolError("BD 5-229", f"A port named '{value}' exists.")
            block.buses[value] = block.buses.pop(external.name)
            external.name = value
            self.rename(thing, f"/{value}")  # type: ignore[attr-defined]
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
        things = [thing for word in arguments.positional for thing in self.objects(word, "bd_pin", "bd_port")]  # type: ignore[attr-defined]
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
            things = self.objects(word, "bd_intf_pin", "bd_intf_port")  # type: ignore[attr-defined]
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
        return self.select(arguments, self.of_kind(kind), kind, code)  # type: ignore[attr-defined,no-any-return]

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

    # Out of the block design

    def generate_block(self) -> None:
        """Output products: the design has to be valid."""
        block = self.need_block("generate_target")
        if not block.validated:
            self.do_validate_bd_design(Arguments("validate_bd_design"))
        if not block.saved:
            raise ToolError(
                "BD 41-1031", f"Hdl Generation failed for the IP Integrator design {block.name}.bd: it was not saved."
            )
        block.generated = True

    def do_generate_target(self, arguments: Arguments) -> None:
        """Of a block design or an IP."""
        for thing in self.objects(arguments.word(1), "file", "ip"):  # type: ignore[attr-defined]
            if thing.data == "bd":
                self.generate_block()

    def do_make_wrapper(self, arguments: Arguments) -> str:
        """`<design>_wrapper`; where it is written depends on the release."""
        block = self.need_block("make_wrapper")
        self.objects(arguments.text("files") or arguments.word(0), "file")  # type: ignore[attr-defined]
        if not arguments.flag("top"):
            raise ToolError("Vivado 12-4148", "make_wrapper needs -top, -testbench or -inst_template.")
        kind = "srcs" if order(self.run.release) <= (2020, 1) else "gen"
        path = self.folder / f"{self.project.name}.{kind}/sources_1/bd/{block.name}/hdl/{block.name}_wrapper.v"  # type: ignore[attr-defined]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"module {block.name}_wrapper;\nendmodule\n")
        if arguments.flag("import"):
            self.wrapper = f"{block.name}_wrapper"
        return str(path)

    def synthesise_top(self, run: Thing) -> Netlist:
        """What a synthesis run does: the top of the file set over its sources and the block design."""
        top = self.object("sources_1", "fileset").get("TOP")  # type: ignore[attr-defined]
        if self.order_stale:  # type: ignore[attr-defined]
            self.run.console.warning("Vivado 12-584", "update_compile_order was not called after sources were added.")
        options = self.run.tcl.split(run.properties.get("STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS", ""))
        more = self.grammar.read(commands("vivado")["synth_design"], "synth_design", options)  # type: ignore[attr-defined]
        if self.block is not None and top in (self.block.name, f"{self.block.name}_wrapper"):
            if top.endswith("_wrapper") and self.wrapper is None:
                raise ToolError("Synth 8-439", f"module '{top}' not found")
            design = self._block_netlist(top)
        else:
            design = netlist.elaborate(self.modules, top, self.part, self.run.release, self.checkpoints)  # type: ignore[attr-defined]
        design.out_of_context = more.text("mode", "default") == "out_of_context"
        self.run.count("synth", top)
        return design

    def _block_netlist(self, top: str) -> Netlist:
        block = self.need_block("launch_runs")
        if not block.generated:
            self.generate_block()
        ports = [Port(port.name, port.direction, port.width) for port in block.ports.values()]
        for external in block.buses.values():
            cell = block.cells[external.source[0]]
            bus = cell.bus(external.source[1])
            assert bus is not None  # noqa: S101
            for logical, physical in bus.ports.items():
                port = cell.port(physical)
                assert port is not None  # noqa: S101
                # Vivado writes the signals of an AXI port in lower case.
                ports.append(Port(f"{external.name}_{logical.lower()}", port.direction, port.width))
        design = Netlist(top, self.part, ports, {}, release=self.run.release)  # type: ignore[attr-defined]
        inner = netlist.Cell(verilog.Size(), origin=top)
        if top != block.name:
            design.modules[top] = netlist.Cell(verilog.Size(), [(f"{block.name}_i", block.name)], top)
        design.modules[block.name] = inner
        made: dict[str, Netlist] = {}
        for cell in block.cells.values():
            key = cell.definition.vlnv + repr(sorted(cell.values.items()))
            if key not in made:
                made[key] = self.netlist_of(cell.definition, cell.values, cell.name)
            found = made[key]
            design.join(found)
            wrapper = f"{block.name}_{cell.name}_0"
            design.modules[wrapper] = netlist.Cell(verilog.Size(), [("inst", found.top)], wrapper)
            inner.instances.append((cell.name, wrapper))
        return design

    def netlist_of(self, definition: Definition, values: dict[str, str], cell: str = "") -> Netlist:
        """The netlist of an IP: the checkpoint in it, or its sources synthesised."""
        core = definition.core
        part = self.part  # type: ignore[attr-defined]
        if core is None:
            name = definition.vlnv.split(":")[2]
            tag = "_".join([name, *(f"{k}_{v}" for k, v in sorted(values.items()))])
            return Netlist(
                tag, part, [], {tag: netlist.Cell(definition.size(values), origin=tag)}, release=self.run.release
            )
        assert core.folder is not None  # noqa: S101
        checkpoints = core.files.get("xilinx_synthesischeckpoint", [])
        if checkpoints:
            found = netlist.read(core.folder / checkpoints[0], self.run.release)
            if found.part != part:
                raise ToolError(
                    "Project 1-19", f"The checkpoint of '{core.vlnv}' is for part {found.part}, not {part}."
                )
            return found
        sources: dict[str, verilog.Module] = {}
        for group in ("xilinx_anylanguagesynthesis", "xilinx_verilogsynthesis"):
            for file in core.files.get(group, []):
                path = core.folder / file
                if path.suffix in (".v", ".sv"):
                    if not path.is_file():
                        raise ToolError(
                            "IP_Flow 19-3805",
                            f"Failed to generate and synthesize debug IPs: '{core.vlnv}' lacks its file '{file}'.",
                        )
                    sources.update({module.name: module for module in verilog.read(path.read_text(), str(path))})
        self.run.count("synth", cell or core.name)
        return netlist.elaborate(sources, core.top, part, self.run.release)
