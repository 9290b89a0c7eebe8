"""Checkpoints: written, read, and joined under a top."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist
from amd_stand_in.hardware.netlist import Netlist

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class CheckpointCommands:
    """Netlists between the open design and files."""

    run: Run

    def do_rename_ref(self, arguments: Arguments) -> None:
        """`-prefix_all` on every module below the top."""
        design = self.need_design("rename_ref")
        prefix = arguments.text("prefix_all")
        if not prefix:
            raise ToolError("Stand-in 1-2", "rename_ref: only -prefix_all is modelled.")
        if not re.fullmatch(r"[A-Za-z_]\w*", prefix):
            raise ToolError("Common 17-161", f"Invalid option value '{prefix}' specified for 'prefix_all'.")
        design.rename(prefix)

    def do_write_checkpoint(self, arguments: Arguments) -> str:
        """Write it."""
        design = self.need_design("write_checkpoint")
        path = Path(arguments.word(0, f"{design.top}.dcp"))
        design.release = self.run.release
        design.write(path, force=arguments.flag("force"))
        self.run.faults.damage(path, "write_checkpoint")
        self.run.console.info("Common 17-1381", f"The checkpoint '{path.resolve()}' has been generated.")
        return str(path)

    def do_open_checkpoint(self, arguments: Arguments) -> str:
        """Read a checkpoint as the open design, in a project of its own."""
        found = netlist.read(Path(arguments.word(0)), self.run.release)
        if self.project is None:
            self.do_create_project(Arguments("create_project", {"in_memory": True, "part": found.part}))
        return self.open_design(found, found.top)

    def do_read_checkpoint(self, arguments: Arguments) -> None:
        """Fill a black box, or add a netlist for a later `link_design`."""
        self.need_project("read_checkpoint")
        found = netlist.read(Path(arguments.word(0)), self.run.release)
        if "cell" not in arguments.options:
            self.checkpoints[found.top] = found
            return
        design = self.need_design("read_checkpoint -cell")
        module = dict(design.paths()).get(arguments.text("cell"))
        if module is None or module in design.modules:
            raise ToolError("Project 1-840", f"Cell '{arguments.text('cell')}' is no black box of the design.")
        design.join(found)
        design.black_boxes = [name for name in design.black_boxes if name != module]

    def do_link_design(self, arguments: Arguments) -> str:
        """Join the netlists that were added under a top."""
        self.need_project("link_design")
        top = arguments.text("top")
        part = arguments.text("part") or self.part
        for found in self.checkpoints.values():
            if found.part != part:
                raise ToolError(
                    "Project 1-19", f"The checkpoint of '{found.top}' is for part {found.part}, not {part}."
                )
        if top in self.checkpoints:
            design = self._fill(self.checkpoints[top])
        else:
            design = netlist.elaborate(self.modules, top, part, self.run.release, self.checkpoints)
        design.out_of_context = arguments.text("mode", "default") == "out_of_context"
        return self.open_design(design, top)

    def _fill(self, design: Netlist) -> Netlist:
        """Fill the black boxes of a netlist with the other checkpoints, by the names of their tops."""
        for name, found in self.checkpoints.items():
            if name == design.top:
                continue
            if name not in design.black_boxes:
                self.run.console.warning(
                    "Project 1-486", f"Checkpoint of '{name}' fills no black box of '{design.top}'."
                )
                continue
            design.join(found)
            design.black_boxes.remove(name)
        for name in design.black_boxes:
            self.run.console.critical("Project 1-486", f"Could not resolve non-primitive black box cell '{name}'.")
        return design
