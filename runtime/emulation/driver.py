"""The driver that PYNQ binds to kernels on the emulated card, by the documented ``bindto`` of ``pynq.DefaultIP``.

On PYNQ 3.0 it only looks at the arguments and then takes PYNQ's own path; that path answers a missing argument or a
plain array with a bare ``struct.error`` or ``AttributeError``. Later releases have no ``call`` at all, so there it also
writes the registers. On any other device it does nothing.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pynq
import pynq.overlay

from ..errors import CardError
from .buffer import EmulatedBuffer
from .refusal import check_items, checked_call, named_errors

_bound: set[str] = set()


class RegisterHandle:
    """The handle that ``start`` returns, for releases of PYNQ that have none."""

    def __init__(self, kernel: EmulatedKernel) -> None:
        self._kernel = kernel

    def wait(self) -> None:
        """Wait for the end; raises what the run failed with."""
        while not self._kernel.mmio.read(0) & 0x4:
            pass

    async def wait_async(self) -> None:
        """As ``wait``, for a coroutine: other tasks of the event loop go on."""
        while not self._kernel.mmio.read(0) & 0x4:
            await asyncio.sleep(0)


class EmulatedKernel(pynq.DefaultIP):  # type: ignore[misc]
    """A kernel with ``call`` and ``start``; ``signature`` has the arguments in the order of their registers."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        with named_errors(
            str(description.get("fullpath", "")), "rebuild the xclbin: PYNQ does not know such a register"
        ):
            super().__init__(description)
        if not self.device.has_capability("EMULATED") or "CTRL" not in description["registers"]:
            return
        self._check_registers()
        entries = sorted(description["registers"].items(), key=lambda item: int(item[1]["address_offset"]))
        self._entries = {name: entry for name, entry in entries if name != "CTRL"}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self._checked_signature = inspect.Signature([inspect.Parameter(name, kind) for name in self._entries])
        if hasattr(self, "start"):
            for name in ("start", "start_sw", "start_ert"):
                setattr(self, name, self._checked(getattr(self, name)))
        else:
            self._signature = self._checked_signature
            self.start = self.start_sw = self._checked(self._start_registers)
            self.call = lambda *args, **kwargs: self.start(*args, **kwargs).wait()

    def _check_registers(self) -> None:
        """Let PYNQ's own access to registers raise errors of the card."""
        for name in ("read", "write"):
            remedy = "give an offset of a register and an int of at most 32 bits, or bytes"
            setattr(self.mmio, name, checked_call(getattr(self.mmio, name), f"{self._register_name}.{name}", remedy))
        check_items(self.mmio.array)

    @property
    def register_map(self) -> Any:
        """PYNQ's register map."""
        made = super().register_map
        for register in getattr(made, "_instances", {}).values():
            check_items(register)
        check_items(made)
        return made

    def _checked(self, start: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*args: Any, ap_ctrl: int = 1, waitfor: Any = None, **kwargs: Any) -> Any:
            try:
                given = self._checked_signature.bind(*args, **kwargs).args
            except TypeError as error:
                raise CardError(
                    f"{error}", where=self._register_name, remedy=f"call it with {self._checked_signature}"
                ) from error
            if waitfor:
                raise CardError(
                    "waitfor= is not supported", where=self._register_name, remedy="call wait() on the handle before"
                )
            values = [
                self._value(name, entry, value)
                for (name, entry), value in zip(self._entries.items(), given, strict=True)
            ]
            with named_errors(self._register_name, f"call it with {self._checked_signature}"):
                return start(*values)

        checked.__doc__ = start.__doc__
        return checked

    def _value(self, name: str, entry: Mapping[str, Any], value: Any) -> Any:
        where = f"argument {name} of {self._register_name}"
        if "*" in entry["type"]:
            if not hasattr(value, "device_address"):
                raise CardError(
                    f"is a {type(value).__name__}, not a buffer of the card",
                    where=where,
                    remedy="allocate one with pynq.allocate(...), copy the values into it and sync it to the device",
                )
            if isinstance(value, EmulatedBuffer):
                value.check_contiguous(f"passed as {where}", "copy it into a buffer of its own, and pass that")
            return value
        if entry["type"] in ("float", "double", "char"):
            return value
        try:
            number = value.__index__()
        except AttributeError as error:
            raise CardError(f"is {value!r:.60}, not an integer", where=where, remedy="give an int") from error
        if not -(1 << entry["size"] - 1) <= number < 1 << entry["size"] or (number < 0 and "u" in entry["type"]):
            raise CardError(f"{number} does not fit {entry['type']}", where=where, remedy="give a smaller count")
        return number

    def _start_registers(self, *values: Any) -> RegisterHandle:
        for entry, value in zip(self._entries.values(), values, strict=True):
            number = value.device_address if "*" in entry["type"] else value
            size = entry["size"] // 8
            data = (int(number) & (1 << entry["size"]) - 1).to_bytes(size, "little")
            self.mmio.write(entry["address_offset"], data)
        self.mmio.write(0, 1)
        return RegisterHandle(self)


def bind(vlnvs: Iterable[str]) -> None:
    """Bind the driver to kernels of these names, unless the host program has bound one of its own."""
    drivers = getattr(pynq.overlay, "_ip_drivers", {})
    for vlnv in vlnvs:
        if vlnv not in _bound and vlnv not in drivers:
            _bound.add(vlnv)
            type(pynq.DefaultIP)("EmulatedKernel", (EmulatedKernel,), {"bindto": [vlnv]})
