"""Makes an xclbin from platform, kernel, manifest and the parts of the emulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integration.kernel import Kernel, embedded_metadata
from runtime.formats.manifest import Manifest
from runtime.formats.sections import CLOCK_TYPES, KERNEL_IP, MEMORY_TYPES, Clock, Connection, IpLayoutEntry, MemoryBank
from runtime.formats.xclbin import Mode, Xclbin, compose

if TYPE_CHECKING:
    from integration.platform import Platform

_MODES = {"sw_emu": Mode.SW_EMU, "hw_emu": Mode.HW_EMU, "hw": Mode.FLAT}
_ENABLED_INTERRUPT = 1


def package(
    platform: Platform, kernel: Kernel, manifest: Manifest, emulation: Mapping[str, bytes], clock_mhz: float
) -> Xclbin:
    """Compose the xclbin. Like v++, it also lists banks that no argument is wired to, marked as unused."""
    used = {tag for argument in manifest.arguments for tag in argument.banks}
    order = {bank.tag: index for index, bank in enumerate(platform.memories)}
    return compose(
        platform_vbnv=platform.vbnv,
        mode=_MODES[manifest.target],
        metadata=embedded_metadata(kernel, platform, manifest.target, clock_mhz),
        memories=[
            MemoryBank(
                tag=bank.tag,
                type=MEMORY_TYPES.index(bank.kind.upper()),
                used=bank.tag in used,
                size_kib=bank.size_kib,
                base_address=bank.base,
            )
            for bank in platform.memories
        ],
        ip_layout=[
            IpLayoutEntry(
                name=f"{kernel.name}:{kernel.instance}",
                type=KERNEL_IP,
                properties=_ENABLED_INTERRUPT,
                base_address=platform.kernel_base,
            )
        ],
        connections=[
            Connection(argument_index=argument.id, ip_index=0, memory_index=order[tag])
            for argument in kernel.arguments
            for tag in manifest.argument(argument.name).banks
        ],
        clocks=[
            Clock(
                name=clock.name,
                type=CLOCK_TYPES.index(clock.kind.upper()),
                # Only the data clock follows the project's setting; the shell's other clocks are fixed.
                frequency_mhz=round(clock_mhz) if clock.kind == "data" else clock.mhz,
            )
            for clock in platform.clocks
        ],
        manifest=manifest.to_json(),
        emulation=emulation,
    )
