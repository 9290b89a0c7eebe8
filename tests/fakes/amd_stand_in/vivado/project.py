"""Projects, sources, IPs and runs of Vivado."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.console import now
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist, verilog
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run
    from amd_stand_in.vivado.catalog import Catalog

FAILED_BELOW = "Vivado 12-8222"
"""Message of a run whose IP runs have failed."""


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
        """The part's short name, as licences are asked for."""
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
        """In memory or in a folder."""
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

    def new_run(self, run: str) -> Thing:
        """A run of the project that was not started yet."""
        project = self.need_project("create_run")
        for known in [thing for thing in self.of_kind("run") if thing.name == run]:
            self.drop(known)
        properties = {
            "NAME": run,
            "PROGRESS": "0%",
            "STATUS": "Not started",
            "PART": self.part,
            "DIRECTORY": str(self.folder.resolve() / f"{project.name}.runs/{run}"),
        }
        return self.add(Thing("run", run, properties))

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
        from amd_stand_in.vivado.catalog import Catalog

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
        """Find the top where none was set."""
        self.need_project("update_compile_order")
        if "fileset" in arguments.options:
            self.object(arguments.text("fileset"), "fileset")
        self.order_stale = False

    # Sources

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
        """Copies; the same to the stand-in."""
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
        """Keep constraints until there is a design; apply them at once if there is one."""
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

    # IP

    def do_update_ip_catalog(self, arguments: Arguments) -> None:
        """Read the repositories."""
        project = self.need_project("update_ip_catalog")
        folders = [Path(word) for word in self.run.tcl.split(project.properties.get("IP_REPO_PATHS", ""))]
        for code, fault in self.catalog.refresh(folders):
            self.run.console.critical(code, fault)
        self.run.console.info("IP_Flow 19-234", "Refreshing IP repositories")

    def do_get_ipdefs(self, arguments: Arguments) -> list[str]:
        """VLNVs of the catalog."""
        self.need_project("get_ipdefs")
        things = [Thing("ipdef", vlnv, {"NAME": vlnv, "VLNV": vlnv}) for vlnv in self.catalog.definitions]
        for thing in things:
            if thing.handle not in self.things:
                self.add(thing)
        return self.select(arguments, things, "IP definitions", "IP_Flow 19-1971")

    def do_create_ip(self, arguments: Arguments) -> str:
        """An IP of its own, outside a block design."""
        self.need_project("create_ip")
        vlnv = arguments.text("vlnv") or ":".join(arguments.text(n) for n in ("vendor", "library", "name", "version"))
        definition = self.catalog.find(vlnv)
        name = arguments.text("module_name")
        if any(ip.name == name for ip in self.of_kind("ip")):
            raise ToolError("IP_Flow 19-3458", f"An IP named '{name}' exists.")
        thing = Thing(
            "ip", name, {"NAME": name, "VLNV": vlnv, "IPDEF": vlnv, "GENERATE_SYNTH_CHECKPOINT": "1"}, data=definition
        )
        thing.on_set = lambda key, value: (
            definition.check(key.removeprefix("CONFIG."), value) if key.startswith("CONFIG.") else None
        )
        self.add(thing)
        self.add(Thing("file", f"{name}.xci", {"NAME": f"{name}.xci"}))
        return name

    def do_get_ips(self, arguments: Arguments) -> list[str]:
        """IPs."""
        return self.select(arguments, self.of_kind("ip"), "IPs", "Vivado 12-3645")

    def do_synth_ip(self, arguments: Arguments) -> None:
        """Synthesise an IP out of context: leaves its checkpoint."""
        for thing in self.objects(arguments.word(0), "ip"):
            if thing.get("GENERATE_SYNTH_CHECKPOINT").lower() not in ("1", "true"):
                raise ToolError("Vivado 12-5577", f"synth_ip: GENERATE_SYNTH_CHECKPOINT of '{thing.name}' is not set.")
            found = self.netlist_of(thing.data, {})
            found.write(Path(f"{thing.name}.dcp"), force=True)
            self.run.count("synth", thing.name)

    def do_export_ip_user_files(self, arguments: Arguments) -> None:
        """Accepted: files for simulators."""
        self.need_project("export_ip_user_files")

    # Runs

    def do_get_runs(self, arguments: Arguments) -> list[str]:
        """Runs."""
        return self.select(arguments, self.of_kind("run"), "runs", "Vivado 12-507")

    def do_launch_runs(self, arguments: Arguments) -> None:
        """Run them at once; how they ended shows in their properties."""
        self.need_project("launch_runs")
        known = [run for run in self.of_kind("run") if run.properties["STATUS"] != "Not started"]
        for handle in [name for word in arguments.positional for name in self.run.tcl.split(word)]:
            run = self.object(handle, "run")
            state = run.properties["STATUS"]
            if run.properties["PROGRESS"] == "100%" or state.endswith("ERROR") or state.startswith("Running"):
                raise ToolError(
                    "Vivado 12-1017",
                    f"Problems encountered: run '{handle}' needs to be reset before launching. Use reset_runs.",
                )
            if run.name != "synth_1" and not run.name.endswith("_synth_1"):
                raise ToolError("Stand-in 1-2", f"launch_runs {handle}: only synthesis runs are modelled.")
            self._launch(run)
        # They run beside the script: how they ended shows only to one that has waited.
        for run in self.of_kind("run"):
            if run not in known and run.properties["STATUS"] != "Not started":
                self.pending.append((run, run.properties["PROGRESS"], run.properties["STATUS"]))
                run.properties.update(PROGRESS="0%", STATUS="Running synth_design...")

    def _launch(self, run: Thing) -> None:
        folder = Path(run.properties["DIRECTORY"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".Vivado_Synthesis.queue.rst").write_text("")
        (folder / ".vivado.begin.rst").write_text("")
        if self.run.faults.value("critical", "launch_runs") is not None:
            self.run.console.critical("Stand-in 1-6", "on request")
        printed: list[str] = []
        try:
            fault = self.run.faults.value("silent", "launch_runs")
            if fault is not None:
                raise ToolError("Synth 8-439", fault or "module 'on_request' not found")
            lines = self.run.faults.child("launch_runs", device=self.device)
            if lines is not None:
                self.failed_run(run, lines)
                return
            with self.run.console.captured() as printed:
                run.data = self.synthesise_top(run)
        except ToolError as error:
            if error.code == FAILED_BELOW:
                # Runs that it needs have failed: it was never started, and has no log.
                run.properties.update(PROGRESS="0%", STATUS="Scripts Generated")
                run.data = error.text
            else:
                self.failed_run(run, [*printed, *error.lines()])
            return
        self.ended_run(run, printed)

    def ended_run(self, run: Thing, lines: list[str]) -> None:
        """A run that ended well, and what it printed."""
        folder = Path(run.properties["DIRECTORY"])
        folder.mkdir(parents=True, exist_ok=True)
        run.properties.update(PROGRESS="100%", STATUS="synth_design Complete!")
        (folder / ".vivado.end.rst").write_text("")
        (folder / "__synthesis_is_complete__").write_text("")
        text = [f"*** Running vivado (stand-in) v{self.run.release}", *lines]
        (folder / "runme.log").write_text("\n".join([*text, "INFO: [Common 17-206] Exiting Vivado at never...", ""]))

    def failed_run(self, run: Thing, lines: list[str]) -> None:
        """A run that ended badly, and what it printed."""
        folder = Path(run.properties["DIRECTORY"])
        folder.mkdir(parents=True, exist_ok=True)
        run.properties.update(PROGRESS="0%", STATUS="synth_design ERROR")
        (folder / ".vivado.error.rst").write_text("")
        text = "\n".join([f"*** Running vivado (stand-in) v{self.run.release}", *lines])
        (folder / "runme.log").write_text(f"{text}\n")

    def do_wait_on_run(self, arguments: Arguments) -> None:
        """Show what the run printed, as batch mode does, and return; from 2021.2 on a failed run is an error."""
        for run, progress, status in self.pending:
            run.properties.update(PROGRESS=progress, STATUS=status)
        self.pending.clear()
        for run in self.objects(arguments.word(0), "run"):
            status = run.properties["STATUS"]
            if status == "Not started":
                raise ToolError("Vivado 12-398", f"Run '{run.name}' was not launched.")
            quiet = self.run.faults.value("silent", "wait_on_run") is not None
            self.run.console.line(f"[{now()}] Waiting for {run.name} to finish...")
            below = run.data if status == "Scripts Generated" else None
            if below is not None:
                self.run.console.warning(FAILED_BELOW, str(below))
            elif not quiet:
                for line in Path(run.properties["DIRECTORY"], "runme.log").read_text().splitlines():
                    self.run.console.line(line)
            if (status.endswith("ERROR") or below) and self.raises_failed_runs and not quiet:
                raise ToolError(
                    "Vivado 12-13638",
                    str(below) if below else f"Failed runs(s) : '{run.name}'",
                    also=(("Common 17-39", "'wait_on_runs' failed due to earlier errors."),),
                )

    def do_reset_runs(self, arguments: Arguments) -> None:
        """Forget how they ended."""
        for run in self.objects(arguments.word(0), "run"):
            run.properties.update(PROGRESS="0%", STATUS="Not started")
            shutil.rmtree(run.properties["DIRECTORY"], ignore_errors=True)
