"""Runs of the open project."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.console import now
from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


FAILED_BELOW = "Vivado 12-8222"
"""Message of a run that needs failed IP runs."""


class RunCommands:
    """Runs are done when they are launched, but only a script that waits sees their result."""

    run: Run

    def new_run(self, run: str) -> Thing:
        """A run of the project that has not been started."""
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

    def do_get_runs(self, arguments: Arguments) -> list[str]:
        """Runs."""
        return self.select(arguments, self.of_kind("run"), "runs", "Vivado 12-507")

    def do_launch_runs(self, arguments: Arguments) -> None:
        """Do the runs at once; their properties show the result."""
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
        # Real runs are parallel to the script, so only a script that has waited may see the result.
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
                # Runs that it needs have failed, so it was never started and has no log.
                run.properties.update(PROGRESS="0%", STATUS="Scripts Generated")
                run.data = error.text
            else:
                self.failed_run(run, [*printed, *error.lines()])
            return
        self.ended_run(run, printed)

    def ended_run(self, run: Thing, lines: list[str]) -> None:
        """Record a successful run and its output."""
        folder = Path(run.properties["DIRECTORY"])
        folder.mkdir(parents=True, exist_ok=True)
        run.properties.update(PROGRESS="100%", STATUS="synth_design Complete!")
        (folder / ".vivado.end.rst").write_text("")
        (folder / "__synthesis_is_complete__").write_text("")
        text = [f"*** Running vivado (stand-in) v{self.run.release}", *lines]
        (folder / "runme.log").write_text("\n".join([*text, "INFO: [Common 17-206] Exiting Vivado at never...", ""]))

    def failed_run(self, run: Thing, lines: list[str]) -> None:
        """Record a failed run and its output."""
        folder = Path(run.properties["DIRECTORY"])
        folder.mkdir(parents=True, exist_ok=True)
        run.properties.update(PROGRESS="0%", STATUS="synth_design ERROR")
        (folder / ".vivado.error.rst").write_text("")
        text = "\n".join([f"*** Running vivado (stand-in) v{self.run.release}", *lines])
        (folder / "runme.log").write_text(f"{text}\n")

    def do_wait_on_run(self, arguments: Arguments) -> None:
        """Print the output of the run, like batch mode. From 2021.2 on a failed run is an error."""
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
        """Reset runs, so their results are lost."""
        for run in self.objects(arguments.word(0), "run"):
            run.properties.update(PROGRESS="0%", STATUS="Not started")
            shutil.rmtree(run.properties["DIRECTORY"], ignore_errors=True)
