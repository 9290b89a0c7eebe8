"""Settings of the vitis toolchain."""

from __future__ import annotations

from blocks.views import VIEWS
from config.frozen import dataclass
from config.settings import setting

STYLES = ("ipi", "structural")


@dataclass(frozen=True)
class VitisSettings:
    """Section `vitis`. Paths of tools belong in farm.local.yaml, the rest in farm.yaml."""

    view: str | None = setting(
        None, "C++ for Vitis HLS, or SystemVerilog, for all cores; empty: as in the network's file", choices=VIEWS
    )
    release: str | None = setting(None, "release of the tools, e.g. 2022.2; empty: the newest installed")
    install: str | None = setting(None, "folder that holds Vitis/ and Vivado/; empty: PATH, XILINX_*, usual places")
    platforms: str | None = setting(
        None, "folder of Alveo platforms; empty: PLATFORM_REPO_PATHS, /opt/xilinx/platforms"
    )
    threads: int = setting(
        4, "general.maxThreads of each Vivado; fixed, so results do not depend on the machine", minimum=1, maximum=32
    )
    jobs: int = setting(4, "processes that one Vivado or v++ may start", minimum=1, maximum=64)
    ooc_route: bool = setting(False, "place and route each core out of context, to get its real timing")
    stitch_style: str = setting("ipi", "kernel as a block design, or as a generated top", choices=STYLES)
    optimize: int = setting(2, "v++ optimization level", minimum=0, maximum=3)
    hls_hours: float = setting(8.0, "time limit of one HLS run, in hours", minimum=0.1)
    ooc_hours: float = setting(6.0, "time limit of one out-of-context synthesis, in hours", minimum=0.1)
    link_hours: float = setting(36.0, "time limit of netlist, of stitch and of link, in hours", minimum=0.1)
    needs_licence: bool = setting(True, "refuse to start without a licence; false for devices that need none")
    accept_lower_clock: bool = setting(True, "keep an xclbin if v++ has lowered its clock; false: fail")
    licence: str = setting("vivado", "licence in farm.licences that each synthesis and implementation takes")
