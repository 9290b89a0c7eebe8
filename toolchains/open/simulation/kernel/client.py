"""The program of target hw_emu, asked by a step or a benchmark: the other side of `protocol.hpp`.

The emulated card has a side of its own, with limits and time-outs, because it runs files that others made.
"""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from toolchains.open.simulation.values import SimulationError


@dataclass(frozen=True)
class Trace:
    """A waveform: the FST file, the image (from 0) with whose first beat it begins, and so many cycles of it."""

    file: Path
    image: int
    cycles: int


_FRAME = struct.Struct("<4sIQ")


class Program:
    """A running program; `pid` is its process. It ends with the block that it is used in.

    With `record` each run leaves in that folder what has entered each link: beats in whole bytes, the link's number the
    file's name. With `trace` the first run writes a waveform; the program has to be made for it.
    """

    def __init__(self, path: Path, record: Path | None = None, trace: Trace | None = None) -> None:
        words = [] if record is None else ["--record", str(record.resolve())]
        if trace is not None:
            words += ["--trace", str(trace.file.resolve()), str(trace.image), str(trace.cycles)]
        self._child = subprocess.Popen([path.resolve(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self._child.pid

    def __enter__(self) -> Self:
        """The program itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        self._child.kill()
        self._child.communicate()

    def load(self, part: bytes) -> None:
        """Give it the memory images and settings, as the xclbin's part `memories` holds them.

        Raises:
            SimulationError: it refuses them, with its words.
        """
        self._ask(b"LOAD", 0, part)

    def run(self, images: int, data: bytes) -> bytes:
        """The results of so many images; `data` are their bytes and those of the streamed weights.

        Raises:
            SimulationError: the kernel does not end, or breaks a rule.
        """
        return self._ask(b"RUN ", images, data)

    def statistics(self) -> dict[str, Any]:
        """What the last run was like (`report.hpp`).

        Raises:
            SimulationError: there was none.
        """
        found: dict[str, Any] = json.loads(self._ask(b"STAT", 0, b""))
        return found

    def _ask(self, operation: bytes, argument: int, body: bytes) -> bytes:
        try:
            self._pipe(self._child.stdin).write(_FRAME.pack(operation, argument, len(body)) + body)
            self._pipe(self._child.stdin).flush()
            answer, _, length = _FRAME.unpack(self._read(_FRAME.size))
            text = self._read(length)
        except (OSError, struct.error):
            status = self._child.wait(timeout=10)
            raise SimulationError(f"the program ended with status {status}") from None
        if answer != b"OKAY":
            raise SimulationError(text.decode("utf-8", "replace"))
        return text

    def _read(self, count: int) -> bytes:
        return self._pipe(self._child.stdout).read(count)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None  # noqa: S101  both are asked for
        return pipe
