"""The simulation behind an emulated card that has loaded an hw_emu file: its counts and its settings."""

from __future__ import annotations

from ..errors import CardError, InputError
from ..simulation import statistics
from ..simulation.statistics import Statistics
from .payload import Payload


class Simulation:
    """Of one loaded overlay. ``where`` names the card in errors. Raises CardError where nothing is simulated."""

    def __init__(self, payload: Payload | None, where: str) -> None:
        if payload is None or not payload.simulates:
            raise CardError(
                "counts no cycles: only the simulation of an hw_emu file does",
                where=where,
                remedy="load a file that was built with target=hw_emu",
            )
        self._payload = payload
        self._where = where

    def statistics(self) -> Statistics:
        """What was counted in the last call. Raises PayloadError, also where there was none yet."""
        return statistics.parse(self._payload.statistics(), self._where)

    def set_memory_efficiency(self, percent: int) -> None:
        """Let the card's memories have so much of their bandwidth from the next call on: 1 to 100 percent."""
        if isinstance(percent, bool) or not isinstance(percent, int) or not 1 <= percent <= 100:
            raise InputError(f"memory efficiency of {percent!r} percent", remedy="give a whole number from 1 to 100")
        self._payload.set_memory_efficiency(percent)
