"""What a file with a payload holds for AMD's XRT, whose hw_emu mode starts a device process (``runtime.xrt``).

XRT 2.13 (``hw_em/generic_pcie_hal2/shim.cxx``) unpacks BITSTREAM as a zip and starts
``behav_waveform/xsim/simulate.sh`` of it, unless xrt.ini names another folder, as our launcher does. It gives
EMULATION_DATA to the process, and of the rest of the file nothing: so the parts of the archive repeat what the process
has to know.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

from . import emulation_data
from .header import Kind

SECTIONS = {
    emulation_data.MANIFEST: Kind.USER_METADATA,
    emulation_data.KERNEL: Kind.EMBEDDED_METADATA,
    emulation_data.MEM_TOPOLOGY: Kind.MEM_TOPOLOGY,
}
"""Part of EMULATION_DATA -> the section that it repeats."""
DEVICE_VARIABLE = "DATAFLOW_FARM_XRT_DEVICE"
"""Environment variable: the program that simulate.sh becomes. Without it, a host would wait 300 s for a device."""
_SCRIPT = f"""#!/bin/sh
[ -z "${DEVICE_VARIABLE}" ] || exec "${DEVICE_VARIABLE}"
echo 'error: this xclbin has no simulator of AMD; start the program by: python -m runtime xrt -- PROGRAM ...' >&2
[ "$PPID" -le 1 ] || kill -TERM "$PPID"
exit 1
"""
_EXECUTABLE = 0o100755


def bitstream() -> bytes:
    """The zip for section BITSTREAM, always the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("behav_waveform/xsim/simulate.sh", date_time=emulation_data.DATE)
        entry.create_system = emulation_data.UNIX
        entry.external_attr = _EXECUTABLE << 16
        archive.writestr(entry, _SCRIPT)
    return buffer.getvalue()


def with_repeated(parts: Mapping[str, bytes], sections: Iterable[tuple[Kind, bytes]]) -> dict[str, bytes]:
    """The parts and, where a payload is among them, those that repeat one of these sections."""
    if emulation_data.PAYLOAD not in parts:
        return dict(parts)
    bodies = dict(sections)
    return {**parts, **{name: bodies[kind] for name, kind in SECTIONS.items() if kind in bodies}}
