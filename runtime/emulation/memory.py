"""Memory banks of the emulated card: allocation at addresses, as the driver of a real card does it."""

from __future__ import annotations

import itertools
import math
import operator
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import CardError
from ..formats.sections import MemoryBank
from .buffer import BufferObject, EmulatedBuffer, lazy_memory
from .refusal import named_errors

PAGE_BYTES = 4096
_REMEMBERED = 256


class EmulatedMemory:
    """One bank, under the names of PYNQ's ``XrtMemory``: ``idx``, ``size`` in bytes, ``desc``, the mem_dict's entry.

    ``address_offset`` keeps the addresses of two cards apart, which equal cards do not do by themselves.

    Neither a bank nor a buffer takes memory of this machine by itself: pages are taken as they are written or synced.
    """

    def __init__(
        self,
        bank: MemoryBank,
        device: Any,
        address_offset: int,
        *,
        index: int = 0,
        description: Mapping[str, Any] | None = None,
    ) -> None:
        self.idx = index
        self.desc = description or {}
        self.bank = bank
        self.tag = bank.tag
        self.device = device
        self.base_address = bank.base_address + address_offset
        self.size = bank.size_bytes
        self._gone = ""
        self._lock = threading.RLock()
        self._live: dict[int, BufferObject] = {}
        self._freed: deque[tuple[int, int, str]] = deque(maxlen=_REMEMBERED)
        self._next = self.base_address

    def __repr__(self) -> str:
        return f"<{self.bank.type_name} {self.tag} of {self.device.tag}, {self.size} bytes>"

    def allocate(self, shape: Any, dtype: Any, **_ignored: Any) -> EmulatedBuffer:
        """A buffer of this shape and dtype; the host copy is zero, the device copy is junk.

        Keywords of other devices (``cacheable``) are accepted and mean nothing here. Raises CardError where the bank
        has no room, and for an invalid shape or dtype.
        """
        where = f"bank {self.tag}"
        if self._gone:
            raise CardError(self._gone, where=where, remedy="take the bank of the overlay that is loaded: ol.<tag>")
        with named_errors(where, "give a shape of whole numbers and a dtype of numpy"):
            dtype = np.dtype(dtype)
            several = isinstance(shape, Iterable) and not isinstance(shape, (str, bytes))
            shape = tuple(operator.index(extent) for extent in (shape if several else (shape,)))
        if dtype.hasobject or any(extent < 0 for extent in shape):
            raise CardError(f"cannot allocate {shape} of {dtype}", where=where, remedy="use numbers and sizes >= 0")
        size = math.prod(shape) * dtype.itemsize
        span = max(PAGE_BYTES, -(-size // PAGE_BYTES) * PAGE_BYTES)
        with self._lock, named_errors(f"{where}: {shape} of {dtype}", "allocate less"):
            address = self._place(span, shape, dtype)
            host = lazy_memory(span)
            bo = BufferObject(self.tag, address, host, shape=shape, dtype=dtype)
            array = EmulatedBuffer(shape, dtype, bo=bo, device=self.device, device_address=address, buffer=host)
            self._live[address] = bo
        # The range lives as long as the last view of it, as on a card: no view can outlive its memory.
        weakref.finalize(host, self._release, address).atexit = False
        return array

    def find(self, address: int) -> BufferObject | None:
        """The live buffer that this address lies in."""
        with self._lock:
            return next((bo for bo in self._live.values() if bo.address <= address < bo.address + bo.span), None)

    def was_freed(self, address: int) -> str:
        """The buffer that was freed at this address, in words; empty if none is remembered."""
        with self._lock:
            hits = [text for start, span, text in self._freed if start <= address < start + span]
        return hits[-1] if hits else ""

    @property
    def mem_used(self) -> int:
        """Bytes of the bank that buffers hold, whole pages."""
        with self._lock:
            return sum(bo.span for bo in self._live.values())

    @property
    def num_buffers(self) -> int:
        """Buffers that live in the bank."""
        with self._lock:
            return len(self._live)

    def contains(self, address: int) -> bool:
        """Whether the address lies in this bank."""
        return self.base_address <= address < self.base_address + self.size

    def retire(self, reason: str) -> None:
        """Free every buffer, because the bank ceases to exist; later uses are told ``reason``."""
        with self._lock:
            self._gone = reason
            for bo in list(self._live.values()):
                bo.free(reason)
            self._live.clear()

    def free(self, bo: BufferObject, reason: str) -> None:
        """Free one buffer. Freeing twice is allowed, as in PYNQ."""
        bo.free(reason)
        self._release(bo.address, bo)

    def _release(self, address: int, expected: BufferObject | None = None) -> None:
        with self._lock:
            bo = self._live.get(address)
            if bo is None or (expected is not None and bo is not expected):
                return
            if expected is None and not bo.orphaned:
                # The range was freed by hand and given to another buffer since: that one is alive.
                return
            del self._live[address]
            self._freed.append((bo.address, bo.span, bo.describe()))

    def _place(self, span: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        """First gap that fits, from where the last buffer ended: a stale address then rarely meets a new buffer."""
        end = self.base_address + self.size
        taken = sorted((bo.address, bo.address + bo.span) for bo in self._live.values())
        edges = [(self.base_address, self.base_address), *taken, (end, end)]
        gaps = [(low[1], high[0]) for low, high in itertools.pairwise(edges)]
        ahead = [(max(low, self._next), high) for low, high in gaps]
        for low, high in (*ahead, *gaps):
            if high - low >= span:
                self._next = low + span
                return low
        used = sum(high - low for low, high in taken)
        raise CardError(
            f"no room for {shape} of {dtype} ({span} bytes): {used} of {self.size} bytes are in use",
            where=f"bank {self.tag}",
            remedy="free buffers (buf.freebuffer()), use a smaller batch or another bank",
        )
