"""The settings of a simulation where they stand in an xclbin: behind the memory images, in part `memories`."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def settings_part(lines: Sequence[str]) -> bytes:
    """u64 length, then the text."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return struct.pack("<Q", len(text)) + text
