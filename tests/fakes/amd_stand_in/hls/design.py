"""Simulation, synthesis and packaging of the open solution."""

from __future__ import annotations

import datetime
import shlex
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hls import cpp
from amd_stand_in.hls import package as hls_package
from amd_stand_in.hls import reports as hls_reports
from amd_stand_in.hls.interface import interface_of
from amd_stand_in.hls.solution import Solution
from amd_stand_in.release import order

if TYPE_CHECKING:
    from amd_stand_in.run import Run


PACKAGE = (
    "format",
    "ipname",
    "vendor",
    "library",
    "version",
    "description",
    "display_name",
    "taxonomy",
    "output",
    "rtl",
    "flow",
)


class DesignCommands:
    """Commands that work on the sources: `csim_design`, `csynth_design`, `cosim_design`, `export_design`."""

    run: Run

    def do_csim_design(self, arguments: Arguments) -> None:
        """Nothing runs, but the test bench must exist and the top must be readable."""
        self._solution("csim_design")
        if not self.benches:
            raise ToolError(
                "HLS 200-627",
                "No test bench files were added: add_files -tb.",
                also=(("SIM 211-100", "'csim_design' failed: compilation error(s)."),),
            )
        self._read_top()
        report = self.folder / "csim/report" / f"{self.top}_csim.log"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text("INFO: [SIM 211-1] CSim done with 0 errors.\nstand-in: nothing was run\n")
        self.run.console.info("SIM 211-1", "CSim done with 0 errors.")

    def _read_top(self) -> cpp.Top:
        if not self.top:
            raise ToolError("HLS 200-70", "No top function was set: set_top.")
        if not self.sources:
            raise ToolError(
                "HLS 200-70", "No design files were added: add_files.", also=(("HLS 200-70", "Pre-synthesis failed."),)
            )
        for path, flags in self.sources:
            self.run.console.info("HLS 200-10", f"Analyzing design file '{path}' ... ")
            found = cpp.read_top(cpp.preprocess(path, shlex.split(flags)), self.top)
            if found is not None:
                return found
        raise ToolError(
            "HLS 214-157",
            f"Top function not found: there is no function named '{self.top}'",
            also=(
                ("HLS 200-1715", "Encountered problem during source synthesis"),
                ("HLS 200-70", "Pre-synthesis failed."),
            ),
        )

    def do_csynth_design(self, arguments: Arguments) -> None:
        """Read the top, write RTL and reports."""
        solution = self._solution("csynth_design")
        if solution.part is None:
            raise ToolError("HLS 200-106", "No part was set: set_part before csynth_design.")
        if solution.period_ns is None:
            raise ToolError("HLS 200-107", "No clock was made: create_clock before csynth_design.")
        top = solution.top = self._read_top()
        address64 = bool(
            solution.configuration.get("config_interface", {}).get("m_axi_addr64", solution.flow == "vitis")
        )
        solution.interface = interface_of(top, self.run.release, solution.flow, address64)
        solution.stale = None
        setting = self.setting()
        solution.estimates = hls_package.estimates(top, setting, self.prefix())
        if self.run.faults.value("timing", "csynth_design") is not None:
            self.run.console.warning("HLS 200-871", "Estimated clock period exceeds the target, on request.")
        for at, estimate in enumerate(solution.estimates):
            self._report(
                f"syn/report/{estimate.function}_csynth.xml",
                hls_reports.csynth_xml(
                    setting, estimate, solution.interface.ports if at == 0 else [], at == 0 and top.dataflow
                ),
            )
            self._report(
                f"syn/report/{estimate.function}_csynth.rpt",
                hls_reports.csynth_rpt(setting, estimate, at == 0 and top.dataflow),
            )
        if order(self.run.release) >= (2020, 1):
            self._report(
                "syn/report/csynth.xml",
                hls_reports.csynth_xml(setting, solution.estimates[0], solution.interface.ports, top.dataflow),
            )
            (self.folder / "solution_data.json").write_text('{"stand_in": true}\n')
        solution.rtl_top = f"{self.prefix()}{top.name}" if order(self.run.release) < (2020, 1) else top.name
        hls_package.write_rtl(self.folder, top, solution, self.prefix())
        (self.folder / f"{solution.name}.log").write_text("stand-in\n")
        fmax = 1000 / solution.estimates[0].estimated_ns
        self.run.console.info("VLOG 209-307", f"Generating Verilog RTL for {top.name}.")
        self.run.console.info("HLS 200-789", f"**** Estimated Fmax: {fmax:.2f} MHz")
        self.run.count("csynth", top.name)

    def setting(self) -> hls_reports.Setting:
        """The facts about the solution for its reports."""
        solution = self._solution("csynth_design")
        return hls_reports.Setting(
            self.run.release,
            DEVICES[solution.part or ""],
            solution.flow,
            solution.period_ns or 10.0,
            self.project or "",
            solution.name,
        )

    def prefix(self) -> str:
        """The prefix of the names of inner modules; Vivado HLS also prefixes the top (AMD UG1399)."""
        rtl = self._solution("csynth_design").configuration.get("config_rtl", {})
        given = rtl.get("module_prefix") or rtl.get("prefix")
        automatic = bool(rtl.get("module_auto_prefix", rtl.get("auto_prefix", order(self.run.release) >= (2020, 1))))
        return str(given) if given else f"{self.top}_" if automatic else ""

    def _report(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.run.faults.damage(path, "csynth_design")

    def _synthesised(self, command: str) -> Solution:
        solution = self._solution(command)
        if solution.interface is None:
            raise ToolError("HLS 200-108", f"'{command}' needs synthesised RTL: csynth_design first.")
        if solution.stale is not None:
            raise ToolError(
                "HLS 200-1032",
                f"The solution configuration has changed since the last synthesis ('{solution.stale}'): rerun csynth_design.",
            )
        return solution

    def do_cosim_design(self, arguments: Arguments) -> None:
        """Pass, or fail on request; nothing is simulated."""
        solution = self._synthesised("cosim_design")
        if not self.benches:
            raise ToolError("HLS 200-627", "No test bench files were added: add_files -tb.")
        passed = self.run.faults.value("cosim", "cosim_design") is None
        estimate = solution.estimates[0]
        path = self.folder / "sim/report" / f"{self.top}_cosim.rpt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(hls_reports.cosim_rpt(passed, estimate.latency, estimate.interval))
        self.run.faults.damage(path, "cosim_design")
        if not passed:
            raise ToolError("COSIM 212-4", "*** C/RTL co-simulation finished: FAIL ***")
        self.run.console.info("COSIM 212-1000", "*** C/RTL co-simulation finished: PASS ***")

    def do_export_design(self, arguments: Arguments) -> None:
        """Package the RTL as an IP core."""
        solution = self._synthesised("export_design")
        settings = {**solution.configuration.get("config_export", {}), **arguments.options}
        self.run.console.info("IMPL 213-8", "Exporting RTL as a Vivado IP.")
        if self.run.faults.value("y2k22", "export_design") is not None:
            revision = datetime.datetime.now(tz=datetime.timezone.utc).strftime("%y%m%d%H%M")
            log = self.folder / "impl/ip/vivado.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            text = f"ERROR: '{revision}' is an invalid argument. Please specify an integer value."
            log.write_text(text + "\n")
            self.run.console.line(text)
            raise ToolError("IMPL 213-28", "Failed to generate IP.")
        written = hls_package.export(
            self.folder, solution, {name: str(settings[name]) for name in PACKAGE if name in settings}, self.run
        )
        for path in written:
            self.run.faults.damage(path, "export_design")
        if order(self.run.release) >= (2020, 1):
            self.run.console.info("HLS 200-802", f"Generated output file {written[-1]}")
