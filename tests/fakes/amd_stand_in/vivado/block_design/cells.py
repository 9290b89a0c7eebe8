"""Cells of the block design and their pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.block_design.block_design import Cell
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run
    from amd_stand_in.vivado.catalog import Catalog


class CellCommands:
    """IPs of the catalog in the block design."""

    run: Run
    catalog: Catalog

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
