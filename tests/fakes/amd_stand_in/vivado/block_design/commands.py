"""Commands on the block design (IP integrator): open, save, query, validate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.block_design.block_design import BlockDesign
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class BlockDesignCommands:
    """The state of one open block design."""

    run: Run

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
        """Close; unsaved changes are lost."""
        block = self.need_block("close_bd_design")
        if not block.saved:
            self.run.console.warning("BD 5-235", f"Block design '{block.name}' was not saved.")

    def do_save_bd_design(self, arguments: Arguments) -> None:
        """Save."""
        self.need_block("save_bd_design").saved = True

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
        """Map the addresses that masters reach."""
        self.need_block("assign_bd_address").addressed = True

    def do_regenerate_bd_layout(self, arguments: Arguments) -> None:
        """Accepted."""
        self.need_block("regenerate_bd_layout")

    def do_validate_bd_design(self, arguments: Arguments) -> None:
        """Print every fault; fail if one is more than a warning."""
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
