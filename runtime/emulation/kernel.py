"""The kernel behind a compute unit: its buffers are checked as the manifest describes them, then the payload runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import CardError, ForgottenSyncWarning
from ..formats.manifest import Argument, Manifest
from .compute_unit import Register
from .payload import Payload

_MOST_IMAGES = 1 << 24


class Buffer(Protocol):
    """A live buffer of the card, whoever allocated it: PYNQ (``buffer``) or XRT (``runtime.xrt.device.memory``)."""

    warned: bool

    @property
    def bank(self) -> str:
        """The tag of the memory that it lies in."""

    def describe(self) -> str:
        """The buffer in words."""

    def dtype_at(self, address: int) -> Any:
        """The dtype (numpy) of the array that has this address; None where buffers are bytes."""

    def room(self, address: int) -> int:
        """Bytes from ``address`` to the end of the buffer."""

    def load(self, address: int, size: int) -> bytes | memoryview:
        """The bytes that the card reads there."""

    def store(self, address: int, data: bytes) -> None:
        """Write bytes as the card does."""

    def forgotten_sync(self, address: int, size: int) -> bool:
        """Whether nothing of the host has reached these bytes."""


class Remedies:
    """What a program does about a refusal, in the words of its library: here PYNQ's."""

    sync = "call .sync_to_device()"

    def bank(self, argument: Argument, tag: str) -> str:
        """For a buffer in a memory that the argument is not connected to."""
        return f"allocate it with target=ol.{_attribute(tag)}"

    def size(self, shape: tuple[int, ...], size_bytes: int) -> str:
        """For a buffer that is too small."""
        return f"allocate it with shape {shape}"


@dataclass(frozen=True)
class Pointer:
    """A checked device address: ``size_bytes`` from there lie in the live buffer ``bo``."""

    bo: Buffer
    address: int
    size_bytes: int


@dataclass(frozen=True)
class PayloadJob:
    """A start with arguments that were checked."""

    payload: Payload
    images: int
    inputs: tuple[Pointer, ...]
    result: Pointer

    def run(self) -> None:
        """Read the inputs from device memory, run the payload, write the results to device memory.

        A batch of 0 ends at once, as the kernel's loop over its images does.
        """
        if self.images == 0:
            return
        parts = [pointer.bo.load(pointer.address, pointer.size_bytes) for pointer in self.inputs]
        data = self.payload.run(self.images, parts, self.result.size_bytes)
        self.result.bo.store(self.result.address, data)


class PayloadKernel:
    """The kernel that the manifest describes. ``find`` gives the live buffer at an address or raises CardError."""

    def __init__(
        self, manifest: Manifest, payload: Payload, find: Callable[[int], Buffer], remedies: Remedies | None = None
    ) -> None:
        self._manifest = manifest
        self._payload = payload
        self._find = find
        self._remedies = remedies or Remedies()

    def prepare(self, values: Mapping[str, int], registers: Mapping[str, Register]) -> PayloadJob:
        """Check count, address, liveness, bank, dtype and extent of every argument."""
        images = self._count(values, registers)
        manifest = self._manifest
        inputs = [manifest.image] + ([manifest.weights] if manifest.weights is not None else [])
        pointers = {
            argument.name: self._pointer(argument, images, values, registers) for argument in (*inputs, manifest.result)
        }
        for argument in inputs:
            where = f"argument {argument.name} of {manifest.instance}"
            _warn_of_a_forgotten_sync(pointers[argument.name], where, self._remedies.sync)
        return PayloadJob(
            self._payload, images, tuple(pointers[a.name] for a in inputs), pointers[manifest.result.name]
        )

    def _count(self, values: Mapping[str, int], registers: Mapping[str, Register]) -> int:
        scalars = [name for name, register in registers.items() if not register.is_pointer]
        if not scalars:
            return 1
        name = scalars[0]
        images = values[name]
        if not 0 <= images <= _MOST_IMAGES:
            raise CardError(
                f"{images} images were asked for", where=f"argument {name}", remedy=f"give 0 to {_MOST_IMAGES} images"
            )
        return images

    def _pointer(
        self, argument: Argument, images: int, values: Mapping[str, int], registers: Mapping[str, Register]
    ) -> Pointer:
        where = f"argument {argument.name} of {self._manifest.instance}"
        address = values[argument.name]
        try:
            bo = self._find(address)
        except CardError as error:
            raise CardError(error.what, where=where, remedy=error.remedy) from error
        banks = registers[argument.name].banks or argument.banks
        if banks and bo.bank not in banks:
            raise CardError(
                f"is not connected to {bo.bank}, where {bo.describe()} lies",
                where=where,
                remedy=self._remedies.bank(argument, banks[0]),
            )
        dtype = bo.dtype_at(address)
        # Byte order is part of the name of a non-native dtype (">i4"), which is then refused as it should be.
        if dtype is not None and (dtype.name not in argument.dtypes or not dtype.isnative):
            found = dtype.name if dtype.isnative else dtype.str
            raise CardError(
                f"is {found}, the kernel expects {' or '.join(argument.dtypes)}",
                where=where,
                remedy=f"allocate it with dtype=np.{argument.dtypes[0]}",
            )
        needed, room = argument.bytes_for(images), bo.room(address)
        if room < needed:
            shape = (images, *argument.shape) if argument.per == "image" and images > 1 else argument.shape
            what = f"{images} image{'s' if images > 1 else ''}" if argument.per == "image" else "a call"
            raise CardError(
                f"{what} need{'' if images > 1 and argument.per == 'image' else 's'} {needed} bytes, "
                f"the buffer has {room}",
                where=where,
                remedy=self._remedies.size(shape, needed),
            )
        return Pointer(bo, address, needed)


def _warn_of_a_forgotten_sync(pointer: Pointer, where: str, remedy: str) -> None:
    """Once a buffer: the call goes on with what the card's memory holds, as it would on a card."""
    bo = pointer.bo
    if not bo.warned and bo.forgotten_sync(pointer.address, pointer.size_bytes):
        bo.warned = True
        what = f"{where}: {bo.describe()} was written and never synced, so the card reads junk; {remedy}"
        warnings.warn(what, ForgottenSyncWarning, stacklevel=2)


def _attribute(tag: str) -> str:
    """The name of a memory as attribute of an overlay, by PYNQ's rule: ``PLRAM[0]`` is ``ol.PLRAM0``."""
    return "".join(c for c in tag if c.isascii() and (c.isalnum() or c == "_"))
