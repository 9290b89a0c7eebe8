"""Memory maps of a core that is open in the packager."""

from __future__ import annotations

from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.memory_map import DEFAULT_BITS, DEFAULT_OFFSET, DEFAULT_RANGE, MemoryMap, Register
from amd_stand_in.vivado.objects import Thing


def packaged(core: Thing) -> list[MemoryMap]:
    """The maps of a core that is open in the packager. Raises ToolError for invalid numbers."""
    return [_packaged_map(each) for each in core.children if each.kind == "ipx_map"]


def _packaged_map(thing: Thing) -> MemoryMap:
    blocks = [child for child in thing.children if child.kind == "ipx_block"]
    if len(blocks) > 1:
        raise ToolError("Stand-in 1-2", f"memory map '{thing.name}': several address blocks are not modelled.")
    found = MemoryMap(thing.name, blocks[0].name if blocks else "")
    for block in blocks:
        found.range = _number(block, "RANGE", DEFAULT_RANGE)
        found.registers = [
            Register(
                register.name,
                _number(register, "ADDRESS_OFFSET", DEFAULT_OFFSET),
                _number(register, "SIZE", DEFAULT_BITS),
                {each.name: each.get("VALUE") for each in register.children if each.kind == "ipx_parameter"},
            )
            for register in block.children
            if register.kind == "ipx_register"
        ]
    return found


def _number(thing: Thing, name: str, default: int) -> int:
    text = thing.get(name)
    try:
        return int(text, 0) if text else default
    except ValueError:
        raise ToolError("Common 17-161", f"Invalid option value '{text}' specified for '{name.lower()}'.") from None
