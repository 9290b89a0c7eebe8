"""The answers to XRT's messages. Whatever a message says, there is an answer; its words go where a person sees them.

Numbers, fields and answers are those of XRT 2.13's ``rpc_messages.proto``. In hw_emu mode it sends 1, 4 to 7, 9, 11,
16, 19 and 20; what the others say is from its source.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from ...errors import FarmRuntimeError
from ...output import clean
from .card import Card, Registers
from .wire import Message, WireError, decode, encode

CLOSE = 1
_MOST_WORDS = 64 * 1024
_TICK_NS = 4
"""Of the clock whose time stamps XRT asks for: 250 MHz."""


class Session:
    """One host and one loaded file."""

    def __init__(self, card: Card) -> None:
        self._memory = card.memory
        self._registers = Registers(card, self.say)
        self._words = ""
        self._calls: dict[int, Callable[[Message], bytes]] = {
            CLOSE: _acknowledge,
            3: _acknowledge,  # LoadBitstream, of sw_emu
            4: self._allocate,
            5: _acknowledge,  # FreeDeviceBuffer: a hint, see memory.py
            6: self._to_device,
            7: self._from_device,
            9: self._write_registers,
            11: self._read_registers,
            14: _nothing,  # PerfMonReadCounters
            15: _nothing,  # PerfMonGetTraceCount
            16: _nothing,  # PerfMonReadTrace
            17: _timestamp,
            18: _nothing,  # ReadBusStatus
            19: self._debug_messages,
            20: _acknowledge,  # SetEnvironment
            28: _acknowledge,  # SetupInstance, of sw_emu
            51: self._register_write,
            52: self._register_read,
            53: _acknowledge,  # swemuDriverVersion, since XRT 2.14
        }

    def answer(self, call: int, data: bytes) -> bytes:
        """The answer to a request. Never raises for what the request says."""
        handle = self._calls.get(call)
        if handle is None:
            self.say(f"XRT asks for call {call}, which the emulated card does not know")
            return encode((1, 0))
        try:
            with warnings.catch_warnings():
                # Python shows a warning once a place; each of these is about another buffer.
                warnings.simplefilter("always")
                warnings.showwarning = self._warn
                return handle(decode(data))
        except (FarmRuntimeError, WireError) as error:
            self.say(error)
        except Exception as error:  # the host would wait for the answer for ever
            self.say(f"call {call} cannot be done ({type(error).__name__}: {error})")
        return encode((1, 0))

    def say(self, what: object) -> None:
        """Keep words for the host: XRT asks for them before it reads a register (``system_dpa=false`` in xrt.ini)."""
        self._words = f"{self._words}error: {clean(str(what))}\n"[-_MOST_WORDS:]

    def flush(self) -> None:
        """What XRT has not asked for goes to standard error."""
        if self._words:
            sys.stderr.write(self._words)
            sys.stderr.flush()
            self._words = ""

    def _warn(self, message: Warning | str, *_: Any, **__: Any) -> None:
        self._words = f"{self._words}warning: {clean(str(message))}\n"[-_MOST_WORDS:]

    def _allocate(self, message: Message) -> bytes:
        self._memory.allocate(message.number(1), message.number(2))
        # No name of a file to share: the host then takes memory of its own.
        return encode((1, 1), (2, b""))

    def _to_device(self, message: Message) -> bytes:
        address, data = message.number(3), message.data(4)
        self._memory.checked(address, len(data))
        self._memory.store(address, data)
        return encode((1, len(data)))

    def _from_device(self, message: Message) -> bytes:
        address, size = message.number(4), message.number(5)
        try:
            self._memory.checked(address, size)
        except FarmRuntimeError as error:
            self.say(error)
            # XRT copies as many bytes as it has asked for, however many come.
            size = min(size, len(message.data(3)))
            return encode((1, size), (2, bytes(size)))
        return encode((1, size), (2, self._memory.load(address, size)))

    def _write_registers(self, message: Message) -> bytes:
        return encode((1, int(self._registers.write(message.number(2), message.data(4)))))

    def _read_registers(self, message: Message) -> bytes:
        return self._read(message.number(2), message.number(3))

    def _register_write(self, message: Message) -> bytes:
        address = message.number(1) + message.number(2)
        return encode((1, int(self._registers.write(address, message.data(3)))))

    def _register_read(self, message: Message) -> bytes:
        return self._read(message.number(1) + message.number(2), message.number(3))

    def _read(self, address: int, size: int) -> bytes:
        if not 0 <= size <= 1 << 16:
            raise WireError(f"registers of {size} bytes")
        return encode((1, 1), (2, self._registers.read(address, size)))

    def _debug_messages(self, message: Message) -> bytes:
        words, self._words = self._words, ""
        return encode((1, words.encode("utf-8", "replace")), (2, b""), (3, b""))


def _acknowledge(message: Message) -> bytes:
    return encode((1, 1))


def _nothing(message: Message) -> bytes:
    return b""


def _timestamp(message: Message) -> bytes:
    return encode((1, time.monotonic_ns() // _TICK_NS))
