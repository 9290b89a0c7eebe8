"""Files written from the open design: Verilog, EDIF, constraints, reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.release import order
from amd_stand_in.vivado import reports as vivado_reports

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class WrittenFileCommands:
    """Commands that write files for people and other tools."""

    run: Run

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
        """Write a note instead of EDIF."""
        Path(arguments.word(0)).write_text(f"(edif {self.need_design('write_edif').top} (comment stand-in))\n")
        return arguments.word(0)

    def do_write_xdc(self, arguments: Arguments) -> str:
        """Write the clocks, including out-of-context ones, which a kernel must not contain."""
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
