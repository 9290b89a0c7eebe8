"""Commands to the card's embedded scheduler (ERT), the way that PYNQ 3.0 starts kernels on a real card.

A packet is u32 words: header (state 3:0, extra cu masks 11:10, count of words after it 22:12, opcode 27:23, type
31:28), one mask of compute units, then the register map from offset 0. Source: XRT's public ``ert.h``.
"""

from __future__ import annotations

import asyncio
import ctypes
import struct
from collections.abc import Collection, Sequence
from typing import Any

from ..errors import CardError
from .compute_unit import ComputeUnit, Run

START_CU = 0
MOST_BYTES = 1 << 20
_HEAD = struct.Struct("<II")
_LOOK_S = 0.001


class ExecBuffer:
    """Host memory of one command."""

    def __init__(self, size_bytes: int) -> None:
        if not _HEAD.size <= size_bytes <= MOST_BYTES:
            raise CardError(
                f"a command of {size_bytes} bytes cannot be made", remedy=f"ask for {_HEAD.size} to {MOST_BYTES} bytes"
            )
        self.data = (ctypes.c_char * size_bytes)()

    def as_packet(self, packet: Any) -> Any:
        """The memory seen as one of PYNQ's ctypes structures."""
        return packet.from_buffer(self.data)


class ExecHandle:
    """The handle that ``start_ert`` returns."""

    _has_bo = False

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def done(self) -> bool:
        """Whether the kernel has finished, well or badly."""
        return self._run.done.is_set()

    async def wait_async(self) -> None:
        """As ``wait``, for a coroutine: other tasks of the event loop go on."""
        while not self.done:
            await asyncio.sleep(_LOOK_S)
        self.wait()

    def wait(self) -> None:
        """Wait for the end; raises what the run failed with."""
        # In slices: between them Ctrl-C is answered.
        while not self._run.done.wait(0.5):
            pass
        if self._run.failure is not None:
            raise self._run.failure


def execute(command: ExecBuffer, units: Sequence[ComputeUnit], opened: Collection[int], where: str) -> ExecHandle:
    """Start the compute unit that the command names; a busy one gets it queued.

    ``opened`` are the indices of the units with an open context. The driver of a card refuses commands for others
    (``xocl_command_ioctl`` of XRT's ``xocl_kds.c``), and PYNQ opens a context when it makes ``ol.<unit>``, never again.
    """
    data = bytes(command.data)
    header, mask = _HEAD.unpack_from(data)
    count, opcode = header >> 12 & 0x7FF, header >> 23 & 0x1F
    if opcode != START_CU or header >> 10 & 3:
        raise CardError(f"command 0x{header:08x} is not emulated", remedy="use .start(...) or .call(...)")
    chosen = [unit for unit in units if mask >> unit.index & 1]
    if len(chosen) != 1:
        raise CardError(
            f"the mask 0x{mask:x} names {len(chosen)} compute units", remedy="load the overlay: pynq.Overlay(...)"
        )
    if chosen[0].index not in opened:
        raise CardError(
            f"no context of {chosen[0].name} is open",
            where=where,
            remedy="take the unit of an overlay made after the last download: pynq.Overlay(...).<unit>",
        )
    # The count covers the mask word too, so the register map is one word shorter.
    return ExecHandle(chosen[0].submit(data[_HEAD.size : _HEAD.size + (count - 1) * 4]))
