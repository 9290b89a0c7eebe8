"""Vivado HLS and Vitis HLS: projects, solutions, configuration, and the order in which they may come."""

from __future__ import annotations

import datetime
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from amd_stand_in.arguments import Arguments, Grammar
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hls import cpp
from amd_stand_in.hls import package as hls_package
from amd_stand_in.hls import reports as hls_reports
from amd_stand_in.hls.interface import Interface, interface_of
from amd_stand_in.release import order
from amd_stand_in.run import Run
from amd_stand_in.table import commands

MODELLED = (
    "open_project", "open_solution", "open_component", "close_project", "close_solution", "set_top", "add_files",
    "set_part", "create_clock", "set_clock_uncertainty", "csim_design", "csynth_design", "cosim_design",
    "export_design", "set_param", "get_part", "get_top", "get_project", "get_solution", "get_clock_period",
)  # fmt: skip
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


@dataclass
class Solution:
    """A solution and what has been done in it. `stale` names the configuration that changed after synthesis."""

    name: str
    flow: str
    part: str | None = None
    period_ns: float | None = None
    configuration: dict[str, dict[str, str | bool]] = field(default_factory=dict)
    stale: str | None = None
    interface: Interface | None = None
    rtl_top: str = ""
    top: cpp.Top | None = None
    estimates: list[hls_reports.Estimate] = field(default_factory=list)


class Hls:
    """The commands of the HLS tool on one state."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.project: str | None = None
        self.top: str | None = None
        self.sources: list[tuple[Path, str]] = []
        self.benches: list[tuple[Path, str]] = []
        self.solution: Solution | None = None
        self.hidden = False
        self.table = commands("hls")
        self.grammar = Grammar(
            run.release, "HLS 200-101", "HLS 200-101", "HLS 200-101", "HLS 200-101", "HLS 200-101",
            prefixes=False, bool_words=True,
            warn=lambda text: run.console.warning("Stand-in 1-1", text), hidden_allowed=lambda: self.hidden,
        )  # fmt: skip

    def define(self) -> None:
        """Put every command of the table into the interpreter."""
        for name in self.table:
            self.run.tcl.define(name, self._command(name))

    def _command(self, name: str) -> Callable[[Sequence[str]], object]:
        def call(words: Sequence[str]) -> object:
            self.run.console.info("HLS 200-1510", f"Running: {name} {' '.join(words)} ")
            if name == "config_array_partition" and "-maximum_size" in words and order(self.run.release) >= (2020, 1):
                raise ToolError("HLS 200-642", "The 'config_array_partition -maximum_size' command is not supported.")
            arguments = self.grammar.read(self.table[name], name, words)
            self.run.faults.strike(name, device=self.solution.part or "" if self.solution else "")
            if name.startswith("config_"):
                return self._configure(name, arguments)
            if name.startswith("set_directive_"):
                return self._stale(name) or ""
            handler = getattr(self, f"do_{name}", None)
            if handler is None:
                raise ToolError("Stand-in 1-2", f"'{name}' exists but the stand-in does not model it.")
            return handler(arguments)

        return call

    # State

    def _project(self, command: str) -> str:
        if self.project is None:
            raise ToolError("HLS 200-102", f"'{command}' needs an open project: call open_project first.")
        return self.project

    def _solution(self, command: str) -> Solution:
        self._project(command)
        if self.solution is None:
            raise ToolError("HLS 200-103", f"'{command}' needs an open solution: call open_solution first.")
        return self.solution

    def _stale(self, command: str) -> None:
        solution = self._solution(command)
        if solution.interface is not None:
            solution.stale = command

    @property
    def folder(self) -> Path:
        """Where the solution's files are."""
        assert self.project is not None and self.solution is not None
        return Path(self.project) / self.solution.name

    # Commands

    def do_open_project(self, arguments: Arguments) -> None:
        """Open; one project at a time."""
        if self.project is not None:
            raise ToolError("HLS 200-104", f"Project '{self.project}' is open: close_project first.")
        name = arguments.word(0)
        folder = Path(name)
        if arguments.flag("reset") or not folder.exists():
            self.sources, self.benches = [], []
        folder.mkdir(parents=True, exist_ok=True)
        application = "vivado_hls.app" if order(self.run.release) < (2020, 1) else "hls.app"
        (folder / application).write_text("<!-- a stand-in's project -->\n")
        self.project = name
        self.run.console.info("HLS 200-10", f"Creating and opening project '{folder.resolve()}'.")

    def do_open_component(self, arguments: Arguments) -> None:
        """Project and solution in one (2025.1 on)."""
        if self.project is not None:
            raise ToolError("HLS 200-104", f"Project '{self.project}' is open: close it first.")
        self.project = arguments.word(0, "component")
        self.solution = Solution("hls", arguments.text("flow_target", "vivado"))
        self.folder.mkdir(parents=True, exist_ok=True)

    def do_close_project(self, arguments: Arguments) -> None:
        """Close."""
        self._project("close_project")
        self.project = self.solution = None

    def do_close_solution(self, arguments: Arguments) -> None:
        """Close."""
        self._solution("close_solution")
        self.solution = None

    def do_set_top(self, arguments: Arguments) -> None:
        """Name the top function."""
        self._project("set_top")
        self.top = arguments.word(0)

    def do_add_files(self, arguments: Arguments) -> None:
        """Add sources; -cflags are relative to the folder where the tool runs."""
        self._project("add_files")
        kept = self.benches if arguments.flag("tb") else self.sources
        for word in self.run.tcl.split(arguments.word(0)):
            path = Path(word)
            if not path.exists():
                raise ToolError("HLS 200-78", f"Unable to find file or directory '{word}'.")
            kind = "test bench" if arguments.flag("tb") else "design"
            self.run.console.info("HLS 200-10", f"Adding {kind} file '{word}' to the project")
            kept.append((path, arguments.text("cflags")))

    def do_open_solution(self, arguments: Arguments) -> None:
        """Open; the flow target sets defaults."""
        project = self._project("open_solution")
        if self.solution is not None:
            raise ToolError("HLS 200-105", f"Solution '{self.solution.name}' is open: close_solution first.")
        self.solution = Solution(arguments.word(0), arguments.text("flow_target", "vivado"))
        if arguments.flag("reset") and self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run.console.info(
            "HLS 200-10", f"Creating and opening solution '{Path(project).resolve()}/{self.solution.name}'."
        )
        if order(self.run.release) >= (2020, 1):
            self.run.console.info("HLS 200-1505", f"Using flow_target '{self.solution.flow}'")

    def do_set_part(self, arguments: Arguments) -> None:
        """Choose the device."""
        solution = self._solution("set_part")
        if arguments.word(0) not in DEVICES:
            raise ToolError("HLS 200-1023", f"Part '{arguments.word(0)}' is not installed.")
        self._stale("set_part")
        solution.part = arguments.word(0)
        self.run.console.info("HLS 200-1611", f"Setting target device to '{solution.part}'")

    def do_create_clock(self, arguments: Arguments) -> None:
        """The clock: ns, or with a unit."""
        solution = self._solution("create_clock")
        text = arguments.text("period", "10")
        found = re.fullmatch(r"([0-9.]+)\s*(ns|MHz)?", text)
        if found is None or not float(found[1]):
            raise ToolError("HLS 200-101", f"'create_clock': invalid period '{text}'.")
        self._stale("create_clock")
        solution.period_ns = 1000 / float(found[1]) if found[2] == "MHz" else float(found[1])
        self.run.console.info(
            "SYN 201-201",
            f"Setting up clock '{arguments.text('name', 'default')}' with a period of {solution.period_ns:.3f}ns.",
        )

    def do_set_clock_uncertainty(self, arguments: Arguments) -> None:
        """Accepted; the reports keep the default."""
        self._stale("set_clock_uncertainty")

    def _configure(self, name: str, arguments: Arguments) -> None:
        solution = self._solution(name)
        # Vivado HLS let the packaging be named after synthesis; Vitis HLS does not.
        if not (name == "config_export" and order(self.run.release) < (2020, 1)):
            self._stale(name)
        solution.configuration.setdefault(name, {}).update(arguments.options)

    def do_set_param(self, arguments: Arguments) -> None:
        """Only the parameter that lets hidden options through."""
        if arguments.word(0) != "hls.enable_hidden_option_error":
            raise ToolError("Common 17-151", f"Parameter '{arguments.word(0)}' is not known to the stand-in.")
        self.hidden = arguments.word(1).lower() in ("false", "0")

    def do_get_part(self, arguments: Arguments) -> str:
        """The part."""
        return self._solution("get_part").part or ""

    def do_get_top(self, arguments: Arguments) -> str:
        """The top."""
        return self.top or ""

    def do_get_project(self, arguments: Arguments) -> str:
        """The project."""
        return self._project("get_project")

    def do_get_solution(self, arguments: Arguments) -> str:
        """The solution."""
        return self._solution("get_solution").name

    def do_get_clock_period(self, arguments: Arguments) -> str:
        """The period in ns."""
        return f"{self._solution('get_clock_period').period_ns or 10:.3f}"

    # Runs

    def do_csim_design(self, arguments: Arguments) -> None:
        """Not run: the test bench has to be there, and the top to be read."""
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
        """What the reports say of the solution."""
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
        """What stands before the names of inner modules; in Vivado HLS before that of the top too (AMD UG1399)."""
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
