"""Pblocks and SLRs of the open design."""

from __future__ import annotations

import re

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.objects import Thing


class FloorplanCommands:
    """Assignment of cells to pblocks."""

    def do_create_pblock(self, arguments: Arguments) -> str:
        """A new pblock."""
        self.need_design("create_pblock")
        name = arguments.word(0)
        if any(thing.kind == "pblock" for thing in self.things.get(name, [])):
            raise ToolError("Vivado 12-4417", f"A pblock '{name}' exists.")
        self.add(Thing("pblock", name, {"NAME": name}))
        return name

    def do_get_pblocks(self, arguments: Arguments) -> list[str]:
        """Pblocks."""
        return self.select(arguments, self.of_kind("pblock"), "pblocks", "Vivado 12-1023")

    def do_resize_pblock(self, arguments: Arguments) -> None:
        """Set its sites; the SLRs must exist."""
        self.objects(arguments.word(0), "pblock")
        count = len(DEVICES[self.need_design("resize_pblock").part].slrs)
        for slr in re.findall(r"SLR(\d+)", " ".join(map(str, arguments.options.values()))):
            if int(slr) >= count:
                raise ToolError("Vivado 12-4418", f"SLR{slr} is not on the device, which has {count}.")

    def do_add_cells_to_pblock(self, arguments: Arguments) -> None:
        """Add cells to a pblock; an empty list is an error."""
        self.objects(arguments.word(0), "pblock")
        cells = self.run.tcl.split(arguments.word(1)) if not arguments.flag("top") else ["top"]
        if not cells:
            raise ToolError("Common 17-55", "'add_cells_to_pblock' expects at least one object.")
        self.placed.update(dict.fromkeys(cells, arguments.word(0)))

    def do_get_slrs(self, arguments: Arguments) -> list[str]:
        """SLRs of the device."""
        design = self.need_design("get_slrs")
        names = [f"SLR{at}" for at in range(len(DEVICES[design.part].slrs))]
        for name in names:
            if name not in self.things:
                self.add(Thing("slr", name, {"NAME": name}))
        return self.select(arguments, self.of_kind("slr"), "SLRs", "Vivado 12-1024")
