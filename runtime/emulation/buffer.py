"""Buffers of the emulated card: the array that the host sees, and the copy that the card sees."""

from __future__ import annotations

import math
import mmap
import weakref
from typing import Any

import numpy as np
from pynq.buffer import PynqBuffer

from ..errors import CardError

JUNK = 0xA5
_JUNK = np.uint8(JUNK)
# Of Linux; Python's own module does not name it.
_MAP_NORESERVE = 0x4000


def lazy_memory(size: int) -> mmap.mmap:
    """So many zeros, of which a page takes memory once it is written. Raises OSError and OverflowError."""
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE)


class BufferObject:
    """One allocation: an address range, its host memory (owned by the arrays) and its device copy.

    The device copy starts as junk: a forgotten sync shows here, and not first on a real card. It is kept with
    every bit that junk has inverted: pages that nothing was written to are zeros of the operating system, which take no
    memory and are read as junk.
    """

    def __init__(
        self, bank: str, address: int, host: mmap.mmap, *, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self.bank = bank
        self.address = address
        self.size = math.prod(shape) * dtype.itemsize
        # Whole pages of the bank; the array uses the first ``size`` bytes.
        self.span = len(host)
        self.shape = shape
        self.dtype = dtype
        self.freed = ""
        self.host_address = np.frombuffer(host, np.uint8).__array_interface__["data"][0]
        # Only a weak reference: a strong one would keep the memory alive that this object's registry wants to release.
        self._host = weakref.ref(host)
        self._device = np.frombuffer(lazy_memory(self.span), np.uint8)[: self.size]
        self._dtypes: dict[int, np.dtype[Any]] = {address: dtype}

    def describe(self) -> str:
        """The buffer in words."""
        return f"the {self.dtype} buffer of shape {self.shape} in {self.bank}"

    @property
    def orphaned(self) -> bool:
        """Whether no array refers to the memory any more."""
        return self._host() is None

    def free(self, reason: str) -> None:
        """Forget the device copy; every later use is an error that tells ``reason``."""
        if not self.freed:
            self.freed = reason
            self._device = np.empty(0, np.uint8)

    def check_alive(self) -> None:
        """Raise CardError if the buffer was freed."""
        if self.freed:
            raise CardError(f"{self.describe()} {self.freed}", remedy="allocate a new buffer: pynq.allocate(...)")

    def seen_as(self, address: int, dtype: np.dtype[Any]) -> None:
        """Remember through which dtype this address was last handed out; kernels are given only the address."""
        self._dtypes[address] = dtype

    def dtype_at(self, address: int) -> np.dtype[Any]:
        """The dtype of the array that had this address."""
        return self._dtypes.get(address, self.dtype)

    def room(self, address: int) -> int:
        """Bytes from ``address`` to the end of the buffer."""
        return self.address + self.size - address

    def load(self, address: int, size: int) -> memoryview:
        """A copy of the bytes that the card reads there."""
        self.check_alive()
        start = address - self.address
        return np.bitwise_xor(self._device[start : start + size], _JUNK).data

    def store(self, address: int, data: bytes) -> None:
        """Write bytes as the card does."""
        self.check_alive()
        start = address - self.address
        np.bitwise_xor(np.frombuffer(data, np.uint8), _JUNK, out=self._device[start : start + len(data)])

    def sync(self, offset: int, size: int, *, to_device: bool) -> None:
        """Copy ``[offset, offset + size)`` between the two copies."""
        self.check_alive()
        host = self._host()
        if host is None or not 0 <= offset <= offset + size <= self.size:
            raise CardError(
                f"bytes {offset} to {offset + size} are outside {self.describe()} of {self.size} bytes",
                remedy="sync the buffer itself or a slice of it",
            )
        view = np.frombuffer(host, np.uint8)[offset : offset + size]
        copy = self._device[offset : offset + size]
        if to_device:
            np.bitwise_xor(view, _JUNK, out=copy)
        else:
            np.bitwise_xor(copy, _JUNK, out=view)


class EmulatedBuffer(PynqBuffer):  # type: ignore[misc]
    """The array of an allocation, or a view of it. Differs from PYNQ's own class where that would do harm:

    freeing never unmaps memory that arrays still refer to, an array that only *came from* a buffer (``buf + 1``) has no
    device address, and everything asked of a freed buffer is an error.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> EmulatedBuffer:
        """As PynqBuffer."""
        self: EmulatedBuffer = super().__new__(cls, *args, **kwargs)
        return self

    def __array_finalize__(self, obj: Any) -> None:
        self.coherent = False
        self.bo: Any = getattr(obj, "bo", None)
        self.device: Any = getattr(obj, "device", None)
        self.freed = False

    def __del__(self) -> None:
        """Nothing: the memory goes with its last view."""

    @property
    def offset(self) -> int:
        """Bytes from the start of the allocation."""
        return int(self.virtual_address - self._object().host_address)

    @offset.setter
    def offset(self, value: int) -> None:
        """PynqBuffer's constructor sets it; it is computed here."""

    @property
    def device_address(self) -> int:
        """Address for the card. Raises CardError for a freed buffer or an array that is not part of one."""
        bo = self._object()
        bo.check_alive()
        offset = self.offset
        if not 0 <= offset <= bo.size:
            raise CardError(
                "this array was computed from a buffer and is not in the card's memory",
                remedy="copy it into an allocated buffer: buf[:] = array",
            )
        bo.seen_as(bo.address + offset, self.dtype)
        return int(bo.address + offset)

    @device_address.setter
    def device_address(self, value: int) -> None:
        """PynqBuffer's constructor sets it; it is computed here."""

    def freebuffer(self) -> None:
        """Give the range back to the bank. Twice is allowed; the host's values stay readable."""
        bo = self._object()
        self.device.release(bo)

    def flush(self) -> None:
        """Copy host to device."""
        self._sync(to_device=True)

    def invalidate(self) -> None:
        """Copy device to host."""
        self._sync(to_device=False)

    def _sync(self, *, to_device: bool) -> None:
        bo = self._object()
        if not (self.flags.c_contiguous or self.flags.f_contiguous):
            raise CardError(
                "a strided view cannot be synced: a card copies one contiguous range and would take other bytes",
                where=bo.describe(),
                remedy="sync the whole buffer or a contiguous slice",
            )
        _ = self.device_address
        if to_device:
            self.device.flush(bo, self.offset, self.virtual_address, self.nbytes)
        else:
            self.device.invalidate(bo, self.offset, self.virtual_address, self.nbytes)

    def _object(self) -> BufferObject:
        if not isinstance(self.bo, BufferObject):
            raise CardError("this array is not a buffer of a card", remedy="allocate one: pynq.allocate(...)")
        return self.bo
