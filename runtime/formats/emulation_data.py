"""The archive in section EMULATION_DATA: the parts of the emulation model, by name.

A zip without compression, with fixed dates and sorted names, so that equal parts are equal bytes. Parts:

``payload``     an ELF program that computes what the kernel computes (``runtime.emulation.payload`` has the protocol)
``memories``    bytes that the payload loads first: the trained values; opaque to the runtime
``fc_weights``  weights of the fully connected layer, raw, row-major (optional)

A file with a payload also repeats three of its sections here, byte for byte: of the whole file, the device process
behind AMD's XRT is given this archive alone (``runtime.xrt``).

``manifest``      USER_METADATA
``kernel``        EMBEDDED_METADATA
``mem_topology``  MEM_TOPOLOGY
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from ..bounded.archive import ArchiveError, open_archive
from ..errors import XclbinError

PAYLOAD = "payload"
MEMORIES = "memories"
FC_WEIGHTS = "fc_weights"
MANIFEST = "manifest"
KERNEL = "kernel"
MEM_TOPOLOGY = "mem_topology"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
"""The producing system, which would else be part of the bytes."""
_WHERE = "EMULATION_DATA"


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts):
            if not _NAME.fullmatch(name):
                raise XclbinError(f"part name {name!r}", where=_WHERE, remedy="use a-z, 0-9 and _")
            entry = zipfile.ZipInfo(name, date_time=DATE)
            entry.create_system = UNIX
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts[name])
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The parts, each checked against its CRC. Nothing is ever written to a path that the archive names.

    Raises XclbinError for a damaged archive, and for one whose parts are compressed or share bytes: together they are
    never larger than ``data``.
    """
    try:
        with open_archive(io.BytesIO(data), most_bytes=len(data), stored=True) as archive:
            for name in archive.members:
                if not _NAME.fullmatch(name):
                    raise XclbinError(f"unexpected part {name!r:.80}", where=_WHERE, remedy="rebuild the file")
            return {name: archive.read(name) for name in archive.members}
    except ArchiveError as error:
        raise XclbinError(f"damaged archive ({error})", where=_WHERE, remedy="copy or build the file again") from error
