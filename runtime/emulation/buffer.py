"""Buffers of the emulated card: the array that the host sees, and the copy that the card sees."""

from __future__ import annotations

import functools
import math
import mmap
import weakref
from collections.abc import Iterable
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
        self.unmapped = False
        self.reached = False
        """Whether the card's copy was ever written, by a sync or by the card."""
        self.warned = False
        """Whether the host was told that ``reached`` is False."""
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

    def unmap(self) -> None:
        """Nobody's values any more: on a card PYNQ unmaps them (``PynqBuffer.freebuffer``), and who reads them crashes.

        Here arrays may still refer to the memory, so it is emptied instead.
        """
        self.unmapped = True
        host = self._host()
        if host is not None:
            host.madvise(mmap.MADV_DONTNEED)

    def forgotten_sync(self, address: int, size: int) -> bool:
        """Whether the host wrote these bytes and nothing has ever reached the card's copy of the buffer."""
        host = self._host()
        if self.reached or host is None:
            return False
        start = address - self.address
        return bool(np.frombuffer(host, np.uint8)[start : start + size].any())

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
        self.reached = True
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
            self.reached = True
            np.bitwise_xor(view, _JUNK, out=copy)
        else:
            np.bitwise_xor(copy, _JUNK, out=view)


class EmulatedBuffer(PynqBuffer):  # type: ignore[misc]
    """The array of an allocation, or a view of it. Differs from PYNQ's own class where that would do harm:

    freeing never unmaps memory that arrays still refer to, an array that only *came from* a buffer (``buf + 1``) has no
    device address, and everything asked of a freed buffer is an error, its values too. A plain array over the memory
    (``np.asarray(buf)``) reads zeros then, where a card's host program crashes.
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
        """Give the range back to the bank, and the values with it. Twice is allowed."""
        bo = self._object()
        self.device.release(bo)

    def check_readable(self) -> None:
        """Raise CardError for an array over the memory of a buffer that was freed by hand."""
        bo = self.bo
        if isinstance(bo, BufferObject) and bo.unmapped and 0 <= self.offset <= bo.size:
            bo.check_alive()

    def __array_prepare__(self, array: Any, context: Any = None) -> Any:
        """As numpy, which calls it before a ufunc: every buffer that takes part is looked at."""
        _check_all(context[1] if context else ())
        return super().__array_prepare__(array, context)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """As numpy, for functions that are no ufuncs."""
        _check_all((*args, *kwargs.values()))
        return super().__array_function__(func, types, args, kwargs)

    def flush(self) -> None:
        """Copy host to device."""
        self._sync(to_device=True)

    def invalidate(self) -> None:
        """Copy device to host."""
        self._sync(to_device=False)

    def check_contiguous(self, use: str, remedy: str) -> None:
        """Raise CardError for a strided view, which cannot be ``use``: a card takes one contiguous range."""
        if not (self.flags.c_contiguous or self.flags.f_contiguous):
            what = f"a strided view cannot be {use}: a card takes one contiguous range, and with it other bytes"
            raise CardError(what, where=self._object().describe(), remedy=remedy)

    def _sync(self, *, to_device: bool) -> None:
        bo = self._object()
        self.check_contiguous("synced", "sync the whole buffer or a contiguous slice")
        _ = self.device_address
        if to_device:
            self.device.flush(bo, self.offset, self.virtual_address, self.nbytes)
        else:
            self.device.invalidate(bo, self.offset, self.virtual_address, self.nbytes)

    def _object(self) -> BufferObject:
        if not isinstance(self.bo, BufferObject):
            raise CardError("this array is not a buffer of a card", remedy="allocate one: pynq.allocate(...)")
        return self.bo


# What reads or writes values by itself, without __array_prepare__ and __array_function__.
_TOUCHING = [
    "__bool__",
    "__complex__",
    "__contains__",
    "__copy__",
    "__deepcopy__",
    "__float__",
    "__format__",
    "__getitem__",
    "__index__",
    "__int__",
    "__iter__",
    "__reduce__",
    "__reduce_ex__",
    "__repr__",
    "__setitem__",
    "__str__",
    "all",
    "any",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "astype",
    "byteswap",
    "choose",
    "clip",
    "compress",
    "copy",
    "cumprod",
    "cumsum",
    "diagonal",
    "dot",
    "dump",
    "dumps",
    "fill",
    "flatten",
    "item",
    "itemset",
    "max",
    "mean",
    "min",
    "nonzero",
    "partition",
    "prod",
    "ptp",
    "put",
    "repeat",
    "round",
    "searchsorted",
    "sort",
    "std",
    "sum",
    "take",
    "tobytes",
    "tofile",
    "tolist",
    "trace",
    "var",
]


def _check_all(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, EmulatedBuffer):
            value.check_readable()
        elif isinstance(value, list | tuple):
            _check_all(value)


def _checked(method: Any) -> Any:
    @functools.wraps(method)
    def checked(self: EmulatedBuffer, *args: Any, **kwargs: Any) -> Any:
        self.check_readable()
        return method(self, *args, **kwargs)

    return checked


for _name in _TOUCHING:
    if hasattr(PynqBuffer, _name):
        setattr(EmulatedBuffer, _name, _checked(getattr(PynqBuffer, _name)))
