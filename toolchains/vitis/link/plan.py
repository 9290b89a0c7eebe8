"""The plan of a link by v++, in addition to the plan that all toolchains share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from config.frozen import dataclass
from integration.platform import Shell
from toolchains.vitis.link.config import LinkJob
from toolchains.vitis.stitch.job import StitchJob


@dataclass(frozen=True)
class VppPlan:
    """One link. `job` is not placed yet; `tool` is name and release of v++, for the values."""

    job: LinkJob
    stitched: StitchJob
    shell: Shell
    accept_lower_clock: bool
    tool: str

    def describe(self) -> dict[str, Any]:
        """The plan as plain JSON values; `from_description` reads it back."""
        described = {"job": self.job.describe(), "stitched": self.stitched.describe(), "shell": asdict(self.shell)}
        return {**vars(self), **described}

    @classmethod
    def from_description(cls, values: Mapping[str, Any], slrs: Mapping[str, str]) -> VppPlan:
        """Read a plan that `describe` wrote; `slrs` gives the SLR of each block."""
        shell = Shell(**{**values["shell"], "pblocks": tuple(values["shell"]["pblocks"])})
        job = LinkJob.from_description(values["job"])
        stitched = StitchJob.from_description(values["stitched"], slrs)
        return cls(**{**values, "job": job, "stitched": stitched, "shell": shell})
