"""What must agree between the kernel's XML and the tables of an xclbin, so that a host can allocate and start."""

from __future__ import annotations

from ..errors import XclbinError
from .kernels import STREAM, Kernel, KernelArgument
from .xclbin import Xclbin

_REMEDY = "rebuild the xclbin"
_POINTER_BYTES = 8


def check_layout(file: Xclbin, kernel: Kernel) -> None:
    """Raise XclbinError where the tables describe another kernel.

    XRT finds a compute unit by its name in IP_LAYOUT and a bank by CONNECTIVITY. What is missing there shows late, as
    an index out of range when the first buffer is allocated; a connection of an unknown argument crashes XRT.
    """
    where = f"kernel {kernel.name!r}"
    registers = [argument for argument in kernel.arguments if not argument.qualifier & STREAM]
    indices = [argument.index for argument in registers]
    if indices != list(range(len(indices))):
        raise XclbinError(f"its arguments are numbered {indices}", where=f"EMBEDDED_METADATA, {where}", remedy=_REMEDY)
    _check_registers(kernel, registers, where)
    pointers = {argument.index: argument.name for argument in registers if argument.is_pointer}
    for instance in kernel.instances:
        name = f"{kernel.name}:{instance.name}"
        units = [index for index, entry in enumerate(file.ip_layout) if entry.name == name]
        what = "" if len(units) == 1 else f"{len(units)} units are called {name!r}"
        if len(units) == 1 and file.ip_layout[units[0]].base_address != instance.base_address:
            base = file.ip_layout[units[0]].base_address
            what = f"{name} is at 0x{base:x}, the XML says 0x{instance.base_address:x}"
        if what:
            raise XclbinError(what, where="IP_LAYOUT", remedy=_REMEDY)
        _check_memories(file, units[0], name, pointers)


def _check_registers(kernel: Kernel, registers: list[KernelArgument], where: str) -> None:
    ports = {port.name for port in kernel.ports}
    end = 0
    for argument in sorted(registers, key=lambda each: each.offset):
        what = ""
        if argument.port not in ports:
            what = f"argument {argument.name} is at port {argument.port!r}, which the kernel does not have"
        elif argument.is_pointer and argument.size_bytes != _POINTER_BYTES:
            what = f"pointer {argument.name} has {argument.size_bytes} bytes, not {_POINTER_BYTES}"
        elif argument.offset < end:
            what = f"argument {argument.name} at 0x{argument.offset:x} overlaps the one before it, up to 0x{end:x}"
        if what:
            raise XclbinError(what, where=f"EMBEDDED_METADATA, {where}", remedy=_REMEDY)
        end = argument.offset + argument.size_bytes


def _check_memories(file: Xclbin, unit: int, name: str, pointers: dict[int, str]) -> None:
    connections = [each for each in file.connections if each.ip_index == unit]
    for each in connections:
        if each.argument_index not in pointers:
            raise XclbinError(
                f"connects argument {each.argument_index} of {name}, which is not a pointer of its kernel",
                where="CONNECTIVITY",
                remedy=_REMEDY,
            )
        bank = file.memories[each.memory_index]
        if not bank.used:
            raise XclbinError(
                f"connects {pointers[each.argument_index]} of {name} to {bank.tag}, which MEM_TOPOLOGY marks unused",
                where="CONNECTIVITY",
                remedy=_REMEDY,
            )
    lost = [text for index, text in pointers.items() if index not in {each.argument_index for each in connections}]
    if lost:
        raise XclbinError(f"connects {', '.join(lost)} of {name} to no memory", where="CONNECTIVITY", remedy=_REMEDY)
