"""The payload of an emulation xclbin: a program that computes what the kernel computes, behind a protocol.

Requests go to its stdin, responses come from its stdout; a frame, either way, is little-endian: 4 bytes op, u32
argument, u64 length, then that many bytes.

=======  ==========  ======================================  ==========================================
request  argument    body                                    response
=======  ==========  ======================================  ==========================================
LOAD     0           part ``memories`` of the xclbin         OKAY, empty; or FAIL with a text
"RUN "   n images    n images, then the weights (per call)   OKAY with n results; or FAIL with a text
STAT     0           empty                                   OKAY with JSON text about the last RUN; or FAIL
SETM     percent     empty                                   OKAY, empty; or FAIL
STOP     0           empty                                   none; it ends
=======  ==========  ======================================  ==========================================

STAT and SETM are of a program that simulates (target ``hw_emu``). SETM says how much of the memories' bandwidth there
is in the RUNs behind it: 100 percent after LOAD. Another program answers both with FAIL.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .. import trust
from ..errors import InputError, PayloadError
from ..simulation.statistics import MOST_BYTES
from .process import DeadlineError, EndedError, Process

FRAME = struct.Struct("<4sIQ")
LOAD, RUN, STOP, OKAY, FAIL = b"LOAD", b"RUN ", b"STOP", b"OKAY", b"FAIL"
STATISTICS, SET_MEMORY = b"STAT", b"SETM"
_FAIL_TEXT_BYTES = 64 * 1024
_GIB = 1 << 30
# 15 s on two slow cores for the largest network; a busy machine may take many times that.
_SIMULATED_IMAGE_S = 300.0


@dataclass(frozen=True)
class Limits:
    """Limits of the payload. A call on n images may last ``call_timeout_s + n * image_timeout_s``."""

    memory_gib: float = 8.0
    open_files: int = 16
    load_timeout_s: float = 120.0
    call_timeout_s: float = 120.0
    image_timeout_s: float = 30.0
    question_timeout_s: float = 60.0

    @classmethod
    def from_environment(cls, *, simulates: bool = False) -> Limits:
        """The defaults, with ``DATAFLOW_FARM_TIMEOUT_S`` and ``DATAFLOW_FARM_MEMORY_GIB`` in place of two of them.

        ``simulates``: for a program that simulates the logic, which takes a hundred times as long for an image.
        """
        return cls(
            memory_gib=_positive("DATAFLOW_FARM_MEMORY_GIB", cls.memory_gib),
            call_timeout_s=_positive("DATAFLOW_FARM_TIMEOUT_S", cls.call_timeout_s),
            image_timeout_s=_SIMULATED_IMAGE_S if simulates else cls.image_timeout_s,
        )


def _positive(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise InputError(f"{text!r} is not a positive number", where=name, remedy="unset it or give one")
    return value


class Payload:
    """The payload of one loaded overlay: one child process, restarted after a crash or a timeout.

    ``where`` names the file in errors, ``description`` is what the file says the program is, ``simulates`` whether it
    counts cycles. Raises TrustError unless
    the SHA-256 of ``program`` is trusted. Calls from several threads are served one after the other.
    """

    def __init__(
        self,
        program: bytes,
        memories: bytes,
        *,
        where: str,
        description: str,
        limits: Limits,
        simulates: bool = False,
    ) -> None:
        trust.require(hashlib.sha256(program).hexdigest(), description, where)
        self.simulates = simulates
        self._program = program
        self._memories = memories
        self._where = where
        self._limits = limits
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id of the running child, if there is one."""
        return self._process.pid if self._process is not None else None

    def load(self) -> None:
        """Start the child and hand it the memories, unless it runs already."""
        with self._lock:
            self._ready()

    def run(self, images: int, parts: Sequence[bytes | memoryview], result_bytes: int) -> bytes:
        """``result_bytes`` bytes of results for this many images; ``parts`` is the body of the request."""
        timeout_s = self._limits.call_timeout_s + images * self._limits.image_timeout_s
        with self._lock:
            process = self._ready()
            return self._exchange(process, RUN, images, parts, size=result_bytes, timeout_s=timeout_s)

    def statistics(self) -> bytes:
        """What a simulation tells of the last run: JSON text, not yet checked (``runtime.simulation`` does)."""
        with self._lock:
            process = self._ready()
            limit_s = self._limits.question_timeout_s
            return self._exchange(process, STATISTICS, 0, [], size=MOST_BYTES, timeout_s=limit_s, exactly=False)

    def set_memory_efficiency(self, percent: int) -> None:
        """How much of the memories' bandwidth the simulation has from the next run on; forgotten with the child."""
        with self._lock:
            process = self._ready()
            self._exchange(process, SET_MEMORY, percent, [], size=0, timeout_s=self._limits.question_timeout_s)

    def close(self) -> None:
        """Stop the child; later calls raise PayloadError."""
        self._closed = True
        process = self._process
        if process is None or not process.ours:
            return
        if not self._lock.acquire(timeout=0.1):
            # A call is running; ending the child ends it, and its thread cleans up.
            process.interrupt()
            self._lock.acquire()
        try:
            if self._process is not None:
                with contextlib.suppress(DeadlineError, EndedError, OSError):
                    process.send([FRAME.pack(STOP, 0, 0)], time.monotonic() + 0.2)
                    process.ended(within_s=0.5)
                self._drop(process)
        finally:
            self._lock.release()

    def _ready(self) -> Process:
        if self._closed:
            raise PayloadError("the overlay was freed", where=self._where, remedy="load it again: pynq.Overlay(...)")
        process = self._process
        if process is not None and not process.ours:
            # After a fork both processes would write into one pipe; the child of the fork gets its own payload.
            process = None
        if process is not None and process.unasked():
            process.kill()
            process = None
        if process is None:
            limits = self._limits
            process = Process(
                self._program, address_space_bytes=int(limits.memory_gib * _GIB), open_files=limits.open_files
            )
            self._process = process
            try:
                self._exchange(process, LOAD, 0, [self._memories], size=0, timeout_s=limits.load_timeout_s)
            except PayloadError:
                # A payload that refused its memories must not look loaded to the next call.
                self._drop(process)
                raise
        return process

    def _exchange(
        self,
        process: Process,
        op: bytes,
        argument: int,
        parts: Sequence[bytes | memoryview],
        *,
        size: int,
        timeout_s: float,
        exactly: bool = True,
    ) -> bytes:
        """One request and its response of ``size`` bytes, or at most so many if not ``exactly``.

        Whatever goes wrong, the child is gone or in step.
        """
        deadline_s = time.monotonic() + timeout_s
        request = op.decode().strip()
        try:
            length = sum(memoryview(part).nbytes for part in parts)
            process.send([FRAME.pack(op, argument, length), *parts], deadline_s)
            answer, _, length = FRAME.unpack(process.receive(FRAME.size, deadline_s))
            # The length is checked before a byte of the body is read: it is the payload's word, not yet a fact.
            if answer == FAIL and length <= _FAIL_TEXT_BYTES:
                text = process.receive(length, deadline_s).decode("utf-8", "replace")
                remedy = "classify images first" if op == STATISTICS else "rebuild the xclbin"
                raise PayloadError(f"the payload refused {request}: {text.strip()}", where=self._where, remedy=remedy)
            if answer != OKAY or length > size or (exactly and length < size):
                self._drop(process)
                expected = f"{OKAY!r} and {'' if exactly else 'at most '}{size}"
                raise PayloadError(
                    f"the payload answered {request} with {answer!r} and {length} bytes, expected {expected}",
                    where=self._where,
                    remedy=_rebuild(process),
                )
            return process.receive(length, deadline_s)
        except DeadlineError as error:
            self._drop(process)
            raise PayloadError(
                f"the payload did not finish {request} within {timeout_s:g} s and was killed",
                where=self._where,
                remedy=f"allow more by DATAFLOW_FARM_TIMEOUT_S, or send fewer images a call{_said(process)}",
            ) from error
        except EndedError as error:
            how = process.ended(within_s=1.0) or "closed its output and was killed"
            self._drop(process)
            if self._closed:
                how = "was stopped, because the overlay was freed"
            raise PayloadError(
                f"the payload {how} during {request}", where=self._where, remedy=_rebuild(process)
            ) from error
        except PayloadError:
            raise
        except BaseException:
            # An interrupt in the middle of a frame leaves the pipes out of step.
            self._drop(process)
            raise

    def _drop(self, process: Process) -> None:
        process.kill()
        if self._process is process:
            self._process = None


def _said(process: Process) -> str:
    words = process.last_words()
    return f"; its last words: {words}" if words else ""


def _rebuild(process: Process) -> str:
    return f"rebuild the xclbin, or raise DATAFLOW_FARM_MEMORY_GIB if memory ran out{_said(process)}"
