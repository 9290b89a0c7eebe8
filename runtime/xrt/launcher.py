"""Runs a host program of XRT on the emulated card, behind AMD's own XRT in hw_emu mode."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .. import trust
from ..errors import XrtError
from ..formats import emulation_data, xclbin
from ..formats.checks import describe_payload, manifest_of
from . import control, installation
from .control import is_ready as _is_ready
from .run_folder import run_folder

DEFAULT_PLATFORM = "xilinx_u250_xdma_201830_2"
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_END_S = 2.0
_LOOK_S = 0.1
_NOTE = (
    "note: the first load takes up to 10 s: XRT's emulation sleeps so long when a program first waits for its "
    "scheduler, and has no setting for it"
)


def run(argv: Sequence[str], platform: str | None = None) -> int:
    """Run the program; its exit status, or 128 and the number of the signal that killed it.

    ``platform`` is the shell of the emulated card; without it, that of the first xclbin among the arguments.

    Raises:
        XrtError: no XRT, no such program, or the card refused the file or was killed; the program has ended then.
        TrustError: the payload of a file among the arguments is not trusted; nothing has been started then.
    """
    found = installation.find()
    program = shutil.which(argv[0])
    if program is None:
        raise XrtError("there is no such program", where=argv[0], remedy="give the path of an executable file")
    named = _files(argv[1:])
    shell = platform or next((file.header.platform_vbnv for file in named.values()), DEFAULT_PLATFORM)
    _check_trust(named)
    if found.version and found.version[:2] != installation.TESTED:
        version = ".".join(map(str, found.version))
        sys.stderr.write(f"note: XRT {version} has not been run with this launcher; 2.13 has\n")
    sys.stderr.write(_NOTE + "\n")
    with run_folder(found, shell) as (folder, environment, lock):
        ear = control.Ear(folder / "control")
        with contextlib.closing(ear):
            return _Host([program, *argv[1:]], environment, ear, [lock]).run()


def _files(arguments: Sequence[str]) -> dict[str, xclbin.Xclbin]:
    """The xclbins among the arguments, as far as they are there. Raises XclbinError for a damaged one."""
    return {name: xclbin.read(name) for name in arguments if name.endswith(".xclbin") and Path(name).is_file()}


def _check_trust(files: dict[str, xclbin.Xclbin]) -> None:
    """The device process checks what is loaded; here a person learns of it with the path, before anything starts."""
    for name, file in files.items():
        if emulation_data.PAYLOAD in file.emulation:
            facts = manifest_of(file, name)
            if facts.payload is not None:
                trust.require(facts.payload.sha256, describe_payload(facts), name)


class _Host:
    """The host program, in a session of its own: XRT answers some faults by a signal to its whole process group."""

    def __init__(self, argv: list[str], environment: dict[str, str], ear: control.Ear, passed: list[int]) -> None:
        self._began_s = time.time()
        self._ear = ear
        self._devices = 0
        self._logs: set[Path] = set()
        self._early: list[int] | None = []
        # Before the program is there: a signal between its start and this would end the launcher alone.
        self._handlers = {number: signal.signal(number, self._forward) for number in _FORWARDED}
        try:
            self._child = subprocess.Popen(argv, env=environment, start_new_session=True, pass_fds=passed)
        except OSError as error:
            self._stop_forwarding()
            raise XrtError(
                f"cannot be started ({error.strerror})", where=argv[0], remedy="give an executable file"
            ) from error
        self._ended = os.pidfd_open(self._child.pid)

    def run(self) -> int:
        """Wait for the end of the program, and leave nothing of it. Raises XrtError if the card fails before."""
        early, self._early = self._early, None
        for number in early or ():
            self._forward(number)
        try:
            self._watch()
        finally:
            self._stop_forwarding()
            status = self._end()
            os.close(self._ended)
            self._remove_logs()
        return status if status >= 0 else 128 - status

    def _watch(self) -> None:
        """Until the program has ended, and then its device process, which may have words left."""
        deadline_s: float | None = None
        while deadline_s is None or (self._devices > 0 and time.monotonic() < deadline_s):
            if self._ear.waiting(None if deadline_s is None else _LOOK_S, self._ended if deadline_s is None else None):
                self._hear()
            if deadline_s is None and _is_ready(self._ended, 0):
                deadline_s = time.monotonic() + _END_S

    def _hear(self) -> None:
        """Raises XrtError if a device process refused the file or was killed."""
        for word, text in self._ear.lines():
            if word == control.STARTED and text.isdecimal():
                self._devices += 1
                self._note_log(int(text))
            elif word == control.ENDED:
                self._devices -= 1
            elif word == control.REFUSED:
                raise _RefusedError(text)
            elif not word and self._devices and not _is_ready(self._ended, _END_S / 2):
                # A device process also ends with its host, which is then ending.
                raise XrtError(
                    "the device process of the emulated card was killed, and the program was ended",
                    remedy="run it again; if memory ran out, use a smaller batch",
                )

    def _forward(self, number: int, _: object = None) -> None:
        """Pass a signal on to its group: in a session of its own, the program hears nothing of a terminal."""
        if self._early is not None:
            self._early.append(number)
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def _stop_forwarding(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _end(self) -> int:
        """End the session: what is left of the program, and the device process. Its status, as Popen has it."""
        group = self._child.pid
        if not _is_ready(self._ended, 0):
            os.killpg(group, signal.SIGTERM)
            _is_ready(self._ended, _END_S)
        # Not reaped yet, so the number of its group is nobody else's.
        os.killpg(group, signal.SIGKILL)
        return self._child.wait()

    def _note_log(self, host: int) -> None:
        """XRT writes a log beside the program (beside python for a Python program), and takes no other place."""
        with contextlib.suppress(OSError):
            self._logs.add(Path(f"/proc/{host}/exe").readlink().with_name("emulation_debug.log"))

    def _remove_logs(self) -> None:
        for log in self._logs:
            with contextlib.suppress(OSError):
                if log.lstat().st_mtime >= self._began_s - 1 and not log.is_symlink():
                    log.unlink()


class _RefusedError(XrtError):
    """The words of the device process, as they are."""
