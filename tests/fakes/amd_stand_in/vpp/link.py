"""`v++ --link`: from kernel objects and a configuration to an xclbin, its reports and its logs."""

from __future__ import annotations

import re
from pathlib import Path

from amd_stand_in.console import MARK, Console, now
from amd_stand_in.devices import Platform
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist
from amd_stand_in.hardware.component import Port
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.hardware.verilog import Size
from amd_stand_in.misbehave import Faults
from amd_stand_in.release import order
from amd_stand_in.vivado import reports as vivado_reports
from amd_stand_in.vpp import connectivity, inputs, region
from amd_stand_in.vpp.connectivity import Unit
from amd_stand_in.vpp.link_output import LinkOutput
from amd_stand_in.vpp.options import Options
from amd_stand_in.vpp.run_properties import scripts_of


class Link(LinkOutput):
    """One link."""

    def __init__(
        self, options: Options, release: str, root: Path, console: Console, faults: Faults, words: list[str]
    ) -> None:
        self.options, self.release, self.root, self.console, self.faults = options, release, root, console, faults
        self.command = " ".join(["v++", *words])
        self.output = Path(options.get("output"))
        self.temp = Path(options.get("temp_dir", "_x"))
        self.logs = Path(options.get("log_dir") or self.temp / "logs") / "link"
        self.reports = Path(options.get("report_dir") or self.temp / "reports") / "link"
        self.clock_ns = 4.0
        self.forced_slack: str | None = None
        self.entries: list[dict[str, object]] = [
            {
                "thisFile": str(self.output.with_name(self.output.name + ".link_summary").resolve()),
                "connectId": "",
                "serverToken": "",
                "timestamp": "0",
            }
        ]

    def run(self) -> None:
        """Do the whole link. Raises ToolError."""
        target = self.options.get("target", "hw")
        if target == "sw_emu":
            raise ToolError("Stand-in 1-2", "sw_emu is not modelled (2024.2 has none).")
        for name in ("from_step", "to_step", "reuse_impl", "reuse_bit", "interactive", "export_archive"):
            if self.options.get(name) or f"--{name}" in self.options.flags:
                raise ToolError("Stand-in 1-2", f"--{name} is not modelled: a link runs whole.")
        if not self.options.get("output") or self.output.suffix not in (".xclbin", ".xsa"):
            raise ToolError("v++ 60-1506", "--output <name>.xclbin is needed.")
        platform = inputs.find_platform(self.options.get("platform"))
        self.console.info("v++ 60-895", f"  Target platform: {self.options.get('platform')}")
        self.console.info("v++ 60-423", f"  Target device: {platform.name}")
        kernels = inputs.read_kernels(self.options, self.release, platform)
        descriptions = {name: entry[0] for name, entry in kernels.items()}
        units = connectivity.units_of(self.options, descriptions)
        inferred = connectivity.connect(self.options, units, platform)
        clocks = connectivity.clocks_of(self.options, units, platform)
        self.clock_ns = 1000 / clocks["0"]
        for folder in (self.logs / "imp", self.reports / "imp", self.temp / "link/int", self.temp / "link/vivado/vpl"):
            folder.mkdir(parents=True, exist_ok=True)
        self._note(
            "ET_CmdStep",
            buildStep={
                "cmdId": "0",
                "name": "v++",
                "logFile": str(self.logs / "link.steps.log"),
                "commandLine": self.command,
                "args": [],
                "iniFiles": [],
                "cwd": str(Path.cwd()),
            },
        )
        self._status("0", "CS_RUNNING")
        self._describe(platform, target, units)
        self._step("system_link")
        for text in inferred:
            self.console.info("CFGEN 83-2226", text)
        self._step("cf2sw")
        self._step("rtd2_system_diagram")
        achieved = self._vpl(platform, kernels, units, clocks, target)
        self._step("rtdgen")
        self._write(platform, units, clocks, achieved, target)
        self._status("0", "CS_PASSED")
        self._summary()
        self._closing()

    # Steps

    def _step(self, name: str) -> None:
        self.console.info("v++ 60-1443", f"[00:00:00] Run run_link: Step {name}: Started")
        self._note(
            "ET_CmdStep",
            buildStep={
                "cmdId": name,
                "name": name,
                "logFile": "",
                "commandLine": name,
                "args": [],
                "iniFiles": [],
                "cwd": "",
            },
        )
        self._status(name, "CS_RUNNING")
        self.faults.strike(name)
        self.console.info("v++ 60-1441", f"[00:00:00] Run run_link: Step {name}: Completed")
        self._status(name, "CS_PASSED")

    def _vpl(
        self,
        platform: Platform,
        kernels: inputs.Kernels,
        units: dict[str, Unit],
        clocks: dict[str, float],
        target: str,
    ) -> dict[str, float]:
        self._step("vpl")
        design = Netlist(
            region.TOP,
            platform.part,
            [Port("clk", "in", 1)],
            {region.TOP: netlist.Cell(Size(), origin="shell")},
            {"clk_kernel": (self.clock_ns, "clk")},
            release=self.release,
        )
        sizes: list[tuple[str, Size]] = []
        for name, (_, core, checkpoint) in kernels.items():
            if checkpoint is None and not core.files:
                raise ToolError("VPL 60-773", f"kernel '{name}' has neither netlist nor sources")
            own = checkpoint or Netlist(
                core.top,
                platform.part,
                core.ports,
                {core.top: netlist.Cell(Size(lut=1), origin=name)},
                release=self.release,
            )
            design.join(own)
            sizes += [(unit.name, own.size()) for unit in units.values() if unit.kernel.name == name]
            path = platform.cu_path.split("/")
            region.place_units(
                design, path, own.top, [unit.name for unit in units.values() if unit.kernel.name == name]
            )
        if design.black_boxes:
            raise ToolError(
                "VPL INBB-3",
                f"Black Box Instances: Cell '{design.black_boxes[0]}' has undefined contents.",
                also=(
                    ("VPL 60-704", "Integration error, problem implementing dynamic region, impl_1: opt_design ERROR"),
                ),
            )
        if target == "hw_emu":
            return clocks
        region.refuse_too_much(sizes, platform, self.logs, self.console)
        for step in ("synth", "impl"):
            lines = self.faults.child(f"vpl.{step}", device=platform.part.split("-")[0])
            if lines is not None:
                self._child_failed(step, lines)
        placed = self._floorplan(design)
        achieved = self._timing(design, clocks)
        use = region.use_per_slr(design, platform, units, placed)
        self._implementation(platform, design, sizes, next(iter(kernels)), use)
        return achieved

    def _child_failed(self, step: str, lines: list[str]) -> None:
        """A run of vpl failed: v++ prints its errors under names of its own, and names the log for the rest."""
        run = "impl_1" if step == "impl" else "synth_1"
        log = self.temp / f"link/vivado/vpl/prj/prj.runs/{run}/runme.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join(["*** Running vivado (stand-in)", *lines]) + "\n")
        errors = [match for line in lines if (match := re.match(r"ERROR: \[\S+ (\S+)\] (.*)", line))]
        what = "implementing" if step == "impl" else "synthesizing"
        raise ToolError(
            "VPL 60-773",
            f"In '{(self.temp / 'link/vivado/vpl/runme.log').resolve()}', caught Tcl error:  problem {what} dynamic "
            f"region, {run}: {'place' if step == 'impl' else 'synth'}_design ERROR, please look at the run log file "
            f"'{log.resolve()}' for more information",
            before=tuple((f"VPL {match[1]}", match[2]) for match in errors),
        )

    def _floorplan(self, design: Netlist) -> dict[str, str]:
        """Run the scripts of the implementation. Returns the pblock of each cell."""
        placed: dict[str, str] = {}
        for script in scripts_of(self.options):
            if not script.is_file():
                raise ToolError("VPL 17-354", f"Could not open '{script}' for reading.")
            from amd_stand_in.vpp.floorplan import apply

            placed.update(apply(script, design, self.console, self.faults, self.release, self.root))
        return placed

    def _timing(self, design: Netlist, clocks: dict[str, float]) -> dict[str, float]:
        achieved = dict(clocks)
        wanted = self.faults.value("clock", "vpl.impl")
        missed = self.faults.value("timing", "vpl.impl")
        self.forced_slack = missed
        design.state = "Routed"
        worst = vivado_reports.slack(design, None) or 0.0
        if wanted is not None:
            achieved["0"] = float(wanted or clocks["0"] * 0.85)
            # The summary is made before the clock is lowered: it shows the slack at the clock asked for.
            self.forced_slack = f"{min(worst, self.clock_ns - 1000 / achieved['0']):.3f}"
        elif missed is not None:
            self.console.critical(
                "VPL 38-282",
                "The design failed to meet the timing requirements. Please see the timing summary report for details on the timing violations.",
            )
        elif worst < 0:
            achieved["0"] = int(10 * 1000 / (self.clock_ns - worst)) / 10
        if achieved["0"] < clocks["0"]:
            self.console.critical(
                "VPL 35-39",
                "The design did not meet timing requirements. Please run report_timing_summary for detailed reports.",
            )
            self.console.warning(
                "VPL 60-732",
                f"Link warning: One or more timing paths failed timing targeting {clocks['0']:.6f} MHz for kernel clock 'clk_kernel_in'. The frequency is being automatically changed to {achieved['0']:g} MHz to enable proper functionality",
            )
        (self.temp / "link/int/_new_clk_freq").write_text(
            "".join(f"kernel:{key}:clk_kernel{key}_in:{mhz:.1f}\n" for key, mhz in achieved.items())
        )
        return achieved

    def _implementation(
        self, platform: Platform, design: Netlist, sizes: list[tuple[str, Size]], kernel: str, use: list[Size]
    ) -> None:
        old = order(self.release) <= (2020, 1)
        prefix = "" if old else "impl_1_"
        shell = platform.name if old else "hw"
        folder = self.reports / "imp"
        design.clocks = {"clk_kernel": (self.clock_ns, "clk")}
        timing = folder / f"{prefix}{shell}_bb_locked_timing_summary_routed.rpt"
        timing.write_text(
            vivado_reports.timing(self.release, f"report_timing_summary -file {timing.name}", design, self.forced_slack)
        )
        for state in ("synthed", "placed", "routed"):
            path = folder / f"{prefix}kernel_util_{state}.rpt"
            word = {"synthed": "Synthesized", "placed": "Placed", "routed": "Routed"}[state]
            path.write_text(vivado_reports.accelerator(self.release, design, platform, kernel, sizes, word))
            self.faults.damage(path, "vpl.impl")
            design.state = word
            (folder / f"{prefix}slr_util_{state}.rpt").write_text(
                vivado_reports.slr(self.release, "report_utilization -slr", design, use)
            )
            if not old:
                (folder / f"{prefix}full_util_{state}.rpt").write_text(
                    vivado_reports.utilization(self.release, "report_utilization", design)
                )
        self.faults.damage(timing, "vpl.impl")
        for name in ("vivado.log", "imp/impl_1_runme.log"):
            (self.logs / name).write_text(
                f"# Vivado v{self.release} (64-bit)\n{MARK}\nINFO: [Common 17-206] Exiting Vivado at {now()}...\n"
            )
