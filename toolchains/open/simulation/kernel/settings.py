"""What the joined simulation is told beside the memory images: clock, banks, memory model, and crossings of SLRs.

Lines of words, behind the images in part `memories` of the xclbin; `kernel.hpp` reads them. The program does not depend
on them: another clock or another board links anew and compiles nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from integration.platform import Platform


def settings_lines(platform: Platform, clock_mhz: float) -> list[str]:
    """The lines of a board at a clock. An argument lies in the first of the banks that it is wired to."""
    lines = [f"clock_mhz {clock_mhz!r}"]
    lines += [f"argument {argument} {tags[0]}" for argument, tags in platform.connect]
    lines += [f"bank {bank.tag} {bank.base} {bank.size_kib * 1024}" for bank in platform.memories]
    return lines


def settings_part(lines: Sequence[str]) -> bytes:
    """What stands behind the memory images: u64 length, then the text."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return struct.pack("<Q", len(text)) + text
