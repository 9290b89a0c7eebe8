"""All memory banks of an emulated card: found by index, tag or address, and gone together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import CardError
from ..formats.sections import STREAM, MemoryBank
from .buffer import BufferObject
from .memory import EmulatedMemory


class Banks:
    """The banks of the loaded file. ``where`` names the card in errors; ``address_offset`` as for EmulatedMemory."""

    def __init__(self, where: str, address_offset: int) -> None:
        self._where = where
        self._address_offset = address_offset
        self._by_index: dict[int, EmulatedMemory] = {}

    def __iter__(self) -> Iterator[EmulatedMemory]:
        return iter(self._by_index.values())

    def replace(self, banks: Iterable[MemoryBank], described: Mapping[str, Mapping[str, Any]], device: Any) -> None:
        """Those of another file; the old ones are gone, with every buffer. ``described`` is PYNQ's ``mem_dict``."""
        self.retire("is gone: another xclbin was loaded since")
        entries = {entry["idx"]: entry for entry in described.values() if not entry["streaming"]}
        self._by_index = {
            index: EmulatedMemory(bank, device, self._address_offset, index=index, description=entries.get(index))
            for index, bank in enumerate(banks)
            if bank.type != STREAM
        }

    def retire(self, reason: str) -> None:
        """No bank any more; later uses of one, or of a buffer in it, are told ``reason``."""
        for memory in self._by_index.values():
            memory.retire(reason)
        self._by_index = {}

    def at(self, index: int) -> EmulatedMemory | None:
        """The bank of this index in MEM_TOPOLOGY."""
        return self._by_index.get(index)

    def named(self, tag: str) -> EmulatedMemory:
        """The bank of that tag. Raises CardError."""
        for memory in self._by_index.values():
            if memory.tag == tag:
                return memory
        tags = ", ".join(memory.tag for memory in self._by_index.values())
        remedy = f"it has {tags}" if tags else "load an overlay first"
        raise CardError(f"no bank {tag}", where=self._where, remedy=remedy)

    def only_used(self) -> EmulatedMemory:
        """The bank in use, where only one is. Raises CardError, in PYNQ's words."""
        used = [memory for memory in self._by_index.values() if memory.bank.used]
        if len(used) == 1:
            return used[0]
        if not used:
            raise CardError("No active memories in design", where=self._where, remedy="load an overlay first")
        tags = ", ".join(memory.tag for memory in used)
        raise CardError(
            f"Multiple memories active in design: {tags}",
            where=self._where,
            remedy=f"say which: target=ol.{used[0].tag}",
        )

    def find(self, address: int) -> BufferObject | None:
        """The live buffer that this address lies in."""
        found = (memory.find(address) for memory in self._by_index.values())
        return next((bo for bo in found if bo is not None), None)

    def was_freed(self, address: int) -> str:
        """The buffer that was freed at this address, in words; empty if none is remembered."""
        found = (memory.was_freed(address) for memory in self._by_index.values())
        return next((gone for gone in found if gone), "")

    def release(self, bo: BufferObject) -> None:
        """Free a buffer by hand: its range is the bank's again, and its values are nobody's."""
        for memory in self._by_index.values():
            if memory.find(bo.address) is bo:
                memory.free(bo, "was freed")
        bo.free("was freed")
        bo.unmap()
