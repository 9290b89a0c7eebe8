"""Clock buffers of the open design: their pins, nets, possible sites, and properties.

Facts: AMD UG903 (get_*), UG905 (HD.CLK_SRC), UG949 (CLOCK_DELAY_GROUP belongs to nets that clock buffers drive).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.netlist import BUFFERS, Netlist
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run

SITES_PER_ROW = 24
"""BUFGCE sites of an I/O bank; the stand-in has one bank in each SLR."""
ROWS_PER_SLR = 4


class ClockingCommands:
    """Queries about clocks. Of all pins and nets, only those of clock buffers exist here."""

    run: Run

    def add_clock_objects(self, design: Netlist) -> None:
        """Pins and nets of the clock buffers."""
        for path, module in design.paths():
            parent, _, _ = path.rpartition("/")
            for pin in BUFFERS.get(module, ()):
                direction = "OUT" if pin == "O" else "IN"
                net = f"{parent}/BUFG_{pin}".lstrip("/")
                known = next((t for t in self.of_kind("net") if t.handle == net), None)
                made = known or self.add(Thing("net", net, {"NAME": net, "TYPE": "GLOBAL_CLOCK"}, data=pin == "O"))
                made.on_set = lambda key, value, made=made: self._net_set(made, key)
                self.add(
                    Thing(
                        "pin",
                        f"{path}/{pin}",
                        {"NAME": f"{path}/{pin}", "DIRECTION": direction, "REF_PIN_NAME": pin},
                        data=(path, net),
                    )
                )

    def _net_set(self, net: Thing, key: str) -> None:
        if key in ("CLOCK_DELAY_GROUP", "USER_CLOCK_ROOT") and not net.data:
            raise ToolError(
                "Stand-in 1-6",
                f"{key} counts only on a net that a clock buffer drives directly; '{net.handle}' is not.",
            )

    def port_set(self, key: str, value: str) -> None:
        """Set HD.CLK_SRC: only out of context, and only to the site of a buffer."""
        if key != "HD.CLK_SRC":
            return
        if not self.need_design("set_property").out_of_context:
            raise ToolError("Stand-in 1-6", "HD.CLK_SRC is for a design that is out of context.")
        self.do_get_sites(Arguments("get_sites", {"quiet": True}))
        if value not in {site.handle for site in self.of_kind("site")}:
            raise ToolError(
                "Common 17-161", f"Invalid option value '{value}' specified for 'HD.CLK_SRC': no such site."
            )

    def do_get_sites(self, arguments: Arguments) -> list[str]:
        """Sites of clock buffers."""
        from amd_stand_in.devices import DEVICES

        design = self.need_design("get_sites")
        if not self.of_kind("site"):
            for slr in range(len(DEVICES[design.part].slrs)):
                for at in range(SITES_PER_ROW):
                    name = f"BUFGCE_X0Y{slr * SITES_PER_ROW * ROWS_PER_SLR + at}"
                    region = f"X0Y{slr * ROWS_PER_SLR}"
                    self.add(
                        Thing(
                            "site",
                            name,
                            {"NAME": name, "SITE_TYPE": "BUFGCE", "SLR_INDEX": str(slr), "CLOCK_REGION": region},
                        )
                    )
        return self.select(arguments, self.of_kind("site"), "sites", "Vivado 12-1024")

    def _of_buffers(self, arguments: Arguments, kind: str, code: str) -> list[str]:
        things = self.of_kind(kind)
        if "of_objects" in arguments.options:
            owners = {thing.handle: thing for thing in self.objects(arguments.text("of_objects"))}
            pins = [t for t in self.of_kind("pin") if t.handle in owners or t.data[0] in owners or t.data[1] in owners]
            handles = {pin.handle if kind == "pin" else pin.data[1] for pin in pins}
            things = [thing for thing in things if thing.handle in handles]
        elif not arguments.flag("hierarchical"):
            levels = {p.count("/") for word in arguments.positional or ["*"] for p in self.run.tcl.split(word)}
            things = [thing for thing in things if thing.handle.count("/") in levels]
        if kind == "net" and "of_objects" not in arguments.options:
            # The nets of the ports; this stand-in has no objects for them.
            design = self.need_design("get_nets")
            for port in design.ports:
                if not any(thing.kind == "net" for thing in self.things.get(port.name, [])):
                    things.append(self.add(Thing("net", port.name, {"NAME": port.name}, data=False)))
        return self.select(arguments, things, f"{kind}s", code)

    def do_get_pins(self, arguments: Arguments) -> list[str]:
        """Pins of clock buffers."""
        self.need_design("get_pins")
        return self._of_buffers(arguments, "pin", "Vivado 12-508")

    def do_get_nets(self, arguments: Arguments) -> list[str]:
        """Nets of clock buffers and of ports."""
        self.need_design("get_nets")
        return self._of_buffers(arguments, "net", "Vivado 12-507")
