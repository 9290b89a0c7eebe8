"""The card's memory behind XRT: pages at device addresses, and the buffers that XRT has announced in them.

XRT gives each buffer its address, out of MEM_TOPOLOGY's banks, and tells when it is freed. A free is no more than a
hint: after a second load in one program XRT frees the buffers of the first, whose addresses buffers of the second have
by then. So a buffer lives until another takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import CardError
from ...formats.sections import STREAM, MemoryBank

JUNK = 0xA5
PAGE_BYTES = 1 << 16
MOST_BUFFERS = 100_000
_JUNK_PAGE = bytes([JUNK]) * PAGE_BYTES


class Buffer:
    """A buffer that XRT announced; what ``runtime.emulation.kernel`` asks of one."""

    def __init__(self, memory: Memory, bank: str, address: int, size: int) -> None:
        self.bank = bank
        self.address = address
        self.size = size
        self.warned = False
        self._memory = memory

    def describe(self) -> str:
        """The buffer in words."""
        return f"the buffer of {self.size} bytes at 0x{self.address:x} in {self.bank}"

    def dtype_at(self, address: int) -> None:
        """None: XRT's buffers are bytes."""

    def room(self, address: int) -> int:
        """Bytes from ``address`` to the end of the buffer."""
        return self.address + self.size - address

    def load(self, address: int, size: int) -> bytes:
        """The bytes that the card reads there; junk where nothing was written."""
        return self._memory.load(address, size)

    def store(self, address: int, data: bytes) -> None:
        """Write bytes as the card does."""
        self._memory.store(address, data)

    def forgotten_sync(self, address: int, size: int) -> bool:
        """Whether nothing was ever written to a page of these bytes."""
        return not self._memory.written(address, size)


class Memory:
    """All banks. Pages take memory of this machine as they are written; before, they read as junk."""

    def __init__(self, banks: Sequence[MemoryBank]) -> None:
        self._banks = [bank for bank in banks if bank.type != STREAM]
        self._pages: dict[int, bytearray] = {}
        self._buffers: dict[int, Buffer] = {}

    def allocate(self, address: int, size: int) -> None:
        """A buffer of XRT's. Raises CardError for one outside the banks, or too many."""
        bank = next((b for b in self._banks if b.base_address <= address < b.base_address + b.size_bytes), None)
        if bank is None or address + size > bank.base_address + bank.size_bytes:
            raise CardError(
                f"the buffer of {size} bytes at 0x{address:x} lies in no memory of the card",
                remedy="allocate it in the memory of its argument: kernel.group_id(N)",
            )
        end = address + max(size, 1)
        taken = [base for base, each in self._buffers.items() if base < end and address < base + max(each.size, 1)]
        for base in taken:
            del self._buffers[base]
        if len(self._buffers) >= MOST_BUFFERS:
            raise CardError(f"more than {MOST_BUFFERS:,} buffers", remedy="free buffers")
        self._buffers[address] = Buffer(self, bank.tag, address, size)

    def find(self, address: int) -> Buffer:
        """The buffer that this address lies in. Raises CardError."""
        exact = self._buffers.get(address)
        if exact is not None:
            return exact
        for buffer in self._buffers.values():
            if buffer.address <= address < buffer.address + buffer.size:
                return buffer
        raise CardError(f"there is no buffer at address 0x{address:x}", remedy="pass a buffer object of this device")

    def checked(self, address: int, size: int) -> None:
        """Raise CardError unless these bytes lie in one buffer."""
        if size == 0:
            return
        buffer = self.find(address)
        if size > buffer.room(address):
            raise CardError(
                f"{size} bytes from 0x{address:x} on are outside {buffer.describe()}",
                remedy="sync the buffer itself or a part of it",
            )

    def load(self, address: int, size: int) -> bytes:
        """Bytes of any pages."""
        data = bytearray()
        for page, start, count in _pieces(address, size):
            data += memoryview(self._pages.get(page, _JUNK_PAGE))[start : start + count]
        return bytes(data)

    def store(self, address: int, data: bytes) -> None:
        """Write bytes to any pages."""
        view = memoryview(data)
        for page, start, count in _pieces(address, len(data)):
            if page not in self._pages:
                self._pages[page] = bytearray(_JUNK_PAGE)
            self._pages[page][start : start + count] = view[:count]
            view = view[count:]

    def written(self, address: int, size: int) -> bool:
        """Whether something was written to each of the pages."""
        return all(page in self._pages for page, _, _ in _pieces(address, size))


def _pieces(address: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Page, start in it and count of bytes, one page after the other."""
    while size > 0:
        page, start = divmod(address, PAGE_BYTES)
        count = min(size, PAGE_BYTES - start)
        yield page, start, count
        address, size = address + count, size - count
