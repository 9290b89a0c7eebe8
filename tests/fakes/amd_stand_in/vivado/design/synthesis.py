"""Synthesis of the open project's sources, and constraints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist, verilog
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class SynthesisCommands:
    """From sources to the open design."""

    run: Run

    def do_synth_design(self, arguments: Arguments) -> str:
        """Synthesise the sources that were read."""
        self.need_project("synth_design")
        top = arguments.text("top")
        part = arguments.text("part") or self.part
        if part not in DEVICES:
            raise ToolError("Coretcl 2-106", f"Specified part could not be found: '{part}'.")
        if not top:
            raise ToolError("Common 17-69", "Command failed: synth_design needs -top: the stand-in does not guess.")
        console = self.run.console
        console.line(f"Command: synth_design -mode {arguments.text('mode', 'default')} -top {top} -part {part}")
        console.line(f"Attempting to get a license for feature 'Synthesis' and/or device '{self.device}'")
        console.info("Common 17-349", f"Got license for feature 'Synthesis' and/or device '{self.device}'")
        design = netlist.elaborate(self.modules, top, part, self.run.release, self.checkpoints)
        self.need_memories(design, self.modules, {path.name for path in self.memory_files})
        design.out_of_context = arguments.text("mode", "default") == "out_of_context"
        self.open_design(design, top)
        self.apply_constraints(self.constraints)
        self.run.count("synth", top)
        console.info("Synth 8-7052", "The timing for the instances was not looked at (stand-in)")
        console.info("Project 1-571", f"Translating synthesized netlist of '{top}'")
        console.line("synth_design completed successfully")
        return top

    def need_memories(self, design: Netlist, sources: dict[str, verilog.Module], names: set[str]) -> None:
        """Warn about missing contents; synthesis goes on with an empty memory."""
        used = {name.partition("__parameterized")[0] for name in design.modules}
        for name in sorted(used & set(sources)):
            module = sources[name]
            text = Path(module.file).read_text()
            for file in re.findall(r'\$readmem[hb]\s*\(\s*"([^"]+)"', text):
                here = [Path(file), Path(module.file).parent / file]
                if file not in names and Path(file).name not in names and not any(p.is_file() for p in here):
                    # The memory is empty then, and synthesis goes on.
                    self.run.console.critical(
                        "Synth 8-4445",
                        f"could not open $readmem data file '{file}'; please make sure the file is added to project and has read permission, ignoring [{module.file}]",
                    )

    def apply_constraints(self, files: list[tuple[Path, str]]) -> None:
        """Run constraint files; those for out of context apply only there."""
        design = self.need_design("read_xdc")
        for path, mode in files:
            if mode == "out_of_context" and not design.out_of_context:
                continue
            failed = self.run.tcl.run(path)
            if failed is not None:
                raise ToolError("Designutils 20-1307", f"{path}: {failed.splitlines()[0]}")

    def do_create_clock(self, arguments: Arguments) -> str:
        """A clock on a port."""
        design = self.need_design("create_clock")
        handles = self.run.tcl.split(arguments.word(0))
        if not handles:
            self.run.console.critical("Vivado 12-4739", "create_clock:No valid object(s) found for '-objects'.")
            return ""
        port = self.object(handles[0], "port")
        try:
            period = float(arguments.text("period"))
        except ValueError as error:
            raise ToolError(
                "Common 17-161", f"Invalid option value '{arguments.text('period')}' specified for 'period'."
            ) from error
        name = arguments.text("name", port.name)
        design.clocks[name] = (period, port.name)
        self.add(Thing("clock", name, {"NAME": name, "PERIOD": f"{period:.3f}"}))
        return name
