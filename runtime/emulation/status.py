"""What an emulated card tells about itself, under the names of XRT's structures.

Source: ``xclDeviceInfo2`` and ``xclDeviceUsage`` of XRT's public ``xclhal2.h``, as PYNQ 3.0.1 hands them out. Of the
first, only the fields that an emulated card has a value for are here: it has neither temperatures nor voltages.
"""

# ruff: noqa: N815  the names are XRT's

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..formats.sections import Clock
from .banks import Banks
from .memory import PAGE_BYTES

# XRT's structures have room for so many banks, channels and clocks.
_BANKS = 8
_CLOCKS = 4
_MAGIC = 0x586C0C6C
_XILINX_VENDOR = 0x10EE


@dataclass(frozen=True)
class DeviceInfo:
    """``xclDeviceInfo2``: sizes in bytes, clocks in MHz, the platform's name as bytes."""

    mName: bytes
    mDDRSize: int
    mDDRFreeSize: int
    mDDRBankCount: int
    mOCLFrequency: tuple[int, ...]
    mNumClocks: int
    mMagic: int = _MAGIC
    mVendorId: int = _XILINX_VENDOR
    mDataAlignment: int = PAGE_BYTES
    mMigCalib: bool = True


@dataclass(frozen=True)
class Usage:
    """``xclDeviceUsage``, by the index of a bank: bytes in use, buffers in it. ``h2c`` and ``c2h`` are bytes synced."""

    h2c: tuple[int, ...]
    c2h: tuple[int, ...]
    ddrMemUsed: tuple[int, ...]
    ddrBOAllocated: tuple[int, ...]
    totalContents: int
    xclbinId: tuple[int, ...]
    dma_channel_cnt: int
    mm_channel_cnt: int
    memSize: tuple[int, ...]


class CardStatus:
    """The part of a card that tells about it, as PYNQ's ``XrtDevice`` does."""

    name: str
    contexts: dict[str, dict[str, Any]]
    _banks: Banks
    _loaded: tuple[bytes, str] | None
    _clocks: tuple[Clock, ...] = ()
    _to_card_bytes = 0
    _from_card_bytes = 0

    @property
    def clocks(self) -> dict[str, dict[str, int]]:
        """Clocks of the loaded file in MHz, in PYNQ's form: ``{"clock0": {"frequency": 300}}``."""
        rates = [clock.frequency_mhz for clock in self._clocks]
        return {f"clock{number}": {"frequency": rate} for number, rate in enumerate(rates) if rate}

    @property
    def sensors(self) -> dict[str, Any]:
        """None: an emulated card has no power rails."""
        return {}

    @property
    def device_info(self) -> DeviceInfo:
        """Platform, memory sizes and clocks."""
        used = [memory for memory in self._banks if memory.bank.used]
        size = sum(memory.size for memory in used)
        frequencies = [clock.frequency_mhz for clock in self._clocks][:_CLOCKS]
        return DeviceInfo(
            mName=self.name.encode(),
            mDDRSize=size,
            mDDRFreeSize=size - sum(memory.mem_used for memory in used),
            mDDRBankCount=len(used),
            mOCLFrequency=tuple(frequencies + [0] * (_CLOCKS - len(frequencies))),
            mNumClocks=len(frequencies),
        )

    def get_usage(self) -> Usage:
        """Bytes and buffers in use, by bank; bytes synced, all on the first channel."""
        by_index = {memory.idx: memory for memory in self._banks}
        indices = range(max([_BANKS, *(index + 1 for index in by_index)]))

        def each(values: dict[int, int]) -> tuple[int, ...]:
            return tuple(values.get(index, 0) for index in indices)

        uuid = self._loaded[0] if self._loaded else b""
        other_channels = (0,) * (_BANKS - 1)
        return Usage(
            h2c=(self._to_card_bytes, *other_channels),
            c2h=(self._from_card_bytes, *other_channels),
            ddrMemUsed=each({index: memory.mem_used for index, memory in by_index.items()}),
            ddrBOAllocated=each({index: memory.num_buffers for index, memory in by_index.items()}),
            totalContents=len(self.contexts),
            xclbinId=tuple(int.from_bytes(uuid[at : at + 8], "little") for at in range(0, 32, 8)),
            dma_channel_cnt=1,
            mm_channel_cnt=len(by_index),
            memSize=each({index: memory.size for index, memory in by_index.items()}),
        )
