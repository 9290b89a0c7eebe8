"""A compute unit of the emulated card: its register file, and what happens when the host starts it."""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import CardError

CTRL = 0x0
MOST_RANGE_BYTES = 1 << 24
"""The largest register file: Vitis gives a kernel 4 kB to 64 kB."""
START, DONE, IDLE, READY, AUTO_RESTART = 0x01, 0x02, 0x04, 0x08, 0x80
# A read of CTRL while busy waits this long for the end: PYNQ's wait() polls, and would keep a core busy doing so.
_POLL_S = 0.002


@dataclass(frozen=True)
class Register:
    """An argument of the kernel in the register map; ``banks`` are the memories it reaches, empty if unknown."""

    name: str
    offset: int
    size_bytes: int
    is_pointer: bool
    banks: tuple[str, ...]


class Job(Protocol):
    """A start with checked arguments."""

    def run(self) -> None:
        """Do the work; any exception becomes that of the host's wait()."""


class Kernel(Protocol):
    """A kernel, as a compute unit runs it."""

    def prepare(self, values: Mapping[str, int], registers: Mapping[str, Register]) -> Job:
        """Check the arguments of a start; raise CardError where a card could not run them."""


class Run:
    """One start on its way: ``done`` is set when it has ended, ``failure`` is what ended it badly."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done = threading.Event()
        self.failure: BaseException | None = None


def registers_of(description: Mapping[str, Any]) -> dict[str, Register]:
    """The argument registers of an entry of PYNQ's ``ip_dict``, which counts their sizes in bits."""
    result = {}
    for name, entry in description["registers"].items():
        if name == "CTRL":
            continue
        banks = entry.get("MBG") or ([entry["memory"]] if entry.get("memory") else [])
        result[name] = Register(
            name, entry["address_offset"], entry["size"] // 8, "*" in entry["type"], tuple(dict.fromkeys(banks))
        )
    return result


def check_registers(ip_dict: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise CardError for a unit of PYNQ's ``ip_dict`` that has too many registers, or one outside its range."""
    for name, description in ip_dict.items():
        most = description["addr_range"]
        if not 4 <= most <= MOST_RANGE_BYTES or most % 4:
            raise CardError(
                f"unit {name} has {most} bytes of registers, not 4 to {MOST_RANGE_BYTES}",
                where=where,
                remedy="rebuild the xclbin",
            )
        for register, entry in description["registers"].items():
            end = entry["address_offset"] + entry["size"] // 8
            if end > most or entry["size"] > 64 or entry["address_offset"] % 4:
                raise CardError(
                    f"register {register} of {name} at byte {entry['address_offset']} with {entry['size'] // 8} bytes "
                    f"does not fit the {most} bytes of registers",
                    where=where,
                    remedy="rebuild the xclbin",
                )


class ComputeUnit:
    """One instance of a kernel, addressed by the byte offsets of its registers.

    The host starts it by its control register, one run at a time, or by ``submit``, which queues as the scheduler of a
    card does.
    """

    def __init__(self, description: Mapping[str, Any], kernel: Kernel) -> None:
        self.name: str = description["fullpath"]
        self.index: int = description["cu_index"]
        self.base_address: int = description["phys_addr"]
        self.range_bytes: int = description["addr_range"]
        self.registers = registers_of(description)
        self._kernel = kernel
        self._file = bytearray(self.range_bytes)
        self._lock = threading.Lock()
        self._last: Run | None = None
        self._reported = True
        self._done = False

    def contains(self, address: int) -> bool:
        """Whether the address is one of its registers."""
        return self.base_address <= address < self.base_address + self.range_bytes

    def read(self, offset: int, size: int) -> bytes:
        """Registers as bytes. A failed run surfaces here, on the control register that the host's wait() reads."""
        self._check(offset, size)
        if offset <= CTRL < offset + size:
            last = self._last
            if last is not None:
                last.done.wait(_POLL_S)
            with self._lock:
                self._raise_failure()
                busy = self._busy()
                # DONE and READY clear on read (AMD's UG1399, "S_AXILITE control register map": "Read/COR").
                done, self._done = self._done and not busy, self._done and busy
                control = START if busy else IDLE | (DONE | READY if done else 0)
                self._file[CTRL : CTRL + 4] = struct.pack("<I", control)
        return bytes(self._file[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        """Write registers; bit 0 of the control register starts the unit."""
        self._check(offset, len(data))
        with self._lock:
            self._file[offset : offset + len(data)] = data
            control = data[CTRL - offset] if offset <= CTRL < offset + len(data) else 0
            if control & AUTO_RESTART:
                raise CardError(
                    "auto restart is not emulated", where=self.name, remedy="start each call: .call(...) or .start(...)"
                )
            if control & START:
                if self._busy():
                    raise CardError(
                        "was started while it is busy", where=self.name, remedy="wait for the last call: handle.wait()"
                    )
                # If nobody waited for a call that failed, its results would be taken for good.
                self._raise_failure()
                self._begin()
                self._reported = False

    def submit(self, registers: bytes) -> Run:
        """Set all registers and start; a busy unit runs it when its turn comes."""
        with self._lock:
            if len(registers) > self.range_bytes:
                raise CardError(
                    f"a command of {len(registers)} bytes does not fit the registers",
                    where=self.name,
                    remedy="use .start(...) or .call(...)",
                )
            self._file[: len(registers)] = registers
            return self._begin()

    def _begin(self) -> Run:
        values = {
            register.name: int.from_bytes(self._file[register.offset : register.offset + register.size_bytes], "little")
            for register in self.registers.values()
        }
        run, before = Run(self._kernel.prepare(values, self.registers)), self._last
        thread = threading.Thread(target=_work, args=(run, before), name=self.name, daemon=True)
        thread.start()
        # Set after the thread has started: if that fails, nobody waits for a run that never ends.
        self._last, self._done, self._reported = run, True, True
        return run

    def _busy(self) -> bool:
        return self._last is not None and not self._last.done.is_set()

    def _raise_failure(self) -> None:
        last = self._last
        if last is not None and last.done.is_set() and last.failure is not None and not self._reported:
            self._reported = True
            raise last.failure

    def _check(self, offset: int, size: int) -> None:
        if offset % 4 or offset < 0 or size < 0 or offset + size > self.range_bytes:
            raise CardError(
                f"no registers at offset 0x{offset:x}, {size} bytes",
                where=self.name,
                remedy=f"use multiples of 4 below 0x{self.range_bytes:x}",
            )


def _work(run: Run, before: Run | None) -> None:
    try:
        if before is not None:
            before.done.wait()
        run.job.run()
    except BaseException as error:  # the host's thread is to see every kind
        run.failure = error
    finally:
        # Done whatever happened: a unit that stays busy would let wait() poll endlessly.
        run.done.set()
