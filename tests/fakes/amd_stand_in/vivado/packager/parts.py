"""Parts of an open core: interfaces and their parameters, memory maps and registers, file groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.component import Bus, Component
from amd_stand_in.vivado.objects import Thing
from amd_stand_in.vivado.packager.groups import FILE_GROUPS

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class CorePartCommands:
    """Commands that query, add and remove parts of a core."""

    run: Run

    def _of(self, arguments: Arguments, kind: str) -> list[str]:
        owners = (
            self.objects(arguments.text("of_objects"))
            if "of_objects" in arguments.options
            else [self.core]
            if self.core
            else []
        )
        if not owners:
            raise ToolError("IP_Flow 19-3153", f"'{arguments.command}' needs -of_objects: no core is open.")
        things = [child for owner in owners for child in owner.children if child.kind == kind]
        for index, word in enumerate(arguments.positional):
            arguments.positional[index] = word
        return self.select(arguments, things, kind.removeprefix("ipx_"), "IP_Flow 19-570")

    def do_ipx_get_bus_interfaces(self, arguments: Arguments) -> list[str]:
        """Bus interfaces."""
        return self._of(arguments, "ipx_bus")

    def do_ipx_get_bus_parameters(self, arguments: Arguments) -> list[str]:
        """Parameters of bus interfaces."""
        return self._of(arguments, "ipx_parameter")

    def do_ipx_get_ports(self, arguments: Arguments) -> list[str]:
        """Ports."""
        return self._of(arguments, "ipx_port")

    def do_ipx_get_file_groups(self, arguments: Arguments) -> list[str]:
        """File groups."""
        return self._of(arguments, "ipx_file_group")

    def do_ipx_get_files(self, arguments: Arguments) -> list[str]:
        """Files of a group."""
        return self._of(arguments, "ipx_file")

    def do_ipx_get_memory_maps(self, arguments: Arguments) -> list[str]:
        """Memory maps."""
        return self._of(arguments, "ipx_map")

    def do_ipx_get_user_parameters(self, arguments: Arguments) -> list[str]:
        """User parameters."""
        return self._of(arguments, "ipx_user_parameter")

    def _add(self, arguments: Arguments, kind: str, owner_kind: str, **properties: str) -> str:
        owner = self.object(arguments.word(1), owner_kind)
        name = arguments.word(0)
        if any(child.kind == kind and child.name == name for child in owner.children):
            raise ToolError("IP_Flow 19-3153", f"'{owner.name}' has a {kind.removeprefix('ipx_')} '{name}' already.")
        return self._thing(kind, name, owner, **properties).handle

    def _parameter(self, bus: Thing, name: str, value: str) -> Thing:
        thing = self._thing("ipx_parameter", name, bus, VALUE=value)

        def change(key: str, new: str) -> None:
            if key == "VALUE" and isinstance(bus.data, Bus):
                bus.data.parameters[name] = new

        thing.on_set = change
        return thing

    def do_ipx_add_bus_parameter(self, arguments: Arguments) -> str:
        """A parameter of a bus interface."""
        bus = self.object(arguments.word(1), "ipx_bus")
        known = next((child for child in bus.children if child.name == arguments.word(0)), None)
        return (known or self._parameter(bus, arguments.word(0), "")).handle

    def do_ipx_remove_bus_parameter(self, arguments: Arguments) -> None:
        """Remove a parameter of a bus interface, if it exists."""
        bus = self.object(arguments.word(1), "ipx_bus")
        known = next((child for child in bus.children if child.name == arguments.word(0)), None)
        if known is None:
            if not arguments.flag("quiet"):
                raise ToolError("IP_Flow 19-3153", f"'{bus.name}' has no parameter '{arguments.word(0)}'.")
            return
        bus.children.remove(known)
        bus.data.parameters.pop(arguments.word(0), None)

    def do_ipx_add_memory_map(self, arguments: Arguments) -> str:
        """A memory map."""
        return self._add(arguments, "ipx_map", "core")

    def do_ipx_add_address_block(self, arguments: Arguments) -> str:
        """An address block."""
        return self._add(arguments, "ipx_block", "ipx_map")

    def do_ipx_add_register(self, arguments: Arguments) -> str:
        """A register."""
        return self._add(arguments, "ipx_register", "ipx_block")

    def do_ipx_add_register_parameter(self, arguments: Arguments) -> str:
        """A parameter of a register."""
        return self._add(arguments, "ipx_parameter", "ipx_register")

    def do_ipx_add_field(self, arguments: Arguments) -> str:
        """A field of a register."""
        return self._add(arguments, "ipx_field", "ipx_register")

    def do_ipx_add_file_group(self, arguments: Arguments) -> str:
        """A file group."""
        if arguments.word(0) not in FILE_GROUPS:
            raise ToolError("IP_Flow 19-3153", f"'{arguments.word(0)}' is no file group: {', '.join(FILE_GROUPS)}.")
        return self._add(arguments, "ipx_file_group", "core")

    def do_ipx_add_file(self, arguments: Arguments) -> str:
        """Add a file to a group; it must be in the core's folder."""
        group = self.object(arguments.word(1), "ipx_file_group")
        folder = group.owner.data.folder
        if not (folder / arguments.word(0)).is_file():
            raise ToolError("IP_Flow 19-3805", f"File '{arguments.word(0)}' does not exist in '{folder}'.")
        return self._add(arguments, "ipx_file", "ipx_file_group")

    def do_ipx_remove_file_group(self, arguments: Arguments) -> None:
        """Remove a file group."""
        core = self._core(arguments, 1)
        found = [child for child in core.children if child.kind == "ipx_file_group" and child.name == arguments.word(0)]
        if not found:
            raise ToolError("IP_Flow 19-3153", f"'{core.name}' has no file group '{arguments.word(0)}'.")
        core.children.remove(found[0])

    def do_ipx_associate_bus_interfaces(self, arguments: Arguments) -> None:
        """Associate a bus interface, or a reset, with its clock."""
        thing = self._core(arguments, 0)
        core: Component = thing.data
        clock = core.bus(arguments.text("clock"))
        if clock is None or clock.kind != "clock":
            raise ToolError("IP_Flow 19-3153", f"'{core.name}' has no clock interface '{arguments.text('clock')}'.")
        for option, parameter in (("busif", "ASSOCIATED_BUSIF"), ("reset", "ASSOCIATED_RESET")):
            name = arguments.text(option)
            if not name:
                continue
            if core.bus(name) is None:
                raise ToolError("IP_Flow 19-3153", f"'{core.name}' has no bus interface '{name}'.")
            known = [word for word in clock.parameters.get(parameter, "").split(":") if word]
            if name not in known:
                clock.parameters[parameter] = ":".join([*known, name])
