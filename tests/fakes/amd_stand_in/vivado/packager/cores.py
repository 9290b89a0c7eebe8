"""Cores for the packager: from a checkpoint, from a project, from a `component.xml`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import component, netlist
from amd_stand_in.hardware.component import Component

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class CoreCommands:
    """Commands that open a core in the packager."""

    run: Run

    def do_ipx_package_checkpoint(self, arguments: Arguments) -> str:
        """Make a core of a checkpoint; its interfaces are inferred from the names of its ports."""
        file = Path(arguments.text("dcp_file") or arguments.word(0))
        found = netlist.read(file, self.run.release)
        if found.black_boxes:
            raise ToolError("IP_Flow 19-3805", f"'{file}' has black boxes: {', '.join(found.black_boxes)}.")
        if not found.out_of_context:
            # Its ports have I/O buffers, which a netlist inside another must not have. The real tool reports this hours later.
            raise ToolError(
                "Stand-in 1-9", f"'{file}' was not synthesised with -mode out_of_context: it has I/O buffers."
            )
        folder = self._folder(arguments)
        shutil.copyfile(file, folder / file.name)
        core = self._described(arguments, found.top, found.ports, folder)
        core.files = {"xilinx_synthesischeckpoint": [file.name], "xilinx_simulationcheckpoint": [file.name]}
        return self._open(core).handle

    def do_ipx_package_project(self, arguments: Arguments) -> str:
        """Make a core of exactly the project's sources."""
        project = self.need_project("ipx::package_project")
        if self.in_memory:
            raise ToolError("IP_Flow 19-3153", "ipx::package_project needs a project on disk.")
        if "taxonomy" not in arguments.options:
            raise ToolError(
                "Common 17-166",
                "Missing value for option 'taxonomy', please type 'ipx::package_project -help' for usage info.",
            )
        if "module" in arguments.options:
            raise ToolError("Stand-in 1-2", "ipx::package_project -module is not modelled.")
        top = self.object("sources_1", "fileset").get("TOP")
        if top not in self.modules:
            raise ToolError(
                "IP_Flow 19-4760", f"Top module '{top}' of project '{project.name}' not found: set_property top."
            )
        folder = self._folder(arguments)
        core = self._described(arguments, top, self.modules[top].ports({}), folder)
        names = []
        for thing in self.of_kind("file"):
            source = Path(thing.handle)
            if source.suffix in (".v", ".sv", ".mem", ".dat", ".xdc"):
                target = folder / "src" / source.name
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(source, target)
                names.append(f"src/{source.name}")
        core.files = {"xilinx_anylanguagesynthesis": names, "xilinx_anylanguagebehavioralsimulation": list(names)}
        return self._open(core).handle

    def _folder(self, arguments: Arguments) -> Path:
        if "root_dir" not in arguments.options:
            raise ToolError(
                "Common 17-166",
                f"Missing value for option 'root_dir', please type '{arguments.command} -help' for usage info.",
            )
        folder = Path(arguments.text("root_dir"))
        if (folder / "component.xml").exists() and not arguments.flag("force"):
            raise ToolError("IP_Flow 19-3153", f"'{folder}' holds a core already: -force.")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _described(self, arguments: Arguments, top: str, ports: list[component.Port], folder: Path) -> Component:
        core = Component(
            arguments.text("vendor", "xilinx.com"), arguments.text("library", "user"), arguments.text("name", top),
            arguments.text("version", "1.0"), top, ports, component.infer(ports), folder=folder,
        )  # fmt: skip
        if arguments.text("taxonomy"):
            core.parameters["taxonomy"] = arguments.text("taxonomy")
        return core

    def do_ipx_open_core(self, arguments: Arguments) -> str:
        """Open `component.xml`."""
        path = Path(arguments.word(0))
        if not path.is_file():
            raise ToolError("Common 17-354", f"Could not open '{path}' for reading.")
        try:
            return self._open(component.read(path)).handle
        except ValueError as error:
            raise ToolError("Stand-in 1-7", str(error)) from error

    def do_ipx_open_ipxact_file(self, arguments: Arguments) -> str:
        """Like `ipx::open_core`."""
        return self.do_ipx_open_core(arguments)
