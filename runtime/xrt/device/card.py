"""The card behind XRT: compute units, memory and payload, made of the archive in section EMULATION_DATA alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...emulation.compute_unit import ComputeUnit, check_registers
from ...emulation.kernel import PayloadKernel, Remedies
from ...emulation.payload import Limits, Payload
from ...errors import CardError, FarmRuntimeError, XrtError
from ...formats import emulation_data, kernels, manifest
from ...formats.checks import check_arguments, check_parts, describe_payload
from ...formats.manifest import SIMULATED, Argument
from ...formats.sections import MemoryBank, decode
from .memory import Memory

_DONE, _IDLE, _READY = 0x02, 0x04, 0x08
_CTRL_BYTES = 4
_NEEDED = (emulation_data.MANIFEST, emulation_data.KERNEL, emulation_data.MEM_TOPOLOGY)


class XrtRemedies(Remedies):
    """The words for a program of XRT."""

    sync = "call bo.sync(XCL_BO_SYNC_BO_TO_DEVICE)"

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers

    def bank(self, argument: Argument, tag: str) -> str:
        """For a buffer in a memory that the argument is not connected to."""
        return f"allocate it in {tag}: kernel.group_id({self._numbers[argument.name]})"

    def size(self, shape: tuple[int, ...], size_bytes: int) -> str:
        """For a buffer that is too small."""
        return f"allocate {size_bytes} bytes"


@dataclass(frozen=True)
class Card:
    """What a loaded file is. Raises CardError for what a card could not do."""

    memory: Memory
    units: tuple[ComputeUnit, ...]
    payload: Payload

    def unit_at(self, address: int) -> ComputeUnit:
        """The compute unit whose registers are there. Raises CardError."""
        for unit in self.units:
            if unit.contains(address):
                return unit
        raise CardError(f"no compute unit at address 0x{address:x}", remedy="write to the registers of a kernel")


def load(parts: Mapping[str, bytes], *, platform: str, where: str) -> Card:
    """The card of these parts, its payload started.

    ``platform`` is the shell that XRT says the card has; ``where`` names the file in errors.

    Raises:
        XrtError: parts are missing, or the file is for another shell.
        TrustError: the payload is not trusted; it has not been started then.
        FarmRuntimeError: anything else that is wrong with the file.
    """
    if emulation_data.PAYLOAD not in parts:
        raise XrtError(
            "has no emulation model of Dataflow Farm", where=where, remedy="build it with target=sw_emu or hw_emu"
        )
    missing = [name for name in _NEEDED if name not in parts]
    if missing:
        raise XrtError(
            f"was built before files could run through XRT: it lacks {', '.join(missing)}",
            where=where,
            remedy="rebuild it",
        )
    facts = manifest.from_json(_text(parts[emulation_data.MANIFEST], where))
    check_parts(facts, parts, where)
    xml = _text(parts[emulation_data.KERNEL], where)
    found = kernels.platform_of(xml)
    if found != platform:
        raise XrtError(
            f"the file is for {found}, the card is {platform} (shell does not match)",
            where=where,
            remedy=f"say so: python -m {__package__.partition('.')[0]} xrt --platform {found} -- PROGRAM",
        )
    found_kernels = [kernel for kernel in kernels.read_xml(xml) if kernel.name == facts.kernel]
    for kernel in found_kernels:
        check_arguments(facts, kernel)
    memory = Memory(decode(MemoryBank, parts[emulation_data.MEM_TOPOLOGY], "MEM_TOPOLOGY"))
    simulates = facts.target == SIMULATED
    payload = Payload(
        parts[emulation_data.PAYLOAD],
        parts.get(emulation_data.MEMORIES, b""),
        where=where,
        description=describe_payload(facts),
        limits=Limits.from_environment(simulates=simulates),
        simulates=simulates,
    )
    units = [
        _unit(kernel, index, PayloadKernel(facts, payload, memory.find, _remedies(kernel)), where)
        for kernel in found_kernels
        for index in range(len(kernel.instances))
    ]
    payload.load()
    return Card(memory, tuple(units), payload)


def _remedies(kernel: kernels.Kernel) -> XrtRemedies:
    return XrtRemedies({argument.name: argument.index for argument in kernel.arguments})


def _unit(kernel: kernels.Kernel, index: int, behind: PayloadKernel, where: str) -> ComputeUnit:
    """The unit, described as PYNQ's ``ip_dict`` would; its banks are those of the manifest."""
    instance = kernel.instances[index]
    description: dict[str, Any] = {
        "fullpath": instance.name,
        "cu_index": index,
        "phys_addr": instance.base_address,
        "addr_range": max((port.range_bytes for port in kernel.ports if port.mode == "slave"), default=0),
        "registers": {
            argument.name: {
                "address_offset": argument.offset,
                "size": argument.size_bytes * 8,
                "type": argument.type,
            }
            for argument in kernel.arguments
            if not argument.qualifier & kernels.STREAM
        },
    }
    check_registers({instance.name: description}, where)
    return ComputeUnit(description, behind)


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise XrtError("holds text that is not UTF-8", where=where, remedy="rebuild it") from error


class Registers:
    """The register spaces of all units, as XRT reads and writes them: nothing is raised, ``say`` is told.

    XRT takes no error for an answer, and waits until a unit is done or idle: one that refused its start is both.
    """

    def __init__(self, card: Card, say: Any) -> None:
        self._card = card
        self._say = say
        self._refused: set[int] = set()

    def write(self, address: int, data: bytes) -> bool:
        """Write registers, by absolute address; False if they were refused."""
        try:
            unit = self._card.unit_at(address)
            self._refused.discard(unit.base_address)
            unit.write(address - unit.base_address, data)
        except FarmRuntimeError as error:
            self._say(error)
            self._refused.add(self._base(address))
            return False
        return True

    def read(self, address: int, size: int) -> bytes:
        """Registers, by absolute address: zeros where there are none."""
        for _ in range(2):
            # The first reading may tell how the last run failed; the second is of a unit that has ended.
            try:
                unit = self._card.unit_at(address)
                offset = address - unit.base_address
                data = unit.read(offset, size)
            except FarmRuntimeError as error:
                self._say(error)
                continue
            if offset == 0 and size >= _CTRL_BYTES and unit.base_address in self._refused:
                self._refused.discard(unit.base_address)
                return bytes([data[0] | _DONE | _IDLE | _READY]) + data[1:]
            return data
        return bytes(size)

    def _base(self, address: int) -> int:
        return next((unit.base_address for unit in self._card.units if unit.contains(address)), -1)
