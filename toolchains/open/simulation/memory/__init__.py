"""The card's memory in a simulation: bandwidth, latency and contents of its banks."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
#: They include `axi_memory.hpp` of the DMA's bench, and expect to lie beside it.
HEADERS = ("sparse_bytes.hpp", "card_memory.hpp")
