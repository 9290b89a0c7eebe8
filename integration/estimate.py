"""What is known of a build before any tool has run: cycles, area by formula, the platform's budget, as plain values.

The reports read these as JSON, because they know neither blocks nor boards. Area is an estimate by formulas and holds
no parameter memories; cycles are each operator's initiation interval at full rate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from blocks.core.base import Core
from blocks.network import Network
from config.settings import Settings
from integration.platform import Platform

FORMAT = 1
FILE = "estimate.json"


def leave_estimate(
    folder: Path, network: Network, platform: Platform, settings: Settings, toolchain: str, views: Mapping[str, str]
) -> None:
    """Write the estimate of the build in `folder` into it, as the reports read it; `views` is of cores by name."""
    estimate = estimate_of(network, platform, toolchain, settings.target, settings.clock_mhz, views)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(estimate, indent=1) + "\n", "utf-8")


def estimate_of(
    network: Network,
    platform: Platform,
    toolchain: str,
    target: str,
    clock_mhz: float,
    views: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the estimate of a build, ready for `json.dumps`; `reports.summary.build` reads it."""
    return {
        "format": FORMAT,
        "network": network.name,
        "toolchain": toolchain,
        "target": target,
        "clock_mhz": clock_mhz,
        "platform": {"name": platform.name, "part": platform.part, "vbnv": platform.vbnv},
        "budget": {
            "total": asdict(platform.budget.total),
            "slrs": {name: asdict(amounts) for name, amounts in platform.budget.slrs},
        },
        "blocks": [
            {**_block(name, core), "view": (views or {}).get(core.name)} for name, core in network.cores().items()
        ],
    }


def _block(name: str, core: Core) -> dict[str, Any]:
    cycles = core.cycles()
    slowest = max(cycles, key=lambda operator: cycles[operator])
    found: dict[str, Any] = {
        "block": name,
        "core": core.name,
        "kind": core.kind,
        "interval_cycles": cycles[slowest],
        "bottleneck": slowest,
        "area": None,
        "parameter_bits": None,
    }
    if (area := core.area()) is not None:
        found["area"] = {"luts": area.lut, "bram_tiles": area.bram36, "urams": area.uram, "dsps": area.dsp}
        ports = core.parameter_ports()
        found["parameter_bits"] = sum(port.stream.width_bits * port.stream.depth for port in ports)
    return found
