"""A solution of an HLS project."""

from __future__ import annotations

from dataclasses import dataclass, field

from amd_stand_in.hls import cpp
from amd_stand_in.hls import reports as hls_reports
from amd_stand_in.hls.interface import Interface


@dataclass
class Solution:
    """A solution and its state. `stale` names the configuration that changed after synthesis."""

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
