"""A build by AMD's tools: the release, the views of the cores, and the parts that all steps with a tool share."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from blocks.core.base import Core
from blocks.views import Views
from config.frozen import dataclass
from farm.step import Resources, Step, Tool
from integration.fit.problem import FitProblem
from toolchains.common.build import Build
from toolchains.common.failures import signatures
from toolchains.common.programs import MISSING
from toolchains.vitis.settings import VitisSettings
from toolchains.vitis.stitch.job import StitchJob, job_of
from toolchains.vitis.tools.discovery import Installation, Tools
from toolchains.vitis.tools.environment import private_variables
from toolchains.vitis.tools.missing import TOOLS_COMMAND
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.tool import COMPLETE, MISSING_VARIABLE

ERROR_LINES = (r"^ERROR: \[", "^Traceback ")
NEWEST = Release(2025, 1)
"""Scripts are rendered for this release if no tools are installed, so `doit list` and `doit plan` work everywhere."""


@dataclass(frozen=True)
class VitisBuild(Build):
    """A build for target hw_emu or hw. `licences` names the licences that the farm counts."""

    vitis: VitisSettings
    tools: Tools
    fit_problem: FitProblem
    licences: tuple[str, ...] = ()

    @property
    def wanted(self) -> Release | None:
        """The release that the settings ask for."""
        return Release.of(self.vitis.release) if self.vitis.release else None

    @property
    def installation(self) -> Installation | None:
        """The installation that is used: the release asked for, else the newest; None if there is none."""
        return self.tools.of(self.wanted) if self.wanted else self.tools.newest()

    @property
    def release(self) -> Release:
        """The release that scripts are rendered for."""
        return self.wanted or (self.installation.release if self.installation else NEWEST)

    @property
    def is_stand_in(self) -> bool:
        """Whether the tools are stand-ins of AMD's."""
        return self.installation is not None and self.installation.is_stand_in

    @property
    def version(self) -> str:
        """The release as it appears in keys and values. It marks a stand-in, so it never passes for AMD's tool."""
        if self.installation is None:
            return MISSING
        return f"{self.release} (stand-in)" if self.is_stand_in else str(self.release)

    @property
    def clock_ns(self) -> float:
        """The period of the kernel's clock, in ns."""
        return 1000 / self.clock_mhz

    def view(self, core: Core) -> str:
        """The view of a core for Vivado: `rtl` or `hls`. Blocks that share a core have the same view."""
        return self.views.of(next(block for block, its in self.network.cores().items() if its.name == core.name))

    @property
    def views(self) -> Views:
        """The views of the network's cores: from the settings for all cores, else from the network's file."""
        return Views(self.vitis.view) if self.vitis.view else self.network.views

    @cached_property
    def job(self) -> StitchJob:
        """The kernel to be stitched, before placement."""
        return job_of(
            self.network,
            self.release,
            self.platform.part,
            self.clock_mhz,
            threads=self.vitis.threads,
            jobs=self.vitis.jobs,
            style=self.vitis.stitch_style,
        )

    def tool(self, name: str) -> Tool:
        """A program as a step's tool, at the build's release."""
        return Tool(name, self.version)

    def note_of(self, step: Step) -> str:
        """A note on what the target lacks on this machine, for a step that starts one of AMD's tools."""
        missing = dict(step.private).get(MISSING_VARIABLE, "")
        if not missing:
            return super().note_of(step)
        more = "" if TOOLS_COMMAND in missing else f"; {TOOLS_COMMAND} lists what was found"
        return f"target {self.target} cannot be built here: {missing}{more}"

    def resources(self, *, cores: int, memory_gib: float, licences: tuple[str, ...] = ()) -> Resources:
        """The resources of a run. A stand-in, or a tool that is missing, needs no large machine."""
        if self.is_stand_in or self.installation is None:
            return Resources(licences=licences)
        return Resources(cores, memory_gib, licences)

    def with_limits(self, step: Step, hours: str) -> Step:
        """Return the step with its time limit and the patterns that judge one of AMD's tools.

        Args:
            step: A step that starts one of AMD's tools.
            hours: The setting of its time limit, e.g. `hls_hours`.
        """
        return replace(
            step,
            timeout_s=getattr(self.vitis, hours) * 3600,
            timeout_setting=f"vitis.{hours}",
            error_lines=ERROR_LINES,
            signatures=signatures("vitis"),
            private=self._private,
            closing_line=f"^{COMPLETE}$",
        )

    @cached_property
    def _private(self) -> tuple[tuple[str, str], ...]:
        needs_hls = any(self.view(core) == "hls" for core in self.network.cores().values())
        return private_variables(
            self.tools,
            self.installation,
            self.wanted,
            self.platform,
            needs_hls=needs_hls,
            needs_licence=self.vitis.needs_licence,
        )
