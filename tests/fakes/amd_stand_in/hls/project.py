"""Projects and solutions: their order, sources, part, clock and configuration."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hls.solution import Solution
from amd_stand_in.release import order

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class ProjectCommands:
    """The state of one open project with one open solution."""

    run: Run

    def start_project(self) -> None:
        """No project."""
        self.project: str | None = None
        self.top: str | None = None
        self.sources: list[tuple[Path, str]] = []
        self.benches: list[tuple[Path, str]] = []
        self.solution: Solution | None = None

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
        """Add sources; -cflags are relative to the folder that the tool runs in."""
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
        # Vivado HLS allowed naming the package after synthesis; Vitis HLS does not.
        if not (name == "config_export" and order(self.run.release) < (2020, 1)):
            self._stale(name)
        solution.configuration.setdefault(name, {}).update(arguments.options)

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
