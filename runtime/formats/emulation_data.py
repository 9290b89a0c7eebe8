"""The archive in section EMULATION_DATA: the parts of the emulation model, by name.

A zip without compression, with fixed dates and sorted names, so that equal parts are equal bytes. Parts:

``payload``     an ELF program that computes what the kernel computes (``runtime.emulation.payload`` has the protocol)
``memories``    bytes that the payload loads first: the trained values; opaque to the runtime
``fc_weights``  weights of the fully connected layer, raw, row-major (optional)
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from ..errors import XclbinError

PAYLOAD = "payload"
MEMORIES = "memories"
FC_WEIGHTS = "fc_weights"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DATE = (1980, 1, 1, 0, 0, 0)
_WHERE = "EMULATION_DATA"


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts):
            if not _NAME.fullmatch(name):
                raise XclbinError(f"part name {name!r}", where=_WHERE, remedy="use a-z, 0-9 and _")
            entry = zipfile.ZipInfo(name, date_time=_DATE)
            # Else the producing system would be part of the bytes.
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts[name])
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The parts, each checked against its CRC. Nothing is ever written to a path that the archive names."""
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if not _NAME.fullmatch(entry.filename) or entry.filename in parts:
                    raise XclbinError(f"unexpected part {entry.filename!r}", where=_WHERE, remedy="rebuild the file")
                if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 or entry.file_size > len(data):
                    # Uncompressed only: a small file can then not unfold into one that fills the memory.
                    raise XclbinError(
                        f"part {entry.filename!r} is compressed or encrypted", where=_WHERE, remedy="rebuild the file"
                    )
                parts[entry.filename] = archive.read(entry)
    except XclbinError:
        raise
    except Exception as error:  # zipfile answers damage with half a dozen unrelated types
        raise XclbinError(f"damaged archive ({error})", where=_WHERE, remedy="copy or build the file again") from error
    return parts
