"""Memory maps of a core in `component.xml`: address blocks and their registers, as IEEE 1685-2009 nests them.

The packager's defaults are from memory: offset 0, 32 bits, a range of 64 KiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

DEFAULT_OFFSET, DEFAULT_BITS, DEFAULT_RANGE = 0, 32, 0x10000


@dataclass
class Register:
    """A register; `offset` is in bytes from the start of its block."""

    name: str
    offset: int = DEFAULT_OFFSET
    bits: int = DEFAULT_BITS
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class MemoryMap:
    """A map of one address block, `range` bytes long."""

    name: str
    block: str
    range: int = DEFAULT_RANGE
    registers: list[Register] = field(default_factory=list)


def map_lines(memory_map: MemoryMap) -> Iterator[str]:
    """The `memoryMap` element."""
    yield f"<spirit:memoryMap><spirit:name>{memory_map.name}</spirit:name><spirit:addressBlock>"
    yield f"<spirit:name>{memory_map.block}</spirit:name><spirit:baseAddress>0</spirit:baseAddress>"
    yield f"<spirit:range>{memory_map.range}</spirit:range><spirit:width>32</spirit:width>"
    for register in memory_map.registers:
        yield f"<spirit:register><spirit:name>{register.name}</spirit:name>"
        yield f"<spirit:addressOffset>{register.offset:#x}</spirit:addressOffset><spirit:size>{register.bits}</spirit:size>"
        if register.parameters:
            yield "<spirit:parameters>"
            for name, value in register.parameters.items():
                yield (
                    f"<spirit:parameter><spirit:name>{name}</spirit:name><spirit:value>{value}</spirit:value>"
                    "</spirit:parameter>"
                )
            yield "</spirit:parameters>"
        yield "</spirit:register>"
    yield "</spirit:addressBlock></spirit:memoryMap>"


def read_map(node: ElementTree.Element, space: str) -> MemoryMap:
    """A `memoryMap` element; `space` is the namespace in braces."""

    def text(inner: ElementTree.Element, tag: str) -> str:
        return (inner.findtext(space + tag) or "").strip()

    block = node.find(space + "addressBlock")
    if block is None:
        return MemoryMap(text(node, "name"), "")
    registers = [
        Register(
            text(register, "name"),
            int(text(register, "addressOffset"), 0),
            int(text(register, "size"), 0),
            {
                text(parameter, "name"): text(parameter, "value")
                for parameter in register.findall(f"{space}parameters/{space}parameter")
            },
        )
        for register in block.findall(space + "register")
    ]
    return MemoryMap(text(node, "name"), text(block, "name"), int(text(block, "range"), 0), registers)
