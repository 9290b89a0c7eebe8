"""The emulated card as a ``pynq.Device``: PYNQ itself stays as it is.

Which card is the default. PYNQ chooses the device before it looks at the file, so the file cannot decide. The
environment variable ``DATAFLOW_FARM_CARD`` does: ``emulated`` puts this card before all others, ``real`` behind them.
Without it the emulated card is the default exactly where ``XILINX_XRT`` is unset, that is where PYNQ can find no real
card. A program may always say ``pynq.Overlay(path, device=EmulatedCard())``; ``runtime.Accelerator`` looks at the file
first and does so by itself.
"""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Callable
from typing import Any

from pynq import Device
from pynq.pl_server.xclbin_parser import XclBin

from ..errors import CardError, InputError
from ..formats import emulation_data, kernels, xclbin
from ..formats.checks import describe_payload, manifest_of
from ..formats.manifest import SIMULATED, Manifest
from ..formats.sections import STREAM
from . import driver, execution
from .banks import Banks
from .buffer import BufferObject
from .compute_unit import ComputeUnit, check_registers
from .kernel import PayloadKernel
from .memory import EmulatedMemory
from .payload import Limits, Payload
from .refusal import named_errors
from .simulation import Simulation
from .status import CardStatus

DEFAULT_PLATFORM = "xilinx_u250_xdma_201830_2"
# Device addresses of card n begin at n << 48: the buffers of two cards are then told apart by their addresses alone.
_CARD_SHIFT = 48
_numbers = itertools.count()
_cards: weakref.WeakSet[EmulatedCard] = weakref.WeakSet()


def emulated_first() -> bool:
    """Whether the emulated card is to be PYNQ's default; see the text of this module."""
    choice = os.environ.get("DATAFLOW_FARM_CARD", "")
    if choice not in ("", "emulated", "real"):
        raise InputError(f"{choice!r} is not a kind of card", where="DATAFLOW_FARM_CARD", remedy="use emulated or real")
    return choice == "emulated" or (not choice and "XILINX_XRT" not in os.environ)


class EmulatedCard(CardStatus, Device):  # type: ignore[misc]
    """A card that runs the payload of an emulation xclbin.

    With ``platform`` given, only files for that platform load, as on a card with that shell; else the card takes the
    platform of each file.
    """

    def __init__(self, platform: str | None = None, *, limits: Limits | None = None) -> None:
        number = next(_numbers)
        super().__init__(f"emulated{number}")
        self.capabilities = {"REGISTER_RW": True, "CALLABLE": True, "ERT": True, "EMULATED": True}
        self.name = platform or DEFAULT_PLATFORM
        self.arch = "emulated"
        self.sysfs_path = None
        self.timestamp, self.bitfile_name = "", ""
        self._fixed_platform = platform is not None
        self._limits = limits
        self._banks = Banks(self.tag, number << _CARD_SHIFT)
        self._units: dict[str, ComputeUnit] = {}
        self._payload: Payload | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None
        self._loaded: tuple[bytes, str] | None = None
        self.contexts: dict[str, dict[str, Any]] = {}
        _cards.add(self)

    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> XclBin:
        """PYNQ's own parser, on a file that ours found sound (PYNQ's believes every count and offset it reads)."""
        if partial:
            raise CardError("has no partial regions", where=self.tag, remedy="load a whole xclbin")
        vlnvs = _checked_vlnvs(bitfile_name)
        with named_errors(bitfile_name, "rebuild it: PYNQ does not understand its description"):
            parser = XclBin(bitfile_name)
            check_registers(parser.ip_dict, bitfile_name)
        driver.bind(vlnvs)
        return parser

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Program the card: banks, compute units and payload of the file."""
        path = str(bitstream.bitfile_name)
        file = xclbin.read(path)
        platform = file.header.platform_vbnv
        if self._fixed_platform and platform != self.name:
            raise CardError(
                f"the file is for {platform}, the card is {self.name} (shell does not match)",
                where=path,
                remedy="build for the platform of the card",
            )
        if emulation_data.PAYLOAD not in file.emulation:
            raise CardError(
                f"has no emulation model (mode {file.header.mode_name}) and cannot run on the emulated card",
                where=path,
                remedy="build it with target=sw_emu or hw_emu; for a real card set DATAFLOW_FARM_CARD=real",
            )
        if file.header.uuid != file.content_uuid:
            raise CardError("was changed after it was built (its uuid is another)", where=path, remedy="rebuild it")
        facts = manifest_of(file, path)
        same = self._loaded == (file.header.uuid, path)
        if self._payload is None or not same:
            payload = self._start_payload(file, facts, path)
            self.free_bitstream()
            self._payload = payload
            # A card that is forgotten takes its child along.
            self._finalizer = weakref.finalize(self, payload.close)
        described = parser if parser is not None else self.get_bitfile_metadata(path)
        if not same:
            # The same file again keeps memory contents and buffers: XRT's driver does not program a card that has it
            # (xocl_read_axlf_helper of xocl_ioctl.c compares the uuids). PYNQ has closed the contexts before it asks.
            self._banks.replace(file.memories, described.mem_dict, self)
        self.name, self._clocks = platform, file.clocks
        self._loaded = (file.header.uuid, path)
        self._units = self._make_units(described, facts, path)
        self.contexts.clear()
        super().post_download(bitstream, parser)

    def gen_cache(self, bitstream: Any, parser: Any = None) -> None:
        """Nothing to cache."""

    def open_context(self, description: dict[str, Any], shared: bool = True) -> int:
        """Index of the compute unit, which is also its bit in an ERT packet."""
        index = int(description["cu_index"])
        self.contexts[description["cu_name"]] = {"cu": description["cu_name"], "idx": index, "shared": shared}
        return index

    def close_context(self, cu_name: str) -> None:
        """Commands for this unit are refused from now on, as by a driver whose client has closed its context."""
        if self.contexts.pop(cu_name, None) is None:
            raise CardError(f"CU context ({cu_name}) is not open", where=self.tag, remedy="open it by ol.<unit>")

    def free_bitstream(self) -> None:
        """Close the contexts and stop the payload; buffers stay until ``close`` or another file."""
        self.contexts.clear()
        if self._payload is not None:
            self._payload.close()
            self._payload = None
            if self._finalizer is not None:
                self._finalizer.detach()
        self._units = {}

    def close(self) -> None:
        """As free_bitstream, and every buffer is gone: on a card they belong to the handle that PYNQ closes here."""
        self.free_bitstream()
        self._banks.retire("is gone: the overlay was freed")
        self._loaded, self._clocks = None, ()

    def get_memory(self, description: dict[str, Any]) -> EmulatedMemory:
        """The bank of an entry of ``mem_dict``."""
        with named_errors(self.tag, "give an entry of the overlay's mem_dict"):
            memory = self._banks.at(description["idx"])
            if memory is None:
                raise CardError(f"no bank {description['tag']}", where=self.tag, remedy="load the overlay first")
        return memory

    def get_memory_by_name(self, tag: str) -> EmulatedMemory:
        """The bank of that tag."""
        return self._banks.named(tag)

    def get_memory_by_idx(self, idx: int) -> EmulatedMemory:
        """The bank of this index in MEM_TOPOLOGY."""
        memory = self._banks.at(idx)
        if memory is None:
            raise CardError(f"no bank of index {idx}", where=self.tag, remedy="give the idx of an entry of mem_dict")
        return memory

    @property
    def default_memory(self) -> EmulatedMemory:
        """The bank in use, where only one is; used by ``pynq.allocate`` without target."""
        return self._banks.only_used()

    @property
    def simulation(self) -> Simulation:
        """The simulation of the loaded hw_emu file; CardError for any other file."""
        return Simulation(self._payload, self.tag)

    def flush(self, bo: BufferObject, offset: int, vaddr: int, nbytes: int) -> None:
        """Copy host to device."""
        bo.sync(offset, nbytes, to_device=True)
        self._to_card_bytes += nbytes

    def invalidate(self, bo: BufferObject, offset: int, vaddr: int, nbytes: int) -> None:
        """Copy device to host."""
        bo.sync(offset, nbytes, to_device=False)
        self._from_card_bytes += nbytes

    def release(self, bo: BufferObject) -> None:
        """Free a buffer."""
        self._banks.release(bo)

    def read_registers(self, address: int, length: int) -> bytes:
        """Registers by absolute address."""
        with named_errors(self.tag, "give the address and the length as whole numbers"):
            unit = self._unit_at(address)
            return unit.read(address - unit.base_address, length)

    def write_registers(self, address: int, data: bytes) -> None:
        """Registers by absolute address."""
        with named_errors(self.tag, "give the address as a whole number and the data as bytes"):
            unit = self._unit_at(address)
            unit.write(address - unit.base_address, bytes(memoryview(data)))

    def get_exec_bo(self, size: int = 1024) -> execution.ExecBuffer:
        """A command buffer, for ``start_ert``."""
        with named_errors(self.tag, "give the size as a whole number"):
            return execution.ExecBuffer(size)

    def execute_bo(self, bo: execution.ExecBuffer) -> execution.ExecHandle:
        """Run a command buffer."""
        opened = {context["idx"] for context in self.contexts.values()}
        with named_errors(self.tag, "give a buffer of get_exec_bo()"):
            return execution.execute(bo, list(self._units.values()), opened, self.tag)

    def set_event_loop(self, loop: Any) -> None:
        """Nothing to set: ``wait_async`` works in any loop. PYNQ's own device needs it before a kernel is awaited."""

    def execute_bo_with_waitlist(self, bo: execution.ExecBuffer, waitlist: Any) -> execution.ExecHandle:
        """Not offered, as by XRT since 2.11."""
        raise CardError("waitfor= is not supported", where=self.tag, remedy="wait for the handles in the program")

    def find_buffer(self, address: int) -> BufferObject:
        """The live buffer at a device address of this card; a CardError that tells what is there otherwise."""
        bo = self._banks.find(address)
        if bo is not None:
            return bo
        gone = self._banks.was_freed(address)
        if gone:
            raise CardError(f"{gone} was freed", remedy="allocate a new buffer, and keep a reference to it")
        for card in _cards:
            if card is not self and card._banks.find(address):
                raise CardError(
                    f"the buffer at 0x{address:x} is on another card, {card.tag}",
                    remedy=f"allocate it on {self.tag}: use the memories of the overlay that you call",
                )
        raise CardError(
            f"there is no buffer at address 0x{address:x}", remedy="pass an array made by pynq.allocate(...)"
        )

    def _unit_at(self, address: int) -> ComputeUnit:
        for unit in self._units.values():
            if unit.contains(address):
                return unit
        raise CardError(
            f"no compute unit at address 0x{address:x}", where=self.tag, remedy="load the overlay: pynq.Overlay(...)"
        )

    def _start_payload(self, file: xclbin.Xclbin, facts: Manifest, path: str) -> Payload:
        payload = Payload(
            file.emulation[emulation_data.PAYLOAD],
            file.emulation.get(emulation_data.MEMORIES, b""),
            where=path,
            description=describe_payload(facts),
            limits=self._limits or Limits.from_environment(simulates=facts.target == SIMULATED),
            simulates=facts.target == SIMULATED,
        )
        payload.load()
        return payload

    def _make_units(self, parser: Any, facts: Manifest, path: str) -> dict[str, ComputeUnit]:
        if self._payload is None:  # pragma: no cover - download has just set it
            raise CardError("no payload", where=self.tag)
        kernel = PayloadKernel(facts, self._payload, self._finder())
        units = {}
        for name, description in parser.ip_dict.items():
            if "CTRL" not in description["registers"]:
                continue
            if description["cu_name"].partition(":")[0] != facts.kernel:
                raise CardError(
                    f"kernel {description['cu_name']} has no emulation model, only {facts.kernel} has",
                    where=path,
                    remedy="rebuild the xclbin",
                )
            units[name] = ComputeUnit(description, kernel)
        return units

    def _finder(self) -> Callable[[int], BufferObject]:
        """``find_buffer`` without a reference cycle: the finalizer above is to run as soon as the card is forgotten."""
        card = weakref.ref(self)

        def find(address: int) -> BufferObject:
            owner = card()
            if owner is None:
                raise CardError("the card is gone", remedy="keep a reference to the overlay")
            return owner.find_buffer(address)

        return find


def _checked_vlnvs(path: str) -> list[str]:
    """The names of the kernels of a sound file. The file is forgotten before PYNQ reads it once more."""
    file = xclbin.read(path)
    if file.metadata is None:
        raise CardError("describes no kernel", where=path, remedy="build it with a kernel")
    for bank in file.memories:
        if bank.type > STREAM:
            raise CardError(f"bank {bank.tag}: PYNQ knows no {bank.type_name} memory", where=path)
    return [kernel.vlnv for kernel in kernels.read_xml(file.metadata)]


def register() -> None:
    """Make an emulated card known to PYNQ; called once, right after PYNQ's import."""
    card: list[EmulatedCard] = []

    def probe(cls: type) -> list[EmulatedCard]:
        if not card:
            card.append(EmulatedCard())
        return card

    first = emulated_first()
    # PYNQ's own classes have the priorities 40 to 200; lower comes first. Creating the class registers it.
    body: dict[str, Any] = {"_probe_": classmethod(probe), "_probe_priority_": 10 if first else 1000}
    type(Device)("DefaultEmulatedCard", (EmulatedCard,), body)
    if hasattr(Device, "_devices"):
        # Somebody looked for devices before: PYNQ probes once and would never see this one.
        Device.devices.insert(0 if first else len(Device.devices), *probe(EmulatedCard))
