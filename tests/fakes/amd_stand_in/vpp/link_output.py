"""The output of a link: the file, its description, the event log, the closing words."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.console import Console, now
from amd_stand_in.devices import Platform
from amd_stand_in.errors import ToolError
from amd_stand_in.vpp import xclbin_file
from amd_stand_in.vpp.connectivity import Unit

if TYPE_CHECKING:
    from amd_stand_in.misbehave import Faults
    from amd_stand_in.vpp.options import Options


class LinkOutput:
    """The output of one link."""

    options: Options
    release: str
    console: Console
    faults: Faults
    command: str
    output: Path
    temp: Path
    logs: Path
    reports: Path
    entries: list[dict[str, object]]

    def _write(
        self,
        platform: Platform,
        units: dict[str, Unit],
        clocks: dict[str, float],
        achieved: dict[str, float],
        target: str,
    ) -> None:
        self.faults.strike("xclbinutil")
        program = os.environ.get("XILINX_XRT", "")
        if not (Path(program) / "bin/xclbinutil").is_file() or not program:
            raise ToolError(
                "v++ 60-703",
                "Failed to finish linking: step xclbinutil: xclbinutil was not found; XILINX_XRT is not set (source the setup.sh of XRT).",
            )
        self._step("xclbinutil")
        file = xclbin_file.compose(platform, units, achieved, target, self.release, platform.part)
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self.output.write_bytes(xclbin_file.mirrored(file))
        self.console.line(f"Successfully wrote ({self.output.stat().st_size} bytes) to the output file: {self.output}")
        self._step("xclbinutilinfo")
        beside = self.output.with_name
        beside(self.output.name + ".info").write_text(xclbin_file.info(file, self.release, clocks, self.command))
        beside(self.output.stem + ".ltx").write_text("stand-in\n")
        self._step("generate_sc_driver")
        for path in (self.output, beside(self.output.name + ".info")):
            self.faults.damage(path, "link")
        self.console.info("v++ 60-586", f"Created {beside(self.output.stem + '.ltx').resolve()}")
        self.console.info("v++ 60-586", f"Created {self.output}")

    def _note(self, kind: str, **values: object) -> None:
        self.entries.append({"type": kind, "dateTimestamp": now(), "timestampMillis": "1640995200000", **values})

    def _status(self, step: str, state: str) -> None:
        self._note("ET_Status", status={"cmdId": step, "state": state})

    def _describe(self, platform: Platform, target: str, units: dict[str, Unit]) -> None:
        names: dict[str, list[str]] = {}
        for unit in units.values():
            names.setdefault(unit.kernel.name, []).append(unit.name)
        kernels = [
            {
                "base": {"type": "KERNEL", "name": name, "file": "", "reports": [], "uuid": ""},
                "sources": [],
                "psSources": [],
                "cuNames": cus,
                "type": "RTL",
                "frequency": 0,
                "freqUnits": "",
            }
            for name, cus in names.items()
        ]
        container = {
            "base": {
                "type": "BT_UKNOWN",
                "name": self.output.stem,
                "file": str(self.output),
                "reports": [],
                "uuid": "",
            },
            "kernels": [],
        }
        self._note(
            "ET_FlowMetaData",
            buildSummary={
                "hardwarePlatform": f"{platform.name}.xpfm",
                "hardwareDsa": "",
                "platformDirectory": "",
                "runtime": "OpenCL",
                "systemConfig": "Linux",
                "flow": "BF_LINK",
                "target": f"TT_{target.upper()}",
                "toolVersion": f"{self.release} (stand-in)",
                "binaryContainer": container,
                "kernels": kernels,
            },
        )

    def _summary(self) -> None:
        path = self.output.with_name(self.output.name + ".link_summary")
        path.write_text("".join(f"<ENTRY>\n{json.dumps(entry, indent=1)}\n</ENTRY>\n" for entry in self.entries))
        self.faults.damage(path, "link")

    def _closing(self) -> None:
        self.console.info("v++ 60-1307", "Run completed. Additional information can be found in:")
        for title, pattern in (
            ("Timing Report", "imp/*timing_summary_routed.rpt"),
            ("Utilizations Report", "imp/*kernel_util_routed.rpt"),
        ):
            for path in sorted(self.reports.glob(pattern)):
                self.console.line(f"\t{title}: {path.resolve()}")
        self.console.line(f"\tVivado Log: {(self.logs / 'vivado.log').resolve()}")
        self.console.line(f"\tSteps Log File: {(self.logs / 'link.steps.log').resolve()}")
        self.console.info("v++ 60-791", "Total elapsed time: 0h 0m 1s")
        (self.logs / "link.steps.log").write_text("stand-in\n")
        if "--save-temps" not in self.options.flags and "temp_dir" not in self.options.values:
            shutil.rmtree(self.temp / "link", ignore_errors=True)
