"""Nets and interface connections of the block design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError

if TYPE_CHECKING:
    from amd_stand_in.run import Run
    from amd_stand_in.vivado.block_design.block_design import BlockDesign, End


class ConnectionCommands:
    """Commands that connect pins, ports and interfaces."""

    run: Run

    def do_connect_bd_net(self, arguments: Arguments) -> None:
        """Connect ports and pins to one net."""
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
        """Connect a master to a slave."""
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
