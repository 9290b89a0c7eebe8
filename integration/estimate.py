"""The estimate of a build before any tool has run: cycles, area by formula, the platform's budget, as plain values.

The reports read it as JSON, because they know neither blocks nor boards. Area is estimated by formulas, separately for
the core and for the logic around it (`integration.fit.needs`), which is mostly parameter memories. Cycles are each
operator's initiation interval at full rate.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from blocks.core.base import Core
from config.fpga_resources import Resources
from config.whole_file import write_whole
from integration.context import BuildContext
from integration.fit.needs import LUT_NOTE, needs_of

FORMAT = 1
FILE = "estimate.json"


def leave_estimate(build: BuildContext) -> None:
    """Write the estimate of a build into its folder, where the reports read it."""
    build.folder.mkdir(parents=True, exist_ok=True)
    write_whole(build.folder / FILE, json.dumps(estimate_of(build), indent=1) + "\n")


def estimate_of(build: BuildContext) -> dict[str, Any]:
    """Return the estimate of a build, ready for `json.dumps`; `reports.summary.build` reads it."""
    network, platform = build.network, build.platform
    around = {needs.block: needs.around for needs in needs_of(network)}
    return {
        "format": FORMAT,
        "network": network.name,
        "toolchain": build.toolchain,
        "target": build.settings.target,
        "clock_mhz": build.settings.clock_mhz,
        "platform": {"name": platform.name, "part": platform.part, "vbnv": platform.vbnv},
        "budget": {
            "total": asdict(platform.budget.total),
            "slrs": {name: asdict(amounts) for name, amounts in platform.budget.slrs},
        },
        "formula_note": LUT_NOTE,
        "blocks": [
            {**_block(name, core, around[name]), "view": build.views.get(core.name)}
            for name, core in network.cores().items()
        ],
    }


def _block(name: str, core: Core, around: Resources) -> dict[str, Any]:
    cycles = core.cycles()
    slowest = max(cycles, key=lambda operator: cycles[operator])
    found: dict[str, Any] = {
        "block": name,
        "core": core.name,
        "kind": core.kind,
        "interval_cycles": cycles[slowest],
        "bottleneck": slowest,
        "area": None,
        "around": around.known,
        "parameter_bits": None,
    }
    if (area := core.area()) is not None:
        found["area"] = area.known
        ports = core.parameter_ports()
        found["parameter_bits"] = sum(port.stream.width_bits * port.stream.depth for port in ports)
    return found
