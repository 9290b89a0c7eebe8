"""The design in memory: synthesis, implementation, checkpoints and reports."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist, verilog
from amd_stand_in.hardware.netlist import STATES, Netlist
from amd_stand_in.release import order
from amd_stand_in.vivado import reports as vivado_reports
from amd_stand_in.vivado.objects import CONTENTS, Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class DesignCommands:
    """The state of one open design."""

    run: Run

    def start_design(self) -> None:
        """No design."""
        self.design: Netlist | None = None
        self.placed: dict[str, str] = {}

    def need_design(self, command: str) -> Netlist:
        """The open design. Raises ToolError."""
        if self.design is None:
            raise ToolError(
                "Common 17-53",
                f"User Exception: No open design. Please open an elaborated, synthesized or implemented design before executing '{command}'.",
            )
        return self.design

    def open_design(self, design: Netlist, name: str) -> str:
        """Make a netlist the open design; its ports become objects."""
        for thing in self.of_kind("design", "port", "clock", "cell", "pin", "net", "site"):
            self.drop(thing)
        self.design = design
        self.add(Thing("design", name, {"NAME": name, "PART": design.part, "TOP": design.top}))
        for port in design.ports:
            thing = Thing("port", port.name, {"NAME": port.name, "DIRECTION": port.direction.upper()})
            thing.on_set = self.port_set
            self.add(thing)
        self.add_clock_objects(design)
        return name

    # Synthesis

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
        """Warn of contents that are not there: synthesis goes on with an empty memory."""
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
        """Run constraint files; one for out of context counts only there."""
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

    def do_get_ports(self, arguments: Arguments) -> list[str]:
        """Ports of the design."""
        self.need_design("get_ports")
        return self.select(arguments, self.of_kind("port"), "ports", "Vivado 12-584")

    def do_get_clocks(self, arguments: Arguments) -> list[str]:
        """Clocks of the design."""
        return self.select(arguments, self.of_kind("clock"), "clocks", "Vivado 12-627")

    def do_get_cells(self, arguments: Arguments) -> list[str]:
        """Cells by path."""
        design = self.need_design("get_cells")
        patterns = [p for word in arguments.positional or ["*"] for p in self.run.tcl.split(word)]
        found = []
        for path, module in design.paths():
            name = path.rpartition("/")[2] if arguments.flag("hierarchical") else path
            if any(
                fnmatch.fnmatchcase(name, p) and (arguments.flag("hierarchical") or path.count("/") == p.count("/"))
                for p in patterns
            ):
                if not any(thing.kind == "cell" for thing in self.things.get(path, [])):
                    self.add(self._cell(design, path, module))
                if self.passes(self.object(path, "cell"), arguments.text("filter")):
                    found.append(path)
        if not found and not arguments.flag("quiet"):
            self.run.console.warning("Vivado 12-180", f"No cells matched '{' '.join(patterns)}'.")
        return found

    def _cell(self, design: Netlist, path: str, module: str) -> Thing:
        known = design.modules.get(module)
        properties = {
            "NAME": path,
            "REF_NAME": module,
            "IS_BLACKBOX": str(int(known is None)),
            "IS_PRIMITIVE": str(int(known is not None and known.origin == netlist.PRIMITIVE)),
            **design.contents.get(path, {}),
        }
        thing = Thing("cell", path, properties)
        thing.on_set = lambda key, value: self._set_contents(design, path, module, key, value)
        return thing

    def _set_contents(self, design: Netlist, path: str, module: str, key: str, value: str) -> None:
        """What a primitive holds; a value has as many digits as it has bits."""
        if not key.startswith("INIT"):
            return
        bits = CONTENTS.get(module, {}).get(key)
        if bits is None:
            raise ToolError("Common 17-142", f"'{key}' is not a property of cell '{path}', a {module}.")
        if not re.fullmatch(rf"{bits}'h[0-9a-fA-F]{{{bits // 4}}}", value):
            raise ToolError(
                "Common 17-161",
                f"Invalid option value '{value}' specified for '{key}' of '{path}': {bits} bits are written {bits}'h...",
            )
        design.contents.setdefault(path, {})[key] = value

    # Implementation

    def _advance(self, command: str, state: str, *, after: str) -> None:
        design = self.need_design(command)
        if design.black_boxes:
            raise ToolError(
                "DRC INBB-3",
                f"Black Box Instances: Cell '{design.black_boxes[0]}' has undefined contents and is considered a black box.",
                also=(("Vivado_Tcl 4-78", f"Error(s) found during DRC. {command} not run."),),
            )
        if STATES.index(design.state) < STATES.index(after):
            raise ToolError(
                "Common 17-69",
                f"Command failed: {command} needs a design that is at least '{after}'; this one is '{design.state}'.",
            )
        lut, ff, bram, uram, dsp = DEVICES[design.part].total
        size = design.size()
        for name, used, available in (
            ("LUT as Logic", size.lut, lut),
            ("Register as Flip Flop", size.ff, ff),
            ("RAMB18 and RAMB36/FIFO", size.bram18 / 2, bram),
            ("URAM288", size.uram, uram),
            ("DSPs", size.dsp, dsp),
        ):
            if used > available and command == "place_design":
                raise ToolError(
                    "DRC UTLZ-1",
                    f"Resource utilization: {name} over-utilized in Top Level Design (This design requires more {name} cells than are available in the target device. This design requires {used:g} of such cell types but only {available} compatible sites are available in the target device.)",
                    also=(("Vivado_Tcl 4-23", "Error(s) found during DRC. Placer not run."),),
                )
        design.state = state
        self.run.console.line(f"{command} completed successfully")

    def do_opt_design(self, arguments: Arguments) -> None:
        """Logic optimisation."""
        self._advance("opt_design", "Optimized", after="Synthesized")

    def do_place_design(self, arguments: Arguments) -> None:
        """Placement: asks for the Implementation licence."""
        self._advance("place_design", "Placed", after="Optimized")

    def do_phys_opt_design(self, arguments: Arguments) -> None:
        """Physical optimisation, after placement or routing."""
        design = self.need_design("phys_opt_design")
        self._advance(
            "phys_opt_design", design.state if design.state == "Routed" else "Physopt postPlace", after="Placed"
        )

    def do_route_design(self, arguments: Arguments) -> None:
        """Routing; missed timing is no error of it."""
        self._advance("route_design", "Routed", after="Placed")
        worst = vivado_reports.slack(self.need_design("route_design"), self.run.faults.value("timing", "route_design"))
        if worst is not None and worst < 0:
            self.run.console.critical(
                "Route 35-39",
                "The design did not meet timing requirements. Please run report_timing_summary for detailed reports.",
            )

    # Checkpoints

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
        """Fill a black box, or add a netlist for `link_design`."""
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
        """The black boxes of a netlist by the other checkpoints, by the names of their tops."""
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

    def do_open_run(self, arguments: Arguments) -> str:
        """Open what a run has made."""
        run = self.objects(arguments.word(0), "run")[0]
        if run.properties["PROGRESS"] != "100%" or run.data is None:
            raise ToolError(
                "Common 17-69", f"Command failed: Run '{run.name}' has not been launched, or failed: unable to open it."
            )
        return self.open_design(run.data, arguments.text("name", run.name))

    def do_close_design(self, arguments: Arguments) -> None:
        """Close."""
        self.need_design("close_design")
        self.start_design()

    def do_current_design(self, arguments: Arguments) -> str:
        """The design."""
        return self.need_design("current_design").top

    # Files

    def do_write_verilog(self, arguments: Arguments) -> str:
        """A stub, or a netlist for simulation."""
        design = self.need_design("write_verilog")
        path = Path(arguments.word(0))
        if path.exists() and not arguments.flag("force"):
            raise ToolError(
                "Common 17-176",
                f"Overwrite of existing file isn't enabled.  Please specify -force to overwrite file [{path}]",
            )
        kinds = {"in": "input", "out": "output", "inout": "inout"}
        lines = [
            f"// {design.top}: written by a stand-in (mode {arguments.text('mode', 'design')})",
            '(* x_core_info = "stand-in" *)',
        ]
        is_stub = arguments.text("mode") == "synth_stub"
        pads = ",".join(f"{p.name}[{p.width - 1}:0]" if p.width > 1 else p.name for p in design.ports)
        stub = f'\n/* synthesis syn_black_box black_box_pad_pin="{pads}" */' if is_stub else ""
        # From 2023.1 on a stub marks its clocks.
        clocks = (
            {port for _, port in design.clocks.values()} if is_stub and order(self.run.release) >= (2023, 1) else set()
        )
        lines += [f"module {design.top}({', '.join(port.name for port in design.ports)}){stub};"]
        for p in design.ports:
            mark = " /* synthesis syn_isclock = 1 */" if p.name in clocks else ""
            lines.append(f"  {kinds[p.direction]} {f'[{p.width - 1}:0]' if p.width > 1 else ''}{p.name}{mark};")
        path.write_text("\n".join([*lines, "endmodule", ""]))
        self.run.faults.damage(path, "write_verilog")
        return str(path)

    def do_write_edif(self, arguments: Arguments) -> str:
        """A note in its place."""
        Path(arguments.word(0)).write_text(f"(edif {self.need_design('write_edif').top} (comment stand-in))\n")
        return arguments.word(0)

    def do_write_xdc(self, arguments: Arguments) -> str:
        """The clocks; out of context clocks too, which a kernel must not bring along."""
        design = self.need_design("write_xdc")
        path = Path(arguments.word(0))
        if path.exists() and not arguments.flag("force"):
            raise ToolError(
                "Common 17-176",
                f"Overwrite of existing file isn't enabled.  Please specify -force to overwrite file [{path}]",
            )
        path.write_text(
            "".join(f"create_clock -period {p:.3f} -name {n} [get_ports {s}]\n" for n, (p, s) in design.clocks.items())
        )
        return str(path)

    def _report(self, arguments: Arguments, text: str) -> str:
        if "file" in arguments.options:
            path = Path(arguments.text("file"))
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if arguments.flag("append") else "w") as file:
                file.write(text)
            self.run.faults.damage(path, arguments.command)
        elif not arguments.flag("return_string"):
            self.run.console.line(text)
        return text if arguments.flag("return_string") else ""

    def do_report_utilization(self, arguments: Arguments) -> str:
        """Flat or by hierarchy."""
        design = self.need_design("report_utilization")
        command = f"report_utilization -file {arguments.text('file')}"
        if arguments.flag("hierarchical"):
            return self._report(
                arguments,
                vivado_reports.hierarchy(
                    self.run.release, f"{command} -hierarchical", design, int(arguments.text("hierarchical_depth", "0"))
                ),
            )
        if arguments.flag("slr") or "pblocks" in arguments.options or arguments.text("format") == "xml":
            raise ToolError("Stand-in 1-2", "report_utilization: -slr, -pblocks and -format xml are not modelled.")
        return self._report(arguments, vivado_reports.utilization(self.run.release, command, design))

    def do_report_timing_summary(self, arguments: Arguments) -> str:
        """The timing summary."""
        design = self.need_design("report_timing_summary")
        forced = self.run.faults.value("timing", "report_timing_summary")
        return self._report(
            arguments,
            vivado_reports.timing(
                self.run.release, f"report_timing_summary -file {arguments.text('file')}", design, forced
            ),
        )

    def do_get_parts(self, arguments: Arguments) -> list[str]:
        """Parts that are installed."""
        return [part for part in DEVICES if any(fnmatch.fnmatchcase(part, p) for p in arguments.positional or ["*"])]
