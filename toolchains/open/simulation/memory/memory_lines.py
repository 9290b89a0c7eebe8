"""A platform's memories as `card_memory.hpp` reads them: bandwidth and latency in cycles of the simulated clock."""

from __future__ import annotations

import math
from fractions import Fraction

from integration.platform import MemoryBank, Platform

#: Bursts that each channel of a master may have under way in a bank: an assumption, no source says it of a shell.
OUTSTANDING_BURSTS = 32
_LARGEST = 10**6


def memory_lines(platform: Platform, clock_mhz: float, efficiency_percent: int = 100) -> list[str]:
    """The lines for the memories that the kernel's arguments are wired to.

    Args:
        platform: As read from its file, so that it knows the speed of its memories.
        clock_mhz: The simulated clock.
        efficiency_percent: How much of the bandwidth there is, 1 to 100. Nobody has measured it for these shells.

    Raises:
        ValueError: a clock or an efficiency out of range, or a platform without the speed of its memories.
    """
    if not 0 < clock_mhz < math.inf or not 1 <= efficiency_percent <= 100:
        raise ValueError(f"no memory at {clock_mhz} MHz and {efficiency_percent} %")
    used = {tag for _, tags in platform.connect for tag in tags}
    lines = [_line(bank, Fraction(str(clock_mhz))) for bank in platform.memories if bank.tag in used]
    return [*lines, f"memory efficiency_percent {efficiency_percent}"]


def _line(bank: MemoryBank, clock_mhz: Fraction) -> str:
    if bank.gb_per_s is None or bank.latency_ns is None:
        raise ValueError(f"memory {bank.tag} has no speed")
    # 10^9 bytes a second at 10^6 cycles a second; decimals as they are written, not as binary fractions.
    rate = (Fraction(str(bank.gb_per_s)) * 1000 / clock_mhz).limit_denominator(_LARGEST)
    latency = max(1, round(Fraction(str(bank.latency_ns)) * clock_mhz / 1000))
    numbers = (bank.base, bank.size_kib * 1024, rate.numerator, rate.denominator, latency, OUTSTANDING_BURSTS)
    return " ".join(["bank", bank.tag, *map(str, numbers)])
