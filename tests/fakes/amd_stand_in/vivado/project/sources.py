"""Sources of the open project: Verilog, checkpoints, constraints, contents of memories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist, verilog
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class SourceCommands:
    """Commands that add files to the project."""

    run: Run

    def _files(self, arguments: Arguments) -> list[Path]:
        paths = [Path(name) for word in arguments.positional for name in self.run.tcl.split(word)]
        for path in paths:
            if not path.exists():
                raise ToolError("Vivado 12-172", f"File or Directory '{path}' does not exist")
        return paths

    def _take(self, path: Path, *, sv: bool = False) -> None:
        self.add(Thing("file", str(path), {"NAME": str(path)}))
        if path.suffix in (".v", ".sv", ".vh", ".svh"):
            if path.suffix == ".sv" and not sv and self.in_memory:
                raise ToolError("Synth 8-2715", f"syntax error: '{path}' is SystemVerilog: read_verilog -sv [{path}:1]")
            for module in verilog.read(path.read_text(), str(path)):
                if module.name in self.modules:
                    self.run.console.critical(
                        "Synth 8-2490", f"overwriting previous definition of module '{module.name}' [{path}]"
                    )
                self.modules[module.name] = module
            self.order_stale = True
        elif path.suffix == ".dcp":
            found = netlist.read(path, self.run.release)
            self.checkpoints[found.top] = found
        elif path.suffix == ".xdc":
            self.constraints.append((path, "default"))
        elif path.suffix in (".mem", ".dat", ".coe"):
            self.memory_files.append(path)
        elif path.suffix not in (".xci", ".bd", ".tcl"):
            raise ToolError("Stand-in 1-2", f"'{path}': files of this kind are not modelled.")

    def do_add_files(self, arguments: Arguments) -> list[str]:
        """Add sources to the project."""
        self.need_project("add_files")
        if "fileset" in arguments.options:
            self.object(arguments.text("fileset"), "fileset")
        paths = self._files(arguments)
        for path in paths:
            self._take(path, sv=True)
        return [str(path) for path in paths]

    def do_import_files(self, arguments: Arguments) -> list[str]:
        """Import sources; the stand-in treats copies like originals."""
        return self.do_add_files(arguments)

    def do_read_verilog(self, arguments: Arguments) -> None:
        """Read sources."""
        self.need_project("read_verilog")
        for path in self._files(arguments):
            if path.suffix not in (".v", ".sv"):
                raise ToolError("Stand-in 1-2", f"'{path}' is no Verilog file.")
            self._take(path, sv=arguments.flag("sv"))

    def do_read_mem(self, arguments: Arguments) -> None:
        """Read contents of memories."""
        self.need_project("read_mem")
        for path in self._files(arguments):
            self.memory_files.append(path)

    def do_read_xdc(self, arguments: Arguments) -> None:
        """Apply constraints to the open design; keep them if there is none yet."""
        self.need_project("read_xdc")
        for path in self._files(arguments):
            self.constraints.append((path, arguments.text("mode", "default")))
            if self.design is not None:
                self.apply_constraints([self.constraints[-1]])

    def do_get_files(self, arguments: Arguments) -> list[str]:
        """Files of the project; a pattern may be the end of a path."""
        self.need_project("get_files")
        for index, word in enumerate(arguments.positional):
            arguments.positional[index] = word if word.startswith("*") else f"{word} *{word}" if word else "*"
        return self.select(arguments, self.of_kind("file"), "files", "Vivado 12-818")
