"""Projects and their file sets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import verilog
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.vivado.catalog import Catalog
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class ProjectCommands:
    """The state of one open project."""

    run: Run
    catalog: Catalog

    def start_project(self) -> None:
        """No project."""
        self.project: Thing | None = None
        self.in_memory = False
        self.folder = Path()
        self.modules: dict[str, verilog.Module] = {}
        self.checkpoints: dict[str, Netlist] = {}
        self.constraints: list[tuple[Path, str]] = []
        self.memory_files: list[Path] = []
        self.order_stale = False
        self.pending: list[tuple[Thing, str, str]] = []

    @property
    def device(self) -> str:
        """The part's short name, as used for licences."""
        return self.part.partition("-")[0]

    @property
    def part(self) -> str:
        """The project's part."""
        return self.project.properties.get("PART", "") if self.project else ""

    def need_project(self, command: str) -> Thing:
        """The open project. Raises ToolError."""
        if self.project is None:
            raise ToolError(
                "Common 17-53",
                "User Exception: No open project. Please create or open a project before executing this command.",
            )
        return self.project

    def do_create_project(self, arguments: Arguments) -> str:
        """Create a project in memory or in a folder."""
        if self.project is not None:
            raise ToolError("Common 17-54", f"The project '{self.project.name}' is open: close_project first.")
        part = arguments.text("part")
        if part not in DEVICES:
            raise ToolError("Coretcl 2-106", f"Specified part could not be found: '{part}'.")
        self.start_project()
        self.in_memory = arguments.flag("in_memory")
        name = arguments.word(0, "New_Project")
        self.folder = Path(arguments.word(1, "."))
        if not self.in_memory:
            file = self.folder / f"{name}.xpr"
            if file.exists() and not arguments.flag("force"):
                raise ToolError("Coretcl 2-53", f"Project '{file}' already exists. Use -force to overwrite it.")
            if file.exists():
                shutil.rmtree(self.folder / f"{name}.runs", ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_text("<!-- a stand-in's project -->\n")
        self.project = self.add(
            Thing(
                "project",
                name,
                {"NAME": name, "PART": part, "DIRECTORY": str(self.folder.resolve())},
                on_set=self._project_set,
            )
        )
        self.add(Thing("fileset", "sources_1", {"NAME": "sources_1", "TOP": ""}))
        self.add(Thing("fileset", "constrs_1", {"NAME": "constrs_1"}))
        for run in ("synth_1", "impl_1"):
            self.new_run(run)
        return name

    def _project_set(self, name: str, value: str) -> str | None:
        if name == "IP_REPO_PATHS":
            self.catalog.stale = True
        return None

    def do_close_project(self, arguments: Arguments) -> None:
        """Forget everything of the project."""
        self.need_project("close_project")
        for thing in self.of_kind(
            "project",
            "fileset",
            "run",
            "file",
            "ip",
            "design",
            "port",
            "cell",
            "clock",
            "pblock",
            *(
                k
                for k in (
                    "bd_design",
                    "bd_cell",
                    "bd_pin",
                    "bd_port",
                    "bd_intf_pin",
                    "bd_intf_port",
                    "bd_net",
                    "bd_intf_net",
                    "bd_addr_seg",
                )
            ),
        ):
            self.drop(thing)
        self.catalog = Catalog(self.run.release)
        self.start_project()
        self.start_design()
        self.start_block_design()

    def do_current_project(self, arguments: Arguments) -> str:
        """The project."""
        return self.need_project("current_project").handle

    def do_current_fileset(self, arguments: Arguments) -> str:
        """The source file set."""
        self.need_project("current_fileset")
        return "sources_1"

    def do_get_filesets(self, arguments: Arguments) -> list[str]:
        """File sets."""
        return self.select(arguments, self.of_kind("fileset"), "filesets", "Vivado 12-505")

    def do_update_compile_order(self, arguments: Arguments) -> None:
        """Find the top if none was set."""
        self.need_project("update_compile_order")
        if "fileset" in arguments.options:
            self.object(arguments.text("fileset"), "fileset")
        self.order_stale = False
