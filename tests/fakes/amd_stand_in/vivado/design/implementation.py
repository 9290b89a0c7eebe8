"""Implementation of the open design: optimisation, placement, routing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.netlist import STATES
from amd_stand_in.vivado import reports as vivado_reports

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class ImplementationCommands:
    """Commands that take the open design from one state to the next after synthesis, in order."""

    run: Run

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
        """Placement; it requests the Implementation licence."""
        self._advance("place_design", "Placed", after="Optimized")

    def do_phys_opt_design(self, arguments: Arguments) -> None:
        """Physical optimisation, after placement or routing."""
        design = self.need_design("phys_opt_design")
        self._advance(
            "phys_opt_design", design.state if design.state == "Routed" else "Physopt postPlace", after="Placed"
        )

    def do_route_design(self, arguments: Arguments) -> None:
        """Routing; missed timing is not an error here."""
        self._advance("route_design", "Routed", after="Placed")
        worst = vivado_reports.slack(self.need_design("route_design"), self.run.faults.value("timing", "route_design"))
        if worst is not None and worst < 0:
            self.run.console.critical(
                "Route 35-39",
                "The design did not meet timing requirements. Please run report_timing_summary for detailed reports.",
            )
