"""A build by AMD's tools: the release, the views of the cores, and what all steps that start a tool share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from blocks.core.base import Core
from blocks.views import Views
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
"""What scripts are rendered for where no tools are: `doit list` and `doit plan` work everywhere."""


@dataclass(frozen=True)
class VitisBuild(Build):
    """A build for target hw_emu or hw. `licences` names those that the farm counts."""

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
        """The tools that are used: the release asked for, else the newest."""
        return self.tools.of(self.wanted) if self.wanted else self.tools.newest()

    @property
    def release(self) -> Release:
        """The release that scripts are rendered for."""
        return self.wanted or (self.installation.release if self.installation else NEWEST)

    @property
    def is_stand_in(self) -> bool:
        """Whether the tools only stand in for AMD's."""
        return self.installation is not None and self.installation.is_stand_in

    @property
    def version(self) -> str:
        """The release as it enters keys and values. A stand-in is never taken for AMD's."""
        if self.installation is None:
            return MISSING
        return f"{self.release} (stand-in)" if self.is_stand_in else str(self.release)

    @property
    def clock_ns(self) -> float:
        """The period of the kernel's clock."""
        return 1000 / self.clock_mhz

    def view(self, core: Core) -> str:
        """How a core is written for Vivado: `rtl` or `hls`. Blocks that share a core agree; the network's file does."""
        return self.views.of(next(block for block, its in self.network.cores().items() if its.name == core.name))

    @property
    def views(self) -> Views:
        """How the network's cores are written: as the settings ask for all of them, else as its file says."""
        return Views(self.vitis.view) if self.vitis.view else self.network.views

    @cached_property
    def job(self) -> StitchJob:
        """The kernel to be stitched, not placed yet."""
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
        """A program by its release: a release's programs are one installation."""
        return Tool(name, self.version)

    def note_of(self, step: Step) -> str:
        """What the target lacks on this machine, for a step that starts one of AMD's tools."""
        missing = dict(step.private).get(MISSING_VARIABLE, "")
        if not missing:
            return super().note_of(step)
        more = "" if TOOLS_COMMAND in missing else f"; {TOOLS_COMMAND} lists what was found"
        return f"target {self.target} cannot be built here: {missing}{more}"

    def resources(self, *, cores: int, memory_gib: float, licences: tuple[str, ...] = ()) -> Resources:
        """What a run takes. Where nothing real will run, the machine need not be large."""
        if self.is_stand_in or self.installation is None:
            return Resources(licences=licences)
        return Resources(cores, memory_gib, licences)

    def with_limits(self, step: Step, hours: str) -> Step:
        """A step that starts one of AMD's tools, with its longest time and all that tells how the tool fails.

        Args:
            step: What is run.
            hours: The setting of the longest time: `hls_hours`.
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
